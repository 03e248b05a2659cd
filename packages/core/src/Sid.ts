/**
 * Twilio's identifiers ("SIDs") as far as this library knows them: two letters that tell the kind of thing, then 32
 * hexadecimal digits; 34 characters in all.
 *
 * Source of each pattern: Twilio's OpenAPI documents of Flex and TaskRouter.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const kinds = {
  AC: { name: "an account SID", pattern: /^AC[0-9a-fA-F]{32}$/u },
  SK: { name: "an API key SID", pattern: /^SK[0-9a-fA-F]{32}$/u },
  KD: { name: "an interaction SID", pattern: /^KD[0-9a-fA-F]{32}$/u },
  UO: { name: "a channel SID", pattern: /^UO[0-9a-fA-F]{32}$/u },
  UT: { name: "a participant SID", pattern: /^UT[0-9a-fA-F]{32}$/u },
  WT: { name: "a task SID", pattern: /^WT[0-9a-fA-F]{32}$/u },
  WK: { name: "a worker SID", pattern: /^WK[0-9a-fA-F]{32}$/u },
  WR: { name: "a reservation SID", pattern: /^WR[0-9a-fA-F]{32}$/u },
  WS: { name: "a workspace SID", pattern: /^WS[0-9a-fA-F]{32}$/u },
  WQ: { name: "a task queue SID", pattern: /^WQ[0-9a-fA-F]{32}$/u },
  WW: { name: "a workflow SID", pattern: /^WW[0-9a-fA-F]{32}$/u },
  KG: { name: "an invite SID", pattern: /^KG[0-9a-fA-F]{32}$/u },
  EV: { name: "an event SID", pattern: /^EV[0-9a-fA-F]{32}$/u },
  GO: { name: "a Flex instance SID", pattern: /^GO[0-9a-fA-F]{32}$/u },
  CH: { name: "a conversation SID", pattern: /^CH[0-9a-fA-F]{32}$/u }
}

/**
 * The two letters that a SID of each kind starts with. `AC` and `SK` name credentials; `GO` and `CH` are known so that an error
 * can say what was given in place of another.
 *
 * @example
 * ```ts
 * import { Sid } from "@flex-interactions/core"
 *
 * const letters: Sid.Prefix = "AC"
 * Sid.problem(letters, "SK00000000000000000000000000000001") // => "expected AC followed by 32 hexadecimal digits, got an API key SID (SK)"
 * ```
 */
export type Prefix = keyof typeof kinds

/** The first check says what is wrong; the second is the same rule in the form that JSON Schema and generators read. */
const sid = (prefix: Prefix) =>
  Schema.String.check(
    Schema.makeFilter((input) => problem(prefix, input), { toJsonSchema: () => ({}) }, true),
    Schema.isPattern(kinds[prefix].pattern)
  )

/**
 * An interaction: `KD` and 32 hexadecimal digits. Task attribute `flexInteractionSid` has it.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.InteractionSid)("KD00000000000000000000000000000001") // => true
 * Schema.is(Sid.InteractionSid)("KD1") // => false
 * ```
 */
export const InteractionSid = sid("KD").pipe(Schema.brand("InteractionSid"))
/** What {@link InteractionSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type InteractionSid = typeof InteractionSid.Type

/**
 * A channel of an interaction: `UO` and 32 hexadecimal digits. Task attribute `flexInteractionChannelSid` has it.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.ChannelSid)("UO00000000000000000000000000000001") // => true
 * Schema.is(Sid.ChannelSid)("UO1") // => false
 * ```
 */
export const ChannelSid = sid("UO").pipe(Schema.brand("ChannelSid"))
/** What {@link ChannelSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type ChannelSid = typeof ChannelSid.Type

/**
 * A participant of a channel: `UT` and 32 hexadecimal digits. Listing the channel's participants gives it.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.ParticipantSid)("UT00000000000000000000000000000001") // => true
 * Schema.is(Sid.ParticipantSid)("UT1") // => false
 * ```
 */
export const ParticipantSid = sid("UT").pipe(Schema.brand("ParticipantSid"))
/** What {@link ParticipantSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type ParticipantSid = typeof ParticipantSid.Type

/**
 * A TaskRouter task: `WT` and 32 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.TaskSid)("WT00000000000000000000000000000001") // => true
 * Schema.is(Sid.TaskSid)("WT1") // => false
 * ```
 */
export const TaskSid = sid("WT").pipe(Schema.brand("TaskSid"))
/** What {@link TaskSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type TaskSid = typeof TaskSid.Type

/**
 * A TaskRouter worker, the agent as a person: `WK` and 32 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.WorkerSid)("WK00000000000000000000000000000001") // => true
 * Schema.is(Sid.WorkerSid)("WK1") // => false
 * ```
 */
export const WorkerSid = sid("WK").pipe(Schema.brand("WorkerSid"))
/** What {@link WorkerSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type WorkerSid = typeof WorkerSid.Type

/**
 * A TaskRouter reservation, one worker on one task: `WR` and 32 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.ReservationSid)("WR00000000000000000000000000000001") // => true
 * Schema.is(Sid.ReservationSid)("WR1") // => false
 * ```
 */
export const ReservationSid = sid("WR").pipe(Schema.brand("ReservationSid"))
/** What {@link ReservationSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type ReservationSid = typeof ReservationSid.Type

/**
 * A TaskRouter workspace, which has tasks, workers and queues; Flex has one: `WS` and 32 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.WorkspaceSid)("WS00000000000000000000000000000001") // => true
 * Schema.is(Sid.WorkspaceSid)("WS1") // => false
 * ```
 */
export const WorkspaceSid = sid("WS").pipe(Schema.brand("WorkspaceSid"))
/** What {@link WorkspaceSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type WorkspaceSid = typeof WorkspaceSid.Type

/**
 * A TaskRouter task queue: `WQ` and 32 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.TaskQueueSid)("WQ00000000000000000000000000000001") // => true
 * Schema.is(Sid.TaskQueueSid)("WQ1") // => false
 * ```
 */
export const TaskQueueSid = sid("WQ").pipe(Schema.brand("TaskQueueSid"))
/** What {@link TaskQueueSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type TaskQueueSid = typeof TaskQueueSid.Type

/**
 * A TaskRouter workflow: `WW` and 32 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.WorkflowSid)("WW00000000000000000000000000000001") // => true
 * Schema.is(Sid.WorkflowSid)("WW1") // => false
 * ```
 */
export const WorkflowSid = sid("WW").pipe(Schema.brand("WorkflowSid"))
/** What {@link WorkflowSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type WorkflowSid = typeof WorkflowSid.Type

/**
 * An invite into a channel, which makes a task. Task attribute `flexChannelInviteSid` has it: `KG` and 32 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.InviteSid)("KG00000000000000000000000000000001") // => true
 * Schema.is(Sid.InviteSid)("KG1") // => false
 * ```
 */
export const InviteSid = sid("KG").pipe(Schema.brand("InviteSid"))
/** What {@link InviteSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type InviteSid = typeof InviteSid.Type

/**
 * A TaskRouter event: `EV` and 32 hexadecimal digits.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Schema.is(Sid.EventSid)("EV00000000000000000000000000000001") // => true
 * Schema.is(Sid.EventSid)("EV1") // => false
 * ```
 */
export const EventSid = sid("EV").pipe(Schema.brand("EventSid"))
/** What {@link EventSid} accepts: a string with a brand, so that no other SID fits in its place. */
export type EventSid = typeof EventSid.Type

/**
 * Says what is wrong with `input` as a SID that starts with `prefix`; `undefined` if nothing is. Positions count from 1.
 *
 * The input itself is never repeated: it may be anything, a secret included.
 *
 * @example
 * ```ts
 * import { Sid } from "@flex-interactions/core"
 *
 * Sid.problem("KD", "KD0123") // => "expected KD followed by 32 hexadecimal digits, got 6 characters"
 * Sid.problem("KD", `UO${"a".repeat(32)}`) // => "expected KD followed by 32 hexadecimal digits, got a channel SID (UO)"
 * Sid.problem("KD", `KD${"a".repeat(32)}`) // => undefined
 * ```
 */
export const problem = (prefix: Prefix, input: unknown): string | undefined =>
  typeof input === "string" && kinds[prefix].pattern.test(input)
    ? undefined
    : `expected ${prefix} followed by 32 hexadecimal digits, got ${mismatch(prefix, input)}`

const mismatch = (prefix: Prefix, input: unknown): string => {
  if (typeof input !== "string") return input === null ? "null" : typeof input
  if (input === "") return "an empty string"
  const start = input.slice(0, 2)
  if (start !== prefix) {
    if (start in kinds) return `${kinds[start as Prefix].name} (${start})`
    if (start.toUpperCase() === prefix) return `${start}: the two letters are upper case`
    if (input.length === 34) return "other letters at the start"
  }
  if (input.length !== 34) return `${input.length} characters`
  return `something else at character ${input.slice(2).search(/[^0-9a-fA-F]/u) + 3}`
}

interface Branded {
  readonly KD: InteractionSid
  readonly UO: ChannelSid
  readonly UT: ParticipantSid
  readonly WT: TaskSid
  readonly WK: WorkerSid
  readonly WR: ReservationSid
  readonly WS: WorkspaceSid
  readonly WQ: TaskQueueSid
  readonly WW: WorkflowSid
  readonly KG: InviteSid
  readonly EV: EventSid
}

/**
 * The letters of the SIDs that this library shows.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * const letters: ReadonlyArray<Sid.ResourcePrefix> = ["WT", "WK"]
 * letters.map((prefix) => Result.isSuccess(Sid.parse(prefix, "WK00000000000000000000000000000001"))) // => [false, true]
 * ```
 */
export type ResourcePrefix = keyof Branded

/**
 * The branded SID that starts with `P`.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * const worker: Result.Result<Sid.Of<"WK">, string> = Sid.parse("WK", "WK00000000000000000000000000000001")
 * const same: Result.Result<Sid.WorkerSid, string> = worker
 * ```
 */
export type Of<P extends ResourcePrefix> = Branded[P]

/**
 * The SID in `input`, with its brand; or what is wrong with `input`, in the words of {@link problem}.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Sid } from "@flex-interactions/core"
 *
 * Sid.parse("WK", "WK00000000000000000000000000000001") // => Result.succeed("WK00000000000000000000000000000001")
 * Sid.parse("WK", undefined) // => Result.fail("expected WK followed by 32 hexadecimal digits, got undefined")
 * ```
 */
export const parse = <P extends ResourcePrefix>(prefix: P, input: unknown): Result.Result<Of<P>, string> => {
  const wrong = problem(prefix, input)
  return wrong === undefined ? Result.succeed(input as Of<P>) : Result.fail(wrong)
}
