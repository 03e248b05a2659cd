/**
 * TaskRouter's events: what happened to tasks and reservations in the last 30 days, long after the tasks themselves are gone.
 *
 * Source: Twilio's pages "Event Resource" and "TaskRouter Events Reference", and its OpenAPI document of TaskRouter.
 */
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Sid from "./Sid.ts"
import type { ChannelRef } from "./Participant.ts"
import * as Tasks from "./Tasks.ts"
import { asOf, date, field, fitting, loose } from "./internal/field.ts"

/**
 * What an event is about, as far as this library has a use for it. The keys are those of TaskRouter's event callback in
 * small letters (assumed for the list; documented for Event Streams).
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Events } from "@flex-interactions/core"
 *
 * const data = Schema.decodeUnknownSync(Events.EventData)({ worker_name: "ana", task_attributes: "{}" })
 * data // => { workerName: "ana", attributes: { other: {} } }
 * ```
 */
export const EventData = Schema.Struct({
  taskSid: loose(Sid.TaskSid),
  reservationSid: loose(Sid.ReservationSid),
  workerSid: loose(Sid.WorkerSid),
  workerName: loose(Schema.String),
  /** Those of the task. Twilio takes them out of events that are older than 30 days. */
  attributes: loose(Tasks.TaskAttributes),
  taskQueueName: loose(Schema.String)
}).pipe(
  Schema.encodeKeys({
    taskSid: "task_sid",
    reservationSid: "reservation_sid",
    workerSid: "worker_sid",
    workerName: "worker_name",
    attributes: "task_attributes",
    taskQueueName: "task_queue_name"
  })
)
/** What {@link EventData} makes of Twilio's JSON. */
export type EventData = typeof EventData.Type

/**
 * An event. Whether `actorType` and `source` tell a change made through the Interactions API from one made in Flex is not
 * documented.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Events } from "@flex-interactions/core"
 *
 * const event = Schema.decodeUnknownSync(Events.Event)({ event_type: "reservation.wrapup", event_data: { worker_name: "ana" } })
 * event // => { type: "reservation.wrapup", data: { workerName: "ana" } }
 * ```
 */
export const Event = Schema.Struct({
  sid: fitting(Sid.EventSid),
  /** `event_type`, such as `task.completed`, `reservation.wrapup` or `task.system-deleted`. */
  type: field(Schema.String),
  /** `event_date`: when it was sent. */
  date,
  description: field(Schema.String),
  resourceType: field(Schema.String),
  resourceSid: field(Schema.String),
  actorType: field(Schema.String),
  actorSid: field(Schema.String),
  source: field(Schema.String),
  /** `event_data`. */
  data: loose(EventData),
  workspaceSid: fitting(Sid.WorkspaceSid),
  asOf
}).pipe(
  Schema.encodeKeys({
    type: "event_type",
    date: "event_date",
    resourceType: "resource_type",
    resourceSid: "resource_sid",
    actorType: "actor_type",
    actorSid: "actor_sid",
    data: "event_data",
    workspaceSid: "workspace_sid"
  })
)
/** What {@link Event} makes of Twilio's JSON. */
export type Event = typeof Event.Type

/**
 * The channel that an event is about, or why there is none. It takes what Twilio sends, as it is parsed:
 *
 * - the parameters of an Interactions webhook (`InteractionSid`, `ChannelSid`; documented). `onInteractionCreated` comes
 *   before there is a channel: `"not SIDs"`;
 * - the parameters of TaskRouter's event callback (`TaskAttributes`, JSON; documented);
 * - an event of Event Streams (`data.payload.task_attributes`; documented);
 * - an event of TaskRouter's list as Twilio sends it (`event_data.task_attributes`); for an {@link Event} that is decoded,
 *   `Tasks.channelOf(event.data ?? {})` does the same.
 *
 * Only SIDs are taken. Check Twilio's signature before you trust a webhook.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Events } from "@flex-interactions/core"
 *
 * const channel = Events.channelOf({
 *   EventType: "onParticipantLeft",
 *   InteractionSid: "KD00000000000000000000000000000001",
 *   ChannelSid: "UO00000000000000000000000000000001"
 * })
 * Result.getOrThrow(channel).channelSid // => "UO00000000000000000000000000000001"
 * Events.channelOf({ EventType: "worker.activity.update" }) // => Result.fail("attributes not read")
 * ```
 */
export const channelOf = (payload: unknown): Result.Result<ChannelRef, Tasks.NoConversation> => {
  const { data, event_data, InteractionSid, ChannelSid, TaskAttributes } = readPayload(payload)
  if (InteractionSid !== undefined || ChannelSid !== undefined) {
    return Result.mapError(
      Result.all({ interactionSid: Sid.parse("KD", InteractionSid), channelSid: Sid.parse("UO", ChannelSid) }),
      (): Tasks.NoConversation => "not SIDs"
    )
  }
  const attributes = TaskAttributes ?? event_data?.attributes ?? data?.payload?.attributes
  return Tasks.channelOf(attributes === undefined ? {} : { attributes })
}

const Payload = Schema.Struct({
  InteractionSid: Schema.optionalKey(Schema.Unknown),
  ChannelSid: Schema.optionalKey(Schema.Unknown),
  TaskAttributes: loose(Tasks.TaskAttributes),
  event_data: loose(EventData),
  data: loose(Schema.Struct({ payload: loose(EventData) }))
})
const readPayload = (payload: unknown): typeof Payload.Type =>
  Option.getOrElse(Schema.decodeUnknownOption(Payload)(payload), () => ({}))
