/** One thing that a sweep found: what is to be done, why, and what became of it. */
import { Conversation, Sid } from "@flex-interactions/core"
import * as Schema from "effect/Schema"

/** What became of it: core's results, and those of a sweep. */
export const Outcome = Schema.Literals([...Conversation.Result.literals, "unknown", "skipped", "failed"])
export type Outcome = typeof Outcome.Type

/** `complete`: ends the wrap-up in a channel that is closed already. `end-…`: sets the conversation to that status. */
export const Action = Schema.Literals(["closed", "wrapup", "complete", "end-closed", "end-inactive"])
export type Action = typeof Action.Type

export const Row = Schema.Struct({
  rule: Schema.Literals(["wrapping", "alone", "worker"]),
  action: Action,
  why: Schema.String,
  interactionSid: Schema.optionalKey(Sid.InteractionSid),
  channelSid: Schema.optionalKey(Sid.ChannelSid),
  participantSid: Schema.optionalKey(Sid.ParticipantSid),
  taskSid: Schema.optionalKey(Sid.TaskSid),
  reservationSid: Schema.optionalKey(Sid.ReservationSid),
  workerSid: Schema.optionalKey(Sid.WorkerSid),
  worker: Schema.optionalKey(Schema.String),
  queue: Schema.optionalKey(Schema.String),
  standing: Schema.optionalKey(Conversation.Standing),
  since: Schema.optionalKey(Schema.DateTimeUtcFromString),
  minutes: Schema.optionalKey(Schema.Int),
  /** After the change. */
  customerAlone: Conversation.Alone,
  /** Only in a plan: it would not be done, and why. */
  skip: Schema.optionalKey(Schema.String),
  /** Only with `--apply`; in a plan, `failed` for what could not be read. */
  result: Schema.optionalKey(Outcome),
  /** The proof, or what is in the way. */
  detail: Schema.optionalKey(Schema.String)
})
export type Row = typeof Row.Type

export const encode = Schema.encodeSync(Schema.fromJsonString(Row))
