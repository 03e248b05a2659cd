/** Pages about the house keep up with it: the index of decisions, and the files that the architecture names. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join, relative } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, it } from "vitest"

const folder = fileURLToPath(new URL("../../docs/decisions/", import.meta.url))
const pages = readdirSync(folder).filter((file) => file !== "README.md")
const index = readFileSync(`${folder}README.md`, "utf8")

it("docs/decisions/README.md lists every decision, and nothing else", () => {
  const listed = Array.from(index.matchAll(/^- \[(\d{4}): .*\]\((.+)\)$/gmu), ([, , file]) => file)
  assert.deepStrictEqual(listed, pages.toSorted())
})

for (const page of pages) {
  it(`${page} has its number, which no other page has, and its title in the index`, () => {
    const [, number, title = ""] = /^# (\d{4}): (.+)$/mu.exec(readFileSync(folder + page, "utf8")) ?? []
    assert.strictEqual(number, page.slice(0, 4))
    assert.lengthOf(
      pages.filter((other) => other.startsWith(`${number}-`)),
      1
    )
    assert.include(index.toLowerCase(), `[${number}: ${title}]`.toLowerCase())
  })
}

it("docs/architecture.md names files that there are", () => {
  const root = fileURLToPath(new URL("../../", import.meta.url))
  const page = readFileSync(`${root}docs/architecture.md`, "utf8")
  const named = Array.from(page.matchAll(/`((?:core|mcp|sandbox)\/src\/[\w/.-]+\.ts)`/gu), ([, file = ""]) => file)
  assert.isAbove(named.length, 15)
  assert.deepStrictEqual(
    named.filter((file) => !existsSync(`${root}packages/${file}`)),
    []
  )
})

/** Lint sees what is imported at the top of a file (`no-restricted-imports`), and not what is imported by a call. */
it("what is loaded by a call follows the directions of the rooms", () => {
  const packages = fileURLToPath(new URL("../../packages/", import.meta.url))
  const room = (file: string) => /^(mcp\/src\/\w+(?=\/)|\w+)/u.exec(file)?.[0].replace("/src", "") ?? ""
  const sources = ["core", "mcp", "sandbox", "sweep"].flatMap((name) =>
    readdirSync(join(packages, name, "src"), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => join(name, "src", file))
  )
  const loaded = sources.flatMap((file) =>
    Array.from(readFileSync(packages + file, "utf8").matchAll(/(?<!\* .*)\bimport\("([^"]+)"\)/gu), ([, name = ""]) => {
      const to = name.startsWith(".") ? room(relative(packages, join(packages, file, "..", name))) : name
      return `${room(file)} -> ${to.replace("@flex-interactions/", "")}`
    })
  )
  const allowed = [
    /^(.+) -> \1$/u,
    /^mcp -> mcp\//u,
    /^mcp\/operator -> mcp\/(?:protocol|platform|tools)$/u,
    /^mcp\/protocol -> mcp\/tools$/u,
    /^(?:mcp\/.+|sweep) -> core/u
  ]
  assert.isAbove(loaded.length, 5, "calls that load something")
  assert.deepStrictEqual(
    loaded.filter((line) => !allowed.some((direction) => direction.test(line))),
    []
  )
})
