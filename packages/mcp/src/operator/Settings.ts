/**
 * The settings of the command: each has an environment variable, most have a flag, and a flag wins. What the command
 * accepts, what `--help` prints and what `doctor` shows all come from the one table here.
 */
import { parseArgs } from "node:util"
import { Sid, TwilioClient } from "@flex-interactions/core"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Limits from "../tools/Limits.ts"

export interface Setting {
  readonly env: string
  /** Another name that the variable goes by. */
  readonly also?: string
  readonly flag?: string
  /** What stands for the value in `--help`; a setting without one is a switch. */
  readonly value?: string
  /** May be given more than once; in the environment, separated by commas or, where a value has one itself, a line each. */
  readonly many?: boolean
  /** Never shown. It has no flag: command lines are public. */
  readonly secret?: boolean
  readonly about: string
}

export const table = {
  sandbox: {
    env: "FLEX_MCP_SANDBOX",
    flag: "sandbox",
    about: "an in-process stand-in for Twilio: no account, no network"
  },
  sandboxSeed: {
    env: "FLEX_MCP_SANDBOX_SEED",
    flag: "sandbox-seed",
    value: "FILE",
    about: "the stand-in, with the interactions of this JSON file"
  },
  readOnly: {
    env: "FLEX_MCP_READ_ONLY",
    flag: "read-only",
    about: "the tool that writes does not exist, whatever else is set"
  },
  allowStatus: {
    env: "FLEX_MCP_ALLOW_STATUS",
    flag: "allow-status",
    value: "STATUS",
    many: true,
    about: "offer only this status: wrapup or closed; default both"
  },
  allowEnd: {
    env: "FLEX_MCP_ALLOW_END",
    flag: "allow-end",
    about: "offer end_conversation too, which ends a conversation for all its agents"
  },
  onlyQueue: {
    env: "FLEX_MCP_ONLY_QUEUE",
    flag: "only-queue",
    value: "NAME",
    many: true,
    about: "only conversations with a task in the queue of this exact name; all others do not exist for the assistant"
  },
  maxWrites: {
    env: "FLEX_MCP_MAX_WRITES",
    flag: "max-writes",
    value: "N",
    about: "send at most N writes in an hour: of this process or, with REDIS_URL, of all that share it"
  },
  confirm: {
    env: "FLEX_MCP_CONFIRM",
    flag: "confirm",
    value: "WHEN",
    about:
      "ask a person before each write: when-possible (where the host can be asked), always, never; default auto: when-possible over stdio, always over HTTP"
  },
  auditJson: { env: "FLEX_MCP_AUDIT_JSON", flag: "audit-json", about: "the line on stderr for each write as JSON" },
  http: {
    env: "FLEX_MCP_HTTP",
    flag: "http",
    value: "[HOST:PORT]",
    about: "serve Streamable HTTP at /mcp instead of stdio; default 127.0.0.1:3920"
  },
  url: {
    env: "FLEX_MCP_URL",
    flag: "url",
    value: "URL",
    about: "where clients reach it, such as https://mcp.example.com/mcp; default http://HOST:PORT/mcp"
  },
  token: { env: "FLEX_MCP_TOKEN", value: "TOKEN", secret: true, about: "the bearer token that a client must send" },
  tokenFile: {
    env: "FLEX_MCP_TOKEN_FILE",
    flag: "token-file",
    value: "FILE",
    about: "the file that has the bearer token"
  },
  jwksUrl: {
    env: "FLEX_MCP_JWKS_URL",
    flag: "jwks-url",
    value: "URL",
    about: "take JWTs instead, signed by these keys; needs an issuer and an audience"
  },
  issuer: {
    env: "FLEX_MCP_ISSUER",
    flag: "issuer",
    value: "URL",
    about: "the authorization server: the iss that a JWT must have"
  },
  audience: { env: "FLEX_MCP_AUDIENCE", flag: "audience", value: "NAME", about: "the aud that a JWT must have" },
  confirmSecret: {
    env: "FLEX_MCP_CONFIRM_SECRET",
    value: "SECRET",
    secret: true,
    about: "signs the questions to a person; replicas that take JWTs need the same one"
  },
  confirmSecretFile: {
    env: "FLEX_MCP_CONFIRM_SECRET_FILE",
    flag: "confirm-secret-file",
    value: "FILE",
    about: "the file that has this secret"
  },
  drain: {
    env: "FLEX_MCP_DRAIN_SECONDS",
    flag: "drain",
    value: "SECONDS",
    about: "how long calls in flight may take after SIGTERM, 0 to 600; default 10"
  },
  apiKey: { env: "TWILIO_API_KEY", value: "SK…", about: "an API key, preferred where both pairs are set" },
  apiSecret: { env: "TWILIO_API_SECRET", value: "SECRET", secret: true, about: "and its secret" },
  apiSecretFile: { env: "TWILIO_API_SECRET_FILE", value: "FILE", about: "or the file that has it" },
  accountSid: { env: "TWILIO_ACCOUNT_SID", value: "AC…", about: "or the account" },
  authToken: { env: "TWILIO_AUTH_TOKEN", value: "TOKEN", secret: true, about: "and its auth token" },
  authTokenFile: { env: "TWILIO_AUTH_TOKEN_FILE", value: "FILE", about: "or the file that has it" },
  edge: { env: "TWILIO_EDGE", value: "EDGE", about: "Twilio's edge, with TWILIO_REGION" },
  region: { env: "TWILIO_REGION", value: "REGION", about: "the region of the account, with TWILIO_EDGE; default US1" },
  workspaceSid: {
    env: "TWILIO_WORKSPACE_SID",
    value: "WS…",
    about: "Flex's TaskRouter workspace; looked up if it is not set"
  },
  rateLimit: {
    env: "FLEX_API_RATE_LIMIT",
    value: "NUMBER",
    about: "requests a second for each operation, or off; default 20"
  },
  baseUrl: {
    env: "FLEX_API_BASE_URL",
    flag: "api-base-url",
    value: "URL",
    about: "another origin for the Flex API; default https://flex-api.twilio.com. Alone it turns TaskRouter off"
  },
  taskRouterBaseUrl: {
    env: "TASKROUTER_API_BASE_URL",
    flag: "taskrouter-base-url",
    value: "URL",
    about: "another origin for the TaskRouter API; default https://taskrouter.twilio.com"
  },
  redisUrl: {
    env: "REDIS_URL",
    value: "URL",
    secret: true,
    about: "share the account's rate limit, and the count of --max-writes, with other processes through this Redis"
  },
  otlp: {
    env: "OTEL_EXPORTER_OTLP_ENDPOINT",
    value: "URL",
    about: "export traces and metrics to this OpenTelemetry collector"
  },
  proxy: {
    env: "HTTPS_PROXY",
    also: "https_proxy",
    value: "URL",
    secret: true,
    about: "reach Twilio through this proxy; NO_PROXY names the hosts that go without"
  },
  extraCa: { env: "NODE_EXTRA_CA_CERTS", value: "FILE", about: "trust these certificate authorities too" }
} as const satisfies Record<string, Setting>

export type Name = keyof typeof table

const all: ReadonlyArray<Setting> = Object.values(table)

const entries = Object.entries(table) as ReadonlyArray<[Name, Setting]>

export const defaultAddress = "127.0.0.1:3920"

export const commands = ["serve", "doctor", "print-config", "help"] as const

/** A command line, taken apart. */
export interface CommandLine {
  readonly command: (typeof commands)[number] | "version"
  readonly rest: ReadonlyArray<string>
  readonly json: boolean
  /** `doctor`: `rest` names a conversation that is to be read. */
  readonly live: boolean
  /** The settings that were given as flags, by their environment names. */
  readonly given: { readonly [env: string]: string }
}

/** Takes a command line apart, or says what is wrong with it. */
export const parse = (argv: ReadonlyArray<string>): CommandLine | { readonly problem: string } => {
  // As most hosts start it. Node loads its parser with the first use.
  if (argv.length === 0) return { command: "serve", rest: [], json: false, live: false, given: {} }
  const flags = entries.flatMap(([, { flag, many = false, value }]) =>
    flag === undefined ? [] : [[flag, { type: value === undefined ? "boolean" : "string", multiple: many }] as const]
  )
  const own = {
    json: { type: "boolean" },
    live: { type: "boolean" },
    help: { type: "boolean" },
    version: { type: "boolean" }
  } as const
  // The address is optional: `--http` alone, or before another flag, means the default one.
  const args = argv.map((arg, index) =>
    arg === "--http" && !/^[^-]/u.test(argv[index + 1] ?? "-") ? `--http=${defaultAddress}` : arg
  )
  try {
    const parsed = parseArgs({
      args,
      options: {
        ...(Object.fromEntries(flags) as Record<string, { type: "string" | "boolean"; multiple: boolean }>),
        ...own
      },
      allowPositionals: true,
      strict: true
    })
    const values: { readonly [flag: string]: unknown } = parsed.values
    const [word = "serve", ...rest] = parsed.positionals
    const command = commands.find((known) => known === word)
    if (command === undefined) return { problem: `there is no command ${JSON.stringify(word)}` }
    // An unset variable in a launcher's line, which would lift the limit that somebody meant to set.
    const empty = Object.keys(values).find((flag) => [values[flag]].flat().includes(""))
    if (empty !== undefined) return { problem: `--${empty} has an empty value` }
    const given = entries.flatMap(([, { env, flag }]) => {
      const value = flag === undefined ? undefined : values[flag]
      return value === undefined ? [] : [[env, Array.isArray(value) ? lines(value) : String(value)]]
    })
    const isHelp = values.help === true
    return {
      command: isHelp ? "help" : values.version === true ? "version" : command,
      rest: isHelp ? parsed.positionals.slice(0, 1) : rest,
      json: values.json === true,
      live: values.live === true,
      given: Object.fromEntries(given)
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const [, unknown] = /^Unknown option '(--?[^']+)'/u.exec(message) ?? []
    return { problem: unknown === undefined ? message : noSuchFlag(unknown) }
  }
}

/** What may be given more than once, as one text. A flag is taken as it is, with the commas that it may have. */
const lines = (values: ReadonlyArray<unknown>): string => values.map((value) => `${String(value)}\n`).join("")

/** The values in such a text, as a flag or the environment gave it. */
const several = (text: string): ReadonlyArray<string> =>
  text.includes("\n") ? text.replace(/\n$/u, "").split("\n") : text.split(",")

/** The same for people; a value that has a comma itself is in quotes. */
export const listed = (text: string): string =>
  several(text)
    .map((value) => (value.includes(",") ? JSON.stringify(value) : value.trim()))
    .join(", ")

/** Somebody may have tried a setting that has no flag, most often a secret. */
const noSuchFlag = (flag: string): string => {
  const name = flag.replace(/^--?/u, "").replaceAll("-", "_").toUpperCase()
  const about = all.find(({ env }) => env === name || env.replace(/^(?:FLEX_MCP|FLEX_API|TWILIO)_/u, "") === name)
  if (about === undefined) return `there is no flag ${flag}`
  const file = all.find(({ env }) => env === `${about.env}_FILE`)
  const why = about.secret === true ? ", because everybody on this machine can read its command lines" : ""
  const orFile =
    file === undefined
      ? ""
      : `, or name a file that has it with ${file.flag === undefined ? file.env : `--${file.flag}`}`
  return `there is no flag ${flag}${why}; set ${about.env}${orFile}`
}

/** The environment, with what was given as flags before it. */
export const layer = (given: CommandLine["given"]): Layer.Layer<never> =>
  ConfigProvider.layerAdd(ConfigProvider.fromEnv({ env: given }), { asPrimary: true })

/** The settings that are set, as they were written. An empty value is none. */
export type Written = { readonly [name in Name]?: string }

export const written: Effect.Effect<Written, TwilioClient.SettingsError> = Config.all(
  Object.fromEntries(
    entries.map(([name, { also, env }]) => [
      name,
      Config.option(
        also === undefined ? Config.String(env) : Config.orElse(Config.String(env), () => Config.String(also))
      )
    ])
  )
).pipe(
  Effect.map((found) =>
    Object.fromEntries(
      Object.entries(found).flatMap(([name, value]) => Option.toArray(Option.map(value, (text) => [name, text])))
    )
  ),
  Effect.mapError(() => new TwilioClient.SettingsError({ setting: "the environment", problem: "cannot be read" }))
)

/** How a setting is called where a person reads about it. */
export const called = (name: Name): string => {
  const { env, flag }: Setting = table[name]
  return flag === undefined ? env : `--${flag} (${env})`
}

export const fail = (name: Name, problem: string): TwilioClient.SettingsError =>
  new TwilioClient.SettingsError({ setting: called(name), problem })

const off = new Set(["false", "no", "off", "0"])

/** Over HTTP, or over stdio? */
export const overHttp = ({ http }: Written): boolean => http !== undefined && !off.has(http.toLowerCase())

/** Does serving by these settings need nothing but stdio and an HTTP client? */
export const isPlain = (settings: Written): boolean =>
  !overHttp(settings) && settings.otlp === undefined && settings.proxy === undefined && settings.redisUrl === undefined

/** A switch: on with `true`, `yes`, `on` or `1`. */
export const isOn = (settings: Written, name: Name): Effect.Effect<boolean, TwilioClient.SettingsError> => {
  const text = settings[name]?.toLowerCase()
  if (text === undefined || off.has(text)) return Effect.succeed(false)
  return ["true", "yes", "on", "1"].includes(text)
    ? Effect.succeed(true)
    : Effect.fail(fail(name, "must be true or false"))
}

/** The sandbox, and not Twilio? A seed for it says so too. */
export const onSandbox = (settings: Written): Effect.Effect<boolean, TwilioClient.SettingsError> =>
  settings.sandboxSeed === undefined ? isOn(settings, "sandbox") : Effect.succeed(true)

/** The workspace of TaskRouter, if it is set. */
export const workspace = ({ workspaceSid }: Written): Effect.Effect<string | undefined, TwilioClient.SettingsError> => {
  const problem = workspaceSid === undefined ? undefined : Sid.problem("WS", workspaceSid)
  return problem === undefined
    ? Effect.succeed(workspaceSid)
    : Effect.fail(fail("workspaceSid", `is not what it should be: ${problem}`))
}

/** One of the values that a setting takes. */
export const oneOf = <const Value extends string>(
  name: Name,
  text: string,
  values: ReadonlyArray<Value>
): Effect.Effect<Value, TwilioClient.SettingsError> => {
  const value = values.find((known) => known === text)
  return value === undefined ? Effect.fail(fail(name, `must be one of ${values.join(", ")}`)) : Effect.succeed(value)
}

const queues = Effect.fnUntraced(function* ({ onlyQueue }: Written) {
  if (onlyQueue === undefined) return []
  const names = several(onlyQueue).map((name) => name.trim())
  const problem = Limits.scopeProblem(names)
  return problem === undefined ? [...new Set(names)] : yield* fail("onlyQueue", problem)
})

const maxWrites = ({ maxWrites }: Written): Effect.Effect<number | undefined, TwilioClient.SettingsError> => {
  if (maxWrites === undefined) return Effect.succeed(undefined)
  const problem = Limits.maxWritesProblem(/^\d+$/u.test(maxWrites) ? Number(maxWrites) : Number.NaN)
  return problem === undefined ? Effect.succeed(Number(maxWrites)) : Effect.fail(fail("maxWrites", problem))
}

/** What the operator lets an assistant do. */
export const limits = Effect.fnUntraced(function* (settings: Written) {
  return {
    readOnly: yield* isOn(settings, "readOnly"),
    allowStatus: yield* Effect.forEach(
      settings.allowStatus === undefined ? Limits.statuses : several(settings.allowStatus),
      (text) => oneOf("allowStatus", text.trim(), Limits.statuses)
    ),
    onlyQueue: yield* queues(settings),
    maxWrites: yield* maxWrites(settings),
    allowEnd: yield* isOn(settings, "allowEnd"),
    confirm: Limits.confirmOver(
      overHttp(settings) ? "http" : "stdio",
      yield* oneOf("confirm", settings.confirm ?? "auto", Limits.confirmChoices)
    ),
    auditAsJson: yield* isOn(settings, "auditJson")
  }
})

/** Is this environment variable never to be shown? */
export const isSecret = (env: string): boolean =>
  entries.some(([, setting]) => setting.env === env && setting.secret === true)

/** The flags that give these settings again. */
export const asFlags = (given: CommandLine["given"]): ReadonlyArray<string> =>
  entries.flatMap(([, { env, flag, many = false, value }]) => {
    const text = given[env]
    if (flag === undefined || text === undefined) return []
    if (value === undefined) return [`--${flag}`]
    return (many ? several(text) : [text]).map((each) => `--${flag}=${each}`)
  })
