/**
 * A conversation as people see it: who is in it, where each agent stands, what a change would meet and what became of it.
 *
 * All are schemas, for programs that keep or pass on what `Conversations` gives.
 */
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Participant, ParticipantStatus } from "./Participant.ts"
import * as Sid from "./Sid.ts"
import { Reason } from "./TwilioError.ts"
import * as Paging from "./internal/paging.ts"
import * as Rules from "./internal/standing.ts"

/**
 * Where an agent stands, by the reservation in the agent's routing properties:
 *
 * - `"active"`: accepted.
 * - `"wrapping"`: in wrap-up; sees no new messages.
 * - `"left"`: completed, rejected, timed out, canceled or rescinded.
 * - `"invited"`: asked, or being connected.
 * - `"gone"`: TaskRouter has the task or the reservation no longer: it was completed more than five minutes ago, or removed
 *   after 24 hours. Nobody can tell which.
 * - `"unknown"`: it can't be read, or Twilio gave no reservation, or a status that nobody knows.
 *
 * Source: TaskRouter's Reservation resource and "Lifecycle of a Task"; that a reservation goes with its task is assumed.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Conversation } from "@flex-interactions/core"
 *
 * Schema.is(Conversation.Standing)("wrapping") // => true
 * Schema.is(Conversation.Standing)("closed") // => false
 * ```
 */
export const Standing = Rules.Standing
/** What {@link Standing} accepts. */
export type Standing = typeof Standing.Type

/**
 * Is a customer alone in a conversation that is open? `"unknown"` where it can't be seen, or was not looked up.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Conversation } from "@flex-interactions/core"
 *
 * Schema.is(Conversation.Alone)("unknown") // => true
 * ```
 */
export const Alone = Schema.Union([Schema.Boolean, Schema.Literal("unknown")])
/** What {@link Alone} accepts. */
export type Alone = typeof Alone.Type

/**
 * Who is on the way into a channel: tasks of the channel that wait for an agent (`queued`, TaskRouter's `pending`), and
 * tasks that were offered to one who has not answered (`offered`, TaskRouter's `reserved`).
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Conversation } from "@flex-interactions/core"
 *
 * Schema.is(Conversation.OnTheWay)({ queued: 1, offered: 0 }) // => true
 * ```
 */
export const OnTheWay = Schema.Struct({ queued: Schema.Int, offered: Schema.Int })
/** What {@link OnTheWay} accepts. */
export type OnTheWay = typeof OnTheWay.Type

const channel = { interactionSid: Sid.InteractionSid, channelSid: Sid.ChannelSid }

/** Where an agent stands and since when, by Twilio's clock. */
const seen = {
  standing: Schema.optionalKey(Standing),
  /** Since when: the reservation's `date_updated`. */
  since: Schema.optionalKey(Schema.DateTimeUtc),
  /** Whole minutes since then, by the `Date` of Twilio's reply. */
  minutes: Schema.optionalKey(Schema.Int),
  /** The worker's friendly name, as TaskRouter has it: in Flex usually the login. */
  worker: Schema.optionalKey(Schema.String)
}

/**
 * One agent's part in one conversation.
 *
 * - No `interactionSid` and `channelSid`: the task is no Flex conversation, but voice or a plain TaskRouter task.
 * - No `participantSid`: nobody in the channel's list has this task, reservation or worker.
 * - No `standing` and no `worker`: the task waits for an agent; `taskStatus` says so.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const row = ({ minutes, standing, worker }: Conversation.Involvement) => `${worker ?? "nobody"} ${standing ?? ""} ${minutes ?? ""}`
 * row({ standing: "wrapping", worker: "ana", minutes: 70 }) // => "ana wrapping 70"
 * ```
 */
export const Involvement = Schema.Struct({
  taskSid: Schema.optionalKey(Sid.TaskSid),
  reservationSid: Schema.optionalKey(Sid.ReservationSid),
  workerSid: Schema.optionalKey(Sid.WorkerSid),
  interactionSid: Schema.optionalKey(Sid.InteractionSid),
  channelSid: Schema.optionalKey(Sid.ChannelSid),
  participantSid: Schema.optionalKey(Sid.ParticipantSid),
  ...seen,
  /** TaskRouter's `assignment_status`. */
  taskStatus: Schema.optionalKey(Schema.String),
  /** The medium: `sms`, `whatsapp`, `web`, `chat`, `email`, … */
  channelType: Schema.optionalKey(Schema.String),
  /** The friendly name of the task's queue. */
  queue: Schema.optionalKey(Schema.String)
})
/** What {@link Involvement} accepts. */
export type Involvement = typeof Involvement.Type

/**
 * What to look for: at least one of `task`, `interaction`, `worker` and `standing`. All that is given must fit.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const stuck: Conversation.Query = { standing: "wrapping", longerThan: "1 hour", queues: ["Sales"] }
 * ```
 */
export interface Query {
  readonly task?: Sid.TaskSid | undefined
  readonly interaction?: Sid.InteractionSid | undefined
  /**
   * A worker's SID, friendly name, e-mail address or full name. By worker alone, only where that agent is active or
   * wrapping.
   */
  readonly worker?: string | undefined
  readonly standing?: "active" | "wrapping" | undefined
  /** For how long the agent has had this standing, at least; by Twilio's clock. */
  readonly longerThan?: Duration.Input | undefined
  /** The friendly names of queues: the task is in one of them. A task whose queue is not known is in none. */
  readonly queues?: ReadonlyArray<string> | undefined
}

/**
 * Where a next page starts. Comes from a page, goes into the request for the next, and holds what finds a circle of pages:
 * a JSON value of at most about 4 KiB, of which nothing is for reading.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Conversation } from "@flex-interactions/core"
 *
 * const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Conversation.Cursor))
 * decode("hello")._tag // => "None"
 * ```
 */
export const Cursor = Schema.Struct({
  /** Which of several lists. */
  list: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  /** How many rows each page of the list has: the same from the first to the last. */
  size: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: Paging.maxPageSize }))),
  /** So many rows of the page were looked at already. */
  skip: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  ...Paging.Cursor.fields
})
/** What {@link Cursor} accepts. */
export type Cursor = typeof Cursor.Type

/**
 * One page of what was found. It can be empty and still have a next.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const isLast = ({ next }: Conversation.Page) => next === undefined
 * isLast({ conversations: [] }) // => true
 * ```
 */
export const Page = Schema.Struct({
  conversations: Schema.Array(Involvement),
  /** Missing on the last page. */
  next: Schema.optionalKey(Cursor)
})
/** What {@link Page} accepts. */
export type Page = typeof Page.Type

/**
 * A participant; for an agent with standing, since when, and name.
 *
 * @example
 * ```ts
 * import { Conversation, Participant } from "@flex-interactions/core"
 *
 * const active = (everyone: ReadonlyArray<Conversation.Person>) =>
 *   everyone.filter(({ standing }) => standing === "active").filter(Participant.isAgent).map(Participant.ref)
 * active([]) // => []
 * ```
 */
export const Person = Schema.Struct({
  ...Participant.to.fields,
  ...seen,
  /** `full_name` of the worker's attributes, if it was looked up. */
  fullName: Schema.optionalKey(Schema.String),
  /** `email` of the worker's attributes, if it was looked up. */
  email: Schema.optionalKey(Schema.String)
})
/** What {@link Person} accepts. */
export type Person = typeof Person.Type

/**
 * Everyone in a channel.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const words = ({ customerAlone, onTheWay }: Conversation.Roster) =>
 *   customerAlone === true ? "the customer is alone" : `on the way: ${onTheWay?.queued ?? "not looked up"}`
 * ```
 */
export const Roster = Schema.Struct({
  ...channel,
  /** The channel's: `active`, `closed`, `inactive`, … */
  status: Schema.optionalKey(Schema.String),
  participants: Schema.Array(Person),
  /** Missing: it was not looked up, or could not be read. */
  onTheWay: Schema.optionalKey(OnTheWay),
  /** Now. */
  customerAlone: Alone,
  /** Everybody is listed, and each agent's standing was asked for. */
  complete: Schema.Boolean,
  /** Why standings, or who is on the way, could not be read. */
  unseen: Schema.optionalKey(Reason)
})
/** What {@link Roster} accepts. */
export type Roster = typeof Roster.Type

/**
 * An agent of whom it was asked where they stand.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const words = ({ standing, worker }: Conversation.AgentSeen) => `${worker ?? "someone"}: ${standing}`
 * ```
 */
export const AgentSeen = Schema.Struct({ ...Person.fields, standing: Standing })
/** What {@link AgentSeen} accepts. */
export type AgentSeen = typeof AgentSeen.Type

/** Who is moved has a SID. */
const MovingAgent = Schema.Struct({ ...AgentSeen.fields, sid: Sid.ParticipantSid })

/**
 * What moving an agent would meet, read before, with nothing sent.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const question = ({ agent, customerAlone, others }: Conversation.Plan) =>
 *   `Move ${agent.worker ?? agent.sid}? ${others.length} other agents are listed; the customer would be alone: ${customerAlone}`
 * ```
 */
export const Plan = Schema.Struct({
  agent: MovingAgent,
  status: ParticipantStatus,
  channelStatus: Schema.optionalKey(Schema.String),
  /** The other agents that are listed, those who have left included; without a standing where it was not asked for. */
  others: Schema.Array(Person),
  onTheWay: Schema.optionalKey(OnTheWay),
  /** After the change. */
  customerAlone: Alone,
  /** Before the change. */
  customerAloneNow: Alone,
  /** `wrapup` for an agent who is wrapping: nothing would be sent. */
  alreadyThere: Schema.Boolean,
  /** `closed` would certainly leave the customer alone: without `ifLast: "allow"` it is refused. */
  lastAgent: Schema.Boolean,
  unseen: Schema.optionalKey(Reason)
})
/** What {@link Plan} accepts. */
export type Plan = typeof Plan.Type

/**
 * What became of a change:
 *
 * - `"confirmed"`: reading before showed another status, reading after shows the target. For an agent: with another date, in
 *   a channel that is as it was. It does not say who did it.
 * - `"already"`: it was so before. Nothing was sent, or Twilio refused it.
 * - `"wider"`: something larger happened meanwhile: the channel closed, the task was canceled.
 * - `"pending"`: Twilio accepted it, and reading does not show it yet.
 * - `"accepted"`: Twilio accepted it, and reading can't show it.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * Conversation.Result.literals.length // => 5
 * ```
 */
export const Result = Schema.Literals(["confirmed", "already", "wider", "pending", "accepted"])
/** What {@link Result} accepts. */
export type Result = typeof Result.Type

/**
 * What became of moving an agent.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const words = ({ agent, customerAlone, result }: Conversation.Moved) =>
 *   `${agent.worker ?? agent.sid}: ${result}${customerAlone === true ? "; the customer is alone" : ""}`
 * ```
 */
export const Moved = Schema.Struct({
  result: Result,
  status: ParticipantStatus,
  /** As read last. */
  agent: MovingAgent,
  /** As read last. */
  channelStatus: Schema.optionalKey(Schema.String),
  /**
   * The other agents that are listed; after `closed` read once more, with those who joined meanwhile if the customer would
   * seem alone without them.
   */
  others: Schema.Array(Person),
  onTheWay: Schema.optionalKey(OnTheWay),
  /** Now, after the change. */
  customerAlone: Alone,
  unseen: Schema.optionalKey(Reason)
})
/** What {@link Moved} accepts. */
export type Moved = typeof Moved.Type

/**
 * The statuses that a channel can be ended with. Source: Twilio's page "Interaction Channels", "Update a Channel".
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * Conversation.EndStatus.literals // => ["closed", "inactive"]
 * ```
 */
export const EndStatus = Schema.Literals(["closed", "inactive"])
/**
 * - `"closed"`: the conversation is over; what the customer writes next starts another one.
 * - `"inactive"`: the agents leave, and what the customer writes next wakes it, with a new task if the account's Leave
 *   setting creates one.
 */
export type EndStatus = typeof EndStatus.Type

/**
 * What ending a channel would meet, read before, with nothing sent.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const question = ({ agents, status }: Conversation.EndPlan) =>
 *   `Set the conversation to ${status}? Agents in it: ${agents.filter(({ standing }) => standing === "active").length}`
 * ```
 */
export const EndPlan = Schema.Struct({
  ...channel,
  status: EndStatus,
  channelStatus: Schema.optionalKey(Schema.String),
  /** All agents that are listed, those who have left included. */
  agents: Schema.Array(AgentSeen),
  /** The channel has this status and nobody is left in it: nothing would be sent. */
  alreadyThere: Schema.Boolean,
  unseen: Schema.optionalKey(Reason)
})
/** What {@link EndPlan} accepts. */
export type EndPlan = typeof EndPlan.Type

/**
 * What became of ending a channel. `result` is about the channel, and about the agents who can be seen.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * const words = ({ agents, result }: Conversation.Ended) =>
 *   `${result}; still in it: ${agents.filter(({ standing }) => standing !== "left" && standing !== "gone").length}`
 * ```
 */
export const Ended = Schema.Struct({
  ...channel,
  result: Result,
  status: EndStatus,
  /** As read last. */
  channelStatus: Schema.optionalKey(Schema.String),
  /** As read last. */
  agents: Schema.Array(AgentSeen),
  unseen: Schema.optionalKey(Reason)
})
/** What {@link Ended} accepts. */
export type Ended = typeof Ended.Type

const quoted = (name: string) => JSON.stringify(name.slice(0, 100))

/**
 * The change was refused here, and nothing was sent: the agent is the last one, and the customer would be left alone in a
 * conversation that is open, in which what they write next reaches nobody and starts nothing new.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { type Conversations, type Participant } from "@flex-interactions/core"
 *
 * // Lets the agent go; the last one ends the conversation instead.
 * const leave = (conversations: Conversations.Conversations["Service"], agent: Participant.ParticipantRef) =>
 *   conversations.move(agent, "closed").pipe(
 *     Effect.catchTag("LastAgent", () => conversations.end(agent, "inactive"))
 *   )
 * ```
 */
export class LastAgent extends Schema.TaggedError<LastAgent>("@flex-interactions/core/LastAgent")("LastAgent", {
  ...channel,
  participantSid: Sid.ParticipantSid,
  /** The worker's friendly name. */
  worker: Schema.optionalKey(Schema.String),
  /** How many other agents are listed: each of them is in wrap-up, has left or is gone. */
  others: Schema.Int,
  onTheWay: Schema.optionalKey(OnTheWay)
}) {
  override get message(): string {
    const who = this.worker === undefined ? this.participantSid : quoted(this.worker)
    const others = this.others === 0 ? "no other agent is listed" : `none of ${this.others} other agents is active`
    return `${who} is the last agent in ${this.channelSid}: ${others}, and nobody is on the way. Closing would leave the customer alone in a conversation that stays open. Nothing was sent. End the conversation, wait until another agent is in it, or allow it (ifLast: "allow")`
  }
}

/**
 * A name that fits several workers. Use the SID of one of them.
 *
 * @example
 * ```ts
 * import { Conversation } from "@flex-interactions/core"
 *
 * new Conversation.Ambiguous({ name: "Ana", candidates: [], total: 12 }).message // => "\"Ana\" fits 12 workers: use the SID of one of them"
 * ```
 */
export class Ambiguous extends Schema.TaggedError<Ambiguous>("@flex-interactions/core/Ambiguous")("Ambiguous", {
  name: Schema.String,
  /** The first ten. */
  candidates: Schema.Array(
    Schema.Struct({
      sid: Schema.optionalKey(Sid.WorkerSid),
      friendlyName: Schema.optionalKey(Schema.String),
      fullName: Schema.optionalKey(Schema.String)
    })
  ),
  /** How many there are; at most 100 are counted. */
  total: Schema.Int
}) {
  override get message(): string {
    const list = this.candidates.map(({ friendlyName = "", fullName, sid = "" }) =>
      [sid, quoted(friendlyName), ...(fullName === undefined ? [] : [quoted(fullName)])].join(" ")
    )
    return `${quoted(this.name)} fits ${this.total} workers: use the SID of one of them${list.length === 0 ? "" : ` (${list.join("; ")})`}`
  }
}
