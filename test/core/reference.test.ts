/** The reference: every public export is documented, and every example, here and in the guide, compiles and runs. */
import { spawnSync } from "node:child_process"
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, it } from "vitest"

const root = new URL("../../", import.meta.url)
const source = new URL("packages/core/src/", root)
const read = (url: URL) => readFileSync(url, "utf8")
const modules = [
  ...readdirSync(source).filter((name) => name.endsWith(".ts") && name !== "index.ts"),
  "internal/settings.ts",
  "internal/reply.ts"
]

/** Where the examples are put, so that they resolve packages as a program would. */
const folder = new URL(".examples/", import.meta.url)
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** `expression // => value` becomes an assertion. */
const asTest = (block: string) =>
  [
    `import { assert as assertExample } from "vitest"`,
    ...block.split("\n").map((line) => {
      const [, expression, value] = /^(.+?) \/\/ => (.+)$/u.exec(line) ?? []
      return expression === undefined ? line : `assertExample.deepEqual<unknown>(${expression}, ${value})`
    }),
    "export {}"
  ].join("\n")

const blocks = (text: string) => [...text.matchAll(/```ts\n([^]*?)```/gu)].map(([, block]) => block ?? "")
const uncomment = (text: string) => text.replaceAll(/^ *\* ?/gmu, "")

const examples = [
  ...modules.map((name) => [name, blocks(uncomment(read(new URL(name, source))))] as const),
  ...["docs/library.md", "packages/core/README.md"].map((name) => [name, blocks(read(new URL(name, root)))] as const)
].flatMap(([name, blocks]) =>
  blocks.map((block, n) => {
    const file = `${name.replaceAll(/\W/gu, "-")}-${n + 1}.ts`
    writeFileSync(new URL(file, folder), asTest(block))
    return { title: `${name}, example ${n + 1}`, file }
  })
)

describe("every example", () => {
  it("compiles", () => {
    const config = {
      extends: "../../../tsconfig.base.json",
      compilerOptions: {
        composite: false,
        declarationMap: false,
        noEmit: true,
        noUnusedLocals: false,
        allowImportingTsExtensions: true,
        rewriteRelativeImportExtensions: false,
        types: ["node"]
      },
      files: examples.map(({ file }) => file)
    }
    writeFileSync(new URL("tsconfig.json", folder), JSON.stringify(config))
    const tsc = fileURLToPath(new URL("node_modules/.bin/tsc", root))
    assert.strictEqual(spawnSync(tsc, ["-p", fileURLToPath(folder)], { encoding: "utf8" }).stdout, "")
  }, 60_000)

  for (const { file, title } of examples) {
    it(`${title}, runs`, async () => {
      assert.isDefined(await import(/* @vite-ignore */ fileURLToPath(new URL(file, folder))))
    })
  }
})

describe("every public export", () => {
  for (const name of modules) {
    const text = read(new URL(name, source))
    const exports = [...text.matchAll(/^export (const|class|interface|type) (\w+)/gmu)]
    for (const { 1: kind = "", 2: exported = "", index } of exports) {
      const [doc = ""] = /\/\*\*(?:(?!\*\/)[^])*\*\/\n$/u.exec(text.slice(0, index)) ?? []
      const isInternal = doc.includes("@internal") || (name.startsWith("internal/") && !isPublic(exported))
      if (isInternal) continue
      // The type of a schema has the schema's name, and its example.
      const isTypeOf = kind === "type" && text.includes(`export const ${exported} `)
      it(`${name}: ${kind} ${exported} is documented${isTypeOf ? "" : ", with an example"}`, () => {
        assert.isAbove(doc.length, 20)
        if (!isTypeOf) assert.include(doc, "@example")
      })
    }
  }
})

/** What of the internal modules is public: what `TwilioClient` exports again. */
function isPublic(exported: string) {
  const lists = read(new URL("TwilioClient.ts", source)).matchAll(/^export \{([^}]*)\} from "\.\/internal\//gmu)
  return [...lists].some(([, list = ""]) =>
    list.split(",").some((name) => name.replace("type", "").trim() === exported)
  )
}
