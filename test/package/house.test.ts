/** Pages about the house keep up with it: the index of decisions, and the files that the architecture names. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
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
