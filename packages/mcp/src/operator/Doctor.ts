/** `doctor`: checks the setup that the flags and the environment make, and says for each thing that is wrong what to fix. */
import { spawn } from "node:child_process"
import { lookup } from "node:dns/promises"
import { connect as connectTcp } from "node:net"
import { connect as connectTls } from "node:tls"
import { fileURLToPath } from "node:url"
import { styleText } from "node:util"
import {
  Channels,
  Events,
  Participant,
  Participants,
  Tasks,
  TwilioClient,
  type TwilioError,
  Workers,
  Workspace
} from "@flex-interactions/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Proxy from "../platform/Proxy.ts"
import { escaped } from "../tools/Plain.ts"
import * as Auth from "../protocol/Auth.ts"
import * as Address from "./Address.ts"
import * as DoctorLive from "./DoctorLive.ts"
import * as DoctorTaskRouter from "./DoctorTaskRouter.ts"
import { failed, type Finding, type Found, ok, skipped, warning } from "./Finding.ts"
import * as Process from "./Process.ts"
import * as Serve from "./Serve.ts"
import * as ServeHttp from "./ServeHttp.ts"
import * as Settings from "./Settings.ts"

const fixFirst = "the settings must be fixed first"

/** Runs every check and prints what was found; 0 if nothing failed, 1 otherwise, 2 if the command line says nothing that it can do. */
export const run = Effect.fnUntraced(function* (line: Settings.CommandLine, written: Settings.Written) {
  const live = liveOf(line)
  if (typeof live === "string") return Process.refuse(live)
  const sandbox = Result.getOrElse(yield* Effect.result(Settings.onSandbox(written)), () => false)
  const valid = yield* Effect.result(validate(written))
  const origin = written.baseUrl ?? TwilioClient.defaultBaseUrl
  const api = URL.canParse(origin) ? new URL(origin) : undefined

  const notAsked = sandbox ? "the sandbox is in this process" : undefined
  const invalid = Result.isFailure(valid) ? fixFirst : undefined
  const notSure = invalid ?? notAsked
  const findings: Array<Finding> = []
  const check = (
    name: string,
    reasonToSkip: string | undefined,
    found: Effect.Effect<Found, never, FileSystem.FileSystem | HttpClient.HttpClient>
  ) =>
    (reasonToSkip === undefined ? found : Effect.succeed(skipped(reasonToSkip))).pipe(
      Effect.timeoutOption("15 seconds"),
      Effect.map(Option.getOrElse(() => failed("no answer within 15 seconds", "Check the network and any firewall."))),
      // Others wrote some of it: a certificate's issuer, what the server that was started says.
      Effect.map((found) => findings.push({ check: name, ...found, says: escaped(found.says, 600) }))
    )

  yield* check("node", undefined, Effect.sync(node))
  yield* check("settings", undefined, Effect.succeed(settingsFound(valid)))
  yield* check("proxy", written.proxy === undefined ? "HTTPS_PROXY is not set" : notSure, proxy(written.proxy ?? ""))
  const direct = written.proxy === undefined ? notSure : (notSure ?? "the proxy does this")
  yield* check("dns", direct, dns(api?.hostname ?? ""))
  yield* check("tls", api?.protocol === "http:" ? "the API's origin is http" : direct, tls(api))
  yield* check("clock", notSure, clock(origin))
  yield* check(
    "credentials",
    undefined,
    Result.isFailure(valid)
      ? Effect.succeed(skipped(fixFirst))
      : Effect.provide(credentials(written, sandbox), valid.success)
  )
  yield* check(
    "taskrouter",
    notSure,
    Effect.flatMap(TwilioClient.fromConfig, (options) => Effect.fromResult(TwilioClient.origins(options))).pipe(
      Effect.match({
        onSuccess: (origins) => DoctorTaskRouter.origin(written, origins),
        onFailure: () => skipped(fixFirst)
      })
    )
  )
  const onTaskRouter = (name: string, reasonToSkip: string | undefined, found: Effect.Effect<Found, never, Services>) =>
    check(
      name,
      reasonToSkip,
      Result.isFailure(valid) ? Effect.succeed(skipped(fixFirst)) : Effect.provide(found, valid.success)
    )
  yield* onTaskRouter("workspace", notSure, DoctorTaskRouter.workspace(written))
  yield* onTaskRouter("reads", notSure, DoctorTaskRouter.reads(written))
  const limits = yield* Effect.option(Settings.limits(written))
  const onlyQueue = Option.isSome(limits) ? limits.value.onlyQueue : []
  if (onlyQueue.length > 0) yield* onTaskRouter("queues", invalid, DoctorTaskRouter.queues(written, onlyQueue))
  if (live !== undefined) {
    const named = Result.isFailure(valid) ? [] : yield* Effect.provide(DoctorLive.checks(live), valid.success)
    if (named.length === 0) yield* check("live", fixFirst, Effect.succeed(skipped(fixFirst)))
    for (const [name, found] of named) yield* check(name, undefined, found)
  }
  yield* check("http", !Settings.overHttp(written) ? "it serves over stdio" : invalid, listening(written))
  yield* check(
    "redis",
    written.redisUrl === undefined ? "REDIS_URL is not set" : undefined,
    redis(written.redisUrl ?? "")
  )
  yield* check(
    "telemetry",
    written.otlp === undefined ? "OTEL_EXPORTER_OTLP_ENDPOINT is not set" : undefined,
    collector(written.otlp ?? "")
  )
  const flags = [...Settings.asFlags(line.given), "--http=off"]
  for (const [era, messages] of Object.entries(handshakes)) {
    yield* check(`protocol ${era}`, invalid, handshake(flags, messages, Process.version))
  }

  const isWell = findings.every(({ result }) => result !== "failed")
  const shown = settingsShown(written, line.given)
  yield* Effect.sync(() =>
    process.stdout.write(
      line.json
        ? `${JSON.stringify({ version: Process.version, ok: isWell, checks: findings, settings: shown }, undefined, 2)}\n`
        : text(Process.version, findings, shown)
    )
  )
  return isWell ? 0 : 1
}, Effect.scoped)

/** The conversation that is to be read, if one is; or what is wrong with the command line. */
const liveOf = ({ live, rest }: Settings.CommandLine): Participant.ChannelRef | string | undefined => {
  if (!live)
    return rest.length === 0
      ? undefined
      : `doctor takes no ${JSON.stringify(rest[0])}; did you mean doctor --live KD... UO...?`
  const [interactionSid = "", channelSid = "", ...more] = rest
  const channel = Participant.channel(interactionSid, channelSid)
  if (more.length > 0 || Result.isFailure(channel)) {
    return `doctor --live needs the SIDs of an interaction and its channel, KD... UO...${Result.isFailure(channel) ? `: ${channel.failure.message.replace("reference: ", "")}` : ""}`
  }
  return channel.success
}

const colours = { ok: "green", warning: "yellow", failed: "red", skipped: "dim" } as const

/** In colour where stdout is a terminal, unless `NO_COLOR` is set. */
const coloured = (result: Finding["result"], text: string): string =>
  styleText(colours[result], text, { stream: process.stdout })

const text = (version: string, findings: ReadonlyArray<Finding>, shown: ReturnType<typeof settingsShown>): string => {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const lines = findings.flatMap(({ check, fix, result, says }) => [
    `${coloured(result, result.padEnd(8))} ${check.padEnd(width)}  ${says}`,
    ...(fix === undefined ? [] : [`${"".padEnd(9 + width)}  -> ${fix}`])
  ])
  const settings = shown.map(({ from, setting, value }) => `  ${setting}=${value}  (${from})`)
  const count = findings.filter(({ result }) => result === "failed").length
  return [
    `flex-interactions-mcp ${version}`,
    "",
    ...lines,
    "",
    "Settings that are set; all others have their default:",
    ...(settings.length === 0 ? ["  none"] : settings),
    "",
    count === 0
      ? coloured("ok", "Nothing is wrong.")
      : coloured("failed", `${count} of ${findings.length} checks failed.`),
    ""
  ].join("\n")
}

/** Each setting that is set, with where it comes from; a secret only with the fact that it is. */
const settingsShown = (written: Settings.Written, given: Settings.CommandLine["given"]) =>
  Object.entries(Settings.table).flatMap(([name, setting]: [string, Settings.Setting]) => {
    const value = written[name as Settings.Name]
    if (value === undefined) return []
    return [
      {
        setting: setting.env,
        value: setting.secret === true ? "***" : withoutUser(setting.many === true ? Settings.listed(value) : value),
        from: setting.env in given ? `flag --${setting.flag}` : "environment"
      }
    ]
  })

/** A user and a password in a URL are a secret, whatever the setting is. */
const withoutUser = (text: string): string => text.replace(/(?<=^[a-z][a-z\d+.-]*:[\\/]*)[^/?#]*@/iu, "***@")

/** All settings, whatever uses them; the files that they name are read. */
const validate = Effect.fnUntraced(function* (written: Settings.Written) {
  yield* Settings.onSandbox(written)
  yield* Settings.limits(written)
  if (written.proxy !== undefined) yield* Proxy.address(written.proxy)
  if (Settings.overHttp(written)) yield* ServeHttp.settings(written)
  const { layer: client } = yield* yield* Serve.client(written, (options) =>
    Effect.succeed(TwilioClient.layer(options))
  )
  const workspaceSid = yield* Settings.workspace(written)
  return yield* Layer.build(Layer.provideMerge(services(workspaceSid), client))
})

/** What is read with the credentials. */
export type Services = Layer.Success<ReturnType<typeof services>> | TwilioClient.TwilioClient

const services = (workspaceSid: string | undefined) =>
  Layer.mergeAll(Channels.layer, Events.layer, Tasks.layer, Participants.layer, Workers.layer).pipe(
    Layer.provideMerge(Workspace.layer(workspaceSid === undefined ? {} : { workspaceSid }))
  )

const settingsFound = (valid: Result.Result<unknown, TwilioClient.SettingsError>): Found =>
  Result.isSuccess(valid)
    ? ok("each is valid")
    : failed(`${valid.failure.message}.`, Process.advice(valid.failure.setting))

const node = (): Found => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)
  return major > 20 || (major === 20 && minor >= 19)
    ? ok(`${process.version} at ${process.execPath}`)
    : failed(
        `${process.version} at ${process.execPath} is too old`,
        "Install Node 20.19 or newer, and name it in the host's configuration by its full path."
      )
}

const code = (error: unknown): string =>
  typeof error === "object" && error !== null && "code" in error ? String(error.code) : String(error)

const dns = (host: string): Effect.Effect<Found> =>
  Effect.tryPromise({ try: () => lookup(host), catch: code }).pipe(
    Effect.match({
      onSuccess: ({ address }) => ok(`${host} is ${address}`),
      onFailure: (error) =>
        failed(
          `${host} cannot be resolved (${error})`,
          "Check the network and its DNS. Where only a proxy reaches the internet, set HTTPS_PROXY."
        )
    })
  )

/** Can it be reached? What it lets through is seen with the credentials. */
const proxy = (setting: string): Effect.Effect<Found> =>
  Effect.callback<Found>((resume) => {
    const { host, hostname, port, protocol } = new URL(setting)
    const socket = connectTcp(Number(port || (protocol === "https:" ? 443 : 80)), hostname.replaceAll(/[[\]]/gu, ""))
    socket.once("connect", () =>
      resume(Effect.succeed(ok(`${host} answers; NO_PROXY names the hosts that go without`)))
    )
    socket.once("error", (error) =>
      resume(
        Effect.succeed(
          failed(`${host} cannot be reached (${code(error)})`, "Fix HTTPS_PROXY, or unset it where none is needed.")
        )
      )
    )
    return Effect.sync(() => socket.destroy())
  })

const tls = (api: URL | undefined): Effect.Effect<Found> =>
  Effect.callback<Found>((resume) => {
    const host = api?.hostname ?? ""
    const socket = connectTls({ host, port: Number(api?.port || 443), servername: host })
    socket.once("secureConnect", () => {
      const { issuer, valid_to } = socket.getPeerCertificate()
      resume(
        Effect.succeed(ok(`${socket.getProtocol()}, certificate by ${issuer.O ?? issuer.CN ?? "?"}, until ${valid_to}`))
      )
    })
    socket.once("error", (error) => {
      const problem = code(error)
      const untrusted = /CERT|SIGNATURE|ISSUER/u.test(problem)
      resume(
        Effect.succeed(
          failed(
            `the connection to ${host} cannot be secured (${problem})`,
            untrusted
              ? "If this network inspects TLS, set NODE_EXTRA_CA_CERTS to the file with its certificate authority, and check the clock."
              : "Check that a firewall lets port 443 through. Where only a proxy reaches the internet, set HTTPS_PROXY."
          )
        )
      )
    })
    return Effect.sync(() => socket.destroy())
  })

/** The `Date` of any reply will do: nothing is sent but a GET without credentials. */
const clock = Effect.fnUntraced(
  function* (origin: string) {
    const response = yield* (yield* HttpClient.HttpClient).get(origin)
    const now = yield* Clock.currentTimeMillis
    const date = Date.parse(response.headers["date"] ?? "")
    if (Number.isNaN(date)) return skipped("the reply has no date")
    const seconds = Math.round((now - date) / 1000)
    return Math.abs(seconds) <= 30
      ? ok(`within ${Math.max(1, Math.abs(seconds))} s of the API's`)
      : warning(
          `${Math.abs(seconds)} s ${seconds > 0 ? "ahead of" : "behind"} the API's`,
          "Let the machine set its clock by NTP: certificates and tokens are checked against it."
        )
  },
  Effect.orElseSucceed(() => skipped("no reply to compare with"))
)

const credentials = (written: Settings.Written, sandbox: boolean) =>
  Effect.gen(function* () {
    const participants = yield* Participants.Participants
    yield* participants.page(DoctorTaskRouter.nowhere, { pageSize: 1 })
    return ok("accepted")
  }).pipe(Effect.catchTag("TwilioError", (error) => Effect.succeed(credentialsFound(written, error, sandbox))))

const credentialsFound = (written: Settings.Written, { reason }: TwilioError.TwilioError, sandbox: boolean): Found => {
  const who = DoctorTaskRouter.credentialsOf(written)
  switch (reason._tag) {
    case "NotFound":
      return ok(
        `accepted${sandbox ? " by the sandbox" : ""}: reading a channel that does not exist was answered with 404, as it should be`
      )
    case "Unauthorized":
      return failed(
        `${who} is not accepted at the Flex API (401)`,
        "Check that the SID and the secret belong together, are not revoked, and are of the region that the API's origin is in."
      )
    case "Forbidden":
      return failed(
        `${who} is accepted at the Flex API, but not allowed to read interactions (403)`,
        "Use the credentials of the account that has Flex; test credentials and restricted keys without Flex do not do."
      )
    case "NetworkError":
      return failed(
        `not checked: ${reason.message}`,
        "Fix this, and what dns, tls or proxy say above. If a proxy inspects TLS, set NODE_EXTRA_CA_CERTS to the file with its certificate authority."
      )
    case "UnexpectedResponse":
      return failed(
        `not checked: ${reason.message}`,
        "Something other than Twilio answered: check FLEX_API_BASE_URL and HTTPS_PROXY."
      )
    default:
      return warning(`not checked: ${reason.message}`, "Run doctor again in a minute.")
  }
}

/** Is the port free, or does this server have it already? Are the keys there? */
const listening = Effect.fnUntraced(function* (written: Settings.Written) {
  const settings = yield* Effect.option(ServeHttp.settings(written))
  if (Option.isNone(settings)) return skipped(fixFirst)
  const { auth, host, port } = settings.value
  if (auth !== undefined && "jwksUrl" in auth) {
    const { jwksUrl } = auth
    const fetch = yield* ServeHttp.fetch
    const keys = yield* Effect.option(Effect.tryPromise(() => Auth.fetchKeys(jwksUrl, fetch)))
    if (Option.isNone(keys)) {
      return failed(
        `${auth.jwksUrl.href} gives no keys`,
        "Check --jwks-url: the authorization server's metadata names it as jwks_uri."
      )
    }
  }
  const taken = yield* Effect.callback<boolean>((resume) => {
    const socket = connectTcp(port, Address.isWildcard(host) ? "localhost" : host)
    socket.once("connect", () => resume(Effect.succeed(true)))
    socket.once("error", () => resume(Effect.succeed(false)))
    return Effect.sync(() => socket.destroy())
  })
  return taken && port !== 0
    ? warning(
        `port ${port} is in use`,
        "If it is not this server that runs there, choose another with --http HOST:PORT."
      )
    : ok(`port ${port} of ${host} is free`)
})

const redis = (url: string) =>
  Effect.promise(() => import("../platform/Redis.ts")).pipe(
    Effect.flatMap(({ ping }) => ping(url)),
    Effect.match({
      onSuccess: () => ok("it answers"),
      onFailure: (problem) =>
        failed(
          `it does not answer (${problem})`,
          "Check REDIS_URL: host, port, password, and rediss:// for TLS. Without it each process keeps to the rate limit by itself, and with --max-writes no write is sent."
        )
    })
  )

const collector = Effect.fnUntraced(
  function* (endpoint: string) {
    const client = yield* HttpClient.HttpClient
    const url = new URL(`${endpoint.replace(/\/$/u, "")}/v1/traces`)
    const { status } = yield* client.post(url, { body: HttpBody.jsonUnsafe({ resourceSpans: [] }) })
    return status < 300
      ? ok(`${withoutUser(url.href)} takes traces`)
      : failed(
          `${withoutUser(url.href)} answers ${status}`,
          "Check OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_HEADERS."
        )
  },
  Effect.catchCause(() =>
    Effect.succeed(
      failed(
        "the collector cannot be reached",
        "Check OTEL_EXPORTER_OTLP_ENDPOINT: the origin of an OTLP/HTTP receiver, often port 4318."
      )
    )
  )
)

const clientInfo = { name: "doctor", version: "1" }

/** What opens a connection in each era, and asks for the tools. */
const handshakes = {
  "2025-11-25": [
    { id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo } },
    { method: "notifications/initialized" },
    { id: 2, method: "tools/list", params: {} }
  ],
  "2026-07-28": [1, 2].map((id) => ({
    id,
    method: id === 1 ? "server/discover" : "tools/list",
    params: {
      _meta: {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": clientInfo,
        "io.modelcontextprotocol/clientCapabilities": {}
      }
    }
  }))
} as const

const Reply = Schema.fromJsonString(
  Schema.Struct({
    id: Schema.Int,
    result: Schema.Struct({ tools: Schema.optionalKey(Schema.Array(Schema.Struct({ name: Schema.String }))) })
  })
)

/** Starts this program as a host does, and speaks to it. */
const handshake = (
  flags: ReadonlyArray<string>,
  messages: ReadonlyArray<object>,
  version: string
): Effect.Effect<Found> =>
  Effect.callback<Found>((resume) => {
    const main = fileURLToPath(new URL("main.cjs", import.meta.url))
    const child = spawn(process.execPath, [main, ...flags], { stdio: ["pipe", "pipe", "pipe"] })
    const output = { stdout: "", stderr: "" }
    child.stdout.on("data", (chunk: Buffer) => {
      output.stdout += chunk.toString()
      if (output.stdout.split("\n").length > 2) child.stdin.end()
    })
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()))
    child.stdin.on("error", () => {})
    for (const message of messages) child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
    child.once("error", (error) =>
      resume(Effect.succeed(failed(`it cannot be started (${code(error)})`, "Reinstall the package.")))
    )
    child.once("close", (exit) => {
      const replies = output.stdout
        .trim()
        .split("\n")
        .map((line) => Schema.decodeOption(Reply)(line))
      const tools = replies.flatMap((reply) => Option.toArray(reply).flatMap(({ result }) => result.tools ?? []))
      const well = exit === 0 && replies.length === 2 && replies.every(Option.isSome) && tools.length > 0
      resume(
        Effect.succeed(
          well
            ? ok(`${version} answers with ${tools.map(({ name }) => name).join(" and ")}, and ends when it should`)
            : failed(
                `this server does not answer as it should (exit ${exit}; ${output.stderr.trim().slice(0, 300) || "no word on stderr"})`,
                "Reinstall the package; if that does not help, report it with this line."
              )
        )
      )
    })
    return Effect.sync(() => child.kill("SIGKILL"))
  })
