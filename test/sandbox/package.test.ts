/** The package as it is packed, with nothing else installed. */
import { execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { tmpdir } from "node:os"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { howTo, majors, program } from "../support/nodes.ts"
import * as Pack from "../support/pack.ts"
import { list, modify } from "../support/requests.ts"

const run = promisify(execFile)
const effect = dirname(fileURLToPath(import.meta.resolve("effect/package.json")))

describe("the packed package", () => {
  let folder: string
  let unpacked: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sandbox-package-"))
    unpacked = join(folder, "node_modules", "@flex-interactions", "sandbox")
    Pack.unpack("sandbox", unpacked)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const node = (program: string) => {
    const file = join(folder, "program.mjs")
    writeFileSync(file, program)
    return run(process.execPath, [file], { cwd: folder, env: {} })
  }

  for (const [which, binary] of [
    ["this Node", process.execPath],
    ...majors.map((major) => [`Node ${major}`, program(major)] as const)
  ] as const) {
    const skipped = binary === undefined ? ` (skipped: ${howTo})` : ""
    it.skipIf(binary === undefined)(
      `is a command that checks its seed and meets its faults, on ${which}${skipped}`,
      async () => {
        const seed = join(folder, "seed.json")
        writeFileSync(seed, JSON.stringify({ interactions: [{ channels: [{ participants: [{ type: "agent" }] }] }] }))
        const child = spawn(binary ?? "", [join(unpacked, "dist", "main.js"), "--seed", seed], { env: {} })
        const [chunk] = (await once(child.stdout, "data")) as [Buffer]
        const [url = ""] = chunk.toString().split("\n")
        assert.strictEqual((await fetch(modify(url, 1, 1, "wrapup"))).status, 200)
        const lost = await fetch(list(url, 1, "", { "sandbox-fault": '{"kind":"drop","when":"before"}' })).catch(
          () => "lost"
        )
        assert.strictEqual(lost, "lost")
        assert.strictEqual((await fetch(modify(url, 1, 1, "wrapup"))).status, 409)
        child.kill()
        await once(child, "exit")
      }
    )
  }

  it("is a handler that needs nothing of Node's, nor anything that is not in the package", async () => {
    const seen = new Set<string>()
    const follow = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      const code = readFileSync(join(unpacked, "dist", file), "utf8")
      for (const [, module = ""] of code.matchAll(/(?:\bfrom|\bimport\(?)\s*["'`]([^"'`]+)["'`]/gu)) {
        assert.match(module, /^\.\//u, `${file} imports ${module}`)
        follow(module.slice(2))
      }
    }
    follow("Sandbox.js")
    assert.isAbove(seen.size, 2)
  })

  it("brings the licences of what it bundles", () => {
    const list = readFileSync(join(unpacked, "dist/THIRD-PARTY-LICENSES.txt"), "utf8")
    for (const name of ["effect", "@hono/node-server"]) assert.match(list, new RegExp(`^${name} \\d`, "mu"))
    assert.notInclude(list, "Licence: unknown")
  })

  it("is a library, and serves on a port, without Effect", async () => {
    const { stdout } = await node(`
      import * as Sandbox from "@flex-interactions/sandbox"
      import { serve } from "@flex-interactions/sandbox/serve"
      const served = await serve(Sandbox.make({ seed: await Sandbox.seedFromJson('{"interactions":[]}') }))
      console.log((await fetch(served.url + "/v1")).status)
      await served.close()
    `)
    assert.strictEqual(stdout, "401\n")
  })

  it("has a layer for the Effect of the program that uses it", async () => {
    const program = `
      import * as Sandbox from "@flex-interactions/sandbox"
      import { layer } from "@flex-interactions/sandbox/layer"
      import { Effect } from "effect"
      import { HttpClient } from "effect/http"
      const get = HttpClient.get("https://flex-api.twilio.com/v1")
      console.log((await Effect.runPromise(Effect.provide(get, layer(Sandbox.make())))).status)
    `
    const without = await node(program).then(
      () => assert.fail("it needs no Effect"),
      (error: Error) => error.message
    )
    assert.match(without, /Cannot find package 'effect'/u)
    symlinkSync(effect, join(folder, "node_modules", "effect"))
    assert.strictEqual((await node(program)).stdout, "401\n")
  })
})
