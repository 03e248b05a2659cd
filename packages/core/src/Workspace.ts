/**
 * The TaskRouter workspace that Flex uses: each path of TaskRouter has its SID, and nobody has it at hand.
 *
 * It is looked up once: `TWILIO_WORKSPACE_SID` if it is set; else the workspace that Flex's configuration names; else, where
 * these credentials may not read that or it names none, the one workspace called "Flex Task Assignment", as Flex calls its own
 * (seen in public code; an account can rename it).
 *
 * Source: Twilio's OpenAPI documents, `taskrouter_workspace_sid` of Flex's `/v1/Configuration`, and `/v1/Workspaces`.
 */
import * as Cache from "effect/Cache"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Endpoint from "./internal/endpoint.ts"
import { field, fitting } from "./internal/field.ts"
import * as Paging from "./internal/paging.ts"
import * as Sid from "./Sid.ts"
import { SettingsError, TwilioClient } from "./TwilioClient.ts"
import { NotFound, TwilioError } from "./TwilioError.ts"

/**
 * What Flex calls its workspace.
 *
 * @example
 * ```ts
 * import { Workspace } from "@flex-interactions/core"
 *
 * Workspace.flexName // => "Flex Task Assignment"
 * ```
 */
export const flexName = "Flex Task Assignment"

/**
 * The service. `Tasks`, `Workers` and `Events` are built on it; a program needs it only to build their layers.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Result } from "effect"
 * import { Sid, Workspace } from "@flex-interactions/core"
 *
 * const sid = Result.getOrThrow(Sid.parse("WS", "WS00000000000000000000000000000001"))
 * const known = Layer.succeed(Workspace.Workspace, { sid: Effect.succeed(sid) })
 * const program = Effect.flatMap(Workspace.Workspace, (workspace) => workspace.sid)
 * Effect.runSync(Effect.provide(program, known)) // => "WS00000000000000000000000000000001"
 * ```
 */
export class Workspace extends Context.Service<
  Workspace,
  {
    /**
     * The workspace's SID. Callers that come while it is looked up share the lookup, and once found it is kept. `NotFound` says
     * that nothing names it: set it. Failures are not kept, but for those that only a change of the account or of its keys
     * ends (`Unauthorized`, `Forbidden`, `NotFound`): for half a minute they are given again, and nothing is sent.
     */
    readonly sid: Effect.Effect<Sid.WorkspaceSid, TwilioError>
  }
>()("@flex-interactions/core/Workspace") {}

/** Only the one field is picked: the rest of the configuration, which may have secrets of the account's, is dropped at once. */
const getConfiguration = Endpoint.make({
  name: "Workspace.configuration",
  host: "flex",
  method: "GET",
  path: "/v1/Configuration",
  access: "read",
  reply: Schema.decodeUnknownResult(Schema.Struct({ taskrouter_workspace_sid: fitting(Sid.WorkspaceSid) }))
})

const listWorkspaces = Paging.endpoint({
  name: "Workspace.list",
  host: "taskrouter",
  path: "/v1/Workspaces",
  rows: "workspaces",
  row: Schema.Struct({ sid: fitting(Sid.WorkspaceSid), friendly_name: field(Schema.String) })
})

const howToSet = "set TWILIO_WORKSPACE_SID (option workspaceSid) to the SID of Flex's workspace, which starts with WS"

const find = (client: TwilioClient["Service"]): Effect.Effect<Sid.WorkspaceSid, TwilioError> => {
  const workspaces = Paging.make(client, listWorkspaces, () => (row) => row)

  const byName = Effect.gen(function* () {
    const all = yield* workspaces.list({}, { query: { FriendlyName: flexName } })
    const sids = all.flatMap(({ friendly_name, sid }) => (friendly_name === flexName && sid !== undefined ? [sid] : []))
    const [sid, ...others] = sids
    if (sid !== undefined && others.length === 0) return sid
    const found = sid === undefined ? "no workspace" : `${sids.length} workspaces`
    return yield* new TwilioError({
      operation: listWorkspaces.name,
      reason: new NotFound({
        problem: `Flex's configuration names no workspace, and ${found} of this account is called ${flexName}: ${howToSet}`
      })
    })
  })

  return client.execute(getConfiguration, { params: {} }).pipe(
    Effect.map(({ taskrouter_workspace_sid }) => Option.fromUndefinedOr(taskrouter_workspace_sid)),
    // These credentials may not read it, or there is no Flex here. A fault that passes says nothing of that.
    Effect.catchReasons("TwilioError", { Forbidden: () => Effect.succeedNone, NotFound: () => Effect.succeedNone }),
    Effect.flatMap((sid) => (Option.isSome(sid) ? Effect.succeed(sid.value) : byName))
  )
}

/** How long a failure is given again, if asking again will not help. */
const pause = Duration.seconds(30)
const willNotPass = ({ reason }: TwilioError) =>
  reason._tag === "Unauthorized" || reason._tag === "Forbidden" || reason._tag === "NotFound"

const make = Effect.fnUntraced(function* (sid: Sid.WorkspaceSid | undefined) {
  if (sid !== undefined) return Workspace.of({ sid: Effect.succeed(sid) })
  const client = yield* TwilioClient
  // It is kept if it was found; a failure is only shared by those who wait for it.
  const cache = yield* Cache.makeWith(() => find(client), {
    capacity: 1,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.infinity : Duration.zero)
  })
  let failed: { readonly error: TwilioError; readonly until: bigint } | undefined
  return Workspace.of({
    sid: Effect.flatMap(Clock.monotonicTimeNanos, (now) =>
      failed !== undefined && now < failed.until
        ? Effect.fail(failed.error)
        : Effect.tapError(Cache.get(cache, "sid"), (error) =>
            Effect.map(Clock.monotonicTimeNanos, (now) => {
              failed = willNotPass(error) ? { error, until: now + Duration.toNanosUnsafe(pause) } : undefined
            })
          )
    )
  })
})

const check = (setting: string, input: string | undefined) => {
  if (input === undefined) return Effect.succeed(undefined)
  return Effect.mapError(
    Effect.fromResult(Sid.parse("WS", input)),
    (problem) => new SettingsError({ setting, problem: `is not what it should be: ${problem}` })
  )
}

/**
 * The service, on a {@link TwilioClient}. Nothing is looked up before it is needed. Fails with `SettingsError` if `workspaceSid`
 * is given and is none.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { TwilioClient, Workspace } from "@flex-interactions/core"
 *
 * const live = Workspace.layer({ workspaceSid: "WS00000000000000000000000000000001" }).pipe(
 *   Layer.provide(TwilioClient.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layer = (options?: {
  readonly workspaceSid?: string
}): Layer.Layer<Workspace, SettingsError, TwilioClient> =>
  Layer.effect(Workspace, Effect.flatMap(check("workspaceSid", options?.workspaceSid), make))

/**
 * The service, with `TWILIO_WORKSPACE_SID` of the environment, or of whatever `ConfigProvider` is in place, if that is set; or
 * with the `Config` that is given.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { TwilioClient, Workspace } from "@flex-interactions/core"
 *
 * const live = Workspace.layerConfig().pipe(Layer.provide(TwilioClient.layerFetchConfig()))
 * ```
 */
export const layerConfig = (options?: {
  readonly workspaceSid?: Config.Config<string>
}): Layer.Layer<Workspace, SettingsError, TwilioClient> =>
  Layer.effect(
    Workspace,
    Config.option(options?.workspaceSid ?? Config.String("TWILIO_WORKSPACE_SID")).pipe(
      Effect.mapError(() => new SettingsError({ setting: "TWILIO_WORKSPACE_SID", problem: "could not be read" })),
      Effect.flatMap((given) =>
        check("TWILIO_WORKSPACE_SID", Option.getOrUndefined(Option.filter(given, (text) => text !== "")))
      ),
      Effect.flatMap(make)
    )
  )

const listQueues = Endpoint.make({
  name: "Workspace.queues",
  host: "taskrouter",
  method: "GET",
  path: "/v1/Workspaces/{WorkspaceSid}/TaskQueues",
  access: "read",
  rows: "task_queues",
  reply: Schema.decodeUnknownResult(
    Schema.Struct({ task_queues: Schema.Array(Schema.Struct({ friendly_name: Schema.String })) })
  )
})

/**
 * Those of the names that no queue of the workspace has, compared exactly: a filter by one of them finds nothing, and does not
 * say why. Fails with `TwilioError`. A request for each name.
 *
 * Source: Twilio's page "TaskQueue Resource": its list has a filter `FriendlyName`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Workspace } from "@flex-interactions/core"
 *
 * const isThere = (queue: string) => Effect.map(Workspace.missingQueues([queue]), (missing) => missing.length === 0)
 * ```
 */
export const missingQueues = Effect.fnUntraced(function* (
  names: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<string>, TwilioError, TwilioClient | Workspace> {
  if (names.length === 0) return []
  const client = yield* TwilioClient
  const params = { workspaceSid: yield* (yield* Workspace).sid }
  return yield* Effect.filter(names, (name) =>
    Effect.map(
      client.execute(listQueues, { params, query: { FriendlyName: name, PageSize: "50" } }),
      ({ task_queues }) => !task_queues.some(({ friendly_name }) => friendly_name === name)
    )
  )
})
