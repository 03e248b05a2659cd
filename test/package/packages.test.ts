/** What is published: whole, self-contained, and starting on every Node that it promises. */
import { execFile, execFileSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { publint } from "publint"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Nodes from "../support/nodes.ts"
import * as Pack from "../support/pack.ts"
import { channel, connect } from "../support/host.ts"

const here = Pack.temporary()
afterAll(here.remove)

describe("each package", () => {
  for (const name of Pack.names) {
    it(`${name}: publint and attw find nothing`, { timeout: 60_000 }, async () => {
      const unpacked = join(here.path, `${name}-unpacked`)
      Pack.unpack(name, unpacked)
      const { messages } = await publint({ pkgDir: unpacked, level: "suggestion", strict: true, pack: false })
      assert.deepStrictEqual(messages, [])
      assert.match(readFileSync(join(unpacked, "LICENSE"), "utf8"), /MIT License/u)
      assert.match(
        readFileSync(join(unpacked, "README.md"), "utf8"),
        new RegExp(`^# @flex-interactions/${name}\n`, "u")
      )

      const found = await checkPackage(createPackageFromTarballData(readFileSync(Pack.tarball(name))), {
        excludeEntrypoints: ["./package.json"]
      })
      // ESM alone, by resolvers of today: there is no CommonJS here to be wrong about.
      const problems = (found.types === false ? [] : found.problems).filter(
        (problem) =>
          !/"(?:node10|node16-cjs)"/u.test(JSON.stringify(problem)) &&
          !/CJSResolvesToESM/u.test(JSON.stringify(problem))
      )
      assert.deepStrictEqual(problems, [])
    })
  }
})

describe("a build", () => {
  for (const [what, isBundled, left] of [
    ["compiled", false, [".tsbuildinfo", "A.cjs", "A.d.ts", "A.d.ts.map", "A.js", "A.js.map", "notes.txt"]],
    ["bundled", true, [".tsbuildinfo", "A.d.ts", "A.d.ts.map", "notes.txt"]]
  ] as const) {
    it(`of what is ${what} leaves nothing of an earlier one that it will not write again`, () => {
      const folder = join(here.path, what)
      for (const name of ["src", "dist/internal"]) mkdirSync(join(folder, name), { recursive: true })
      const write = (name: string) => writeFileSync(join(folder, name), "")
      if (isBundled) write("rolldown.config.ts")
      write("src/A.ts")
      for (const source of ["A", "Gone", "internal/Gone"]) {
        for (const end of ["js", "js.map", "cjs", "d.ts", "d.ts.map"]) write(`dist/${source}.${end}`)
      }
      for (const name of [".tsbuildinfo", "notes.txt"]) write(`dist/${name}`)
      execFileSync(process.execPath, [join(Pack.folderOf("core"), "../clear.mjs")], { cwd: folder })
      assert.sameMembers(readdirSync(join(folder, "dist")), ["internal", ...left])
      assert.isEmpty(readdirSync(join(folder, "dist/internal")))
    })
  }
})

describe("the server, installed by npm from its tarball", () => {
  const home = join(here.path, "home")
  const installed = join(home, "node_modules/@flex-interactions/mcp")
  beforeAll(() => {
    mkdirSync(home)
    writeFileSync(join(home, "package.json"), '{ "private": true }')
    execFileSync("npm", ["install", "--no-audit", "--no-fund", "--offline", Pack.tarball("mcp")], {
      cwd: home,
      stdio: "ignore"
    })
  }, 60_000)

  it("is one package, with nothing beside it", () => {
    const packages = readdirSync(join(home, "node_modules")).filter((entry) => !entry.startsWith("."))
    assert.deepStrictEqual(packages, ["@flex-interactions"])
    const { dependencies } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as Record<
      string,
      unknown
    >
    assert.isUndefined(dependencies)
  })

  it("brings its licence, and those of what it bundles, with their texts", () => {
    assert.match(readFileSync(join(installed, "LICENSE"), "utf8"), /MIT License/u)
    const list = readFileSync(join(installed, "dist/THIRD-PARTY-LICENSES.txt"), "utf8")
    for (const name of ["effect", "@modelcontextprotocol/server", "@hono/node-server", "jose", "zod"]) {
      assert.match(list, new RegExp(`^${name} \\d`, "mu"))
    }
    assert.notInclude(list, "Licence: unknown")
    assert.notMatch(list, /Licence: (?!MIT|Apache-2\.0|ISC|BSD|0BSD|see its page)/u)
  })

  it("holds no source, no test, no machine's path", () => {
    const files = readdirSync(join(installed, "dist"))
    assert.isTrue(
      files.every((file) => /\.c?js$|^http\.d\.ts$|^THIRD-PARTY-LICENSES\.txt$|^sbom\.cdx\.json$/u.test(file)),
      `${files}`
    )
    for (const file of files)
      assert.notInclude(readFileSync(join(installed, "dist", file), "utf8"), import.meta.dirname)
  })

  const nodes = [
    [process.version, process.execPath],
    ...Nodes.majors.map((major) => [`v${major}`, Nodes.program(major)])
  ] as const
  for (const [version, node] of nodes) {
    it.skipIf(node === undefined)(
      `starts and works on Node ${version} (${Nodes.howTo})`,
      { timeout: 60_000 },
      async () => {
        for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
          const program = join(installed, "dist/main.cjs")
          const client = await connect({ mode, command: node ?? "", program, args: ["--sandbox"] })
          const listed = await client.callTool({ name: "list_participants", arguments: channel(1) })
          assert.notStrictEqual(listed.isError, true)
          await client.close()
        }
        // What is next to the entry is loaded there too.
        const { stdout } = await promisify(execFile)(node ?? "", [
          join(installed, "dist/main.cjs"),
          "doctor",
          "--sandbox",
          "--json"
        ])
        assert.isTrue((JSON.parse(stdout) as { readonly ok: boolean }).ok)
      }
    )
  }

  it("starts by the name that npm gives it", async () => {
    const { stdout } = await promisify(execFile)(join(home, "node_modules/.bin/flex-interactions-mcp"), ["--version"])
    const { version } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8")) as {
      readonly version: string
    }
    assert.strictEqual(stdout, `${version}\n`)
    assert.isTrue(existsSync(join(home, "node_modules/.bin/flex-interactions-mcp")))
  })
})
