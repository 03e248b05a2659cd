/** What docs/sandbox.md and the docstrings say is so: their programs run, their JSON is accepted, their tables are complete. */
import { execFile } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import * as Sandbox from "@flex-interactions/sandbox"
import { serve } from "@flex-interactions/sandbox/serve"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const docs = readFileSync(`${root}/docs/sandbox.md`, "utf8")
const blocks = (text: string, language: string) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, "gmu"))].map(([, block = ""]) => block)
/** The rows of the table under a heading: the cells of each. */
const table = (heading: string) =>
  (docs.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "")
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split(/(?<!\\)\|/u)
        .map((cell) => cell.trim())
        .slice(1, -1)
    )
const code = (cell = "") => /^`(.*?)`/u.exec(cell)?.[1] ?? ""

describe("the programs run", () => {
  const folder = fileURLToPath(new URL("examples.tmp/", import.meta.url))
  beforeAll(() => mkdirSync(folder, { recursive: true }))
  afterAll(() => rmSync(folder, { recursive: true }))

  const files = readdirSync(`${root}/packages/sandbox/src`, { recursive: true, encoding: "utf8" })
  const sources = files
    .filter((file) => file.endsWith(".ts"))
    .map((file) => [file, readFileSync(`${root}/packages/sandbox/src/${file}`, "utf8").replaceAll(/^ \* ?/gmu, "")])
  const readme = readFileSync(`${root}/packages/sandbox/README.md`, "utf8")
  const programs = [["sandbox.md", docs], ["README.md", readme], ...sources].flatMap(([file = "", text = ""]) =>
    blocks(text, "ts").map((program, index) => [`${file} ${index + 1}`, program] as const)
  )

  it("there are some", () => {
    assert.isAtLeast(programs.length, 6)
  })

  for (const [name, program] of programs) {
    it(`${name}`, async () => {
      const file = `${folder}${name.replaceAll(/\W/gu, "-")}.ts`
      writeFileSync(file, program)
      const failed = vi.spyOn(console, "assert").mockImplementation((value) => assert.isTrue(value))
      assert.exists(await import(file))
      failed.mockRestore()
    })
  }
})

describe("docs/sandbox.md", () => {
  it("shows the help of the command, to the letter", async () => {
    const { stdout } = await promisify(execFile)("node", [`${root}/packages/sandbox/dist/main.js`, "--help"])
    assert.include(docs, stdout)
  })

  it("has a seed that a sandbox takes", async () => {
    const [json = ""] = blocks(docs, "json")
    const sandbox = Sandbox.make({ seed: await Sandbox.seedFromJson(json) })
    assert.strictEqual(sandbox.state.size, 1)
  })

  it("has every setting, with its default and each of its values", async () => {
    const { settings } = Sandbox.make()
    const rows = table("Settings")
    assert.deepStrictEqual(
      Object.fromEntries(rows.map(([name, value]) => [code(name), JSON.parse(code(value)) as unknown])),
      { ...settings }
    )
    for (const [name, , values = ""] of rows) {
      for (const [, value] of values.matchAll(/`("\w+"|\d+)`/gu)) {
        assert.isObject(await Sandbox.seedFromJson(`{"settings":{"${code(name)}":${value}},"interactions":[]}`))
      }
    }
  })

  it("has every conversation of the ready-made world", () => {
    assert.deepStrictEqual(
      table("The ready-made world")
        .map(([name]) => code(name))
        .slice(1),
      Object.keys(Sandbox.ready.conversations)
    )
  })

  it("has every resource that a fault can be about", async () => {
    const [, named = ""] = /^- `"resource"`: (.*)$/mu.exec(docs) ?? []
    const sandbox = Sandbox.make()
    for (const [, resource] of named.matchAll(/`(\w+)`/gu)) {
      sandbox.faults.add({ kind: "html", resource: resource ?? "", times: "always" })
    }
    for (const path of [
      "/v1/Configuration",
      "/v1/Workspaces",
      `/v1/Interactions/${Sandbox.sid("KD", 1)}`,
      ...["", "/x/Participants", "/x/Invites"].map(
        (rest) => `/v1/Interactions/${Sandbox.sid("KD", 1)}/Channels${rest}`
      ),
      ...["Tasks", "Workers", "Events", "Tasks/x/Reservations"].map((rest) => `/v1/Workspaces/x/${rest}`)
    ]) {
      assert.strictEqual((await sandbox.fetch(new Request(`http://127.0.0.1${path}`))).status, 502, path)
    }
  })

  it("has every path of the control interface", async () => {
    await using served = await serve()
    const paths = (await (await fetch(`${served.url}/_sandbox`)).json()) as Record<string, string>
    const rows = table("The control interface").map(([path]) => code(path))
    assert.sameMembers(
      rows.filter((path) => path !== "GET /_sandbox"),
      Object.keys(paths)
    )
  })

  it("has every fault, each of which is accepted", async () => {
    await using served = await serve()
    const kinds = new Set<string>()
    for (const [fault] of table("Faults")) {
      const reply = await fetch(`${served.url}/_sandbox/faults`, { method: "POST", body: code(fault) })
      assert.strictEqual(reply.status, 201, await reply.text())
      kinds.add((JSON.parse(code(fault)) as Sandbox.Fault).kind)
    }
    const refused = await fetch(`${served.url}/_sandbox/faults`, { method: "POST", body: '{ "kind": "none" }' })
    const known = [...(await refused.text()).matchAll(/\\"([a-z-]+)\\"/gu)].map(([, kind]) => kind)
    assert.sameMembers([...kinds], known)
  })

  it("names no setting in its table of behaviours that does not exist", () => {
    const rows = docs.split("\n## Every behaviour\n")[1] ?? ""
    const named = new Set([...rows.matchAll(/\| `(\w+)` \|$/gmu)].map(([, name]) => name))
    assert.sameMembers(
      [...named],
      Object.keys(Sandbox.make().settings).filter((name) => name !== "latency")
    )
  })
})
