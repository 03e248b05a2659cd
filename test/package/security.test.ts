/** Each promise of SECURITY.md names a test, and the test is there. */
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const text = readFileSync(at("SECURITY.md"), "utf8")
const rows = [...text.matchAll(/^\| (?<promise>[^|]+) \| (?<test>[^|]+) \|$/gmu)]
  .map(({ groups }) => ({ promise: groups?.["promise"] ?? "", test: groups?.["test"] ?? "" }))
  .filter(({ promise, test }) => promise !== "promise" && !promise.startsWith("---") && test.includes("test/"))

describe("SECURITY.md", () => {
  it("names a test for each promise", () => {
    assert.isAbove(rows.length, 50)
  })

  for (const { promise, test } of rows) {
    it(`${promise}: its test is there`, () => {
      const [, file = "", title = ""] = /^`(test\/[\w./-]+\.test\.ts)`: "(.+)"$/u.exec(test) ?? []
      assert.isTrue(existsSync(at(file)), test)
      // In a title, not in a comment.
      const titles = readFileSync(at(file), "utf8")
        .split("\n")
        .filter((line) => /["`]/u.test(line) && !/^\s*(?:\/\/|\*)/u.test(line))
      assert.isTrue(
        titles.some((line) => line.includes(title)),
        `no test of ${file} has the title ${title}`
      )
    })
  }

  it("leads nowhere that is not there", () => {
    for (const [, path = ""] of text.matchAll(/\]\((?!http|#)([^)#]+)/gu)) assert.isTrue(existsSync(at(path)), path)
  })
})
