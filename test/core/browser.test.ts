/** Core in a browser or a worker: a bundle without a single module of Node's, run where there is nothing but the web's globals. */
import { createContext, runInContext } from "node:vm"
import { gzipSync } from "node:zlib"
import * as Sandbox from "@flex-interactions/sandbox"
import { rolldown } from "rolldown"
import { assert, beforeAll, describe, it } from "vitest"

const program = `
import * as TwilioClient from "@flex-interactions/core/TwilioClient"
import * as Participant from "@flex-interactions/core/Participant"
import * as Participants from "@flex-interactions/core/Participants"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

export const main = ({ apiKey, apiSecret }) =>
  Effect.gen(function* () {
    const participants = yield* Participants.Participants
    const channel = yield* Effect.fromResult(Participant.channel("KD99eb9408b59ba7e1aa743ccf578ecb7e", "UOf5b09471d41a251023cea2698c6322c9"))
    const everyone = yield* participants.list(channel)
    for (const agent of everyone.filter(Participant.isAgent)) yield* participants.setStatus(Participant.ref(agent), "wrapup")
    return everyone.length
  }).pipe(
    Effect.provide(Participants.layer.pipe(
      Layer.provide(TwilioClient.layer({ credentials: { apiKey, apiSecret: Redacted.make(apiSecret) } })),
      Layer.provide(FetchHttpClient.layer)
    )),
    Effect.runPromise
  )
`

describe("a bundle for the browser", () => {
  let code = ""
  const imports: Array<string> = []
  beforeAll(async () => {
    const bundle = await rolldown({
      input: "program",
      cwd: import.meta.dirname,
      platform: "browser",
      transform: { define: { "import.meta": "{}" } },
      resolve: { conditionNames: ["@flex-interactions/source"] },
      plugins: [
        {
          name: "program",
          resolveId: (id) => (id === "program" ? "\0program.js" : undefined),
          load: (id) => (id === "\0program.js" ? program : undefined)
        }
      ],
      external: (id) => {
        if (id.startsWith("node:")) imports.push(id)
        return id.startsWith("node:")
      }
    })
    const { output } = await bundle.generate({ format: "iife", name: "bundle", minify: true })
    await bundle.close()
    code = output[0].code
  })

  it("has no module of Node's in it, and stays small", () => {
    assert.isEmpty(imports)
    const kilobytes = { minified: code.length / 1000, gzipped: gzipSync(code).length / 1000 }
    process.stdout.write(`core, Effect and fetch client for a browser: ${JSON.stringify(kilobytes)} kB\n`)
    assert.isBelow(kilobytes.minified, 215)
    assert.isBelow(kilobytes.gzipped, 70)
  })

  it("does the main job with the web's globals alone", async () => {
    const sandbox = Sandbox.make()
    const names = `AbortController AbortSignal Headers Request Response ReadableStream TextDecoder TextEncoder URL
      URLSearchParams atob btoa clearTimeout console crypto performance queueMicrotask setTimeout`
    const web = Object.fromEntries(names.split(/\s+/u).map((name) => [name, Reflect.get(globalThis, name) as unknown]))
    const sandboxed = (...args: Parameters<typeof fetch>) => sandbox.fetch(new Request(...args))
    const context = createContext({ ...web, fetch: sandboxed })
    runInContext("globalThis.self = globalThis", context)
    runInContext(`${code};globalThis.bundle = bundle`, context)
    const { main } = (
      context as { readonly bundle: { readonly main: (credentials: Sandbox.Credentials) => Promise<number> } }
    ).bundle
    assert.strictEqual(await main(sandbox.credentials), 4)
    const channel = sandbox.state.get("KD99eb9408b59ba7e1aa743ccf578ecb7e")?.get("UOf5b09471d41a251023cea2698c6322c9")
    assert.deepStrictEqual(
      channel?.participants.map(({ status }) => status),
      ["active", "wrapup", "wrapup", "active"]
    )
  })
})
