/**
 * Twilio's identifiers ("SIDs") as far as this resource knows them: two letters that tell the kind of thing, then 32
 * hexadecimal digits; 34 characters in all.
 *
 * Source of each pattern: Twilio's page "Interaction Channel Participants".
 */
import * as Schema from "effect/Schema"

const names = {
  KD: "an interaction SID",
  UO: "a channel SID",
  UT: "a participant SID",
  WT: "a task SID",
  WK: "a worker SID",
  WR: "a reservation SID"
}

/** The two letters that a SID of each kind starts with. */
export type Prefix = keyof typeof names

/** The first check says what is wrong; the second is the same rule in the form that JSON Schema and generators read. */
const sid = (prefix: Prefix, pattern: RegExp) =>
  Schema.String.check(
    Schema.makeFilter((input) => problem(prefix, input), { toJsonSchema: () => ({}) }, true),
    Schema.isPattern(pattern)
  )

/** An interaction: `KD` and 32 hexadecimal digits. Task attribute `flexInteractionSid` has it. */
export const InteractionSid = sid("KD", /^KD[0-9a-fA-F]{32}$/u).pipe(Schema.brand("InteractionSid"))
export type InteractionSid = typeof InteractionSid.Type

/** A channel of an interaction: `UO` and 32 hexadecimal digits. Task attribute `flexInteractionChannelSid` has it. */
export const ChannelSid = sid("UO", /^UO[0-9a-fA-F]{32}$/u).pipe(Schema.brand("ChannelSid"))
export type ChannelSid = typeof ChannelSid.Type

/** A participant of a channel: `UT` and 32 hexadecimal digits. Listing the channel's participants gives it. */
export const ParticipantSid = sid("UT", /^UT[0-9a-fA-F]{32}$/u).pipe(Schema.brand("ParticipantSid"))
export type ParticipantSid = typeof ParticipantSid.Type

/** A TaskRouter task: `WT` and 32 hexadecimal digits. */
export const TaskSid = sid("WT", /^WT[0-9a-fA-F]{32}$/u).pipe(Schema.brand("TaskSid"))
export type TaskSid = typeof TaskSid.Type

/** A TaskRouter worker, the agent as a person: `WK` and 32 hexadecimal digits. */
export const WorkerSid = sid("WK", /^WK[0-9a-fA-F]{32}$/u).pipe(Schema.brand("WorkerSid"))
export type WorkerSid = typeof WorkerSid.Type

/** A TaskRouter reservation, one worker on one task: `WR` and 32 hexadecimal digits. */
export const ReservationSid = sid("WR", /^WR[0-9a-fA-F]{32}$/u).pipe(Schema.brand("ReservationSid"))
export type ReservationSid = typeof ReservationSid.Type

/**
 * Says what is wrong with `input` as a SID that starts with `prefix`; `undefined` if nothing is.
 *
 * The input itself is never repeated: it may be anything, a secret included.
 *
 * @example
 * ```ts
 * import { Sid } from "@flex-participants/core"
 *
 * Sid.problem("KD", "KD0123") // => "expected KD followed by 32 hexadecimal digits, got 6 characters"
 * Sid.problem("KD", `UO${"a".repeat(32)}`) // => "expected KD followed by 32 hexadecimal digits, got a channel SID (UO)"
 * Sid.problem("KD", `KD${"a".repeat(32)}`) // => undefined
 * ```
 */
export const problem = (prefix: Prefix, input: unknown): string | undefined => {
  const got = mismatch(prefix, input)
  return got === undefined ? undefined : `expected ${prefix} followed by 32 hexadecimal digits, got ${got}`
}

const mismatch = (prefix: Prefix, input: unknown): string | undefined => {
  if (typeof input !== "string") return input === null ? "null" : typeof input
  if (input === "") return "an empty string"
  const start = input.slice(0, 2)
  if (start !== prefix) {
    if (start in names) return `${names[start as Prefix]} (${start})`
    if (start.toUpperCase() === prefix) return `${start}: the two letters are upper case`
    if (input.length === 34) return `other letters at the start`
  }
  if (input.length !== 34) return `${input.length} characters`
  const odd = input.slice(2).search(/[^0-9a-fA-F]/u)
  return odd === -1 ? undefined : `something else at character ${odd + 3}`
}
