/**
 * `pnpm reference`: writes docs/reference out of the docstrings, a page for each module that programs import. It reads the
 * declarations that the compiler wrote (`packages/core/dist/*.d.ts` and so on), so that every type is the one that an editor shows.
 */
import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { pathToFileURL } from "node:url"
import { format } from "oxfmt"
import { headings } from "./markdown.ts"
import { root } from "./packages.ts"

interface Module {
  /** The name of its page. */
  readonly name: string
  readonly package: string
  /** Its source, in `src`. */
  readonly file: string
  /** How a program imports it. */
  readonly imported: string
}

const core = readFileSync(join(root, "packages/core/src/index.ts"), "utf8")

const modules: ReadonlyArray<Module> = [
  ...Array.from(core.matchAll(/^export \* as (\w+) from "\.\/(\w+)\.ts"$/gmu), ([, name = "", file = ""]) => ({
    name,
    package: "core",
    file,
    imported: `import { ${name} } from "@flex-interactions/core"`
  })),
  ...(
    [
      ["NodeHttp", "core", "NodeHttp", "core/NodeHttp"],
      ["Sandbox", "sandbox", "Sandbox", "sandbox"],
      ["SandboxServe", "sandbox", "Serve", "sandbox/serve"],
      ["SandboxLayer", "sandbox", "Layer", "sandbox/layer"],
      ["McpHttp", "mcp", "http", "mcp/http"]
    ] as const
  ).map(([name, folder, file, path]) => ({
    name,
    package: folder,
    file,
    imported: `import * as ${name} from "@flex-interactions/${path}"`
  }))
]

interface Declaration {
  readonly name: string
  readonly doc: string
  readonly code: string
}

const declared =
  /(?:^(\/\*\*(?:(?!\*\/)[^])*\*\/)\n)?^(export )?(?:declare )?(?:abstract )?(?:const|class|interface|type|function) (\w+)[^]*?(?=^(?:\/\*\*(?:(?!\*\/)[^])*\*\/\n)?(?:export|declare|import|type|interface|\/\/#)|$(?![^]))/gmu

/** Everything that a file of declarations exports, in its order; a class with what it is made of. */
const declarations = (path: string): ReadonlyArray<Declaration> => {
  const text = readFileSync(path, "utf8")
  const all = [...text.matchAll(declared)].map(([match, doc = "", exported, name = ""]) => ({
    name,
    doc,
    isExported: exported !== undefined,
    code: match.slice(doc.length).trim()
  }))
  const bases = new Map(
    all.map(({ code, name }) => [name, code.replace(/^declare const \w+: /u, "").replace(/;$/u, "")])
  )
  const own = all.flatMap(({ code, doc, isExported, name }) => {
    const base = bases.get(`${name}_base`)
    const whole = base === undefined ? code : code.replace(`extends ${name}_base`, () => `extends ${base}`)
    return isExported && !doc.includes("@internal")
      ? [{ name, doc, code: whole.replace(/^export (?:declare )?/u, "") }]
      : []
  })
  const again = Array.from(
    text.matchAll(/^export (?:type )?\{([^}]*)\} from "(\.[^"]+)\.ts";$/gmu),
    ([, list = "", from = ""]) => {
      const names = new Set(list.split(",").map((name) => name.replace(/^\s*type /u, "").trim()))
      return declarations(join(dirname(path), `${from}.d.ts`)).filter(({ name }) => names.has(name))
    }
  )
  return [...own, ...again.flat()]
}

const words = (doc: string): string =>
  doc
    .replace(/^\/\*\*\s?/u, "")
    .replace(/\s*\*\/$/u, "")
    .replaceAll(/^ *\* ?/gmu, "")
    .trim()

interface Section {
  readonly name: string
  readonly doc: string
  readonly codes: ReadonlyArray<string>
}

/** A schema and the type of the same name are one section. */
const sections = ({ file, package: folder }: Module): ReadonlyArray<Section> => {
  const found = new Map<string, Section>()
  for (const { code, doc, name } of declarations(join(root, "packages", folder, `dist/${file}.d.ts`))) {
    const before = found.get(name)
    found.set(name, { name, doc: before?.doc ?? words(doc), codes: [...(before?.codes ?? []), code] })
  }
  return [...found.values()]
}

/** What the module says of itself, above its imports. */
const about = (source: string): string =>
  words(/^\/\*\*(?:(?!\*\/)[^])*\*\/(?=\n(?!export const|export class))/u.exec(source)?.[0] ?? "")

interface Page extends Module {
  readonly source: string
  readonly sections: ReadonlyArray<Section>
  readonly anchors: ReadonlyMap<string, string>
}

const made = (module: Module): Page => {
  const all = sections(module)
  const anchors = headings([`# ${module.name}`, ...all.map(({ name }) => `## ${name}`)].join("\n\n")).slice(1)
  return {
    ...module,
    source: readFileSync(join(root, "packages", module.package, "src", `${module.file}.ts`), "utf8"),
    sections: all,
    anchors: new Map(anchors.map(({ anchor, title }) => [title, anchor]))
  }
}

const markdown = (target: string, anchor: string): string => `[\`${target}\`](${anchor})`

/** `{@link X}` and `{@link Module.X}` as links of Markdown, or otherwise. One that leads nowhere is an error. */
const linked = (text: string, page: Page, pages: ReadonlyArray<Page>, link = markdown): string =>
  text.replaceAll(/\{@link ([\w.]+)\}/gu, (whole, target: string) => {
    const name = target.split(".").at(-1) ?? target
    const here = page.anchors.get(name)
    if (here !== undefined) return link(target, `#${here}`)
    const imported = new RegExp(
      `^import (?:type )?(?:\\* as ${target.split(".")[0]}|\\{[^}]*\\b${name}\\b[^}]*\\}) from "\\./(\\w+)\\.ts"$`,
      "mu"
    ).exec(page.source)?.[1]
    const other = pages.find(({ file, package: folder }) => folder === page.package && file === imported)
    const there = other?.anchors.get(name)
    if (other === undefined || there === undefined)
      throw new Error(`packages/${page.package}/src/${page.file}.ts: ${whole} leads nowhere`)
    return link(target, `${other.name}.md#${there}`)
  })

const pretty = async (code: string): Promise<string> => {
  const result = await format("declaration.d.ts", `export declare ${code}`.replace(/declare (?=interface|type)/u, ""), {
    printWidth: 110,
    semi: false,
    trailingComma: "none"
  })
  if (result.errors.length > 0) throw new Error(`${code}\n${result.errors.map(({ message }) => message).join("\n")}`)
  return result.code.trim().replace(/^export (?:declare )?/u, "")
}

const written = async (page: Page, pages: ReadonlyArray<Page>): Promise<string> => {
  const parts = await Promise.all(
    page.sections.map(async ({ codes, doc, name }) => {
      const [words = "", ...examples] = doc.split(/^@example$/mu)
      const code = linked((await Promise.all(codes.map(pretty))).join("\n"), page, pages, (target) => `\`${target}\``)
      return [
        `## ${name}`,
        linked(words.trim(), page, pages),
        `\`\`\`ts\n${code}\n\`\`\``,
        ...examples.flatMap((example) => ["Example:", example.trim()])
      ]
        .filter((part) => part !== "")
        .join("\n\n")
    })
  )
  return [
    `# ${page.name}`,
    `\`\`\`ts\n${page.imported}\n\`\`\``,
    linked(about(page.source), page, pages),
    page.sections.map(({ name }) => `[\`${name}\`](#${page.anchors.get(name)})`).join(" · "),
    ...parts
  ]
    .filter((part) => part !== "")
    .join("\n\n")
    .concat("\n")
}

const index = (pages: ReadonlyArray<Page>): string => `# Reference

What programs can import, made out of the docstrings: what goes in and comes out, which errors there are, and where a fact is Twilio's. The
tests run the examples. [The library](../library.md) and [the sandbox](../sandbox.md) show how the modules work together.

\`pnpm reference\` writes these pages, and a test compares them with the sources.

| module | of | what it is |
|---|---|---|
${pages
  .map((page) => {
    const [first = ""] = /^[^]*?\.(?=\s|$)/u.exec(about(page.source)) ?? []
    const says = linked(first, page, pages, (target) => `\`${target}\``).replaceAll("\n", " ")
    return `| [${page.name}](${page.name}.md) | \`${/"(.+)"/u.exec(page.imported)?.[1]}\` | ${says} |`
  })
  .join("\n")}
`

/** Every page by its file's name. */
export const reference = async (): Promise<ReadonlyMap<string, string>> => {
  const pages = modules.map(made)
  const texts = await Promise.all(pages.map((page) => written(page, pages)))
  return new Map([["README.md", index(pages)], ...pages.map(({ name }, n) => [`${name}.md`, texts[n] ?? ""] as const)])
}

export const folder = join(root, "docs/reference")

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-b"], {
    cwd: root,
    stdio: "inherit",
    shell: process.platform === "win32"
  })
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder)
  for (const [name, text] of await reference()) writeFileSync(join(folder, name), text)
}
