/** The settings: what can be set, where it is read from, and what is wrong with it. No value is ever repeated. */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Sid from "../Sid.ts"

/**
 * Where the API lives, unless `baseUrl`, or `edge` and `region`, say otherwise.
 *
 * @example
 * ```ts
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * TwilioClient.defaultBaseUrl // => "https://flex-api.twilio.com"
 * ```
 */
export const defaultBaseUrl = "https://flex-api.twilio.com"

/**
 * Where the TaskRouter API lives, unless `taskRouterBaseUrl`, or `edge` and `region`, say otherwise.
 *
 * @example
 * ```ts
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * TwilioClient.defaultTaskRouterBaseUrl // => "https://taskrouter.twilio.com"
 * ```
 */
export const defaultTaskRouterBaseUrl = "https://taskrouter.twilio.com"

/** The setting that turns TaskRouter on where `FLEX_API_BASE_URL` has turned it off. */
export const taskRouterSetting = "TASKROUTER_API_BASE_URL"

/**
 * HTTP Basic credentials: an API key with its secret, or an account with its auth token. A key is better: it can be revoked
 * alone. `accountSid` beside a key is not sent: it lets all keys of the account share one rate limit.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const key: TwilioClient.Credentials = {
 *   apiKey: "SK00000000000000000000000000000001",
 *   apiSecret: Redacted.make("secret"),
 *   accountSid: "AC00000000000000000000000000000001"
 * }
 * String(key.apiSecret) // => "<redacted>"
 * ```
 */
export type Credentials =
  | { readonly apiKey: string; readonly apiSecret: Redacted.Redacted; readonly accountSid?: string }
  | { readonly accountSid: string; readonly authToken: Redacted.Redacted }

/**
 * What a client can be told. Only `credentials` must be.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const options: TwilioClient.Options = {
 *   credentials: { apiKey: "SK00000000000000000000000000000001", apiSecret: Redacted.make("secret") },
 *   timeouts: { attempt: "5 seconds", total: "15 seconds" },
 *   retry: { times: 1 },
 *   rateLimit: { limit: 10, window: "1 second" }
 * }
 * const client = TwilioClient.layer(options)
 * ```
 */
export interface Options {
  readonly credentials: Credentials
  /**
   * Origin of the Flex API; default {@link defaultBaseUrl}. `https`, except on loopback. Wins over `edge` and `region`. Set
   * alone it turns TaskRouter off: credentials that are meant for another origin never go to Twilio's.
   */
  readonly baseUrl?: string
  /** Origin of the TaskRouter API; default {@link defaultTaskRouterBaseUrl}. Otherwise as `baseUrl`. */
  readonly taskRouterBaseUrl?: string
  /**
   * Twilio's edge and region, both or neither: the hosts are then `flex-api.{edge}.{region}.twilio.com` and
   * `taskrouter.{edge}.{region}.twilio.com`. Flex runs in US1 only today, which needs neither.
   */
  readonly edge?: string
  readonly region?: string
  /** How long to wait. */
  readonly timeouts?: {
    /** For each attempt, from sending to the end of the reply; default 20 seconds. */
    readonly attempt?: Duration.Input
    /** For a page or a change as a whole, with its waiting for the rate limit and all its attempts; default 60 seconds. */
    readonly total?: Duration.Input
  }
  /**
   * A list is tried again on 429, 5xx and transport failures; a change on 429, and on a 503 that names a Retry-After: never
   * when it may have been carried out.
   */
  readonly retry?: {
    /** How often, after the first attempt; default 3, 0 turns it off. */
    readonly times?: number
    /** The first wait; it doubles each time, give or take a fifth. Default 250 milliseconds. */
    readonly base?: Duration.Input
    /** The longest wait; default 10 seconds. A reply whose Retry-After is longer is not waited for, but handed to the caller. */
    readonly maxDelay?: Duration.Input
  }
  /**
   * So many requests in each window for each endpoint of an account; default 20 in 1 second, which Twilio publishes. An
   * endpoint for which Twilio publishes fewer keeps to those. In memory, or for several processes together if a `RateLimiterStore` is provided. `false` turns it off.
   *
   * `share`, above 0 and at most 1, is for a program that works in the background: it takes that part of each budget and leaves the
   * rest to the others on the store; default 1.
   */
  readonly rateLimit?:
    | { readonly limit: number; readonly window: Duration.Input; readonly share?: number | undefined }
    | false
  /** The most bytes that a reply may have; default 16 MiB. A page of 1000 has about 0.5 MiB. */
  readonly maxReplyBytes?: number
  /** Changes the `HttpClient` that all requests go over, for a header or a log of your own. */
  readonly transformClient?: (client: HttpClient.HttpClient) => HttpClient.HttpClient
}

/**
 * The settings cannot work. `setting` names the option or the environment variable, `problem` continues from there and says
 * how to fix it; no value is ever repeated.
 *
 * @example
 * ```ts
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * new TwilioClient.SettingsError({ setting: "TWILIO_API_KEY", problem: "is not set, but TWILIO_API_SECRET is" }).message // => "TWILIO_API_KEY is not set, but TWILIO_API_SECRET is"
 * ```
 */
export class SettingsError extends Schema.TaggedError<SettingsError>("@flex-interactions/core/SettingsError")(
  "SettingsError",
  { setting: Schema.String, problem: Schema.String }
) {
  override get message(): string {
    return `${this.setting} ${this.problem}`
  }

  /** How loggers and `console` show it: with the message, which they would leave out as it is no field. */
  override toJSON() {
    const { _tag, message, problem, setting } = this
    return { _tag, message, setting, problem }
  }
}

/**
 * Where requests go. Without `taskrouter`, TaskRouter is turned off.
 *
 * @example
 * ```ts
 * import { Redacted } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const credentials = { apiKey: "SK00000000000000000000000000000001", apiSecret: Redacted.make("secret") }
 * const hasTaskRouter = ({ taskrouter }: TwilioClient.Origins) => taskrouter !== undefined
 * ```
 */
export interface Origins {
  readonly flex: string
  readonly taskrouter: string | undefined
}

/** Options that were checked, with their defaults. */
export interface Settings {
  readonly origins: Origins
  readonly user: string
  readonly secret: Redacted.Redacted
  /** Whose rate limit it is: the account, or the key where the account is not known. Never a secret. */
  readonly account: string
  readonly attempt: Duration.Duration
  readonly total: Duration.Duration
  readonly retries: number
  readonly base: Duration.Duration
  readonly maxDelay: Duration.Duration
  readonly rateLimit: { readonly limit: number; readonly window: Duration.Duration; readonly share: number } | undefined
  readonly maxReplyBytes: number
}

/** The names by which errors speak of the settings. */
export interface Names {
  readonly accountSid: string
  readonly authToken: string
  readonly apiKey: string
  readonly apiSecret: string
  readonly baseUrl: string
  readonly taskRouterBaseUrl: string
  readonly edge: string
  readonly region: string
  readonly rateLimit: string
}

const optionNames: Names = {
  accountSid: "credentials.accountSid",
  authToken: "credentials.authToken",
  apiKey: "credentials.apiKey",
  apiSecret: "credentials.apiSecret",
  baseUrl: "baseUrl",
  taskRouterBaseUrl: "taskRouterBaseUrl",
  edge: "edge",
  region: "region",
  rateLimit: "rateLimit"
}

const ok = Result.succeed(undefined)

const fail = (setting: string, problem: string) => Result.fail(new SettingsError({ setting, problem }))

/** Checks options. `names` is how their errors call them. */
export const check = (options: Options, names: Names = optionNames): Result.Result<Settings, SettingsError> =>
  Result.gen(function* () {
    if (options?.credentials == null) return yield* fail("credentials", "are not given")
    const { credentials } = options
    const origins = yield* originsOf(options, names)
    if (!("apiKey" in credentials) || credentials.accountSid !== undefined) {
      yield* checkSid("AC", names.accountSid, credentials.accountSid)
    }
    if ("apiKey" in credentials) {
      yield* checkSid("SK", names.apiKey, credentials.apiKey)
      yield* checkSecret(names.apiSecret, credentials.apiSecret)
    } else {
      yield* checkSecret(names.authToken, credentials.authToken)
    }
    const retries = options.retry?.times ?? 3
    if (!Number.isInteger(retries) || retries < 0)
      return yield* fail("retry.times", "must be a whole number, 0 or more")
    const maxReplyBytes = options.maxReplyBytes ?? 16 * 1024 * 1024
    if (!(maxReplyBytes > 0)) return yield* fail("maxReplyBytes", "must be a number above 0")
    const rateLimit = options.rateLimit ?? { limit: 20, window: "1 second" }
    if (rateLimit !== false && (!Number.isInteger(rateLimit.limit) || rateLimit.limit < 1)) {
      return yield* fail(names.rateLimit, "must be a whole number of requests, 1 or more")
    }
    const share = rateLimit === false ? 1 : (rateLimit.share ?? 1)
    if (!(share > 0 && share <= 1)) return yield* fail("rateLimit.share", "must be a number above 0, at most 1")
    const settings: Settings = {
      origins,
      user: "apiKey" in credentials ? credentials.apiKey : credentials.accountSid,
      secret: "apiKey" in credentials ? credentials.apiSecret : credentials.authToken,
      account: credentials.accountSid ?? ("apiKey" in credentials ? credentials.apiKey : ""),
      attempt: yield* positive("timeouts.attempt", options.timeouts?.attempt ?? "20 seconds"),
      total: yield* positive("timeouts.total", options.timeouts?.total ?? "60 seconds"),
      retries,
      base: yield* positive("retry.base", options.retry?.base ?? "250 millis"),
      maxDelay: yield* positive("retry.maxDelay", options.retry?.maxDelay ?? "10 seconds"),
      rateLimit:
        rateLimit === false
          ? undefined
          : { limit: rateLimit.limit, window: yield* positive("rateLimit.window", rateLimit.window), share },
      maxReplyBytes
    }
    return settings
  })

const positive = (setting: string, input: Duration.Input): Result.Result<Duration.Duration, SettingsError> => {
  const duration = Duration.fromInput(input)
  return Option.isSome(duration) && Duration.isGreaterThan(duration.value, Duration.zero)
    ? Result.succeed(duration.value)
    : fail(setting, 'must be a duration above zero, such as "5 seconds"')
}

const checkSid = (prefix: "AC" | "SK", setting: string, sid: unknown) => {
  const problem = Sid.problem(prefix, sid)
  return problem === undefined ? ok : fail(setting, `is not what it should be: ${problem}`)
}

/** Twilio's secrets have no space and no accented letter: a text that does was copied with something around it. */
const checkSecret = (setting: string, secret: Redacted.Redacted, where = "") => {
  // Nothing but the types keeps a program from handing in a string.
  if (!Redacted.isRedacted(secret)) return fail(setting, "is not redacted: give Redacted.make(…)")
  return /^[\x21-\x7e]+$/u.test(Redacted.value(secret))
    ? ok
    : fail(
        setting,
        `${where}is empty, or has a space, a line break or another character that Twilio's secrets never have`
      )
}

const originsOf = (options: Options, names: Names): Result.Result<Origins, SettingsError> =>
  Result.gen(function* () {
    const { edge, region } = options
    const flex =
      options.baseUrl === undefined ? undefined : yield* baseUrl(names.baseUrl, options.baseUrl, defaultBaseUrl)
    const taskrouter =
      options.taskRouterBaseUrl === undefined
        ? undefined
        : yield* baseUrl(names.taskRouterBaseUrl, options.taskRouterBaseUrl, defaultTaskRouterBaseUrl)
    // Credentials that are meant for another origin never go to Twilio's.
    if (flex !== undefined) return { flex, taskrouter }
    if (edge === undefined && region === undefined) {
      return { flex: defaultBaseUrl, taskrouter: taskrouter ?? defaultTaskRouterBaseUrl }
    }
    if (edge === undefined || region === undefined) {
      const [missing, present] = edge === undefined ? [names.edge, names.region] : [names.region, names.edge]
      return yield* fail(
        missing,
        `is not set, but ${present} is: set both, or neither (Flex runs in US1 only, which needs neither)`
      )
    }
    for (const [setting, label] of [
      [names.edge, edge],
      [names.region, region]
    ] as const) {
      if (!/^[a-z0-9-]{1,63}$/u.test(label)) {
        return yield* fail(setting, "may have lower-case letters, digits and dashes only, such as ashburn or us1")
      }
    }
    return {
      flex: `https://flex-api.${edge}.${region}.twilio.com`,
      taskrouter: taskrouter ?? `https://taskrouter.${edge}.${region}.twilio.com`
    }
  })

/**
 * Where requests go with these options; {@link Origins} without `taskrouter` has TaskRouter turned off.
 *
 * @example
 * ```ts
 * import { Redacted, Result } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const credentials = { apiKey: "SK00000000000000000000000000000001", apiSecret: Redacted.make("secret") }
 * const origins = TwilioClient.origins({ credentials, baseUrl: "https://flex.example" })
 * Result.getOrThrow(origins) // => { flex: "https://flex.example", taskrouter: undefined }
 * ```
 */
export const origins = (options: Options): Result.Result<Origins, SettingsError> => originsOf(options, optionNames)

/** `https`, or `http` on loopback; no path, no credentials in it. */
const baseUrl = (setting: string, input: string, example: string): Result.Result<string, SettingsError> => {
  if (!URL.canParse(input)) return fail(setting, `is not a URL; an example: ${example}`)
  const url = new URL(input)
  if (url.username !== "" || url.password !== "") return fail(setting, "must not contain credentials")
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/u.test(url.hostname)
  if (url.protocol !== "https:" && !(url.protocol === "http:" && loopback)) {
    return fail(setting, "must be https (http only on loopback): the credentials travel with every request")
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "") {
    return fail(setting, "must be an origin, without a path")
  }
  return Result.succeed(url.origin)
}

const variables: Names = {
  accountSid: "TWILIO_ACCOUNT_SID",
  authToken: "TWILIO_AUTH_TOKEN",
  apiKey: "TWILIO_API_KEY",
  apiSecret: "TWILIO_API_SECRET",
  baseUrl: "FLEX_API_BASE_URL",
  taskRouterBaseUrl: taskRouterSetting,
  edge: "TWILIO_EDGE",
  region: "TWILIO_REGION",
  rateLimit: "FLEX_API_RATE_LIMIT"
}

const optional = (name: string) =>
  Config.option(Config.String(name)).pipe(Config.map((found) => Option.getOrUndefined(Option.filter(found, isSet))))

const isSet = (value: string) => value !== ""

const environment = Config.all({
  accountSid: optional(variables.accountSid),
  apiKey: optional(variables.apiKey),
  baseUrl: optional(variables.baseUrl),
  taskRouterBaseUrl: optional(variables.taskRouterBaseUrl),
  edge: optional(variables.edge),
  region: optional(variables.region),
  rateLimit: optional(variables.rateLimit)
})

const secretOf = (name: string) =>
  Config.all({ inline: Config.option(Config.Redacted(name)), file: optional(`${name}_FILE`) })

const unreadable = (setting: string) => () => new SettingsError({ setting, problem: "could not be read" })

/** A secret: from the variable, or from the file that the variable with `_FILE` behind its name points to. */
const readSecret = Effect.fnUntraced(function* (name: string) {
  const { file, inline } = yield* secretOf(name).pipe(Effect.mapError(unreadable(name)))
  const given = Option.filter(inline, (value) => isSet(Redacted.value(value)))
  if (file === undefined) return Option.getOrUndefined(given)
  if (Option.isSome(given))
    return yield* Effect.fromResult(fail(name, `and ${name}_FILE are both set: set one of them`))
  const fileSystem = yield* Effect.serviceOption(FileSystem.FileSystem)
  if (Option.isNone(fileSystem)) {
    return yield* Effect.fromResult(
      fail(`${name}_FILE`, "needs a FileSystem: provide the layer of your platform, such as NodeFileSystem.layer")
    )
  }
  const text = yield* fileSystem.value.readFileString(file).pipe(
    Effect.mapError(
      (error) =>
        new SettingsError({
          setting: `${name}_FILE`,
          problem: `names a file that could not be read (${error.reason._tag})`
        })
    )
  )
  const secret = Redacted.make(text.trim())
  yield* Effect.fromResult(checkSecret(`${name}_FILE`, secret, "names a file that "))
  return secret
})

/**
 * The options out of the environment, or out of whatever `ConfigProvider` is in place, under the names that Twilio's own
 * tools read:
 *
 * - `TWILIO_API_KEY` and `TWILIO_API_SECRET`, preferred where both are set; or `TWILIO_ACCOUNT_SID` and `TWILIO_AUTH_TOKEN`.
 *   `TWILIO_ACCOUNT_SID` beside a key is not sent: it says whose rate limit it is.
 * - `TWILIO_API_SECRET_FILE` and `TWILIO_AUTH_TOKEN_FILE`: a file with the secret in it, read once, white space around the
 *   secret dropped. That needs a `FileSystem` in the context, such as `NodeFileSystem.layer`.
 * - `TWILIO_EDGE` and `TWILIO_REGION`, both or neither; `FLEX_API_BASE_URL` and `TASKROUTER_API_BASE_URL`, origins, win over
 *   them. `FLEX_API_BASE_URL` alone turns TaskRouter off.
 * - `FLEX_API_RATE_LIMIT`: requests a second, for each endpoint; default 20; `off` for none.
 *
 * A variable that is empty counts as not set. Fails with {@link SettingsError}, which names the variable and the fix.
 *
 * @example
 * ```ts
 * import { ConfigProvider, Effect } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const env = { TWILIO_API_KEY: "SK00000000000000000000000000000001" }
 * const problem = TwilioClient.fromConfig.pipe(
 *   Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)),
 *   Effect.flip,
 *   Effect.map((error) => error.message)
 * )
 * await Effect.runPromise(problem) // => "TWILIO_API_SECRET is not set, but TWILIO_API_KEY is"
 * ```
 */
export const fromConfig: Effect.Effect<Options, SettingsError> = Effect.suspend(() => read({}))

/**
 * Options as `Config`s, for {@link layerConfig}: one that is given stands for what the environment says.
 *
 * @example
 * ```ts
 * import { Config } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const options: TwilioClient.ConfigOptions = {
 *   baseUrl: Config.String("MY_FLEX_ORIGIN"),
 *   timeouts: Config.succeed({ total: "20 seconds" })
 * }
 * ```
 */
export type ConfigOptions = Pick<Options, "transformClient"> & {
  readonly [Name in Exclude<keyof Options, "transformClient">]?: Config.Config<NonNullable<Options[Name]>> | undefined
}

/** The options: those that are given, and the environment's for the others. */
export const read = Effect.fnUntraced(function* ({ transformClient, ...configs }: ConfigOptions) {
  const entries: ReadonlyArray<readonly [string, Config.Config<unknown> | undefined]> = Object.entries(configs)
  const values = yield* Effect.forEach(entries, ([name, config]) =>
    config === undefined
      ? Effect.succeed([])
      : Effect.mapBoth(config, { onSuccess: (value) => [[name, value] as const], onFailure: unreadable(name) })
  )
  const given: Partial<Options> = Object.fromEntries(values.flat())
  const {
    accountSid,
    apiKey,
    rateLimit: limit,
    ...host
  } = yield* environment.pipe(Effect.mapError(unreadable("TWILIO_*")))
  if (limit !== undefined && limit !== "off" && !/^[1-9]\d{0,8}$/u.test(limit)) {
    return yield* Effect.fromResult(
      fail(variables.rateLimit, "must be a whole number of requests a second, 1 or more, or off")
    )
  }
  const options: Options = {
    credentials: given.credentials ?? (yield* credentials(apiKey, accountSid)),
    ...Object.fromEntries(Object.entries(host).filter(([, value]) => value !== undefined)),
    ...(limit === undefined
      ? undefined
      : { rateLimit: limit === "off" ? false : { limit: Number(limit), window: "1 second" } }),
    ...given,
    ...(transformClient === undefined ? undefined : { transformClient })
  }
  yield* Effect.fromResult(check(options, variables))
  return options
})

const credentials = Effect.fnUntraced(function* (apiKey: string | undefined, accountSid: string | undefined) {
  const apiSecret = yield* readSecret(variables.apiSecret)
  const authToken = yield* readSecret(variables.authToken)
  return yield* Effect.fromResult(pair(apiKey, apiSecret, accountSid, authToken))
})

const pair = (
  apiKey: string | undefined,
  apiSecret: Redacted.Redacted | undefined,
  accountSid: string | undefined,
  authToken: Redacted.Redacted | undefined
): Result.Result<Credentials, SettingsError> => {
  if (apiKey !== undefined && apiSecret !== undefined) {
    return Result.succeed({ apiKey, apiSecret, ...(accountSid === undefined ? undefined : { accountSid }) })
  }
  if (accountSid !== undefined && authToken !== undefined) return Result.succeed({ accountSid, authToken })
  for (const [first, second, left, right] of [
    [variables.apiKey, variables.apiSecret, apiKey, apiSecret],
    [variables.accountSid, variables.authToken, accountSid, authToken]
  ] as const) {
    if (left !== undefined && right === undefined) return fail(second, `is not set, but ${first} is`)
    if (left === undefined && right !== undefined) return fail(first, `is not set, but ${second} is`)
  }
  return fail(variables.apiKey, "is not set, nor are other credentials")
}
