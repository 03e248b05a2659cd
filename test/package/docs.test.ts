/** Every page leads where it says: its links, its list of sections, and the pages that sources and messages name. */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { assert, expect, it } from "vitest"
import { headings, links, withContents } from "../../scripts/markdown.ts"
import { root } from "../../scripts/packages.ts"

const files = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8"
})
  .split("\0")
  .filter((file) => file !== "" && existsSync(join(root, file)))
const pages = files.filter((file) => /\.md$|^llms\.txt$/u.test(file))
const read = (file: string) => readFileSync(join(root, file), "utf8")
const anchors = (file: string) => headings(read(file)).map(({ anchor }) => anchor)

/** What is wrong with a link of a page; nothing, if it leads out of the repository. */
const wrong = (page: string, target: string): string | undefined => {
  if (/^(?:[a-z]+:|\/\/)/u.test(target)) return undefined
  const [path = "", anchor] = decodeURI(target).split("#", 2)
  const file = path === "" ? page : relative(root, join(root, dirname(page), path))
  if (!existsSync(join(root, file))) return `${page}: no file ${target}`
  if (anchor === undefined || !file.endsWith(".md")) return undefined
  return anchors(file).includes(anchor) ? undefined : `${page}: no section ${target}`
}

it("every link of every page leads to a file and a section", () => {
  const all = pages.flatMap((page) => links(read(page)).map((target) => [page, target] as const))
  assert.isAbove(all.length, 100)
  assert.deepStrictEqual(
    all.flatMap(([page, target]) => wrong(page, target) ?? []),
    []
  )
})

it("a link that leads nowhere is found", () => {
  assert.deepStrictEqual(
    links("[a](nowhere.md) `[b](code.md)`\n```md\n[c](code.md)\n```\n[d](README.md#no-such-section)\n[e]: gone.md").map(
      (target) => wrong("README.md", target)
    ),
    ["README.md: no file nowhere.md", "README.md: no section README.md#no-such-section", "README.md: no file gone.md"]
  )
})

it("sources, messages and forms name pages that there are", () => {
  const texts = files.filter(
    (file) => /\.(?:[cm]?[jt]s|json|ya?ml|md|txt)$|Dockerfile$/u.test(file) && statSync(join(root, file)).size < 1e6
  )
  const named = texts.flatMap((file) =>
    [...read(file).matchAll(/(?<![\w/.-])docs\/[\w/-]+\.md(?:#[\w-]+)?/gu)].map(([target]) => [file, target] as const)
  )
  assert.isAbove(named.length, 20)
  assert.deepStrictEqual(
    named.flatMap(([file, target]) => (wrong("README.md", target) === undefined ? [] : `${file}: no ${target}`)),
    []
  )
})

it("docs/README.md leads to every page of docs", () => {
  const listed = links(read("docs/README.md"))
  const all = pages.flatMap((page) => /^docs\/([^/]+\.md|[^/]+\/README\.md)$/u.exec(page)?.[1] ?? [])
  assert.deepStrictEqual(
    all.filter((page) => page !== "README.md" && !listed.includes(page)),
    []
  )
})

/** Pages that nobody reads without scrolling for long. Those of the reference have lists of their own, and the bench writes its tables. */
const long = pages.filter(
  (page) =>
    !/^docs\/(?:reference\/|performance-tables)/u.test(page) &&
    !/^CHANGELOG|\/CHANGELOG|^packages/u.test(page) &&
    read(page).split("\n").length > 120
)

// After a change, `vitest run package/docs -u` writes the list again.
for (const page of long.filter((page) => page !== "README.md")) {
  it(`${page} lists its sections`, async () => {
    await expect(withContents(read(page))).toMatchFileSnapshot(join(root, page))
  })
}
