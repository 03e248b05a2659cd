/**
 * The authenticated HTTP client of the Flex API: base URL, credentials, and what a reply means.
 *
 * It requires an `HttpClient` and brings none: fetch, undici, node:http or a test double serve alike.
 */
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { FlexError, type Operation, type ReplyFields } from "./FlexError.ts"
import { fields, fromStatus, fromTransport, unexpected } from "./internal/reply.ts"

/** Where the API lives. */
export const defaultBaseUrl = "https://flex-api.twilio.com"

/** HTTP Basic credentials: an account with its auth token, or, better, an API key with its secret: it can be revoked alone. */
export type Credentials =
  | { readonly accountSid: string; readonly authToken: Redacted.Redacted }
  | { readonly apiKey: string; readonly apiSecret: Redacted.Redacted }

export interface Options {
  readonly credentials: Credentials
  /** Origin of the API; default {@link defaultBaseUrl}. `https`, except on loopback. */
  readonly baseUrl?: string
}

/** The settings cannot work. `setting` names the option or the environment variable, `problem` goes on from there; no value is ever repeated. */
export class SettingsError extends Schema.TaggedError<SettingsError>("@flex-participants/core/SettingsError")(
  "SettingsError",
  { setting: Schema.String, problem: Schema.String }
) {
  override get message(): string {
    return `${this.setting} ${this.problem}`
  }
}

/** Sends a request, and decodes the JSON of a 2xx reply; everything else is a {@link FlexError}. */
export class FlexClient extends Context.Service<
  FlexClient,
  {
    /** `request.url` is a path below the base URL. Nothing but a GET counts as repeatable. */
    readonly execute: <A>(
      operation: Operation,
      request: HttpClientRequest.HttpClientRequest,
      decode: (body: unknown) => Result.Result<A, Schema.SchemaError>
    ) => Effect.Effect<A, FlexError>
  }
>()("@flex-participants/core/FlexClient") {}

/**
 * Told of every reply of Twilio's, good or bad, before it is judged; does nothing by default. For who must keep the
 * request id of a success too: `Effect.provideService(FlexClient.OnReply, (reply) => …)`.
 */
export const OnReply = Context.Reference<(reply: ReplyFields) => void>("@flex-participants/core/FlexClient/OnReply", {
  defaultValue: () => () => {}
})

const make = Effect.fnUntraced(function* (options: Options) {
  const origin = yield* baseUrl("baseUrl", options.baseUrl ?? defaultBaseUrl)
  const [user, secret] =
    "apiKey" in options.credentials
      ? [options.credentials.apiKey, options.credentials.apiSecret]
      : [options.credentials.accountSid, options.credentials.authToken]

  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest((request) =>
      request.pipe(
        HttpClientRequest.prependUrl(origin),
        HttpClientRequest.acceptJson,
        HttpClientRequest.basicAuth(user, secret)
      )
    )
  )

  const execute: FlexClient["Service"]["execute"] = Effect.fnUntraced(function* (operation, request, decode) {
    const isWrite = request.method !== "GET"
    const fail = (reason: FlexError["reason"]) => Effect.fail(new FlexError({ operation, reason }))

    const response = yield* client
      .execute(request)
      .pipe(Effect.catch((error) => fail(fromTransport(error, origin, isWrite))))
    const body = yield* response.text.pipe(Effect.catch((error) => fail(fromTransport(error, origin, isWrite))))
    const reply = fields(response, body, yield* Clock.currentTimeMillis)
    ;(yield* OnReply)(reply)
    if (response.status < 200 || response.status > 299) return yield* fail(fromStatus(reply, isWrite))

    const json = parseJson(body)
    if (Result.isFailure(json)) return yield* fail(unexpected(reply, `expected JSON, got ${shape(body)}`, isWrite))
    const decoded = decode(json.success)
    if (Result.isFailure(decoded)) {
      return yield* fail(unexpected(reply, `the reply has another shape: ${flatten(decoded.failure.message)}`, isWrite))
    }
    return decoded.success
  })

  return FlexClient.of({ execute })
})

const parseJson = (body: string) => Result.try((): unknown => JSON.parse(body))

const flatten = (text: string): string => text.replaceAll(/\s+/gu, " ").slice(0, 300)

const shape = (body: string): string =>
  body.trim() === "" ? "an empty body" : body.trimStart().startsWith("<") ? "HTML" : `${body.length} other characters`

/** `https`, or `http` on loopback; no path, no credentials in it. */
const baseUrl = (setting: string, input: string): Effect.Effect<string, SettingsError> => {
  const fail = (problem: string) => Effect.fail(new SettingsError({ setting, problem }))
  if (!URL.canParse(input)) return fail(`is not a URL; an example: ${defaultBaseUrl}`)
  const url = new URL(input)
  if (url.username !== "" || url.password !== "") return fail("must not contain credentials")
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/u.test(url.hostname)
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback)) {
    return fail("must be https (http only on loopback): the credentials travel with every request")
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") return fail("must be an origin, without a path")
  return Effect.succeed(url.origin)
}

/**
 * The client with these options. Fails with {@link SettingsError} if they cannot work.
 *
 * @example
 * ```ts
 * import { Layer, Redacted } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { FlexClient } from "@flex-participants/core"
 *
 * const client = FlexClient.layer({
 *   credentials: { apiKey: "SK00000000000000000000000000000001", apiSecret: Redacted.make("secret") }
 * }).pipe(Layer.provide(FetchHttpClient.layer))
 * ```
 */
export const layer = (options: Options): Layer.Layer<FlexClient, SettingsError, HttpClient.HttpClient> =>
  Layer.effect(FlexClient, make(options))

const optional = (name: string) => Config.NonEmptyString(name).pipe(Config.option)
const optionalSecret = (name: string) => Config.Redacted(name).pipe(Config.option)

/**
 * The settings under the names that Twilio's own tools read: `TWILIO_API_KEY` and `TWILIO_API_SECRET`, preferred where
 * both are set, or `TWILIO_ACCOUNT_SID` and `TWILIO_AUTH_TOKEN`; `FLEX_API_BASE_URL` overrides the origin.
 */
const settings = Config.all({
  apiKey: optional("TWILIO_API_KEY"),
  apiSecret: optionalSecret("TWILIO_API_SECRET"),
  accountSid: optional("TWILIO_ACCOUNT_SID"),
  authToken: optionalSecret("TWILIO_AUTH_TOKEN"),
  baseUrl: optional("FLEX_API_BASE_URL")
})

/** The options out of the environment, or out of whatever `ConfigProvider` is in place. */
export const fromConfig: Effect.Effect<Options, SettingsError> = Effect.gen(function* () {
  const found = yield* settings.pipe(
    Effect.mapError(() => new SettingsError({ setting: "TWILIO_*", problem: "could not be read" }))
  )
  const override = Option.isNone(found.baseUrl)
    ? undefined
    : { baseUrl: yield* baseUrl("FLEX_API_BASE_URL", found.baseUrl.value) }
  if (Option.isSome(found.apiKey) && Option.isSome(found.apiSecret)) {
    return { ...override, credentials: { apiKey: found.apiKey.value, apiSecret: found.apiSecret.value } }
  }
  if (Option.isSome(found.accountSid) && Option.isSome(found.authToken)) {
    return { ...override, credentials: { accountSid: found.accountSid.value, authToken: found.authToken.value } }
  }
  const half = [
    ["TWILIO_API_KEY", found.apiKey, "TWILIO_API_SECRET", found.apiSecret] as const,
    ["TWILIO_ACCOUNT_SID", found.accountSid, "TWILIO_AUTH_TOKEN", found.authToken] as const
  ].find(([, left, , right]) => Option.isSome(left) !== Option.isSome(right))
  if (half === undefined) {
    return yield* new SettingsError({ setting: "TWILIO_API_KEY", problem: "is not set, nor are other credentials" })
  }
  const [setting, partner] = Option.isNone(half[1]) ? [half[0], half[2]] : [half[2], half[0]]
  return yield* new SettingsError({ setting, problem: `is not set, but ${partner} is` })
})

/** The client with the settings of the environment; see {@link fromConfig}. */
export const layerConfig: Layer.Layer<FlexClient, SettingsError, HttpClient.HttpClient> = Layer.effect(
  FlexClient,
  Effect.flatMap(fromConfig, make)
)
