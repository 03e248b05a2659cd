/** What users pay for whatever their machine: bytes, packages, modules, requests. Timings are the bench's: docs/performance.md. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { TwilioClient, Participant, Participants } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { countTokens } from "gpt-tokenizer"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { channel, type Message, read, write } from "../support/calls.ts"
import { main } from "../support/command.ts"
import { type Served, start } from "../support/served.ts"

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const { apiKey, apiSecret } = Sandbox.defaultCredentials

/** Starts the server as a host does, sends these requests one after another, ends it, and gives the results and what was loaded. */
const session = async (
  requests: ReadonlyArray<Pick<Message, "method" | "params">>,
  env: Record<string, string> = {}
) => {
  const coverage = mkdtempSync(join(tmpdir(), "budgets-"))
  const child = spawn(process.execPath, ["-r", at("../support/loaded.cjs"), main], {
    env: {
      PATH: process.env["PATH"],
      NODE_V8_COVERAGE: coverage,
      TWILIO_API_KEY: apiKey,
      TWILIO_API_SECRET: apiSecret,
      ...env
    },
    stdio: ["pipe", "pipe", "ignore", "pipe"]
  })
  const [stdin, stdout, , third] = child.stdio as unknown as [Writable, Readable, null, Readable]
  const builtin = text(third)
  const closed = once(child, "close")
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]()
  const send = (message: Message) => stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  const request = async (message: Message) => {
    send(message)
    const { value } = await answers.next()
    return (JSON.parse(String(value)) as Message).result ?? assert.fail(String(value))
  }
  const clientInfo = { name: "test", version: "1" }
  await request({
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo }
  })
  send({ method: "notifications/initialized" })
  const results: Array<NonNullable<Message["result"]>> = []
  for (const [index, message] of requests.entries()) results.push(await request({ id: index + 2, ...message }))
  stdin.end()
  await closed
  const { result } = JSON.parse(readFileSync(join(coverage, readdirSync(coverage)[0] ?? ""), "utf8")) as {
    readonly result: ReadonlyArray<{ readonly url: string }>
  }
  rmSync(coverage, { recursive: true })
  return {
    results,
    files: result
      .filter(({ url }) => url.startsWith("file:"))
      .map(({ url }) => fileURLToPath(url))
      .filter((path) => basename(path) !== "loaded.cjs"),
    builtin: JSON.parse(await builtin) as ReadonlyArray<string>
  }
}

describe("before the first answer over stdio", () => {
  let found: Awaited<ReturnType<typeof session>>
  beforeAll(async () => {
    found = await session([{ method: "tools/list", params: {} }])
    assert.include(JSON.stringify(found.results), "set_participant_status")
  })

  it("two files of the package are loaded, and nothing else but Node", () => {
    assert.deepStrictEqual(found.files.map((path) => basename(path)).toSorted(), ["main-start.cjs", "main.cjs"])
  })

  it("no part of the package is loaded by import(), for which Node would read it twice", () => {
    const dist = dirname(main)
    for (const file of readdirSync(dist).filter((name) => name.endsWith(".cjs")))
      assert.notMatch(readFileSync(join(dist, file), "utf8"), /\bimport\(["'`]\./u, file)
  })

  it("they have less than 500 KB, gzipped 145 KB", () => {
    const bytes = found.files.reduce((sum, path) => sum + statSync(path).size, 0)
    const gzipped = found.files.reduce((sum, path) => sum + gzipSync(readFileSync(path)).length, 0)
    assert.isBelow(bytes, 500_000)
    assert.isBelow(gzipped, 145_000)
  })

  it("of Node nothing is loaded for HTTP, TLS, fetch, cryptography or files by promises", () => {
    for (const name of [
      "fs/promises",
      "http",
      "https",
      "tls",
      "crypto",
      "internal/crypto/webcrypto",
      "internal/deps/undici/undici"
    ]) {
      assert.notInclude(found.builtin, name)
    }
  })
})

/**
 * A usual call of each tool on the ready-made world. Budgets are some percent above what it takes: a change that passes them is to
 * be one that somebody meant.
 */
const tools = [
  {
    name: "find_conversations",
    args: { standing: "wrapping" },
    listed: { bytes: 2150, tokens: 560 },
    // Three conversations.
    answered: 310,
    // A page of tasks, and for each conversation its reservations and its participants.
    requests: 7,
    withoutTaskRouter: 0
  },
  {
    name: "list_participants",
    args: channel(4),
    listed: { bytes: 2550, tokens: 650 },
    // A customer and two agents, and what cannot be known without TaskRouter.
    answered: 160,
    // Participants, channel, and a reservation for each agent.
    requests: 4,
    withoutTaskRouter: 2
  },
  {
    name: "set_participant_status",
    args: write(4, 3, "wrapup"),
    listed: { bytes: 2350, tokens: 590 },
    answered: 140,
    // As list_participants, who is on the way; the change; reservation and channel again.
    requests: 8,
    withoutTaskRouter: 4
  },
  {
    name: "end_conversation",
    args: { ...channel(1), status: "closed" },
    listed: { bytes: 1650, tokens: 430 },
    answered: 100,
    // Participants, channel, its agent's reservation; the change; reservation and channel again.
    requests: 6,
    withoutTaskRouter: 4
  }
] as const

describe("a tool", () => {
  for (const { answered, args, listed, name, requests, withoutTaskRouter } of tools) {
    for (const [what, most, env] of [
      ["with TaskRouter", requests, {}],
      ["where TaskRouter is turned off", withoutTaskRouter, { TASKROUTER_API_BASE_URL: "" }]
    ] as const) {
      it(`${name}, ${what}: what it costs to know and to call it`, async () => {
        const served = await start()
        const { builtin, files, results } = await session(
          [
            { method: "tools/list", params: {} },
            { method: "tools/call", params: { name, arguments: args } }
          ],
          {
            FLEX_API_BASE_URL: served.url,
            TASKROUTER_API_BASE_URL: served.url,
            TWILIO_WORKSPACE_SID: Sandbox.ready.workspaceSid,
            FLEX_MCP_ALLOW_END: "true",
            ...env
          }
        )
        await served.close()
        const [list, answer] = results
        const offered = list?.["tools"] as ReadonlyArray<{ readonly name: string }>
        const tool = JSON.stringify(offered.find((tool) => tool.name === name))
        assert.isAtMost(Buffer.byteLength(tool), listed.bytes, "bytes of the tool in tools/list")
        assert.isAtMost(countTokens(tool), listed.tokens, "tokens of the tool in tools/list")
        const { isError, text } = read(answer)
        assert.strictEqual(isError, most === 0, text)
        assert.isAtMost(countTokens(text), answered, `tokens of ${text}`)
        assert.lengthOf(served.requests, most, served.requests.join("\n"))
        assert.deepStrictEqual(files.map((path) => basename(path)).toSorted(), [
          "main-Calls.cjs",
          "main-rolldown-runtime.cjs",
          "main-start.cjs",
          "main.cjs"
        ])
        for (const name of ["http2", "internal/deps/undici/undici"]) assert.notInclude(builtin, name)
      })
    }
  }
})

describe("packages installed", () => {
  const manifest = (name: string) =>
    JSON.parse(readFileSync(at(`../../packages/${name}/package.json`), "utf8")) as {
      readonly dependencies?: object
      readonly peerDependencies?: object
      readonly optionalDependencies?: object
    }

  for (const name of ["mcp", "sandbox"]) {
    it(`${name} alone`, () => {
      const { dependencies, optionalDependencies, peerDependencies } = manifest(name)
      assert.isEmpty({ ...dependencies, ...optionalDependencies, ...(name === "mcp" ? peerDependencies : undefined) })
    })
  }

  it("core, and effect", () => {
    assert.isUndefined(manifest("core").dependencies)
    assert.deepStrictEqual(Object.keys(manifest("core").peerDependencies ?? {}), ["effect"])
  })
})

describe("requests sent", () => {
  const interaction = `KD${"7".repeat(32)}`
  const channel = `UO${"7".repeat(32)}`
  const everyone = 2500

  let served: Served
  beforeAll(async () => {
    const participants = Array.from({ length: everyone }, () => ({ type: "customer" as const }))
    const interactions = [{ sid: interaction, channels: [{ sid: channel, participants }] }]
    served = await start(Sandbox.make({ seed: { interactions } }))
  })
  afterAll(() => served.close())

  const count = async <A, E>(
    use: (service: Participants.Participants["Service"], ref: Participant.ChannelRef) => Effect.Effect<A, E>
  ) => {
    served.requests.length = 0
    const { apiKey, apiSecret } = served.sandbox.credentials
    const client = TwilioClient.layer({
      baseUrl: served.url,
      credentials: { apiKey, apiSecret: Redacted.make(apiSecret) }
    }).pipe(Layer.provide(FetchHttpClient.layer))
    const program = Effect.gen(function* () {
      const ref = yield* Effect.fromResult(Participant.channel(interaction, channel))
      return yield* use(yield* Participants.Participants, ref)
    })
    const result = await Effect.runPromise(Effect.provide(program, Participants.layer.pipe(Layer.provide(client))))
    return { result, sent: served.requests.length }
  }

  it(`a list of ${everyone}: one for each 1,000`, async () => {
    const { result, sent } = await count((participants, ref) => participants.list(ref))
    assert.lengthOf(result, everyone)
    assert.strictEqual(sent, 3)
  })

  it(`a stream of ${everyone}: one for each 1,000`, async () => {
    const { result, sent } = await count((participants, ref) => Stream.runCount(participants.stream(ref)))
    assert.strictEqual(result, everyone)
    assert.strictEqual(sent, 3)
  })

  it("the first 50: one, and for 50", async () => {
    const { result, sent } = await count((participants, ref) => participants.list(ref, { limit: 50 }))
    assert.lengthOf(result, 50)
    assert.strictEqual(sent, 1)
    assert.include(served.requests[0], "PageSize=50")
  })

  it("the first of a stream: one, and no page ahead", async () => {
    const { sent } = await count((participants, ref) => Stream.runHead(participants.stream(ref)))
    assert.strictEqual(sent, 1)
  })
})
