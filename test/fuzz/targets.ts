/**
 * What is fuzzed. A target takes one case after the other, and says what is wrong with what came of it; after a batch of them it looks
 * at what only shows later. Nothing here may change anything at Twilio: there is no good consent to a change among the cases.
 */
import {
  Channels,
  Conversations,
  Events,
  Participant,
  Participants,
  Tasks,
  TwilioClient,
  Workers,
  Workspace
} from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Cause, ConfigProvider, Console, Effect, Exit, Layer, Logger, Redacted, Result, Scope, Stream } from "effect"
import * as CliOutput from "effect/cli/CliOutput"
import * as CliCommand from "effect/cli/Command"
import { FetchHttpClient, HttpClient, HttpClientResponse } from "effect/http"
import * as Settings from "../../packages/mcp/src/operator/Settings.ts"
import * as Calls from "../../packages/mcp/src/protocol/Calls.ts"
import * as Http from "../../packages/mcp/src/protocol/Http.ts"
import * as Server from "../../packages/mcp/src/protocol/Server.ts"
import * as Limits from "../../packages/mcp/src/tools/Limits.ts"
import * as Tools from "../../packages/mcp/src/tools/index.ts"
import * as Input from "../../packages/sandbox/src/Input.ts"
import * as Sweep from "../../packages/sweep/src/Command.ts"
import { channel, envelope, write } from "../support/calls.ts"
import { credentials, encoded, secret } from "../support/double.ts"
import { faster } from "../support/faster.ts"
import * as Host from "../support/host.ts"
import { start as startSandbox } from "../support/served.ts"
import { changed, frame, json, mangled, type Pick, text } from "./values.ts"

export interface Opened {
  /** What is wrong with what came of a case, and what the case was. */
  readonly run: (pick: Pick) => Promise<string | undefined>
  /** What only shows after a while. */
  readonly settle?: () => Promise<string | undefined>
  readonly close: () => Promise<unknown>
}

export interface Target {
  readonly name: string
  /** How many of a hundred cases. */
  readonly share: number
  readonly open: () => Promise<Opened>
}

const token = Sandbox.defaultCredentials.authToken
const secrets = [secret, encoded, token, btoa(`${Sandbox.defaultCredentials.accountSid}:${token}`)]
const hasSecret = (said: string) => secrets.some((one) => said.includes(one))
const short = (value: unknown) =>
  (typeof value === "string" ? value : (JSON.stringify(value) ?? "undefined")).slice(0, 2000)

/** Messages of hosts that are right, for a server over either transport. */
const calls = [
  { method: "tools/list", params: {} },
  { method: "tools/call", params: { name: "list_participants", arguments: channel(1) } },
  { method: "tools/call", params: { name: "find_conversations", arguments: { standing: "wrapping", limit: 1 } } },
  {
    method: "tools/call",
    params: { name: "set_participant_status", arguments: { ...write(1, 2, "wrapup"), dry_run: true } }
  },
  { method: "tools/call", params: { name: "set_participant_status", arguments: write(1, 2, "closed") } },
  { method: "tools/call", params: { name: "end_conversation", arguments: { ...channel(1), status: "closed" } } },
  { method: "ping", params: {} },
  { method: "server/discover", params: {} },
  { method: "resources/list", params: {} },
  { method: "prompts/get", params: { name: "x" } },
  { method: "logging/setLevel", params: { level: "debug" } },
  {
    method: "initialize",
    params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "x", version: "1" } }
  },
  { method: "notifications/cancelled", params: { requestId: 1, reason: "x" } },
  { method: "notifications/progress", params: { progressToken: 1, progress: 1 } }
]

const messageOf = (pick: Pick, isModern: boolean) => {
  const { method, params } = pick(calls)
  const id = method.startsWith("notifications/") ? {} : { id: pick<unknown>([1, 2, "a", 0, -1, null, 1.5]) }
  return { jsonrpc: "2.0", ...id, method, params: isModern ? { ...params, _meta: envelope() } : params }
}

const isMessage = (value: unknown): boolean =>
  Array.isArray(value) ? value.every(isMessage) : typeof value === "object" && value !== null && "jsonrpc" in value

/** What each server has: a Twilio that counts what it is asked to change, and confirmation of every change. */
const twilio = async () => {
  const served = await startSandbox()
  return {
    served,
    changes: () => {
      const changes = served.requests.filter((request) => !request.startsWith("GET "))
      served.requests.length = 0
      return changes.length === 0 ? undefined : `a change was sent that nobody asked for: ${changes.join()}`
    }
  }
}

const overStdio = (isModern: boolean): Target => ({
  name: `frames over stdio, ${isModern ? "2026-07-28" : "2025-11-25"}`,
  share: 20,
  open: async () => {
    const { changes, served } = await twilio()
    const env = Host.environment(served.url, { TASKROUTER_API_BASE_URL: served.url, FLEX_API_RATE_LIMIT: "off" })
    const host = Host.raw(["--confirm=always", "--allow-end"], env)
    if (!isModern) await host.initialize("2025-11-25")
    let last = ""
    let sent = 0
    const settle = async () => {
      const id = `end ${sent}`
      const params = isModern ? { _meta: envelope() } : {}
      // What was cut before a line feed ends here.
      host.send(`\n${JSON.stringify({ jsonrpc: "2.0", id, method: "tools/list", params })}\n`)
      const problem = await Promise.race([
        host.until(() => host.messages.find((message) => String(message.id) === id)).then(() => undefined),
        host.closed.then(([code]) => `the server ended (${code}) after ${last}`)
      ])
      const wrong = host.messages.find((message) => message.method === "not the protocol" || !isMessage(message))
      host.messages.length = 0
      if (problem !== undefined) return problem
      if (wrong !== undefined) return `stdout has something else than the protocol: ${short(wrong)}`
      if (hasSecret(host.stderr())) return "stderr has a secret"
      return changes()
    }
    return {
      run: async (pick) => {
        last = frame(pick, pick([true, true, true, true, false]) ? messageOf(pick, isModern) : json(pick))
        sent += 1
        if (!host.send(`${last}\n`)) await new Promise((resolve) => host.child.stdin.once("drain", resolve))
        return sent % 200 === 0 ? settle() : undefined
      },
      settle,
      close: async () => {
        await host.end()
        await served.close()
      }
    }
  }
})

/** Serving over HTTP, in this process and as fast as it can: no rate limit, and a Twilio without a port. */
const handler = async () => {
  const sandbox = Sandbox.make()
  const sent: Array<string> = []
  const twilio = (input: string | URL | Request, init?: RequestInit) => {
    const request = new Request(input, init)
    if (request.method !== "GET") sent.push(`${request.method} ${request.url}`)
    return sandbox.fetch(request)
  }
  const { accountSid, authToken } = sandbox.credentials
  const limits = { allowEnd: true, confirm: "always" } as const
  const scope = await Effect.runPromise(Scope.make())
  const client = TwilioClient.layer({
    credentials: { accountSid, authToken: Redacted.make(authToken) },
    rateLimit: false
  }).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, twilio as typeof fetch))
  )
  const answer = await Layer.build(
    Tools.services({ ...limits, workspaceSid: Sandbox.ready.workspaceSid }).pipe(Layer.provide(client))
  ).pipe(
    Effect.flatMap((services) => Effect.provide(Calls.make(limits), services)),
    // The audit is not what is looked at.
    Effect.provideService(
      Console.Console,
      Object.assign(Object.create(console) as Console.Console, { error: () => {} })
    ),
    Scope.provide(scope),
    Effect.runPromise
  )
  const url = "https://mcp.example.com/mcp"
  const made = Http.make({
    server: Server.make({ version: "0.0.0", offer: Limits.offer(limits) }, answer),
    url: new URL(url)
  })
  const changes = () => {
    const all = sent.splice(0)
    return all.length === 0 ? undefined : `a change was sent that nobody asked for: ${all.join()}`
  }
  const post = async (body: string, headers: Record<string, string> = {}, method = "POST") => {
    const init = {
      method,
      headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", ...headers },
      ...(method === "GET" ? undefined : { body })
    }
    const response = await made.fetch(new Request(url, init))
    return { status: response.status, said: method === "GET" ? "" : await response.text() }
  }
  return {
    changes,
    post,
    /** A call of the 2026 revision. */
    call: (params: { readonly [key: string]: unknown }, capabilities: object = {}) =>
      post(
        JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { ...params, _meta: envelope(capabilities) }
        }),
        { "Mcp-Method": "tools/call", "Mcp-Name": String(params["name"]), "MCP-Protocol-Version": "2026-07-28" }
      ),
    close: async () => {
      await made.close()
      await Effect.runPromise(Scope.close(scope, Exit.void))
    }
  }
}

/** The message of a reply over HTTP, be it JSON or an event. */
const messageIn = (said: string): unknown => {
  const data = said.startsWith("{") || said.startsWith("[") ? said : (/^data: (.+)$/mu.exec(said)?.[1] ?? "null")
  return Result.getOrElse(
    Result.try(() => JSON.parse(data) as unknown),
    () => undefined
  )
}

const wrongOf = ({ said, status }: { readonly status: number; readonly said: string }, what: unknown) => {
  if (status >= 500) return `HTTP ${status} for ${short(what)}: ${short(said)}`
  if (hasSecret(said)) return `a secret was told for ${short(what)}`
  if (said.includes("failed in an unexpected way")) return `a defect, by ${short(what)}`
  return messageIn(said) === undefined ? `no message came for ${short(what)}: ${short(said)}` : undefined
}

const overHttp: Target = {
  name: "frames over HTTP, both revisions",
  share: 20,
  open: async () => {
    const { changes, close, post } = await handler()
    return {
      run: async (pick) => {
        const isModern = pick([true, false])
        const message = pick([true, true, true, true, false]) ? messageOf(pick, isModern) : json(pick)
        const body = frame(pick, message)
        const method = short(Object(message)["method"] ?? "x").replaceAll(/[^\w/]/gu, "")
        const headers: Record<string, string> = isModern
          ? { "MCP-Protocol-Version": pick(["2026-07-28", "2026-07-28", "2099-01-01"]), "Mcp-Method": method }
          : pick<Record<string, string>>([
              {},
              { "MCP-Protocol-Version": "2025-11-25" },
              { "MCP-Protocol-Version": "1" }
            ])
        const odd = pick<Record<string, string>>([
          {},
          {},
          {},
          { "Content-Type": "text/plain" },
          { Accept: "*/*" },
          { "Mcp-Session-Id": "x" }
        ])
        return wrongOf(
          await post(body, { ...headers, ...odd }, pick(["POST", "POST", "POST", "POST", "PUT", "DELETE"])),
          body
        )
      },
      settle: async () => changes(),
      close
    }
  }
}

const toolArguments: Target = {
  name: "arguments of tools",
  share: 5,
  open: async () => {
    const { call, changes, close } = await handler()
    return {
      run: async (pick) => {
        const { params } = pick(calls.slice(1, 6))
        const args = pick([() => changed(pick, Object(params)["arguments"]), () => json(pick)])()
        const name: unknown = Object(params)["name"]
        return wrongOf(await call({ ...params, arguments: args }), { name, args })
      },
      settle: async () => changes(),
      close
    }
  }
}

const cursors: Target = {
  name: "cursors",
  share: 5,
  open: async () => {
    const { call, changes, close } = await handler()
    const first = await call({ name: "find_conversations", arguments: { standing: "active", limit: 1 } })
    const cursor = /"next_cursor":"([\w-]+)"/u.exec(first.said)?.[1] ?? ""
    if (cursor === "") throw new Error(`no cursor came: ${first.said}`)
    const plain = Buffer.from(cursor, "base64url").toString()
    return {
      run: async (pick) => {
        const one = pick([
          () => mangled(pick, cursor),
          () => Buffer.from(mangled(pick, plain)).toString("base64url"),
          () => Buffer.from(frame(pick, JSON.parse(plain))).toString("base64url"),
          () => Buffer.from(JSON.stringify(json(pick))).toString("base64url"),
          () => text(pick)
        ])()
        const name = pick(["find_conversations", "list_participants"])
        const args = name === "find_conversations" ? { standing: "active", limit: 1 } : { ...channel(1), limit: 1 }
        return wrongOf(await call({ name, arguments: { ...args, cursor: one } }), one)
      },
      settle: async () => changes(),
      close
    }
  }
}

/** Do two states say and sign the same? Base64 can have line feeds in it. */
const isSame = (one: unknown, other: string): boolean => {
  const [version, said = "", signed = ""] = typeof one === "string" ? one.split(".") : []
  const [, own = "", signature = ""] = other.split(".")
  const same = (one: string, other: string) => Buffer.from(one, "base64url").equals(Buffer.from(other, "base64url"))
  return version !== undefined && same(said, own) && same(signed, signature)
}

const confirmations: Target = {
  name: "states of confirmation",
  share: 1,
  open: async () => {
    const { call, changes, close } = await handler()
    const params = { name: "set_participant_status", arguments: write(2, 2, "wrapup") }
    const canAsk = { elicitation: { form: {} } }
    const asked = await call(params, canAsk)
    const state = /"requestState":"([^"]+)"/u.exec(asked.said)?.[1] ?? ""
    if (state === "") throw new Error(`no question came: ${asked.said}`)
    return {
      run: async (pick) => {
        const mine = pick([() => mangled(pick, state), () => text(pick), () => json(pick), () => state])()
        const answers = { confirm: { action: "accept", content: {} } }
        // With the state as it was, however it is written, only what no longer is an answer.
        const inputResponses = isSame(mine, state)
          ? json(pick)
          : pick([() => answers, () => changed(pick, answers), () => json(pick)])()
        const reply = await call({ ...params, requestState: mine, inputResponses }, canAsk)
        const problem = wrongOf(reply, { mine, inputResponses }) ?? changes()
        return problem === undefined ? undefined : `${problem}, by ${short({ state, mine, inputResponses })}`
      },
      settle: async () => changes(),
      close
    }
  }
}

const agent = Result.getOrThrow(
  Participant.participant(`KD${"1".repeat(32)}`, `UO${"1".repeat(32)}`, `UT${"1".repeat(32)}`)
)
const own = (prefix: string) => `${prefix}${"1".repeat(32)}` as never

const replyTo = (pick: Pick): Response => {
  const status = pick([
    200, 200, 200, 200, 201, 202, 204, 205, 206, 301, 304, 307, 400, 401, 403, 404, 409, 422, 429, 451, 500, 502, 503
  ])
  const row = {
    sid: own("UT"),
    type: "agent",
    channel_sid: own("UO"),
    interaction_sid: own("KD"),
    task_sid: own("WT"),
    worker_sid: own("WK"),
    workspace_sid: own("WS"),
    reservation_status: "accepted",
    assignment_status: "assigned",
    status: "active",
    attributes: JSON.stringify({ flexInteractionSid: own("KD"), flexInteractionChannelSid: own("UO") }),
    routing_properties: { task_sid: own("WT"), worker_sid: own("WK"), reservation_sid: own("WR") },
    date_updated: "2026-01-01T00:00:00Z"
  }
  const name = pick(["participants", "channels", "tasks", "reservations", "workers", "events", "invites"])
  const list = {
    [name]: [row, row],
    meta: { page: 0, key: name, next_page_url: pick([null, "https://x.example/?PageToken=PT1", "x"]) }
  }
  const error = { code: 20404, message: `no, ${pick([secret, encoded, "x"])}`, more_info: "https://x.example", status }
  const body = pick([true, false])
    ? frame(
        pick,
        pick<unknown>([row, { ...row, sid: pick(["UT", "UO", "WT", "WR", "WK"].map(own)) }, list, list, error])
      )
    : pick([() => text(pick), () => JSON.stringify(json(pick)), () => `<html>${secret}`])()
  const headers: Record<string, string> = pick<Record<string, string>>([
    {},
    { Date: "Tue, 24 Nov 2026 10:00:00 GMT" },
    { Date: "never" },
    { "Retry-After": pick(["0", "-1", "x", "99999999999", "Tue, 24 Nov 2026 10:00:00 GMT", "1.5"]) },
    { "Twilio-Request-Id": pick([`RQ${"a".repeat(32)}`, "RQ", encoded]) },
    { Location: "https://x.example" }
  ])
  return new Response([204, 205, 304].includes(status) ? null : body, { status, headers })
}

type Asking = Effect.Effect<
  unknown,
  unknown,
  | Channels.Channels
  | Conversations.Conversations
  | Events.Events
  | Participants.Participants
  | Tasks.Tasks
  | Workers.Workers
>

const replies: Target = {
  name: "replies of Twilio",
  share: 10,
  open: async () => {
    const asks: { readonly reads: ReadonlyArray<Asking>; readonly writes: ReadonlyArray<Asking> } = {
      reads: [
        Participants.Participants.use((all) => all.list(agent, { limit: 5000 })),
        Participants.Participants.use((all) => all.page(agent)),
        Channels.Channels.use((all) => all.get(agent)),
        Channels.Channels.use((all) => all.ofInteraction(agent.interactionSid)),
        Channels.Channels.use((all) => all.invites(agent)),
        Tasks.Tasks.use((all) => all.get(own("WT"))),
        Tasks.Tasks.use((all) => all.reservations(own("WT"))),
        Tasks.Tasks.use((all) => all.reservation(own("WT"), own("WR"))),
        Tasks.Tasks.use((all) => Stream.runCount(all.stream({ channel: agent }))),
        Workers.Workers.use((all) => all.find("ana")),
        Workers.Workers.use((all) => Stream.runCount(all.reservations(own("WK"), "wrapping"))),
        Events.Events.use((all) => Stream.runCount(all.stream())),
        Conversations.Conversations.use((all) => all.roster(agent)),
        Conversations.Conversations.use((all) => all.findPage({ task: own("WT") }))
      ],
      writes: [
        Participants.Participants.use((all) => all.setStatus(agent, "closed")),
        Channels.Channels.use((all) => all.update(agent, { status: "closed" })),
        Conversations.Conversations.use((all) => all.move(agent, "closed")),
        Conversations.Conversations.use((all) => all.end(agent, "inactive"))
      ]
    }
    return {
      run: async (pick) => {
        const isWrite = pick([true, false, false, false])
        const sent: Array<string> = []
        let replied = 0
        const client = HttpClient.make((request) =>
          Effect.sync(() => {
            sent.push(request.method)
            // A list that goes on for ever would be another's fault.
            const reply = ++replied > 60 ? new Response("", { status: 500 }) : replyTo(pick)
            return HttpClientResponse.fromWeb(request, reply)
          })
        )
        const services = Conversations.layer.pipe(
          Layer.provideMerge(
            Layer.mergeAll(Channels.layer, Events.layer, Participants.layer, Tasks.layer, Workers.layer)
          ),
          Layer.provide(Workspace.layer({ workspaceSid: own("WS") })),
          Layer.provide(
            TwilioClient.layer({
              credentials,
              rateLimit: false,
              retry: { times: 1, base: "1 millis", maxDelay: "10 millis" }
            })
          ),
          Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
        )
        const ask = pick(isWrite ? asks.writes : asks.reads)
        const exit = await Effect.runPromiseExit(ask.pipe(Effect.provide(services), faster(2000)))
        if (Exit.isSuccess(exit))
          return hasSecret(JSON.stringify(exit.value) ?? "") ? "a secret is in what was read" : undefined
        if (Cause.hasDies(exit.cause)) return `a defect: ${Cause.pretty(exit.cause)}`
        const error = Cause.squash(exit.cause)
        const said = `${error instanceof Error ? error.message : ""} ${JSON.stringify(error)}`
        if (hasSecret(said)) return `a secret is in an error: ${said}`
        const changes = sent.filter((method) => method !== "GET").length
        return changes > (isWrite ? 2 : 0) ? `${changes} changes were sent` : undefined
      },
      close: async () => {}
    }
  }
}

const settings: Target = {
  name: "settings",
  share: 10,
  open: async () => {
    const all: ReadonlyArray<Settings.Setting> = Object.values(Settings.table)
    const good = [
      "true",
      "off",
      "AC00000000000000000000000000000001",
      "SK00000000000000000000000000000001",
      "https://x.example",
      "20",
      "wrapup",
      "always",
      "dublin",
      "ie1",
      "1"
    ]
    const silent = Logger.layer([])
    return {
      run: async (pick) => {
        const value = () =>
          pick([() => text(pick), () => pick(good), () => mangled(pick, pick(good)), () => pick([secret, token])])()
        const some = Array.from({ length: pick([0, 1, 2, 4, 8]) }, () => pick(all))
        const env = Object.fromEntries(
          some.map(({ env, secret: isSecret }) => [
            env,
            isSecret === true
              ? `${secret}${pick(["", text(pick)])}`
              : value().replaceAll(secret, "").replaceAll(token, "")
          ])
        )
        // A file of this machine is nobody's business here.
        for (const name of Object.keys(env))
          if (name.endsWith("_FILE") || name.endsWith("_CERTS")) env[name] = "/nowhere"
        const argv = Array.from({ length: pick([0, 1, 2, 4]) }, () =>
          pick([
            () => text(pick),
            () => `--${pick(all).flag ?? "x"}`,
            () => `--${pick(all).flag ?? "x"}=${pick(good)}`,
            () => mangled(pick, `--${pick(all).flag ?? "x"}=1`)
          ])()
        )
        const line = Settings.parse(argv)
        if ("problem" in line) return line.problem === "" ? `no problem is named for ${short(argv)}` : undefined
        const given = Object.fromEntries(Object.entries(line.given).filter(([name]) => !/FILE|SEED/u.test(name)))
        const program = Effect.gen(function* () {
          const written = yield* Settings.written
          yield* Settings.limits(written)
          yield* Settings.workspace(written)
          yield* Settings.onSandbox(written)
          yield* TwilioClient.fromConfig
        }).pipe(
          Effect.provide(
            Settings.layer(given).pipe(
              Layer.provideMerge(Layer.merge(ConfigProvider.layer(ConfigProvider.fromEnv({ env })), silent))
            )
          )
        )
        const exit = await Effect.runPromiseExit(program as Effect.Effect<unknown, unknown>)
        if (Exit.isSuccess(exit)) return undefined
        if (Cause.hasDies(exit.cause)) return `a defect by ${short({ argv, env })}: ${Cause.pretty(exit.cause)}`
        const error = Cause.squash(exit.cause)
        if (!(error instanceof TwilioClient.SettingsError))
          return `another error by ${short({ argv, env })}: ${String(error)}`
        return error.message.includes(secret) ? `a secret is in ${error.message}` : undefined
      },
      close: async () => {}
    }
  }
}

const isSeedError = (error: unknown) =>
  error instanceof Sandbox.SeedError || (error instanceof Error && error.name === "SeedError")

const seeds: Target = {
  name: "seeds, faults and settings of the sandbox",
  share: 6,
  open: async () => {
    const seed = {
      settings: { reservationDelay: 0 },
      workspaces: [{ friendly_name: "Flex Task Assignment" }],
      workers: [{ friendly_name: "ana", attributes: { full_name: "Ana" } }],
      interactions: [
        {
          sid: own("KD"),
          channels: [
            {
              sid: own("UO"),
              status: "active",
              participants: [{ type: "customer" }, { type: "agent", worker: "ana", status: "wrapup", minutes: 3 }],
              waiting: [{ worker: "ana" }]
            }
          ]
        }
      ],
      tasks: [{ attributes: "x", worker: "ana", assignment_status: "assigned" }]
    }
    const fault = { kind: "answer", status: 200, body: {}, resource: "tasks", times: 1 }
    return {
      run: async (pick) => {
        const body = pick([
          () => frame(pick, seed),
          () => frame(pick, seed),
          () => frame(pick, fault),
          () => frame(pick, seed.settings)
        ])()
        for (const [what, read] of Object.entries({
          seed: (body: string) => Sandbox.make({ seed: Input.seed(body) }),
          fault: (body: string) => Sandbox.make().faults.add(Input.fault(body)),
          settings: Input.settings
        })) {
          const outcome = Result.try(() => read(body))
          if (Result.isFailure(outcome)) {
            const error: unknown = Object(outcome.failure)["cause"] ?? outcome.failure
            if (!isSeedError(error)) return `${what} fails with ${String(error)} by ${short(body)}`
          }
          if (what === "seed" && pick([true, false])) break
        }
        return undefined
      },
      close: async () => {}
    }
  }
}

const sweepOptions: Target = {
  name: "options of the sweep",
  share: 3,
  open: async () => {
    const flags = [
      "wrapping-longer-than",
      "alone-longer-than",
      "alone-action",
      "look-back",
      "worker",
      "worker-action",
      "if-last-agent",
      "only-queue",
      "limit",
      "apply",
      "json",
      "every",
      "rate-limit-share"
    ]
    const good = ["15m", "24h", "closed", "inactive", "wrapup", "allow", "1", "0.5", "ana", "true"]
    const command = CliCommand.runWith(Sweep.make({ isTerminal: false, exit: () => {} }), { version: "0" })
    let asked = 0
    const http = HttpClient.make((request) =>
      Effect.sync(() => {
        asked += 1
        return HttpClientResponse.fromWeb(request, new Response())
      })
    )
    return {
      run: async (pick) => {
        const argv = Array.from({ length: pick([0, 1, 2, 3, 5]) }, () =>
          pick([
            () => `--${pick(flags)}`,
            () => `--${pick(flags)}=${pick([() => pick(good), () => text(pick), () => mangled(pick, pick(good))])()}`,
            () => pick(good),
            () => text(pick),
            () => mangled(pick, `--${pick(flags)}=${pick(good)}`)
          ])()
        ).filter((arg) => !/^--(help|version|completions|wizard|log-level)/u.test(arg) && arg !== "-h")
        const exit = await Effect.runPromiseExit(
          command(argv).pipe(
            Effect.provideService(CliOutput.Presenter, { present: () => Effect.void }),
            Effect.provide([
              NodeServices.layer,
              Layer.succeed(HttpClient.HttpClient, http),
              // Without credentials nothing can be sent.
              ConfigProvider.layer(ConfigProvider.fromEnv({ env: {} })),
              Logger.layer([])
            ])
          ) as Effect.Effect<unknown, unknown>
        )
        if (asked > 0) return `something was sent by ${short(argv)}`
        // Help is a success.
        if (Exit.isSuccess(exit)) return undefined
        return Cause.hasDies(exit.cause) ? `a defect by ${short(argv)}: ${Cause.pretty(exit.cause)}` : undefined
      },
      close: async () => {}
    }
  }
}

export const targets: ReadonlyArray<Target> = [
  overStdio(false),
  overStdio(true),
  overHttp,
  toolArguments,
  cursors,
  confirmations,
  replies,
  settings,
  seeds,
  sweepOptions
]
