/** Programs of other people that use what is published: they install all of it, check its types, load it and start it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, delimiter, dirname, join } from "node:path"
import { type Manifest, manifestOf, root } from "./packages.ts"
import { ended, output } from "./run.ts"

export interface Tarball {
  readonly manifest: Manifest
  readonly path: string
}

/** A Node, and npm on it. */
const on = (node: string) => ({
  PATH: [dirname(node), process.env["PATH"]].join(delimiter),
  npm_config_update_notifier: "false"
})

/** All packages together, with what they want beside them, in a folder that has nothing else. */
export const install = async (tarballs: ReadonlyArray<Tarball>, node: string, into: string): Promise<string> => {
  mkdirSync(into, { recursive: true })
  const folder = mkdtempSync(join(into, "consumer-"))
  writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }))
  const args = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline"]
  await output("npm", [...args, ...tarballs.map(({ path }) => path)], { cwd: folder, env: on(node) })
  return folder
}

const installed = (folder: string, name: string) => join(folder, "node_modules", name)

interface Entry {
  readonly types: string
  readonly default: string
}

export interface Module {
  readonly name: string
  /** Whether its declarations need those of Node. */
  readonly needsNode: boolean
}

/** All that programs may import of a package, patterns spelled out. */
const modulesOf = (folder: string, name: string): ReadonlyArray<Module> => {
  const at = installed(folder, name)
  const module = (path: string, types: string): Module => ({
    name: `${name}${path.slice(1)}`,
    needsNode: readFileSync(join(at, types), "utf8").includes('"node:')
  })
  return Object.entries(manifestOf(at).exports ?? {}).flatMap(([path, to]) => {
    if (to === null || typeof to === "string") return []
    const { types } = to as Entry
    if (!path.includes("*")) return [module(path, types)]
    const [before = "", after = ""] = basename(types).split("*")
    return readdirSync(join(at, dirname(types)))
      .filter((file) => file.startsWith(before) && file.endsWith(after))
      .map((file) => module(path.replace("*", file.slice(before.length, -after.length)), join(dirname(types), file)))
  })
}

/** Checks a program that imports everything, and with it the declarations of the packages; once without those of Node, too. */
export const typeCheck = async (
  folder: string,
  names: ReadonlyArray<string>,
  moduleResolution: "nodenext" | "bundler"
): Promise<void> => {
  const modules = names.flatMap((name) => modulesOf(folder, name))
  for (const types of [["node"], []]) {
    const imported = modules.filter(({ needsNode }) => !needsNode || types.length > 0)
    const lines = imported.map(({ name }, index) => `import * as m${index} from ${JSON.stringify(name)}\n`)
    const used = `export const all: ReadonlyArray<object> = [${imported.map((_, index) => `m${index}`).join(", ")}]\n`
    writeFileSync(join(folder, "program.ts"), [...lines, used].join(""))
    const compilerOptions = {
      module: moduleResolution === "nodenext" ? "nodenext" : "esnext",
      moduleResolution,
      target: "es2023",
      lib: ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
      types,
      typeRoots: [join(root, "node_modules/@types")],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true
    }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["program.ts"] }))
    await output(join(root, "node_modules/.bin/tsc"), ["-p", "."], { cwd: folder })
  }
}

/** Loads every module. */
export const load = async (folder: string, names: ReadonlyArray<string>, node: string): Promise<void> => {
  const modules = names.flatMap((name) => modulesOf(folder, name))
  writeFileSync(
    join(folder, "program.mjs"),
    modules.map(({ name }) => `await import(${JSON.stringify(name)})\n`).join("")
  )
  await output(node, ["program.mjs"], { cwd: folder })
}

/** Starts each command of a package from its tarball, as npx does with what it downloads. */
export const start = async (
  { manifest, path }: Tarball,
  all: ReadonlyArray<Tarball>,
  node: string,
  cwd: string
): Promise<void> => {
  // What it needs of this project isn't in the registry yet either.
  const needed = all.filter(({ manifest: { name } }) => manifest.dependencies?.[name] !== undefined)
  const from = [path, ...needed.map((tarball) => tarball.path)].map((file) => `--package=${file}`)
  for (const command of Object.keys(manifest.bin ?? {})) {
    const npx = (args: ReadonlyArray<string>, input?: string) =>
      ended("npx", ["-y", "--prefer-offline", ...from, "--", command, ...args], {
        cwd: dirname(cwd),
        env: on(node),
        ...(input === undefined ? {} : { input })
      })
    const help = await npx(["--help"])
    if (help.code !== 0 || !help.stdout.includes(command)) throw new Error(`${command} --help: ${help.stderr}`)
    if (manifest.name !== "@flex-interactions/mcp") continue
    const hello = {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "release", version: "1" } }
    }
    const served = await npx(["--sandbox"], `${JSON.stringify(hello)}\n`)
    if (served.code !== 0 || !served.stdout.includes(`"version":"${manifest.version}"`))
      throw new Error(`${command} --sandbox answered ${served.stdout}, and said ${served.stderr}`)
  }
}
