/**
 * TaskRouter's tasks and their reservations: read only, since Twilio says not to complete or cancel messaging tasks through
 * TaskRouter. A task leads to its conversation, a reservation says where an agent stands in it.
 *
 * Source: Twilio's pages "Task Resource", "Task Reservation Resource" and "Lifecycle of a Task", and its OpenAPI document
 * of TaskRouter.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Stream from "effect/Stream"
import * as Attributes from "./internal/attributes.ts"
import * as Endpoint from "./internal/endpoint.ts"
import { asOf, date, dated, field, fitting, loose, open } from "./internal/field.ts"
import { inWorkspace, noWorkspace, saysGone } from "./internal/inWorkspace.ts"
import { invalid } from "./internal/invalid.ts"
import * as Paging from "./internal/paging.ts"
import type { ChannelRef } from "./Participant.ts"
import * as Sid from "./Sid.ts"
import { TwilioClient } from "./TwilioClient.ts"
import type { TwilioError } from "./TwilioError.ts"
import { Workspace } from "./Workspace.ts"

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
  age: field(Schema.Finite),
  priority: field(Schema.Finite),
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

/**
 * Which tasks to list: those to which everything that is given applies. `interaction` and `channel` need an expression, of which
 * Twilio takes three a second (published); the others do not.
 *
 * @example
 * ```ts
 * import { Tasks, type Participant } from "@flex-interactions/core"
 *
 * // Who is on the way to a channel.
 * const waiting = (channel: Participant.ChannelRef): Tasks.TaskFilter => ({ channel, statuses: ["pending", "reserved"] })
 * ```
 */
export interface TaskFilter {
  /** At least one. */
  readonly statuses?: ReadonlyArray<(typeof knownTaskStatuses)[number]>
  /** The tasks of this interaction; each agent and each invite has one. */
  readonly interaction?: Sid.InteractionSid
  /** The tasks of this channel. */
  readonly channel?: ChannelRef
  /** The friendly name of the queue, in any case. */
  readonly taskQueueName?: string
}

/**
 * Which reservations to list. Both are applied here, to what Twilio lists of the task.
 *
 * @example
 * ```ts
 * import type { Tasks } from "@flex-interactions/core"
 *
 * const atWork: Tasks.ReservationFilter = { status: "accepted" }
 * ```
 */
export interface ReservationFilter {
  readonly status?: (typeof knownReservationStatuses)[number]
  readonly worker?: Sid.WorkerSid
}

/**
 * The service. All methods check their input before any I/O, fail with `TwilioError` alone, and need nothing from the
 * context. A task or a reservation comes with `asOf`, so that its age can be told by Twilio's clock.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Sid, Tasks } from "@flex-interactions/core"
 *
 * const program = Effect.gen(function* () {
 *   const tasks = yield* Tasks.Tasks
 *   const { status } = yield* tasks.get(yield* Effect.fromResult(Sid.parse("WT", "WT00000000000000000000000000000001")))
 *   return status
 * })
 *
 * const wrapping = Layer.mock(Tasks.Tasks, { get: (sid) => Effect.succeed({ sid, status: "wrapping" }) })
 * await Effect.runPromise(Effect.provide(program, wrapping)) // => "wrapping"
 * ```
 */
export class Tasks extends Context.Service<
  Tasks,
  {
    /** The task, with its attributes. `NotFound`: it ended more than five minutes ago, or it was removed, or it was never here. */
    readonly get: (
      task: Sid.TaskSid,
      options?: { readonly connection?: "kept" | "fresh" }
    ) => Effect.Effect<Task, TwilioError>

    /** The channel of a task for which only its SID is at hand, or why there is none: see {@link channelOf}. */
    readonly channel: (task: Sid.TaskSid) => Effect.Effect<Result.Result<ChannelRef, NoConversation>, TwilioError>

    /**
     * One page: of up to `pageSize` tasks (1–1000; Twilio's default is 50) those that the filter fits, the oldest first, from
     * `cursor` on, which is `next` of the page before. Keep the filter the same from page to page.
     */
    readonly page: (
      filter: TaskFilter,
      options?: { readonly pageSize?: number; readonly cursor?: Paging.Cursor }
    ) => Effect.Effect<Paging.Page<Task>, TwilioError>

    /**
     * All tasks that the filter fits, the oldest first, page after page (of `pageSize`, 1–1000, default 1000). Twilio's
     * own answer is checked against the filter; where it leaves out attributes that this takes, the task is read alone, and
     * left out if it has gone meanwhile.
     */
    readonly stream: (filter?: TaskFilter, options?: { readonly pageSize?: number }) => Stream.Stream<Task, TwilioError>

    /** The reservations of a task. */
    readonly reservations: (
      task: Sid.TaskSid,
      filter?: ReservationFilter
    ) => Effect.Effect<ReadonlyArray<Reservation>, TwilioError>

    /**
     * The reservation. `connection: "fresh"` reads it over a connection that nothing else was sent over, as a read does that
     * proves a change: the reply cannot be the one to another request. `NotFound`: its task is gone (assumed: a reservation
     * goes with its task), or it was never here.
     */
    readonly reservation: (
      task: Sid.TaskSid,
      reservation: Sid.ReservationSid,
      options?: { readonly connection?: "kept" | "fresh" }
    ) => Effect.Effect<Reservation, TwilioError>
  }
>()("@flex-interactions/core/Tasks") {}

const tasksPath = "/v1/Workspaces/{WorkspaceSid}/Tasks"
const notFound =
  "this workspace has no such task or reservation: it ended more than five minutes ago, TaskRouter removed it, or it is of another workspace or account"

const getTask = Endpoint.make({
  name: "Tasks.get",
  host: "taskrouter",
  method: "GET",
  path: `${tasksPath}/{TaskSid}`,
  access: "read",
  reply: Schema.decodeUnknownResult(Task),
  notFound
})

const getReservation = Endpoint.make({
  name: "Tasks.reservation",
  host: "taskrouter",
  method: "GET",
  path: `${tasksPath}/{TaskSid}/Reservations/{ReservationSid}`,
  access: "read",
  reply: Schema.decodeUnknownResult(Reservation),
  notFound
})

const lists = { host: "taskrouter", path: tasksPath, rows: "tasks", row: Task, notFound: noWorkspace } as const
const listTasks = Paging.endpoint({ ...lists, name: "Tasks.list" })
/** With an expression over attributes. Twilio publishes three requests a second. */
const listByAttributes = Paging.endpoint({ ...lists, name: "Tasks.byAttributes", perSecond: 3 })

const listReservations = Paging.endpoint({
  name: "Tasks.reservations",
  host: "taskrouter",
  path: `${tasksPath}/{TaskSid}/Reservations`,
  rows: "reservations",
  row: Reservation,
  notFound
})

/** Tasks that are read alone because a list left out their attributes: so many at a time. */
const concurrency = 4

/**
 * The service, on a {@link TwilioClient} and a {@link Workspace}.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Tasks, TwilioClient, Workspace } from "@flex-interactions/core"
 *
 * const live = Tasks.layer.pipe(
 *   Layer.provide(Workspace.layerConfig()),
 *   Layer.provide(TwilioClient.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<Tasks, never, TwilioClient | Workspace> = Layer.effect(
  Tasks,
  Effect.gen(function* () {
    const client = yield* TwilioClient
    const within = inWorkspace(yield* Workspace)
    const tasks = Paging.make(client, listTasks, (_, answer) => (row: Task) => ({ ...row, ...dated(answer) }))
    const byAttributes = Paging.make(client, listByAttributes, (_, answer) => (row: Task) => ({
      ...row,
      ...dated(answer)
    }))
    const reservations = Paging.make(client, listReservations, ({ taskSid }, answer) => (row: Reservation) => ({
      ...row,
      taskSid,
      ...dated(answer)
    }))

    const get = Effect.fnUntraced(function* (
      taskSid: Sid.TaskSid,
      options?: { readonly connection?: "kept" | "fresh" }
    ) {
      const params = yield* within(getTask, { taskSid })
      const answer = yield* client.executeWithReply(getTask, { params, ...options })
      return { ...answer.value, sid: taskSid, ...dated(answer) }
    })

    /** The task, if the filter fits, as far as can be told from what there is of it. */
    const verified =
      (filter: TaskFilter) =>
      (task: Task): Effect.Effect<Option.Option<Task>, TwilioError> => {
        if (!fits(filter, task)) return Effect.succeedNone
        if (!needsAttributes(filter) || task.attributes !== undefined) return Effect.succeedSome(task)
        return task.sid === undefined
          ? Effect.succeedNone
          : get(task.sid).pipe(
              Effect.map((task) =>
                Option.liftPredicate(task, () => task.attributes !== undefined && fits(filter, task))
              ),
              Effect.catchIf(saysGone(getTask), () => Effect.succeedNone)
            )
      }

    const asked = (filter: TaskFilter) => {
      const list = needsAttributes(filter) ? byAttributes : tasks
      const endpoint = needsAttributes(filter) ? listByAttributes : listTasks
      const problem = problemOf(filter)
      return Effect.map(
        problem === undefined ? within(endpoint, {}) : Effect.fail(invalid(endpoint.name, problem)),
        (params) => ({ list, params, query: queryOf(filter) })
      )
    }

    return Tasks.of({
      get,
      channel: (task) => Effect.map(get(task), channelOf),

      page: Effect.fnUntraced(function* (filter, options) {
        const { list, params, query } = yield* asked(filter)
        const page = yield* list.page(params, { ...options, query })
        const items = yield* Effect.forEach(page.items, verified(filter), { concurrency })
        return { ...page, items: items.flatMap(Option.toArray) }
      }),

      stream: (filter = {}, options) =>
        Stream.unwrap(
          Effect.map(asked(filter), ({ list, params, query }) => {
            const listed = list.stream(params, { ...options, query })
            return needsAttributes(filter)
              ? listed.pipe(
                  Stream.mapEffect(verified(filter), { concurrency }),
                  Stream.map(Option.toArray),
                  Stream.flattenIterable
                )
              : Stream.filter(listed, (task) => fits(filter, task))
          })
        ),

      reservations: Effect.fnUntraced(function* (taskSid, { status, worker } = {}) {
        const all = yield* reservations.list(yield* within(listReservations, { taskSid }))
        return all.filter(
          (reservation) =>
            (status === undefined || reservation.status === status) &&
            (worker === undefined || isSame(reservation.workerSid, worker))
        )
      }),

      reservation: Effect.fnUntraced(function* (taskSid, reservationSid, options) {
        const params = yield* within(getReservation, { taskSid, reservationSid })
        const answer = yield* client.executeWithReply(getReservation, { params, ...options })
        return { ...answer.value, sid: reservationSid, taskSid, ...dated(answer) }
      })
    })
  })
)

const needsAttributes = ({ channel, interaction }: TaskFilter) => channel !== undefined || interaction !== undefined

const problemOf = ({ channel, interaction, statuses }: TaskFilter): string | undefined => {
  if (statuses !== undefined && !statuses.every((status) => knownTaskStatuses.includes(status))) {
    return `statuses: expected ${knownTaskStatuses.join(", ")}`
  }
  if (statuses?.length === 0) return "statuses: expected at least one"
  for (const [name, problem] of [
    ["interaction", interaction === undefined ? undefined : Sid.problem("KD", interaction)],
    ["channel", channel === undefined ? undefined : Sid.problem("UO", channel.channelSid)]
  ] as const) {
    if (problem !== undefined) return `${name}: ${problem}`
  }
  return undefined
}

/** As Twilio's pages have it. That an expression can be over these two attributes is assumed. */
const queryOf = ({ channel, interaction, statuses, taskQueueName }: TaskFilter): Paging.Query => ({
  AssignmentStatus: statuses,
  TaskQueueName: taskQueueName,
  EvaluateTaskAttributes:
    channel !== undefined
      ? `flexInteractionChannelSid == '${channel.channelSid}'`
      : interaction !== undefined
        ? `flexInteractionSid == '${interaction}'`
        : undefined
})

/** What is missing says nothing. */
const fits = ({ channel, interaction, statuses, taskQueueName }: TaskFilter, task: Task): boolean => {
  const { attributes, status, taskQueueFriendlyName } = task
  return (
    (statuses === undefined || status === undefined || statuses.some((wanted) => wanted === status)) &&
    (taskQueueName === undefined ||
      taskQueueFriendlyName === undefined ||
      taskQueueFriendlyName.toLowerCase() === taskQueueName.toLowerCase()) &&
    (attributes === undefined ||
      ((channel === undefined || isSame(attributes.channelSid, channel.channelSid)) &&
        (interaction === undefined || isSame(attributes.interactionSid, interaction))))
  )
}

/** Twilio's SIDs are compared without regard to case. */
const isSame = (found: string | undefined, wanted: string) => found?.toLowerCase() === wanted.toLowerCase()
