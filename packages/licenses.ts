/** What is bundled and under which licences, out of what the bundler really took: nobody keeps a list by hand. */
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import type { Plugin } from "rolldown"
import { type Part, sbom } from "./sbom.ts"

interface Package extends Part {
  readonly texts: ReadonlyArray<string>
}

const found = new Map<string, Package>()

/** The package that a module is of, if it is not this project's own. */
const packageOf = (module: string): Package | undefined => {
  if (!/^[^\0?]*[\\/]node_modules[\\/]/u.test(module)) return undefined
  let folder = dirname(module.replace(/\?.*$/u, ""))
  while (true) {
    const file = join(folder, "package.json")
    const { license, name, version } = (
      existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}
    ) as Partial<Package>
    // A package may have package.json files inside that only say which kind of modules there are.
    if (name !== undefined && version !== undefined) {
      const texts = readdirSync(folder)
        .filter((entry) => /^(?:licen[cs]e|notice|copying)/iu.test(entry))
        .map((entry) => readFileSync(join(folder, entry), "utf8").trim())
      return { name, version, license: license ?? "unknown", texts }
    }
    if (dirname(folder) === folder) return undefined
    folder = dirname(folder)
  }
}

/** Of packages that are nowhere but inside another one, whose makers left out the licence: what npm says of it. */
const published: Readonly<Record<string, string>> = { "@cfworker/json-schema": "MIT" }

/** What other packages a module has inside already, from the marks that its makers' bundler left. */
const inside = (module: string): ReadonlyArray<Package> => {
  const marks = readFileSync(module, "utf8").matchAll(/^\/\/#region \S*node_modules\/((?:@[^/\s]+\/)?[^/\s]+)\//gmu)
  return [...new Set([...marks].map(([, name = ""]) => name))].map((name) => {
    const here = join("../../node_modules/.pnpm/node_modules", name, "package.json")
    const known = existsSync(here) ? packageOf(realpathSync(here)) : undefined
    const license = published[name] ?? "see its page on npm"
    return known ?? { name, version: "(as published inside another package)", license, texts: [] }
  })
}

/** Adds what this bundle took, and writes the list of all bundles so far. */
export const licenses: Plugin = {
  name: "licenses",
  generateBundle(options, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue
      for (const [module, { renderedLength }] of Object.entries(chunk.modules)) {
        const of = renderedLength === 0 ? undefined : packageOf(module)
        if (of === undefined) continue
        for (const each of [of, ...inside(module)]) found.set(`${each.name}@${each.version}`, each)
      }
    }
    const parts = [...found.keys()].sort().map((key) => {
      const { license, name, texts, version } = found.get(key) ?? { license: "", name: "", texts: [], version: "" }
      const text = texts.length === 0 ? `(The package carries no text of its licence: ${license}.)` : texts.join("\n\n")
      return `${name} ${version}\nLicence: ${license}\n\n${text}\n`
    })
    const rule = `\n${"-".repeat(80)}\n\n`
    const head = "The files in this folder contain code of these packages, under their licences.\n"
    const folder = options.dir ?? "dist"
    writeFileSync(join(folder, "THIRD-PARTY-LICENSES.txt"), [head, ...parts].join(rule))
    const whole = JSON.parse(readFileSync("package.json", "utf8")) as Part
    writeFileSync(join(folder, "sbom.cdx.json"), sbom(whole, [...found.values()]))
  }
}
