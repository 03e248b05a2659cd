/** What is asked, through core or through the tools of a server, and what is told: plain values, the same for each way. */
import {
  Channels,
  Conversations,
  Participant,
  Participants,
  Tasks,
  TwilioError,
  Workers
} from "@flex-interactions/core"
import type { Client } from "@modelcontextprotocol/client"
import { Effect, Result, Stream } from "effect"
import * as Host from "../support/calls.ts"
import { type Member, type ReservationStatus, sid } from "./twilio.ts"

/** One method of one service of core. */
export const services = [
  "Participants.list",
  "Participants.setStatus",
  "Channels.get",
  "Channels.list",
  "Channels.update",
  "Tasks.get",
  "Tasks.list",
  "Tasks.reservations",
  "Tasks.reservation",
  "Workers.reservations"
] as const

/** One method of `Conversations`: what the tools do too. */
export const ofConversations = ["find", "roster", "move", "end"] as const

export type Operation = (typeof services)[number] | (typeof ofConversations)[number]

/** A call. What an operation has no use for says nothing. */
export interface Call {
  readonly operation: Operation
  readonly conversation: number
  readonly member: Member
  readonly status: "wrapup" | "closed"
  readonly end: "closed" | "inactive"
  readonly by: "task" | "interaction" | "worker" | "standing"
  readonly standing: "active" | "wrapping"
  /** The last agent may leave the customer alone. */
  readonly isAllowed: boolean
}

const writes = new Set<Operation>(["Participants.setStatus", "Channels.update", "move", "end"])
export const isWrite = ({ operation }: Call) => writes.has(operation)

/** Someone in a conversation, as told. What is missing was not told. */
export interface Person {
  readonly sid?: string | undefined
  readonly standing?: string | undefined
}

/** What was told. */
export interface Told {
  /** A change that was not made is `not changed`; a reading that failed, `error`. */
  readonly as: "success" | "not changed" | "unknown" | "error"
  /** The result of a change, or the reason of an error. */
  readonly word: string
  readonly channel?: string | undefined
  readonly people?: ReadonlyArray<Person>
  readonly isAlone?: boolean | "unknown"
  readonly waiting?: number | undefined
  /** Statuses of tasks or reservations, or their SIDs. */
  readonly rows?: ReadonlyArray<string | undefined>
  /** All that was told, as text: no secret is in it. */
  readonly text: string
}

const channelOf = ({ conversation }: Call) =>
  Result.getOrThrow(Participant.channel(sid("KD", conversation, 0), sid("UO", conversation, 0)))
const agentOf = ({ conversation, member }: Call) =>
  Result.getOrThrow(
    Participant.participant(sid("KD", conversation, 0), sid("UO", conversation, 0), sid("UT", conversation, member))
  )
// SIDs of the campaign's own, which have the right form.
const own = (prefix: string, { conversation, member }: Call) => sid(prefix, conversation, member) as never

const reservationOf = { active: "accepted", wrapping: "wrapping" } as const satisfies Record<string, ReservationStatus>

/** What a success says, without what it is called and its text. */
type Facts = Omit<Told, "as" | "word" | "text"> & { readonly word?: string }

/** Asks core. */
const asking = Effect.fnUntraced(function* (call: Call) {
  const channel = channelOf(call)
  const agent = agentOf(call)
  const channels = yield* Channels.Channels
  const conversations = yield* Conversations.Conversations
  const participants = yield* Participants.Participants
  const tasks = yield* Tasks.Tasks
  const workers = yield* Workers.Workers
  switch (call.operation) {
    case "Participants.list":
      return { people: (yield* participants.list(channel)).map(({ sid }) => ({ sid })) } satisfies Facts
    case "Participants.setStatus":
      yield* participants.setStatus(agent, call.status)
      return {} satisfies Facts
    case "Channels.get":
      return { channel: (yield* channels.get(channel)).status } satisfies Facts
    case "Channels.list":
      return { rows: (yield* channels.list(channel.interactionSid)).map(({ status }) => status) } satisfies Facts
    case "Channels.update":
      yield* channels.update(channel, { status: call.end, agents: "completed" })
      return {} satisfies Facts
    case "Tasks.get":
      return { rows: [(yield* tasks.get(own("WT", call))).status] } satisfies Facts
    case "Tasks.list": {
      const waiting = yield* Stream.runCollect(tasks.stream({ channel, statuses: ["pending", "reserved"] }))
      return { waiting: waiting.length } satisfies Facts
    }
    case "Tasks.reservations":
      return { rows: (yield* tasks.reservations(own("WT", call))).map(({ status }) => status) } satisfies Facts
    case "Tasks.reservation":
      return { rows: [(yield* tasks.reservation(own("WT", call), own("WR", call))).status] } satisfies Facts
    case "Workers.reservations": {
      const found = yield* Stream.runCollect(workers.reservations(own("WK", call), reservationOf[call.standing]))
      return { rows: found.map(({ sid }) => sid) } satisfies Facts
    }
    case "find": {
      const query = {
        task: { task: own("WT", call) },
        interaction: { interaction: channel.interactionSid },
        worker: { worker: own("WK", call) },
        standing: { standing: call.standing }
      }[call.by]
      const found = yield* Stream.runCollect(conversations.find(query))
      return {
        people: found.map(({ participantSid, standing }) => ({ sid: participantSid, standing }))
      } satisfies Facts
    }
    case "roster": {
      const roster = yield* conversations.roster(channel)
      return {
        channel: roster.status,
        people: roster.participants.map(({ sid, standing }) => ({ sid, standing })),
        isAlone: roster.customerAlone,
        waiting: roster.onTheWay?.queued
      } satisfies Facts
    }
    case "move": {
      const moved = yield* conversations.move(agent, call.status, { ifLast: call.isAllowed ? "allow" : "refuse" })
      return {
        word: moved.result,
        channel: moved.channelStatus,
        people: [moved.agent, ...moved.others].map(({ sid, standing }) => ({ sid, standing })),
        isAlone: moved.customerAlone
      } satisfies Facts
    }
    case "end": {
      const ended = yield* conversations.end(channel, call.end)
      return {
        word: ended.result,
        channel: ended.channelStatus,
        people: ended.agents.map(({ sid, standing }) => ({ sid, standing }))
      } satisfies Facts
    }
  }
})

/** Asks core, and gives what is told of it whatever it is. */
export const askCore = (call: Call) =>
  asking(call).pipe(
    Effect.match({
      onSuccess: (facts: Facts): Told => ({ as: "success", word: "done", ...facts, text: JSON.stringify(facts) }),
      onFailure: (error): Told => {
        const text = `${error.message} ${JSON.stringify(error)}`
        if (error instanceof TwilioError.TwilioError) {
          const word = error.reason._tag
          const isUnknown = word === "OutcomeUnknown"
          return { as: isUnknown ? "unknown" : isWrite(call) ? "not changed" : "error", word, text }
        }
        return { as: isWrite(call) ? "not changed" : "error", word: error._tag, text }
      }
    })
  )

interface Row {
  readonly participant_sid?: string
  readonly standing?: string
}

/** Asks a server, through a host; only what the tools do. */
export const askServer = async (host: Client, call: Call): Promise<Told> => {
  const { conversation } = call
  const channel = { interaction_sid: sid("KD", conversation, 0), channel_sid: sid("UO", conversation, 0) }
  // Over HTTP the server may close a connection at the moment when the host uses it again: the host is told nothing then.
  const answer = await ask(host, call, channel).catch((error: unknown) => String(error))
  if (typeof answer === "string") return { as: isWrite(call) ? "unknown" : "error", word: "no answer", text: answer }
  const { data = {}, isError, text } = answer
  if (isError) {
    if (text.startsWith("It is not known whether the change was applied")) {
      return { as: "unknown", word: "OutcomeUnknown", text }
    }
    if (!text.includes("Nothing was changed."))
      throw new Error(`an error does not say whether something changed: ${text}`)
    const isLast = text.includes("is the last agent")
    return { as: isWrite(call) ? "not changed" : "error", word: isLast ? "LastAgent" : "refused", text }
  }
  const rows = (data["conversations"] ?? data["participants"] ?? data["agents"]) as ReadonlyArray<Row> | undefined
  const waiting = data["on_the_way"] as { readonly queued?: number } | undefined
  const isAlone = data["customer_alone"] as Told["isAlone"]
  return {
    as: "success",
    word: (data["result"] as string | undefined) ?? "done",
    channel: data["channel_status"] as string | undefined,
    ...(call.operation === "move"
      ? { people: [{ sid: sid("UT", conversation, call.member), standing: data["standing"] as string }] }
      : // The agents of an end have no SIDs.
        rows === undefined || call.operation === "end"
        ? undefined
        : { people: rows.map(({ participant_sid, standing }) => ({ sid: participant_sid, standing })) }),
    ...(isAlone === undefined ? undefined : { isAlone }),
    waiting: waiting?.queued,
    text
  }
}

const ask = (host: Client, call: Call, channel: { readonly interaction_sid: string; readonly channel_sid: string }) => {
  switch (call.operation) {
    case "move":
      return Host.call(host, "set_participant_status", {
        ...channel,
        participant_sid: sid("UT", call.conversation, call.member),
        status: call.status,
        if_last_agent: call.isAllowed ? "allow" : "refuse"
      })
    case "end":
      return Host.call(host, "end_conversation", { ...channel, status: call.end })
    case "find":
      return Host.call(host, "find_conversations", {
        ...{
          task: { task_sid: sid("WT", call.conversation, call.member) },
          interaction: { interaction_sid: channel.interaction_sid },
          worker: { worker: sid("WK", call.conversation, call.member) },
          standing: { standing: call.standing }
        }[call.by],
        limit: 100
      })
    default:
      return Host.call(host, "list_participants", channel)
  }
}
