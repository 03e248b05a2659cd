/** The ways of using a sandbox other than the command: an Effect layer, a fixture of Vitest, inside the MCP server. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { TwilioClient, Participant, Participants } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import * as SandboxLayer from "@flex-interactions/sandbox/layer"
import { serve } from "@flex-interactions/sandbox/serve"
import { Effect, Layer, Redacted, Result } from "effect"
import { afterAll, assert, beforeAll, describe, it, test } from "vitest"
import { connect, main } from "../support/host.ts"
import { list, modify, path, sid, statusOf } from "../support/requests.ts"

describe("as Effect's HttpClient", () => {
  const agent = Result.getOrThrow(Participant.participant(sid(1, "KD"), sid(1, "UO"), sid(1, "UT", 2)))

  const wrapUp = (sandbox: Sandbox.Sandbox) =>
    Effect.gen(function* () {
      const participants = yield* Participants.Participants
      return yield* participants.setStatus(agent, "wrapup")
    }).pipe(
      Effect.provide(
        Participants.layer.pipe(
          Layer.provide(
            TwilioClient.layer({
              credentials: {
                apiKey: sandbox.credentials.apiKey,
                apiSecret: Redacted.make(sandbox.credentials.apiSecret)
              }
            })
          ),
          Layer.provide(SandboxLayer.layer(sandbox))
        )
      )
    )

  it("carries requests out, whatever their origin", async () => {
    const sandbox = Sandbox.make()
    await Effect.runPromise(wrapUp(sandbox))
    assert.strictEqual(statusOf(sandbox, 1, 2), "wrapup")
  })

  it("loses a connection as the network does", async () => {
    const sandbox = Sandbox.make()
    sandbox.faults.add({ kind: "drop", when: "after", method: "POST" })
    const error = await Effect.runPromise(Effect.flip(wrapUp(sandbox)))
    assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : error._tag, "OutcomeUnknown")
    assert.strictEqual(statusOf(sandbox, 1, 2), "wrapup")
  })
})

describe("as a fixture of Vitest", () => {
  const withTwilio = test.extend("seed", Sandbox.readyMade).extend("twilio", async ({ seed }, { onCleanup }) => {
    const served = await serve(Sandbox.make({ seed }))
    onCleanup(served.close)
    return served
  })

  withTwilio("gives each test a sandbox of its own, behind a port", async ({ twilio }) => {
    assert.strictEqual((await fetch(modify(twilio.url, 1, 2, "closed"))).status, 200)
  })

  withTwilio("with nothing left of the test before", async ({ twilio }) => {
    assert.strictEqual(statusOf(twilio.sandbox, 1, 2), "active")
    assert.strictEqual(twilio.env["FLEX_API_BASE_URL"], twilio.url)
  })

  describe("with interactions of its own", () => {
    withTwilio.override("seed", { interactions: [] })
    withTwilio("has those and no others", ({ twilio }) => {
      assert.strictEqual(twilio.sandbox.state.size, 0)
    })
  })

  it("frees its port at the end of a block, too", async () => {
    const url = await (async () => {
      await using served = await serve()
      assert.strictEqual((await fetch(list(served.url, 1))).status, 200)
      return served.url
    })()
    const error: unknown = await fetch(url).catch((error: unknown) => error)
    assert.instanceOf(error, TypeError)
  })

  it("says that a port is taken", async () => {
    await using served = await serve()
    const { port } = new URL(served.url)
    const error: unknown = await serve(Sandbox.make(), { port: Number(port) }).catch((error: unknown) => error)
    assert.match(String(error), new RegExp(`port ${port} is taken; port 0 picks a free one`, "u"))
  })

  it("leaves the globals of the program alone", async () => {
    const before = [globalThis.Request, globalThis.Response]
    await using served = await serve()
    assert.strictEqual((await fetch(`${served.url}${path(1)}`)).status, 401)
    assert.deepStrictEqual([globalThis.Request, globalThis.Response], before)
  })
})

describe("inside the MCP server", () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sandbox-seed-"))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const file = (name: string, content: string) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }

  it("--sandbox-seed gives it the interactions of a file", async () => {
    const channels = [{ sid: sid(8, "UO"), participants: [{ sid: sid(8, "UT", 1), type: "supervisor" }] }]
    const seed = file("seed.json", JSON.stringify({ interactions: [{ sid: sid(8, "KD"), channels }] }))
    const client = await connect({ args: ["--sandbox-seed", seed] })
    const { structuredContent } = await client.callTool({
      name: "list_participants",
      arguments: { interaction_sid: sid(8, "KD"), channel_sid: sid(8, "UO") }
    })
    assert.include(JSON.stringify(structuredContent), sid(8, "UT", 1))
    await client.close()
  })

  for (const [name, content, problem] of [
    ["not-json.json", "{", /not JSON/u],
    ["wrong.json", '{"interactions":[{"chanels":[]}]}', /interactions\[0\]\.chanels: /u]
  ] as const) {
    it(`--sandbox-seed says what is wrong with ${name}`, async () => {
      const child = spawn("node", [main, "--sandbox-seed", file(name, content)], { stdio: ["pipe", "pipe", "pipe"] })
      const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, "exit")])
      assert.strictEqual(code, 2)
      assert.match(stderr, problem)
      assert.match(stderr, /--sandbox-seed/u)
    })
  }
})
