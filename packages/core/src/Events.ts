/**
 * TaskRouter's events: what happened to tasks and reservations in the last 30 days, long after the tasks themselves are gone.
 *
 * Source: Twilio's pages "Event Resource" and "TaskRouter Events Reference", and its OpenAPI document of TaskRouter.
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Sid from "./Sid.ts"
import * as Stream from "effect/Stream"
import { asOf, date, dated, field, fitting, loose } from "./internal/field.ts"
import { inWorkspace, noWorkspace } from "./internal/inWorkspace.ts"
import { invalid } from "./internal/invalid.ts"
import * as Paging from "./internal/paging.ts"
import type { ChannelRef } from "./Participant.ts"
import * as Tasks from "./Tasks.ts"
import { TwilioClient } from "./TwilioClient.ts"
import type { TwilioError } from "./TwilioError.ts"
import { Workspace } from "./Workspace.ts"

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

/**
 * Which events to list: those to which everything that is given applies.
 *
 * @example
 * ```ts
 * import { DateTime } from "effect"
 * import type { Events } from "@flex-interactions/core"
 *
 * const ended: Events.EventFilter = {
 *   types: ["task.completed", "task.canceled", "task.system-deleted"],
 *   since: DateTime.makeUnsafe("2026-11-24T06:00:00Z")
 * }
 * ```
 */
export interface EventFilter {
  /** At least one, such as `reservation.wrapup`. */
  readonly types?: ReadonlyArray<string>
  /** Default: 30 days ago. Twilio has nothing that is older. */
  readonly since?: DateTime.DateTime
  readonly task?: Sid.TaskSid
  readonly reservation?: Sid.ReservationSid
  readonly worker?: Sid.WorkerSid
}

/**
 * The service.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Stream } from "effect"
 * import { Events } from "@flex-interactions/core"
 *
 * const latest = Events.Events.use((events) => Stream.runHead(events.stream({ types: ["task.canceled"] })))
 * const none = Layer.mock(Events.Events, { stream: () => Stream.empty })
 * await Effect.runPromise(Effect.provide(Effect.map(latest, (event) => event._tag), none)) // => "None"
 * ```
 */
export class Events extends Context.Service<
  Events,
  {
    /**
     * The events, page after page (of `pageSize`, 1–1000, default 1000): type by type in the order given, since Twilio takes
     * one type a request. In which order those of a type come is not documented. It fails with `TwilioError` alone.
     */
    readonly stream: (
      filter?: EventFilter,
      options?: { readonly pageSize?: number }
    ) => Stream.Stream<Event, TwilioError>
  }
>()("@flex-interactions/core/Events") {}

const listEvents = Paging.endpoint({
  name: "Events.list",
  host: "taskrouter",
  path: "/v1/Workspaces/{WorkspaceSid}/Events",
  rows: "events",
  row: Event,
  notFound: noWorkspace
})

/**
 * The service, on a {@link TwilioClient} and a {@link Workspace}.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Events, TwilioClient, Workspace } from "@flex-interactions/core"
 *
 * const live = Events.layer.pipe(
 *   Layer.provide(Workspace.layerConfig()),
 *   Layer.provide(TwilioClient.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<Events, never, TwilioClient | Workspace> = Layer.effect(
  Events,
  Effect.gen(function* () {
    const client = yield* TwilioClient
    const within = inWorkspace(yield* Workspace)
    const events = Paging.make(client, listEvents, (_, answer) => (row: Event) => ({ ...row, ...dated(answer) }))

    const asked = Effect.fnUntraced(function* (filter: EventFilter) {
      const problem = problemOf(filter)
      if (problem !== undefined) return yield* invalid(listEvents.name, problem)
      const { reservation, task, worker } = filter
      const since = filter.since ?? DateTime.subtract(yield* DateTime.now, { days: 30 })
      return {
        params: yield* within(listEvents, {}),
        query: {
          // Without it Twilio lists the last 15 minutes.
          StartDate: `${DateTime.formatIso(since).slice(0, 19)}Z`,
          TaskSid: task,
          ReservationSid: reservation,
          WorkerSid: worker
        }
      }
    })

    return Events.of({
      stream: (filter = {}, options) =>
        Stream.unwrap(
          Effect.map(asked(filter), ({ params, query }) =>
            Stream.fromIterable(filter.types ?? [undefined]).pipe(
              Stream.flatMap((type) =>
                events
                  .stream(params, { ...options, query: { ...query, EventType: type } })
                  .pipe(Stream.filter((event) => type === undefined || event.type === undefined || event.type === type))
              )
            )
          )
        )
    })
  })
)

const problemOf = ({ reservation, task, types, worker }: EventFilter): string | undefined => {
  if (types !== undefined && (types.length === 0 || !types.every((type) => /^[\w.-]+$/u.test(type)))) {
    return "types: expected at least one, such as task.completed"
  }
  for (const [name, prefix, sid] of [
    ["task", "WT", task],
    ["reservation", "WR", reservation],
    ["worker", "WK", worker]
  ] as const) {
    const problem = sid === undefined ? undefined : Sid.problem(prefix, sid)
    if (problem !== undefined) return `${name}: ${problem}`
  }
  return undefined
}
