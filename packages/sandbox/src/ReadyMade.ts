/** The ready-made world: a contact centre on a busy afternoon. */
import type { ChannelSeed, ParticipantSeed, Seed } from "./Seed.ts"
import { sid } from "./Sid.ts"
import type { ParticipantType } from "./World.ts"

const hours = 60

const people = {
  alice: ["Alice Moreau", "Available"],
  bruno: ["Bruno Costa", "Available"],
  carla: ["Carla Jensen", "Break"],
  deepak: ["Deepak Rao", "Available"],
  emma: ["Emma Lindqvist", "Offline"]
} as const

type Name = keyof typeof people

const customer = (name: string): ParticipantSeed => ({ type: "customer", name })
const agent = (worker: Name, status: ParticipantSeed["status"] = "active", minutes?: number): ParticipantSeed => ({
  type: "agent",
  worker,
  status,
  ...(minutes === undefined ? {} : { minutes })
})

/** By a name for each; the order is that of their numbers, from 1. */
const conversations = {
  one: {
    about: "a customer and an agent",
    queue: "Support",
    minutes: 9,
    participants: [customer("Priya Shah"), agent("alice")]
  },
  two: {
    about: "a customer, two agents and a supervisor",
    queue: "Billing",
    minutes: 34,
    participants: [
      customer("Jonas Weber"),
      agent("bruno"),
      agent("carla", "active", 12),
      { type: "supervisor", name: "Sofia Marin" }
    ]
  },
  crowd: {
    about: "120 participants: three pages of 50",
    type: "chat",
    queue: "Sales",
    minutes: 48,
    participants: [
      customer("Town hall"),
      agent("bruno"),
      agent("deepak"),
      agent("carla"),
      ...Array.from({ length: 116 }, (_, index) => ({ type: "external" as const, name: `Guest ${index + 1}` }))
    ]
  },
  stuck: {
    about: "an agent in wrap-up for hours, after handing over",
    queue: "Support",
    minutes: 5 * hours,
    participants: [customer("Tomás Ortega"), agent("deepak", "wrapup", 195), agent("alice", "active", 190)]
  },
  alone: {
    about: "a customer alone: the agent has left, and nobody is coming",
    type: "whatsapp",
    queue: "Support",
    minutes: 2 * hours,
    participants: [customer("Marta Nowak"), agent("emma", "closed", 40)]
  },
  queued: {
    about: "an agent has just left, and the next one is in the queue",
    queue: "Billing",
    minutes: 25,
    participants: [customer("Liam Byrne"), agent("carla", "closed", 3)],
    waiting: [{ minutes: 2 }]
  },
  offered: {
    about: "an agent, and a second one to whom it is offered",
    queue: "Sales",
    minutes: 18,
    participants: [customer("Aiko Tanaka"), agent("alice")],
    waiting: [{ worker: "bruno", minutes: 1 }]
  },
  ended: {
    about: "closed by its agent, who is still in wrap-up",
    type: "sms",
    status: "closed",
    queue: "Support",
    minutes: 2 * hours,
    participants: [customer("Noah Fischer"), agent("emma", "wrapup", 75)]
  },
  parked: {
    about: "inactive until the customer writes again",
    type: "sms",
    status: "inactive",
    queue: "Support",
    minutes: 90,
    participants: [customer("Chloé Dubois"), agent("bruno", "closed", 30)]
  },
  text: {
    about: "a customer and an agent, by text message",
    type: "sms",
    queue: "Support",
    minutes: 14,
    participants: [customer("Ravi Menon"), agent("alice")]
  },
  wrapping: {
    about: "an agent in wrap-up for a few minutes; the next one has taken over",
    type: "whatsapp",
    queue: "Billing",
    minutes: 31,
    participants: [customer("Ingrid Solberg"), agent("alice", "wrapup", 6), agent("bruno", "active", 7)]
  },
  outlived: {
    about: "a chat that has outlived the task of its first agent, after 26 hours",
    queue: "Sales",
    minutes: 26 * hours,
    participants: [customer("Omar Haddad"), agent("carla"), agent("deepak", "active", 45)]
  }
} satisfies Readonly<Record<string, ChannelSeed>>

export const readyMade: Seed = {
  workspaces: [{ friendly_name: "Flex Task Assignment" }, { friendly_name: "Back office" }],
  workers: [
    ...Object.entries(people).map(([friendly_name, [full_name, activity_name]]) => ({
      friendly_name,
      activity_name,
      attributes: {
        full_name,
        email: `${friendly_name}@example.com`,
        contact_uri: `client:${friendly_name}`,
        roles: ["agent"],
        routing: { skills: ["chat"] }
      }
    })),
    { friendly_name: "alice", workspace: "Back office", attributes: { full_name: "Alice Moreau" } }
  ],
  interactions: Object.values(conversations).map((channel) => ({ channels: [channel] })),
  tasks: [
    {
      worker: "deepak",
      assignment_status: "assigned",
      queue: "Support",
      minutes: 7,
      attributes: { from: "+15550001122" }
    },
    { assignment_status: "pending", queue: "Sales", minutes: 1, attributes: { from: "+15550003344" } },
    {
      workspace: "Back office",
      worker: "alice",
      assignment_status: "assigned",
      queue: "Refunds",
      minutes: 20,
      task_channel: "default",
      attributes: { order: 4711 }
    }
  ]
}

/** Where somebody of the ready-made world is. */
export interface ReadyParticipant {
  readonly participantSid: string
  readonly type: ParticipantType
  /** Agents only: `alice` and so on, and their work. */
  readonly worker?: string
  readonly workerSid?: string
  readonly taskSid?: string
  readonly reservationSid?: string
}

export interface ReadyConversation {
  readonly interactionSid: string
  readonly channelSid: string
  /** What it is for. */
  readonly about: string
  /** In the order of the list. */
  readonly participants: ReadonlyArray<ReadyParticipant>
}

const workerSids = Object.fromEntries(
  Object.keys(people).map((name, index) => [name, sid("WK", 0, index + 1)])
) as Readonly<Record<Name, string>>

const located = (channel: ChannelSeed, group: number): ReadyConversation => ({
  interactionSid: sid("KD", group),
  channelSid: sid("UO", group),
  about: channel.about ?? "",
  participants: channel.participants.map(({ type, worker }, index) => ({
    participantSid: sid("UT", group, index + 1),
    type,
    ...(worker === undefined
      ? {}
      : {
          worker,
          workerSid: workerSids[worker as Name],
          taskSid: sid("WT", group, index + 1),
          reservationSid: sid("WR", group, index + 1)
        })
  }))
})

/**
 * The SIDs of the ready-made world, by name: its workspace, its workers `alice`, `bruno`, `carla`, `deepak` and `emma`, and its conversations.
 *
 * @example
 * ```ts
 * import * as Sandbox from "@flex-interactions/sandbox"
 *
 * const { channelSid, participants } = Sandbox.ready.conversations.stuck
 * console.assert(participants[1]?.workerSid === Sandbox.ready.workers.deepak)
 * console.assert(Sandbox.make().state.get(Sandbox.ready.conversations.stuck.interactionSid)?.has(channelSid))
 * ```
 */
export const ready: {
  readonly workspaceSid: string
  readonly workers: Readonly<Record<Name, string>>
  readonly conversations: Readonly<Record<keyof typeof conversations, ReadyConversation>>
} = {
  workspaceSid: sid("WS", 0, 1),
  workers: workerSids,
  // Made up when it is asked for: a sandbox that starts does not ask.
  get conversations() {
    const made = Object.fromEntries(
      Object.entries(conversations).map(([name, channel], index) => [name, located(channel, index + 1)])
    ) as Readonly<Record<keyof typeof conversations, ReadyConversation>>
    Object.defineProperty(ready, "conversations", { value: made, enumerable: true })
    return made
  }
}
