/**
 * TaskRouter's tasks and their reservations: read only, since Twilio says not to complete or cancel messaging tasks through
 * TaskRouter. A task leads to its conversation, a reservation says where an agent stands in it.
 *
 * Source: Twilio's pages "Task Resource", "Task Reservation Resource" and "Lifecycle of a Task", and its OpenAPI document
 * of TaskRouter.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type { ChannelRef } from "./Participant.ts"
import * as Sid from "./Sid.ts"
import * as Attributes from "./internal/attributes.ts"
import { asOf, date, field, fitting, loose, open } from "./internal/field.ts"

/**
 * Where a task is: one of these, or what Twilio may add. `wrapping` has no time limit that is documented; `completed` and
 * `canceled` are final. Five minutes after either, the task no longer exists (documented); one that was `assigned` for 24
 * hours is removed (documented).
 *
 * @example
 * ```ts
 * import { Tasks } from "@flex-interactions/core"
 *
 * Tasks.knownTaskStatuses.includes("wrapping") // => true
 * ```
 */
export const knownTaskStatuses = ["pending", "reserved", "assigned", "wrapping", "completed", "canceled"] as const

/**
 * One of {@link knownTaskStatuses}, or any other word.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Tasks } from "@flex-interactions/core"
 *
 * Schema.is(Tasks.TaskStatus)("assigned") // => true
 * Schema.is(Tasks.TaskStatus)("paused") // => true
 * ```
 */
export const TaskStatus = open(knownTaskStatuses)
/** What {@link TaskStatus} accepts. */
export type TaskStatus = typeof TaskStatus.Type

/**
 * Where a reservation is: one of these, or what Twilio may add. `onHold` is in no document: TaskRouter's own errors name it,
 * between an agent's Accept and `accepted`.
 *
 * @example
 * ```ts
 * import { Tasks } from "@flex-interactions/core"
 *
 * Tasks.knownReservationStatuses.includes("rescinded") // => true
 * ```
 */
export const knownReservationStatuses = [
  "pending",
  "onHold",
  "accepted",
  "wrapping",
  "completed",
  "rejected",
  "timeout",
  "canceled",
  "rescinded"
] as const

/**
 * One of {@link knownReservationStatuses}, or any other word.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Tasks } from "@flex-interactions/core"
 *
 * Schema.is(Tasks.ReservationStatus)("wrapping") // => true
 * Schema.is(Tasks.ReservationStatus)(5) // => false
 * ```
 */
export const ReservationStatus = open(knownReservationStatuses)
/** What {@link ReservationStatus} accepts. */
export type ReservationStatus = typeof ReservationStatus.Type

/**
 * What a program put into a task, and what Flex did. The SIDs are there for a Flex conversation, and not for voice or a plain
 * TaskRouter task; a SID that is none stays in `other`, as does everything else, under Twilio's names. `text` is there only
 * if the attributes are no JSON object: then it has them as they are.
 *
 * Beware: it has personal data, such as names and telephone numbers of customers.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Tasks } from "@flex-interactions/core"
 *
 * const decode = Schema.decodeUnknownSync(Tasks.TaskAttributes)
 * decode('{"flexInteractionSid":"KD00000000000000000000000000000001","from":"+15551234"}') // => { interactionSid: "KD00000000000000000000000000000001", other: { from: "+15551234" } }
 * decode("hello") // => { other: {}, text: "hello" }
 * ```
 */
export const TaskAttributes = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Struct({
      /** `flexInteractionSid`. */
      interactionSid: Schema.optionalKey(Sid.InteractionSid),
      /** `flexInteractionChannelSid`. */
      channelSid: Schema.optionalKey(Sid.ChannelSid),
      /** `flexChannelInviteSid`: the invite that made this task. */
      inviteSid: Schema.optionalKey(Sid.InviteSid),
      /** The medium: sms, whatsapp, web, chat, email, messenger, … */
      channelType: Schema.optionalKey(Schema.String),
      other: Schema.JsonObject,
      text: Schema.optionalKey(Schema.String)
    }),
    SchemaTransformation.transform({
      decode: (text) => {
        const json = Attributes.parse(text)
        if (json === undefined) return { other: {}, text }
        const found = readTyped(json)
        return { ...found, other: Attributes.rest(json, attributeNames, found) }
      },
      encode: ({ other, text, ...typed }) => text ?? JSON.stringify({ ...other, ...writeTyped(typed) })
    })
  )
)
/** What {@link TaskAttributes} makes of the text. */
export type TaskAttributes = typeof TaskAttributes.Type

const attributeNames = {
  interactionSid: "flexInteractionSid",
  channelSid: "flexInteractionChannelSid",
  inviteSid: "flexChannelInviteSid",
  channelType: "channelType"
} as const

const Typed = Schema.Struct({
  interactionSid: loose(Sid.InteractionSid),
  channelSid: loose(Sid.ChannelSid),
  inviteSid: loose(Sid.InviteSid),
  channelType: loose(Schema.String)
}).pipe(Schema.encodeKeys(attributeNames))
const readTyped = Schema.decodeUnknownSync(Typed)
const writeTyped = Schema.encodeSync(Typed)

/**
 * A task, as far as this library has a use for it; TaskRouter does not say here who works on it: its reservations do.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Tasks } from "@flex-interactions/core"
 *
 * const task = Schema.decodeUnknownSync(Tasks.Task)({
 *   sid: "WT00000000000000000000000000000001",
 *   assignment_status: "wrapping",
 *   attributes: null,
 *   task_queue_friendly_name: "Sales"
 * })
 * task // => { sid: "WT00000000000000000000000000000001", status: "wrapping", taskQueueFriendlyName: "Sales" }
 * ```
 */
export const Task = Schema.Struct({
  sid: fitting(Sid.TaskSid),
  workspaceSid: fitting(Sid.WorkspaceSid),
  /** `assignment_status`. */
  status: field(TaskStatus),
  /** Left out where the reply left them out, which a list may do: then read the task alone. */
  attributes: field(TaskAttributes),
  /** Seconds since it was created. */
  age: field(Schema.Number),
  priority: field(Schema.Number),
  /** Why it was canceled or completed. */
  reason: field(Schema.String),
  taskQueueSid: fitting(Sid.TaskQueueSid),
  taskQueueFriendlyName: field(Schema.String),
  taskQueueEnteredDate: date,
  /** What its capacity counts as; the medium is `attributes.channelType`. */
  taskChannelUniqueName: field(Schema.String),
  workflowSid: fitting(Sid.WorkflowSid),
  workflowFriendlyName: field(Schema.String),
  dateCreated: date,
  dateUpdated: date,
  url: field(Schema.String),
  asOf
}).pipe(
  Schema.encodeKeys({
    workspaceSid: "workspace_sid",
    status: "assignment_status",
    taskQueueSid: "task_queue_sid",
    taskQueueFriendlyName: "task_queue_friendly_name",
    taskQueueEnteredDate: "task_queue_entered_date",
    taskChannelUniqueName: "task_channel_unique_name",
    workflowSid: "workflow_sid",
    workflowFriendlyName: "workflow_friendly_name",
    dateCreated: "date_created",
    dateUpdated: "date_updated"
  })
)
/** What {@link Task} makes of Twilio's JSON. */
export type Task = typeof Task.Type

/**
 * A reservation: one worker on one task. Of a Flex conversation each agent has a task, and so normally one reservation that
 * is not over.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Tasks } from "@flex-interactions/core"
 *
 * const reservation = Schema.decodeUnknownSync(Tasks.Reservation)({ reservation_status: "wrapping", worker_name: "ana" })
 * reservation // => { status: "wrapping", workerName: "ana" }
 * ```
 */
export const Reservation = Schema.Struct({
  sid: fitting(Sid.ReservationSid),
  taskSid: fitting(Sid.TaskSid),
  workerSid: fitting(Sid.WorkerSid),
  /** The worker's `friendly_name`. */
  workerName: field(Schema.String),
  workspaceSid: fitting(Sid.WorkspaceSid),
  /** `reservation_status`. */
  status: field(ReservationStatus),
  dateCreated: date,
  /** Since when it has had this status, as far as can be told: no reply has that alone. */
  dateUpdated: date,
  url: field(Schema.String),
  asOf
}).pipe(
  Schema.encodeKeys({
    taskSid: "task_sid",
    workerSid: "worker_sid",
    workerName: "worker_name",
    workspaceSid: "workspace_sid",
    status: "reservation_status",
    dateCreated: "date_created",
    dateUpdated: "date_updated"
  })
)
/** What {@link Reservation} makes of Twilio's JSON. */
export type Reservation = typeof Reservation.Type

/**
 * Why there is no conversation for a task:
 *
 * - `"attributes not read"`: the reply left the attributes out, as a list may; read the task alone.
 * - `"attributes not JSON"`: they are no JSON object.
 * - `"no interaction"`: they name none. The task is voice, plain TaskRouter or Programmable Chat.
 * - `"not SIDs"`: what they have in its place are not the SIDs of an interaction and a channel, or only one of them.
 *
 * @example
 * ```ts
 * import { Tasks } from "@flex-interactions/core"
 *
 * Tasks.NoConversation.literals.length // => 4
 * ```
 */
export const NoConversation = Schema.Literals([
  "attributes not read",
  "attributes not JSON",
  "no interaction",
  "not SIDs"
])
/** One of {@link NoConversation}. */
export type NoConversation = typeof NoConversation.Type

/**
 * The channel of a task, or why there is none, which is no error: most contact centres have other tasks too. It takes
 * anything with attributes of a task, such as a {@link Task} and the data of an event.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Tasks } from "@flex-interactions/core"
 *
 * Tasks.channelOf({ attributes: { other: { call_sid: "CA1" } } }) // => Result.fail("no interaction")
 * Tasks.channelOf({}) // => Result.fail("attributes not read")
 * ```
 */
export const channelOf = ({ attributes }: Pick<Task, "attributes">): Result.Result<ChannelRef, NoConversation> => {
  if (attributes === undefined) return Result.fail("attributes not read")
  const { channelSid, interactionSid, other, text } = attributes
  if (text !== undefined) return Result.fail("attributes not JSON")
  if (interactionSid !== undefined && channelSid !== undefined) return Result.succeed({ interactionSid, channelSid })
  const named = interactionSid ?? channelSid ?? other["flexInteractionSid"] ?? other["flexInteractionChannelSid"]
  return Result.fail(named == null ? "no interaction" : "not SIDs")
}
