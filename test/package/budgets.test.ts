/** What users pay for whatever their machine: bytes, packages, modules, requests. Timings are the bench's: docs/performance.md. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, dirname, join } from "node:path"
import { text } from "node:stream/consumers"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { TwilioClient, Participant, Participants } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { main } from "../support/command.ts"
import { type Served, start } from "../support/served.ts"

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const requests = [
  {
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } }
  },
  { method: "notifications/initialized" },
  { id: 2, method: "tools/list", params: {} }
]

/** Starts the server as a host does, ends it after the answer of `tools/list`, and gives what was loaded until then. */
const loaded = async () => {
  const coverage = mkdtempSync(join(tmpdir(), "budgets-"))
  const child = spawn(process.execPath, ["-r", at("../support/loaded.cjs"), main], {
    env: {
      PATH: process.env["PATH"],
      NODE_V8_COVERAGE: coverage,
      TWILIO_API_KEY: Sandbox.make().credentials.apiKey,
      TWILIO_API_SECRET: Sandbox.make().credentials.apiSecret
    },
    stdio: ["pipe", "pipe", "inherit", "pipe"]
  })
  const [stdin, stdout, , third] = child.stdio as unknown as [Writable, Readable, null, Readable]
  const answers = text(stdout)
  const builtin = text(third)
  stdin.end(requests.map((request) => `${JSON.stringify({ jsonrpc: "2.0", ...request })}\n`).join(""))
  await once(child, "close")
  assert.include(await answers, "set_participant_status")
  const { result } = JSON.parse(readFileSync(join(coverage, readdirSync(coverage)[0] ?? ""), "utf8")) as {
    readonly result: ReadonlyArray<{ readonly url: string }>
  }
  rmSync(coverage, { recursive: true })
  return {
    files: result
      .filter(({ url }) => url.startsWith("file:"))
      .map(({ url }) => fileURLToPath(url))
      .filter((path) => basename(path) !== "loaded.cjs"),
    builtin: JSON.parse(await builtin) as ReadonlyArray<string>
  }
}

describe("before the first answer over stdio", () => {
  let found: Awaited<ReturnType<typeof loaded>>
  beforeAll(async () => {
    found = await loaded()
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
