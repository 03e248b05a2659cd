/**
 * The authenticated HTTP client of the Flex API: base URL, credentials, timeouts, retries, rate limit, and what a reply
 * means.
 *
 * It requires an `HttpClient` and brings none: fetch, undici, node:http or a test double serve alike.
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import { Forbidden, InvalidRequest, RateLimited, type Reason, type ReplyFields, TwilioError } from "./TwilioError.ts"
import * as Budget from "./internal/budget.ts"
import * as Endpoints from "./internal/endpoint.ts"
import * as Exchange from "./internal/exchange.ts"
import { fields, fromStatus, unexpected } from "./internal/reply.ts"
import * as Retry from "./internal/retry.ts"
import {
  check,
  type ConfigOptions,
  type Options,
  read,
  type SettingsError,
  taskRouterSetting
} from "./internal/settings.ts"
import * as Telemetry from "./internal/telemetry.ts"

export { neverSent, type NeverSent } from "./internal/reply.ts"
export {
  type ConfigOptions,
  type Credentials,
  defaultBaseUrl,
  defaultTaskRouterBaseUrl,
  fromConfig,
  type Options,
  type Origins,
  origins,
  SettingsError
} from "./internal/settings.ts"

/**
 * An endpoint of Twilio's API: what it is called, where it is, whether it writes, what its reply and its errors mean.
 * Made by {@link endpoint}.
 *
 * @example
 * ```ts
 * import type { TwilioClient } from "@flex-interactions/core"
 *
 * const describe = ({ method, path }: TwilioClient.Endpoint<never, unknown>) => `${method} ${path}`
 * ```
 */
export type Endpoint<P, A> = Endpoints.Endpoint<P, A>

/**
 * Makes an endpoint, for one that this library does not have. Everything derives from it: URL, span, metric label, rate
 * limit, what may be sent again, and which reply belongs to which request.
 *
 * - A placeholder in the path is the name of a SID: `{InteractionSid}`, `{ChannelSid}`, `{ParticipantSid}`, `{TaskSid}`,
 *   `{WorkerSid}`, `{ReservationSid}`, `{WorkspaceSid}`, `{InviteSid}`. It is given as `interactionSid` and so on, and checked
 *   before anything is sent.
 * - A reply is the answer to its request only if no SID in it differs from one in the path: the last one of the path as `sid`,
 *   the others as `interaction_sid` and so on. To a write, and to a read whose path ends in a SID, at least one of them must
 *   be there.
 * - `access: "write"` goes over a fresh connection, and is sent again only where the reply says that it was not carried out.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const getInteraction = TwilioClient.endpoint({
 *   name: "Interactions.get",
 *   host: "flex",
 *   method: "GET",
 *   path: "/v1/Interactions/{InteractionSid}",
 *   access: "read",
 *   reply: Schema.decodeUnknownResult(Schema.Struct({ channel: Schema.Struct({ type: Schema.String }) }))
 * })
 * getInteraction.connection // => "kept"
 * ```
 */
export const endpoint = Endpoints.make

/**
 * What stands for the placeholders in the path of an endpoint.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Participant, TwilioClient } from "@flex-interactions/core"
 *
 * const getChannel = TwilioClient.endpoint({
 *   name: "Mine.channel",
 *   host: "flex",
 *   method: "GET",
 *   path: "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}",
 *   access: "read",
 *   reply: Schema.decodeUnknownResult(Schema.Unknown)
 * })
 * const paramsOf = (channel: Participant.ChannelRef): TwilioClient.Params<typeof getChannel> => channel
 * ```
 */
export type Params<E extends Endpoint<never, unknown>> = E extends Endpoint<infer P, unknown> ? P : never

/**
 * What a request says beside its endpoint.
 *
 * @example
 * ```ts
 * import { Participant, type TwilioClient } from "@flex-interactions/core"
 *
 * const input: TwilioClient.Input<{}> = { params: {}, query: { PageSize: "20" } }
 * ```
 */
export interface Input<out P> {
  /** What stands for the placeholders of the path. A reference can be passed as it is. */
  readonly params: P
  readonly query?: { readonly [name: string]: string | ReadonlyArray<string> | undefined } | undefined
  /** The body, form-encoded. */
  readonly form?: { readonly [name: string]: string } | undefined
  /** Default: the endpoint's. `"fresh"` for a read that proves a write: it cannot get the reply to another request. */
  readonly connection?: "kept" | "fresh" | undefined
}

/**
 * A value, and what the reply that it came with says of itself.
 *
 * @example
 * ```ts
 * import type { TwilioClient } from "@flex-interactions/core"
 *
 * const ageInSeconds = ({ date }: TwilioClient.Answer<unknown>, since: number) =>
 *   date === undefined ? undefined : (date - since) / 1000
 * ageInSeconds({ value: {}, date: 5000 }, 2000) // => 3
 * ```
 */
export interface Answer<out A> {
  readonly value: A
  /** `Twilio-Request-Id` (`RQ…`). */
  readonly requestId?: string
  /** The time by Twilio's clock, from the header `Date`: milliseconds since 1970. */
  readonly date?: number
}

/**
 * Calls an endpoint, and gives what its 2xx reply means; everything else is a {@link TwilioError}. The service below
 * `Participants`; a program needs it only to build layers, and for endpoints of its own.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Redacted, Schema } from "effect"
 * import { HttpClient, HttpClientResponse } from "effect/http"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const answer = HttpClient.make((request) =>
 *   Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({ greeting: "hello" })))
 * )
 * const client = TwilioClient.layer({
 *   credentials: { apiKey: "SK00000000000000000000000000000001", apiSecret: Redacted.make("secret") }
 * }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, answer)))
 * const greet = TwilioClient.endpoint({
 *   name: "Greetings.get",
 *   host: "flex",
 *   method: "GET",
 *   path: "/v1/Greeting",
 *   access: "read",
 *   reply: Schema.decodeUnknownResult(Schema.Struct({ greeting: Schema.String }))
 * })
 * const program = TwilioClient.TwilioClient.use((client) => client.execute(greet, { params: {} }))
 * await Effect.runPromise(Effect.provide(program, client)) // => { greeting: "hello" }
 * ```
 */
export class TwilioClient extends Context.Service<
  TwilioClient,
  {
    /** The value of the reply. Fails with {@link TwilioError}, whose `operation` is the endpoint's name. */
    readonly execute: <P, A>(endpoint: Endpoint<P, A>, input: Input<P>) => Effect.Effect<A, TwilioError>
    /** The same, with what the reply says of itself. */
    readonly executeWithReply: <P, A>(
      endpoint: Endpoint<P, A>,
      input: Input<P>
    ) => Effect.Effect<Answer<A>, TwilioError>
  }
>()("@flex-interactions/core/TwilioClient") {}

/**
 * Called with the name of the endpoint when a request is sent, for each attempt again; what it returns is called with the reply to that attempt, good
 * or bad, before the reply is judged. Does nothing by default. Use it to record the request id of a success too: what is
 * known of an attempt never comes from the one before.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * let requestId: string | undefined
 * const keepingTheLastId = Effect.provideService(TwilioClient.OnAttempt, () => {
 *   requestId = undefined
 *   return (reply) => {
 *     requestId = reply.requestId
 *   }
 * })
 * ```
 */
export const OnAttempt = Context.Reference<(operation: string) => (reply: ReplyFields) => void>(
  "@flex-interactions/core/TwilioClient/OnAttempt",
  { defaultValue: () => () => () => {} }
)

/**
 * Under this key a response of your `HttpClient` may carry a function without arguments that destroys the connection it
 * came over. It is called when a reply is not an answer to its request: the connection may then be shifted by one, so
 * that the next request would get the reply to this one. Clients that reuse connections need it; without it nothing is
 * called, and the error is the same.
 *
 * A change also has the header `connection: close`. A client that reuses connections gives such a request a
 * connection of its own: one that nothing was sent over before, and nothing is sent over after.
 *
 * @example
 * ```ts
 * import { HttpClientRequest, HttpClientResponse } from "effect/http"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * // What a client of your own does with each response, `socket` being the connection that it came over.
 * const withDiscard = (response: HttpClientResponse.HttpClientResponse, socket: { readonly destroy: () => void }) =>
 *   Object.assign(response, { [TwilioClient.discard]: () => socket.destroy() })
 *
 * const response = HttpClientResponse.fromWeb(HttpClientRequest.get("https://flex-api.twilio.com"), new Response())
 * TwilioClient.discard in withDiscard(response, { destroy: () => {} }) // => true
 * ```
 */
export const discard: unique symbol = Symbol.for("@flex-interactions/core/TwilioClient/discard")

/** One call of an endpoint. All of it is known before the first attempt, and nothing of it changes. */
interface Call<P, A> {
  readonly endpoint: Endpoint<P, A>
  readonly params: P
  readonly origin: string
  readonly request: HttpClientRequest.HttpClientRequest
  readonly clock: Clock.Clock
  /** When the time for all attempts ends: milliseconds, by the monotonic clock. */
  readonly deadline: number
}

const make = Effect.fnUntraced(function* (options: Options) {
  const settings = yield* Effect.fromResult(check(options))
  const hide = scrubber(settings)
  const { headers } = HttpClientRequest.get("").pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.basicAuth(settings.user, settings.secret)
  )
  const exchange = yield* Exchange.make(settings, options.transformClient ?? identity)
  const take = settings.rateLimit === undefined ? undefined : yield* Budget.make(settings.rateLimit)

  /** A token of the endpoint's budget; `last` is why the attempt before failed, and still the reason if the time ends here. */
  const token = <P, A>(call: Call<P, A>, last: Reason | undefined): Effect.Effect<void, Reason> => {
    if (take === undefined) return Effect.void
    const { name, perSecond } = call.endpoint
    return take({ key: Budget.keyOf(settings.account, name), perSecond }, (waiting) =>
      Effect.timeoutOrElse(waiting, {
        duration: left(call),
        orElse: (): Effect.Effect<never, Reason> => Effect.fail(last ?? new RateLimited({}))
      })
    ).pipe(Effect.mapError((error) => (error._tag === "RateLimiterError" ? new RateLimited({}) : error)))
  }

  /** What the reply means: the value, or why it is none. */
  const judge = <P, A>(
    { clock, endpoint, params }: Call<P, A>,
    { body, response }: Exchange.Exchanged,
    onReply: (reply: ReplyFields) => void
  ): Effect.Effect<Answer<A>, Reason> =>
    Effect.withFiber((fiber) => {
      const { headers, status } = response
      const isOk = status >= 200 && status <= 299
      const json = parseJson(body)
      const error = isOk ? undefined : Result.getOrUndefined(json)
      const reply = fields(status, headers, error, clock.currentTimeMillisUnsafe(), hide)
      onReply(reply)
      if (reply.requestId !== undefined) Telemetry.spanOf(fiber)?.attribute("twilio.request_id", reply.requestId)
      const value = isOk
        ? Result.flatMap(
            Result.mapError(json, () => `expected JSON, got ${shape(body)}`),
            (json) => endpoint.decode(json, params)
          ).pipe(Result.mapError((problem) => unexpected(reply, flatten(hide(problem)), endpoint.access === "write")))
        : Result.fail(fromStatus(reply, endpoint))
      if (Result.isSuccess(value)) return Effect.succeed(answer(value.success, reply, headers["date"]))
      if (isMismatch(value.failure)) discardConnection(response)
      return Effect.fail(value.failure)
    })

  const attempt = <P, A>(call: Call<P, A>, last: Reason | undefined): Effect.Effect<Answer<A>, Reason> =>
    Effect.andThen(
      token(call, last),
      Effect.withFiber((fiber) => {
        const time = left(call)
        // A shared rate limit that is silent for a second can take all the time there was.
        if (Duration.isZero(time)) return Effect.fail(last ?? new RateLimited({}))
        const { endpoint, origin, request } = call
        const onReply = fiber.getRef(OnAttempt)(endpoint.name)
        return exchange({
          request,
          spanName: `${endpoint.method} ${endpoint.path}`,
          origin,
          isWrite: endpoint.access === "write",
          left: time
        }).pipe(Effect.flatMap((exchanged) => judge(call, exchanged, onReply)))
      })
    )

  /** The attempt, and those that the retry policy adds; `before` is how many came before it, `last` why the last of them failed. */
  const attempts = <P, A>(call: Call<P, A>, before: number, last?: Reason): Effect.Effect<Answer<A>, Reason> =>
    attempt(call, last).pipe(
      Effect.catch((reason) =>
        Effect.flatMap(Random.next, (random) => {
          const { access, name } = call.endpoint
          const failed = { reason, isWrite: access === "write", before, left: left(call) }
          const delay = Retry.delay(settings, failed, random)
          if (delay === undefined) return Effect.fail(reason)
          return Telemetry.retried(name, reason, delay).pipe(
            Effect.andThen(Effect.sleep(delay)),
            Effect.andThen(attempts(call, before + 1, reason))
          )
        })
      )
    )

  /** What goes out, or why nothing does. */
  const outgoing = <P, A>(
    endpoint: Endpoint<P, A>,
    { connection = endpoint.connection, form, params, query }: Input<P>
  ): Result.Result<{ readonly origin: string; readonly request: HttpClientRequest.HttpClientRequest }, Reason> => {
    const origin = settings.origins[endpoint.host]
    if (origin === undefined) return turnedOff
    return Result.map(
      Result.mapError(endpoint.pathOf(params), (problem) => new InvalidRequest({ problem })),
      (path) => {
        const request = HttpClientRequest.make(endpoint.method)(origin + path, {
          ...(query === undefined ? undefined : { urlParams: query }),
          headers: connection === "fresh" ? { ...headers, connection: "close" } : headers
        })
        return { origin, request: form === undefined ? request : HttpClientRequest.bodyUrlParams(request, form) }
      }
    )
  }

  const executeWithReply: TwilioClient["Service"]["executeWithReply"] = (endpoint, input) => {
    const { isList, name } = endpoint
    const result = Effect.clockWith((clock) => {
      const out = outgoing(endpoint, input)
      if (Result.isFailure(out)) return Effect.fail(new TwilioError({ operation: name, reason: out.failure }))
      const { params } = input
      const deadline = now(clock) + Duration.toMillis(settings.total)
      return attempts({ endpoint, params, ...out.success, clock, deadline }, 0).pipe(
        Effect.mapError((reason) => new TwilioError({ operation: name, reason })),
        Telemetry.counted(name)
      )
    })
    return isList ? result : Telemetry.withSpan(name, name)(result)
  }

  return TwilioClient.of({
    executeWithReply,
    execute: (endpoint, input) => Effect.map(executeWithReply(endpoint, input), ({ value }) => value)
  })
})

/** Made once: a roster meets it with every call. */
const turnedOff = Result.fail(new Forbidden({ setting: taskRouterSetting }))

const answer = <A>(value: A, { requestId }: ReplyFields, dateHeader: string | undefined): Answer<A> => {
  const date = Date.parse(dateHeader ?? "")
  return {
    value,
    ...(requestId === undefined ? undefined : { requestId }),
    ...(Number.isNaN(date) ? undefined : { date })
  }
}

/** Milliseconds by the monotonic clock. */
const now = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

const left = ({ clock, deadline }: { readonly clock: Clock.Clock; readonly deadline: number }): Duration.Duration =>
  Duration.millis(Math.max(deadline - now(clock), 0))

/** A reply that says nothing of its request: it may be the answer to another. */
const isMismatch = ({ _tag }: Reason): boolean => _tag === "UnexpectedResponse" || _tag === "OutcomeUnknown"

/** Effect's clients may hand a response over in a wrapper, which has the client's own as `original`. */
const discardConnection = (response: object): void => {
  if (Predicate.hasProperty(response, discard) && typeof response[discard] === "function") response[discard]()
  else if (Predicate.hasProperty(response, "original") && Predicate.isObject(response.original)) {
    discardConnection(response.original)
  }
}

/** Takes the secret, and its encoding in the header, out of a text: a proxy may send back what it was sent. */
const scrubber = ({ secret, user }: { readonly user: string; readonly secret: Redacted.Redacted }) => {
  const encoded = btoa(`${user}:${Redacted.value(secret)}`)
  return (text: string) => text.replaceAll(Redacted.value(secret), "<redacted>").replaceAll(encoded, "<redacted>")
}

const parseJson = (body: string) => Result.try((): unknown => JSON.parse(body))

const flatten = (text: string): string => text.replaceAll(/\s+/gu, " ").slice(0, 330)

const shape = (body: string): string =>
  body.trim() === "" ? "an empty body" : body.trimStart().startsWith("<") ? "HTML" : `${body.length} other characters`

/**
 * The client with these options, on the `HttpClient` that is provided. Fails with `SettingsError` if the options cannot
 * work, before anything is sent.
 *
 * With a `RateLimiterStore` of `effect/persistence/RateLimiter` in the context, such as `layerStoreRedis`, all processes on
 * that store share one rate limit for each account and endpoint; otherwise it is kept in memory.
 *
 * Redirects are not followed. For fetch that is set here, as its `FetchHttpClient.RequestInit`: provide your own to this
 * layer and not to `FetchHttpClient.layer` alone, and it is kept but for `redirect`.
 *
 * @example
 * ```ts
 * import { Layer, Redacted } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { TwilioClient, Participants } from "@flex-interactions/core"
 *
 * const client = TwilioClient.layer({
 *   credentials: { apiKey: "SK00000000000000000000000000000001", apiSecret: Redacted.make("secret") },
 *   timeouts: { total: "30 seconds" }
 * }).pipe(Layer.provide(FetchHttpClient.layer))
 *
 * const participants = Participants.layer.pipe(Layer.provide(client))
 * ```
 */
export const layer = (options: Options): Layer.Layer<TwilioClient, SettingsError, HttpClient.HttpClient> =>
  Layer.effect(TwilioClient, make(options))

/**
 * The client with the settings of the environment, or of whatever `ConfigProvider` is in place: see {@link fromConfig} for
 * their names. A `Config` that is given for an option stands for what the environment says of it. Otherwise as {@link layer}.
 *
 * @example
 * ```ts
 * import { Config, Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { TwilioClient, Participants } from "@flex-interactions/core"
 *
 * const participants = Participants.layer.pipe(
 *   Layer.provide(TwilioClient.layerConfig({ timeouts: Config.succeed({ total: "20 seconds" }) })),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layerConfig = (
  options: ConfigOptions = {}
): Layer.Layer<TwilioClient, SettingsError, HttpClient.HttpClient> =>
  Layer.effect(TwilioClient, Effect.flatMap(read(options), make))

/**
 * {@link layer} ready made for fetch: it needs nothing. On Node the layer of `@flex-interactions/core/NodeHttp` takes less
 * time for each request.
 *
 * @example
 * ```ts
 * import { Layer, Redacted } from "effect"
 * import { TwilioClient, Participants } from "@flex-interactions/core"
 *
 * const participants = Participants.layer.pipe(
 *   Layer.provide(
 *     TwilioClient.layerFetch({
 *       credentials: { apiKey: "SK00000000000000000000000000000001", apiSecret: Redacted.make("secret") }
 *     })
 *   )
 * )
 * ```
 */
export const layerFetch = (options: Options): Layer.Layer<TwilioClient, SettingsError> =>
  Layer.provide(layer(options), FetchHttpClient.layer)

/**
 * {@link layerConfig} ready made for fetch: it needs nothing.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { TwilioClient, Participants } from "@flex-interactions/core"
 *
 * const participants = Participants.layer.pipe(Layer.provide(TwilioClient.layerFetchConfig()))
 * ```
 */
export const layerFetchConfig = (options?: ConfigOptions): Layer.Layer<TwilioClient, SettingsError> =>
  Layer.provide(layerConfig(options), FetchHttpClient.layer)
