/** What the server keeps of its compiled code between starts, and that it starts where it can keep nothing. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { text } from "node:stream/consumers"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { main, startLine } from "../support/host.ts"
import { howTo, majors, program } from "../support/nodes.ts"

const { version } = JSON.parse(readFileSync(new URL("../../packages/mcp/package.json", import.meta.url), "utf8")) as {
  readonly version: string
}

const request = {
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "test", version: "1" } }
}

/** Starts it with this home, and gives what it answered and said. */
const serve = async (node: string, env: Record<string, string>) => {
  const child = spawn(node, [main], {
    cwd: home,
    env: {
      PATH: process.env["PATH"],
      TWILIO_API_KEY: `SK${"0".repeat(31)}1`,
      TWILIO_API_SECRET: "sandbox-api-secret",
      ...env
    }
  })
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)]
  child.stdin.end(`${JSON.stringify(request)}\n`)
  const [code] = (await once(child, "close")) as [number | null]
  return { code, stdout: await stdout, stderr: await stderr }
}

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "start-"))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const running = [`${process.versions.node.split(".")[0]}`, process.execPath] as const
const others = majors.map((major) => [`${major}`, program(major)] as const).filter(([, path]) => path !== running[1])

for (const [major, node] of [running, ...others]) {
  describe.skipIf(node === undefined)(`Node ${major}${node === undefined ? ` (skipped: ${howTo})` : ""}`, () => {
    const start = (env: Record<string, string>) => serve(node ?? "", env)
    const kept = () => join(home, ".cache", "flex-interactions-mcp")
    const isKept = () => existsSync(kept()) && readdirSync(kept(), { recursive: true }).length > 2
    const mode = (path: string) => statSync(path).mode & 0o7777

    it("keeps compiled code in the home where Node can do that, and starts with it as without it", async () => {
      const first = await start({ HOME: home })
      const second = await start({ HOME: home })
      assert.deepStrictEqual(second, first)
      assert.include(first.stdout, "flex-interactions")
      assert.strictEqual(first.stderr.replace(startLine, ""), "")
      assert.strictEqual(isKept(), Number(major) >= 22)
    })

    it.skipIf(Number(major) < 22)(
      "keeps it where nobody else can read or write, and nothing of other versions",
      async () => {
        for (const old of ["0.0.1", "v22.0.0-x64-00000000-0"]) {
          mkdirSync(join(kept(), old), { recursive: true })
          writeFileSync(join(kept(), old, "compiled"), "")
        }
        symlinkSync(home, join(kept(), "0.0.2"))
        await start({ HOME: home })
        assert.deepStrictEqual(readdirSync(kept()), [version])
        assert.strictEqual(mode(join(kept(), version)), 0o700)
        rmSync(join(home, ".cache"), { recursive: true })
        await start({ HOME: home })
        for (const directory of [join(home, ".cache"), kept(), join(kept(), version)]) {
          assert.strictEqual(mode(directory), 0o700, directory)
        }
      }
    )

    for (const [what, prepare] of [
      ["that its group can write to", () => chmodSync(kept(), 0o770)],
      ["that everybody can write to", () => chmodSync(kept(), 0o1777)],
      ["that everybody could rename", () => chmodSync(join(home, ".cache"), 0o1777)],
      [
        "that is a link to another",
        () => {
          renameSync(kept(), join(home, "another"))
          symlinkSync(join(home, "another"), kept())
        }
      ],
      ["of another user", () => chownSync(kept(), 65_532, 65_532)]
    ] as const) {
      const isImpossible = what === "of another user" && process.getuid?.() !== 0
      it.skipIf(isImpossible)(`uses no directory ${what}, and starts`, async () => {
        mkdirSync(kept(), { recursive: true, mode: 0o700 })
        prepare()
        const { code, stdout } = await start({ HOME: home })
        assert.strictEqual(code, 0)
        assert.include(stdout, "flex-interactions")
        assert.deepStrictEqual(readdirSync(kept()), [])
      })
    }

    it("uses no directory of where it is started", async () => {
      for (const place of ["", ".", "home"]) {
        const { stdout } = await start({ HOME: place })
        assert.include(stdout, "flex-interactions")
      }
      assert.deepStrictEqual(readdirSync(home), [])
    })

    it("keeps nothing where it is told not to", async () => {
      const { stdout } = await start({ HOME: home, NODE_DISABLE_COMPILE_CACHE: "1" })
      assert.include(stdout, "flex-interactions")
      assert.isFalse(existsSync(kept()))
    })

    it("starts where it can keep nothing, and says nothing of it", async () => {
      mkdirSync(join(home, ".cache"))
      writeFileSync(kept(), "a file in the place of the directory")
      for (const place of [home, "/nonexistent"]) {
        const { code, stderr, stdout } = await start({ HOME: place })
        assert.strictEqual(code, 0)
        assert.strictEqual(stderr.replace(startLine, ""), "")
        assert.include(stdout, "flex-interactions")
      }
    })
  })
}
