/**
 * The authenticated HTTP client of the Flex API: base URL, credentials, time-outs, retries, rate limit, and what a reply
 * means.
 *
 * It requires an `HttpClient` and brings none: fetch, undici, node:http or a test double serve alike.
 */
import type * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { RateLimiterError } from "effect/persistence/RateLimiter"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TwilioError, type Operation, RateLimited, type Reason, type ReplyFields } from "./TwilioError.ts"
import * as Budget from "./internal/budget.ts"
import { fields, fromStatus, fromTransport, lost, mayPass, unexpected } from "./internal/reply.ts"
import { check, fromConfig, type Options, type SettingsError } from "./internal/settings.ts"
import * as Telemetry from "./internal/telemetry.ts"

export { neverSent, type NeverSent } from "./internal/reply.ts"
export { type Credentials, defaultBaseUrl, fromConfig, type Options, SettingsError } from "./internal/settings.ts"

/**
 * Sends a request, and decodes the JSON of a 2xx reply; everything else is a {@link TwilioError}. The service below
 * `Participants`; a program needs it only to build layers.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Redacted, Result } from "effect"
 * import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const answer = HttpClient.make((request) =>
 *   Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({ greeting: "hello" })))
 * )
 * const client = TwilioClient.layer({
 *   credentials: { apiKey: "SK00000000000000000000000000000001", apiSecret: Redacted.make("secret") }
 * }).pipe(Layer.provide(Layer.succeed(HttpClient.HttpClient, answer)))
 * const program = TwilioClient.TwilioClient.use((client) =>
 *   client.execute("list", HttpClientRequest.get("/v1/anything"), (body) => Result.succeed(body))
 * )
 * await Effect.runPromise(Effect.provide(program, client)) // => { greeting: "hello" }
 * ```
 */
export class TwilioClient extends Context.Service<
  TwilioClient,
  {
    /** `request.url` is a path below the base URL. Nothing but a GET counts as repeatable. */
    readonly execute: <A>(
      operation: Operation,
      request: HttpClientRequest.HttpClientRequest,
      decode: Decode<A>
    ) => Effect.Effect<A, TwilioError>
  }
>()("@flex-interactions/core/TwilioClient") {}

/**
 * Reads the JSON of a 2xx reply. It fails with what the schema says, or with words of its own where the reply has the right
 * shape and is no answer to the request.
 *
 * @example
 * ```ts
 * import { Result, Schema } from "effect"
 * import type { TwilioClient } from "@flex-interactions/core"
 *
 * const decode: TwilioClient.Decode<string> = Schema.decodeUnknownResult(Schema.String)
 * decode("hello") // => Result.succeed("hello")
 * ```
 */
export type Decode<A> = (body: unknown) => Result.Result<A, Schema.SchemaError | string>

/**
 * Called when a request is sent, for each attempt again; what it returns is called with the reply to that attempt, good
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
export const OnAttempt = Context.Reference<(operation: Operation) => (reply: ReplyFields) => void>(
  "@flex-interactions/core/TwilioClient/OnAttempt",
  { defaultValue: () => () => () => {} }
)

/**
 * Under this key a response of your `HttpClient` may carry a function without arguments that destroys the connection it
 * came over. It is called when a reply is not an answer to its request: the connection may then be shifted by one, so
 * that the next request would get the reply to this one. Clients that reuse connections need it; without it nothing is
 * called, and the error is the same.
 *
 * A change has the header `connection: close` as well. A client that reuses connections gives such a request a
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

/** What is known about one page or one change while it is on its way. */
interface Call {
  readonly operation: Operation
  readonly write: boolean
  readonly clock: Clock.Clock
  /** When the time for all of it ends: milliseconds, by the monotonic clock. */
  readonly deadline: number
  /** A request left, and it did not fail: if the time ends now, nobody knows what became of it. */
  inFlight: boolean
  /** All its time is over, or nothing can be sent: nothing more is. */
  isOver: boolean
  /** A reply that refuses, though the rest of it may never come. */
  refusal: HttpClientResponse.HttpClientResponse | undefined
  /** Of the last reply. */
  body: string
  /** Who is told of the reply to this attempt. */
  onReply: (reply: ReplyFields) => void
  /** Why the last attempt failed. */
  last: Reason | undefined
  retries: number
}

const make = Effect.fnUntraced(function* (options: Options) {
  const settings = yield* check(options)
  const { origin } = settings
  const hide = scrubber(settings)
  const { headers } = HttpClientRequest.get(origin).pipe(
    HttpClientRequest.acceptJson,
    HttpClientRequest.basicAuth(settings.user, settings.secret)
  )
  const client = yield* HttpClient.HttpClient
  const requestInit = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))
  const take = settings.rateLimit === undefined ? undefined : yield* Budget.make(settings.rateLimit)

  const withHttpSettings = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.withFiber((fiber) => {
      const isTraced = Telemetry.isTraced(fiber)
      return Effect.updateContext(self, (context: Context.Context<never>) =>
        context.pipe(
          // A redirect would send a change once more, and perhaps elsewhere.
          Context.add(FetchHttpClient.RequestInit, { ...requestInit, redirect: "manual" }),
          isTraced
            ? Context.add(HttpClient.SpanNameGenerator, spanName)
            : Context.add(HttpClient.TracerDisabledWhen, () => true),
          // Twilio has no use for the ids of our traces, and a browser would ask it for leave to send them.
          Context.add(HttpClient.TracerPropagationEnabled, false)
        )
      )
    })

  /** From sending to the end of the reply, and no longer. */
  const exchange = (call: Call, request: HttpClientRequest.HttpClientRequest) =>
    Effect.withFiber((fiber) => {
      const left = remaining(call)
      // A shared rate limit that is silent for a second can take all the time there was.
      if (Duration.isZero(left)) return Effect.fail(outOfTime(call))
      const isLast = Duration.isLessThanOrEqualTo(left, settings.attempt)
      call.inFlight = true
      call.refusal = undefined
      call.body = ""
      call.onReply = fiber.getRef(OnAttempt)(call.operation)
      return client.execute(request).pipe(
        Effect.flatMap((response) => {
          if (response.status >= 300) call.refusal = response
          return Effect.map(readBody(response, settings.maxReplyBytes), (body) => {
            call.body = body
            return response
          })
        }),
        withHttpSettings,
        Effect.timeoutOrElse({
          duration: Duration.min(settings.attempt, left),
          // A status that refuses is an answer, though the rest of the reply never came.
          orElse: () => {
            if (isLast) call.isOver = true
            return call.refusal === undefined
              ? Effect.fail(isLast ? outOfTime(call) : tooSlow(call))
              : Effect.succeed(call.refusal)
          }
        }),
        Telemetry.measured(request.method)
      )
    })

  /** One attempt, and what its reply means. */
  const attempt = <A>(
    call: Call,
    request: HttpClientRequest.HttpClientRequest,
    decode: Decode<A>
  ): Effect.Effect<A, Reason> =>
    (take === undefined
      ? exchange(call, request)
      : take(`flex-interactions/${settings.account}/${call.write ? "setStatus" : "list"}`, inTime(call)).pipe(
          Effect.andThen(exchange(call, request))
        )
    ).pipe(
      Effect.matchEffect({
        onFailure: (error) => fail(call, toReason(call, error)),
        onSuccess: (response) => judge(call, response, decode)
      })
    )

  const toReason = (
    call: Call,
    error: Reason | RateLimiterError | HttpClientError.HttpClientError | { readonly _tag: "TooLarge" }
  ): Reason => {
    switch (error._tag) {
      case "HttpClientError":
        if (!mayPass(error)) call.isOver = true
        return fromTransport(error, origin, call.write)
      case "RateLimiterError":
        return new RateLimited({})
      case "TooLarge":
        return unexpected({}, `the reply has more than ${settings.maxReplyBytes} bytes`, call.write)
      default:
        return error
    }
  }

  /** The end of an attempt that did not succeed. */
  const fail = (call: Call, reason: Reason) => {
    call.inFlight = false
    call.last = reason
    return Effect.fail(reason)
  }

  const judge = <A>(
    call: Call,
    response: HttpClientResponse.HttpClientResponse,
    decode: Decode<A>
  ): Effect.Effect<A, Reason> =>
    Effect.withFiber((fiber) => {
      const { headers, status } = response
      const isOk = status >= 200 && status <= 299
      const json = parseJson(call.body)
      const error = isOk ? undefined : Result.getOrUndefined(json)
      const reply = fields(status, headers, error, call.clock.currentTimeMillisUnsafe(), hide)
      call.onReply(reply)
      if (reply.requestId !== undefined) Telemetry.spanOf(fiber)?.attribute("twilio.request_id", reply.requestId)
      if (!isOk) {
        const reason = fromStatus(reply, call.write)
        if (isMismatch(reason)) discardConnection(response)
        return fail(call, reason)
      }
      if (Result.isFailure(json)) {
        discardConnection(response)
        return fail(call, unexpected(reply, `expected JSON, got ${shape(call.body)}`, call.write))
      }
      const decoded = decode(json.success)
      if (Result.isFailure(decoded)) {
        discardConnection(response)
        const { failure } = decoded
        const problem =
          typeof failure === "string" ? failure : `the reply has another shape: ${flatten(hide(failure.message))}`
        return fail(call, unexpected(reply, problem, call.write))
      }
      return Effect.succeed(decoded.success)
    })

  /** Sends again what failed for `first`. */
  const again = <A>(call: Call, first: Reason, attempt: Effect.Effect<A, Reason>): Effect.Effect<A, Reason> => {
    let failed: Reason | undefined = first
    return Effect.suspend(() => {
      if (failed === undefined) return attempt
      failed = undefined
      return Effect.fail(first)
    }).pipe(Effect.retry(schedule(call)), inTime(call))
  }

  const schedule = (call: Call) =>
    Schedule.exponential(settings.base).pipe(
      Schedule.jittered,
      Schedule.setInputType<Reason>(),
      Schedule.while(({ input }) => !call.isOver && mayRepeat(input, call.write)),
      Schedule.modifyDelay(({ duration, input }) =>
        Effect.succeed(Duration.max(Duration.min(duration, settings.maxDelay), input.retryAfter ?? Duration.zero))
      ),
      Schedule.upTo({ times: settings.retries }),
      Schedule.tap(({ duration, input }) => {
        call.retries++
        return Effect.andThen(
          Telemetry.retried(call.operation, input._tag),
          Effect.logDebug(`trying ${call.operation} again in ${Duration.format(duration)}: ${input.message}`).pipe(
            Effect.annotateLogs({ "twilio.operation": call.operation, "twilio.request_id": input.requestId ?? "none" })
          )
        )
      })
    )

  const mayRepeat = (reason: Reason, write: boolean): boolean => {
    if (reason.retryAfter !== undefined && Duration.isGreaterThan(reason.retryAfter, settings.maxDelay)) return false
    if (reason._tag === "RateLimited") return true
    return write
      ? reason._tag === "ServerError" && reason.retryAfter !== undefined
      : reason._tag === "ServerError" || reason._tag === "NetworkError"
  }

  /** Bounds what comes before an attempt and after it: an attempt bounds itself. */
  const inTime =
    (call: Call) =>
    <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E | Reason> =>
      Effect.timeoutOrElse(self, { duration: remaining(call), orElse: () => Effect.fail(outOfTime(call)) })

  const tooSlow = ({ write }: Call): Reason =>
    lost(`no answer from ${origin} within ${Duration.format(settings.attempt)}`, write)

  const outOfTime = (call: Call): Reason => {
    call.isOver = true
    return call.inFlight
      ? lost(`no answer from ${origin} within ${Duration.format(settings.total)}, all attempts together`, call.write)
      : (call.last ?? new RateLimited({}))
  }

  const execute: TwilioClient["Service"]["execute"] = (operation, request, decode) =>
    Effect.clockWith((clock) => {
      const call: Call = {
        operation,
        write: isWrite(request),
        clock,
        deadline: now(clock) + Duration.toMillis(settings.total),
        inFlight: false,
        isOver: false,
        refusal: undefined,
        body: "",
        onReply: () => {},
        last: undefined,
        retries: 0
      }
      const signed = request.pipe(
        HttpClientRequest.prependUrl(origin),
        HttpClientRequest.setHeaders(call.write ? { ...headers, connection: "close" } : headers)
      )
      const once = attempt(call, signed, decode)
      return once.pipe(
        Effect.catch((reason) =>
          settings.retries > 0 && !call.isOver && mayRepeat(reason, call.write)
            ? again(call, reason, once)
            : Effect.fail(reason)
        ),
        Effect.mapError((reason) => new TwilioError({ operation, reason })),
        Telemetry.counted(operation, () => call.retries)
      )
    })

  return TwilioClient.of({ execute })
})

/** Milliseconds by the monotonic clock. */
const now = (clock: Clock.Clock): number => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

const remaining = ({ clock, deadline }: Call): Duration.Duration => Duration.millis(Math.max(deadline - now(clock), 0))

/** A reply that says nothing of its request: it may be the answer to another. */
const isMismatch = ({ _tag }: Reason): boolean => _tag === "UnexpectedResponse" || _tag === "OutcomeUnknown"

/** Effect's clients may hand a response over in a wrapper, which has the client's own as `original`. */
const discardConnection = (response: object): void => {
  if (Predicate.hasProperty(response, discard) && typeof response[discard] === "function") response[discard]()
  else if (Predicate.hasProperty(response, "original") && Predicate.isObject(response.original)) {
    discardConnection(response.original)
  }
}

const isWrite = (request: HttpClientRequest.HttpClientRequest) => request.method !== "GET"

/** The name of a request's span, by the semantic conventions: the method, and the path with its SIDs left open. */
const spanName = (request: HttpClientRequest.HttpClientRequest) =>
  `${request.method} /v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants${isWrite(request) ? "/{Sid}" : ""}`

/** The body as text, up to `limit` bytes; then the connection is dropped. What an error reply says is good to have, and no more. */
const readBody = (response: HttpClientResponse.HttpClientResponse, limit: number) =>
  (isShort(response, limit) ? response.text : readBounded(response, limit)).pipe(
    Effect.catchIf(
      (error) => response.status >= 300 || (error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError"),
      () => Effect.succeed("")
    )
  )

/** A reply that declares its length has no more than that: to read it whole is the cheaper way. Compressed, it can have more. */
const isShort = ({ headers }: HttpClientResponse.HttpClientResponse, limit: number): boolean =>
  Number(headers["content-length"]) <= limit &&
  headers["content-encoding"] === undefined &&
  headers["transfer-encoding"] === undefined

const readBounded = (response: HttpClientResponse.HttpClientResponse, limit: number) => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return response.stream.pipe(
    Stream.runForEachArray((some) => {
      for (const chunk of some) {
        size += chunk.byteLength
        chunks.push(chunk)
      }
      return size > limit ? Effect.fail({ _tag: "TooLarge" } as const) : Effect.void
    }),
    Effect.map(() => decodeText(chunks))
  )
}

const decodeText = (chunks: ReadonlyArray<Uint8Array>): string => {
  const decoder = new TextDecoder()
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode()
}

/** Takes the secret, and its encoding in the header, out of a text: a proxy may send back what it was sent. */
const scrubber = ({ secret, user }: { readonly user: string; readonly secret: Redacted.Redacted }) => {
  const encoded = btoa(`${user}:${Redacted.value(secret)}`)
  return (text: string) => text.replaceAll(Redacted.value(secret), "<redacted>").replaceAll(encoded, "<redacted>")
}

const parseJson = (body: string) => Result.try((): unknown => JSON.parse(body))

const flatten = (text: string): string => text.replaceAll(/\s+/gu, " ").slice(0, 300)

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
 * const participants = Participants.Participants.layer.pipe(Layer.provide(client))
 * ```
 */
export const layer = (options: Options): Layer.Layer<TwilioClient, SettingsError, HttpClient.HttpClient> =>
  Layer.effect(TwilioClient, make(options))

/**
 * The client with the settings of the environment; see {@link fromConfig} for their names, and {@link layer}.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { TwilioClient, Participants } from "@flex-interactions/core"
 *
 * const participants = Participants.Participants.layer.pipe(
 *   Layer.provide(TwilioClient.layerConfig),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layerConfig: Layer.Layer<TwilioClient, SettingsError, HttpClient.HttpClient> = Layer.effect(
  TwilioClient,
  Effect.flatMap(fromConfig, make)
)
