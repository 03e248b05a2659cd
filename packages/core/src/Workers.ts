/**
 * TaskRouter's workers: the agents as persons, with a name. Read only.
 *
 * Source: Twilio's pages "Worker Resource" and "Worker Reservation Resource", and its OpenAPI document of TaskRouter.
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
import { date, dated, field, fitting, loose } from "./internal/field.ts"
import { inWorkspace, noWorkspace, saysGone } from "./internal/inWorkspace.ts"
import { invalid } from "./internal/invalid.ts"
import * as Paging from "./internal/paging.ts"
import * as Sid from "./Sid.ts"
import { type knownReservationStatuses, Reservation } from "./Tasks.ts"
import { TwilioClient } from "./TwilioClient.ts"
import type { TwilioError } from "./TwilioError.ts"
import { Workspace } from "./Workspace.ts"

/**
 * What is known of a person. Twilio promises none of these keys; Flex has `full_name` and `email` by habit (assumed).
 * Everything else is in `other`, under its own name. `text` is there only if the attributes are no JSON object: then it has
 * them as they are.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Workers } from "@flex-interactions/core"
 *
 * const decode = Schema.decodeUnknownSync(Workers.WorkerAttributes)
 * decode('{"full_name":"Ana Silva","roles":["agent"]}') // => { fullName: "Ana Silva", other: { roles: ["agent"] } }
 * ```
 */
export const WorkerAttributes = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Struct({
      /** `full_name`. */
      fullName: Schema.optionalKey(Schema.String),
      email: Schema.optionalKey(Schema.String),
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
/** What {@link WorkerAttributes} makes of the text. */
export type WorkerAttributes = typeof WorkerAttributes.Type

const attributeNames = { fullName: "full_name", email: "email" } as const
const Typed = Schema.Struct({ fullName: loose(Schema.String), email: loose(Schema.String) }).pipe(
  Schema.encodeKeys(attributeNames)
)
const readTyped = Schema.decodeUnknownSync(Typed)
const writeTyped = Schema.encodeSync(Typed)

/**
 * A worker. `friendlyName` is unique in a workspace, whatever the case of its letters (documented); with Flex it is usually
 * the name to log in with (assumed), and `attributes.fullName` the name that people use.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Workers } from "@flex-interactions/core"
 *
 * const worker = Schema.decodeUnknownSync(Workers.Worker)({ friendly_name: "ana", available: true, attributes: null })
 * worker // => { friendlyName: "ana", available: true }
 * ```
 */
export const Worker = Schema.Struct({
  sid: fitting(Sid.WorkerSid),
  workspaceSid: fitting(Sid.WorkspaceSid),
  friendlyName: field(Schema.String),
  /** Left out where the reply left them out, which a list may do: then read the worker alone. */
  attributes: field(WorkerAttributes),
  activityName: field(Schema.String),
  /** Does the activity let TaskRouter offer tasks? */
  available: field(Schema.Boolean),
  /** Since when the worker has had this activity. */
  dateStatusChanged: date,
  dateCreated: date,
  dateUpdated: date,
  url: field(Schema.String)
}).pipe(
  Schema.encodeKeys({
    workspaceSid: "workspace_sid",
    friendlyName: "friendly_name",
    activityName: "activity_name",
    dateStatusChanged: "date_status_changed",
    dateCreated: "date_created",
    dateUpdated: "date_updated"
  })
)
/** What {@link Worker} makes of Twilio's JSON. */
export type Worker = typeof Worker.Type

/**
 * The service. All methods check their input before any I/O, fail with `TwilioError` alone, and need nothing from the
 * context.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Workers } from "@flex-interactions/core"
 *
 * const howMany = (name: string) =>
 *   Effect.map(Workers.Workers.use((workers) => workers.find(name)), (found) => found.length)
 *
 * const two = Layer.mock(Workers.Workers, { find: () => Effect.succeed([{ friendlyName: "ana" }, { friendlyName: "ana2" }]) })
 * await Effect.runPromise(Effect.provide(howMany("Ana Silva"), two)) // => 2
 * ```
 */
export class Workers extends Context.Service<
  Workers,
  {
    readonly get: (worker: Sid.WorkerSid) => Effect.Effect<Worker, TwilioError>

    /**
     * The workers whom a word may mean: the one with this SID; else those with this friendly name, e-mail address or full name, up
     * to `limit` (1 or more, default 20), who has the friendly name first. Nobody is no error, and more than one is none: the caller
     * decides. Names are compared in any case, spaces around them do not count.
     *
     * One name can be the login of one worker and the full name of another, so all are asked, at once. The last two take an
     * expression, of which Twilio takes three a second (published), and which compares exactly (assumed): give the name as Flex
     * has it. A SID takes none.
     */
    readonly find: (
      word: string,
      options?: { readonly limit?: number }
    ) => Effect.Effect<ReadonlyArray<Worker>, TwilioError>

    /**
     * The reservations of a worker: of `status` if it is given. Twilio's filter by `wrapping` or `completed` is not documented:
     * it is checked here, and if Twilio refuses it, all reservations are read. How long Twilio keeps those that are over is not
     * documented.
     */
    readonly reservations: (
      worker: Sid.WorkerSid,
      status?: ReservationStatus,
      options?: { readonly pageSize?: number }
    ) => Stream.Stream<Reservation, TwilioError>

    /**
     * One page of them: of up to `pageSize` (1–1000; Twilio's default is 50) those of the status, from `cursor` on, which is
     * `next` of the page before. Keep the status the same from page to page.
     */
    readonly reservationsPage: (
      worker: Sid.WorkerSid,
      status?: ReservationStatus,
      options?: { readonly pageSize?: number; readonly cursor?: Paging.Cursor }
    ) => Effect.Effect<Paging.Page<Reservation>, TwilioError>
  }
>()("@flex-interactions/core/Workers") {}

type ReservationStatus = (typeof knownReservationStatuses)[number]

const workersPath = "/v1/Workspaces/{WorkspaceSid}/Workers"
const notFound = "this workspace has no such worker: they were deleted, or are of another workspace or account"

const getWorker = Endpoint.make({
  name: "Workers.get",
  host: "taskrouter",
  method: "GET",
  path: `${workersPath}/{WorkerSid}`,
  access: "read",
  reply: Schema.decodeUnknownResult(Worker),
  notFound
})

const lists = { host: "taskrouter", path: workersPath, rows: "workers", row: Worker, notFound: noWorkspace } as const
const listWorkers = Paging.endpoint({ ...lists, name: "Workers.list" })
/** With an expression over attributes. Twilio publishes three requests a second. */
const listByAttributes = Paging.endpoint({ ...lists, name: "Workers.byAttributes", perSecond: 3 })

const listReservations = Paging.endpoint({
  name: "Workers.reservations",
  host: "taskrouter",
  path: `${workersPath}/{WorkerSid}/Reservations`,
  rows: "reservations",
  row: Reservation,
  notFound
})

/** Workers who are read alone because a list left out their attributes: so many at a time. */
const concurrency = 4

/**
 * The service, on a {@link TwilioClient} and a {@link Workspace}.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { TwilioClient, Workers, Workspace } from "@flex-interactions/core"
 *
 * const live = Workers.layer.pipe(
 *   Layer.provide(Workspace.layerConfig()),
 *   Layer.provide(TwilioClient.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<Workers, never, TwilioClient | Workspace> = Layer.effect(
  Workers,
  Effect.gen(function* () {
    const client = yield* TwilioClient
    const within = inWorkspace(yield* Workspace)
    const workers = Paging.make(client, listWorkers, () => (row: Worker) => row)
    const byAttributes = Paging.make(client, listByAttributes, () => (row: Worker) => row)
    const allReservations = Paging.make(client, listReservations, ({ workerSid }, answer) => (row: Reservation) => ({
      ...row,
      workerSid,
      ...dated(answer)
    }))

    const get = Effect.fnUntraced(function* (workerSid: Sid.WorkerSid) {
      const params = yield* within(getWorker, { workerSid })
      return { ...(yield* client.execute(getWorker, { params })), sid: workerSid }
    })

    const ifAny = (worker: Effect.Effect<Worker, TwilioError>) =>
      worker.pipe(
        Effect.asSome,
        Effect.catchIf(saysGone(getWorker), () => Effect.succeedNone)
      )

    /** The worker, if the e-mail address or the full name is this. */
    const called =
      (name: string) =>
      (worker: Worker): Effect.Effect<Option.Option<Worker>, TwilioError> => {
        const { attributes, sid } = worker
        if (attributes !== undefined) return Effect.succeed(Option.liftPredicate(worker, isCalled(name)))
        return sid === undefined ? Effect.succeedNone : Effect.map(ifAny(get(sid)), Option.filter(isCalled(name)))
      }

    const find = Effect.fnUntraced(function* (word: string, { limit = 20 }: { readonly limit?: number } = {}) {
      const name = typeof word === "string" ? word.trim() : ""
      if (name === "") return yield* invalid(listWorkers.name, "word: expected a SID, a name or an e-mail address")
      if (!Number.isInteger(limit) || limit < 1) {
        return yield* invalid(listWorkers.name, "limit: expected a whole number, 1 or more")
      }
      const sid = Sid.parse("WK", name)
      if (Result.isSuccess(sid)) return Option.toArray(yield* ifAny(get(sid.success)))
      const quoted = quote(name)
      if (quoted === undefined) {
        return yield* invalid(
          listByAttributes.name,
          "word: a name with a backslash, a control character, or quotation marks of both kinds can't be looked up"
        )
      }
      const params = yield* within(listWorkers, {})
      const [byName, others] = yield* Effect.all(
        [
          workers.find(params, ({ friendlyName }) => isSame(friendlyName, name), { query: { FriendlyName: name } }),
          byAttributes
            .stream(params, { query: { TargetWorkersExpression: `email == ${quoted} OR full_name == ${quoted}` } })
            .pipe(
              Stream.mapEffect(called(name), { concurrency }),
              Stream.map(Option.toArray),
              Stream.flattenIterable,
              Stream.take(limit),
              Stream.runCollect
            )
        ],
        { concurrency: 2 }
      )
      const first = Option.toArray(byName)
      // One who goes by the word in two ways is one.
      const all = [
        ...first,
        ...others.filter(({ sid }) => first.every((other) => sid === undefined || other.sid !== sid))
      ]
      return all.slice(0, limit)
    })

    /** Once Twilio has refused the filter it is not sent again. */
    let isRefused = false
    const asked = (status: ReservationStatus | undefined) =>
      status === undefined || status === "onHold" || (isRefused && !isDocumented(status))
        ? undefined
        : { ReservationStatus: status }
    const refuses =
      (status: ReservationStatus | undefined) =>
      ({ reason }: TwilioError) => {
        if (reason._tag !== "InvalidRequest" || reason.status !== 400) return false
        if (status === undefined || isDocumented(status)) return false
        isRefused = true
        return true
      }
    const has = (status: ReservationStatus | undefined) => (reservation: Reservation) =>
      status === undefined || reservation.status === status

    return Workers.of({
      get,
      find,

      reservations: (workerSid, status, options) =>
        Stream.unwrap(
          Effect.map(within(listReservations, { workerSid }), (params) => {
            const query = asked(status)
            const all = (query?: Paging.Query) =>
              allReservations.stream(params, { ...options, ...(query && { query }) })
            return all(query).pipe(
              Stream.catchIf(refuses(status), () => all()),
              Stream.filter(has(status))
            )
          })
        ),

      reservationsPage: Effect.fnUntraced(function* (workerSid, status, options) {
        const params = yield* within(listReservations, { workerSid })
        const query = asked(status)
        const one = (query?: Paging.Query) => allReservations.page(params, { ...options, ...(query && { query }) })
        const page = yield* Effect.catchIf(one(query), refuses(status), () => one())
        return { ...page, items: page.items.filter(has(status)) }
      })
    })
  })
)

const isSame = (found: string | undefined, wanted: string) => found?.trim().toLowerCase() === wanted.toLowerCase()

const isCalled =
  (name: string) =>
  ({ attributes }: Worker) =>
    isSame(attributes?.email, name) || isSame(attributes?.fullName, name)

/** A text of an expression. How TaskRouter escapes is not documented: what would need it can't be asked for. */
const quote = (text: string): string | undefined => {
  if (/[\\\p{Cc}]/u.test(text)) return undefined
  return text.includes("'") ? (text.includes('"') ? undefined : `"${text}"`) : `'${text}'`
}

/** The statuses that Twilio's text about the filter names; its type has `wrapping` and `completed` too. */
const isDocumented = (status: ReservationStatus) => status !== "wrapping" && status !== "completed"
