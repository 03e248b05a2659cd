/** Sizes: what is downloaded, installed and loaded, what `tools/list` and typical answers cost. */
import { execFileSync } from "node:child_process"
import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { encode } from "gpt-tokenizer"
import { calls, sizes } from "./call.ts"
import { environment, ours, type Server, servers, twilio } from "./contestants.ts"
import { connect } from "./measure.ts"
import type { Part } from "./table.ts"

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Manifest

interface Manifest {
  readonly name: string
  readonly version: string
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
  readonly peerDependenciesMeta?: Record<string, { readonly optional?: boolean }>
}

/** Where `name` is installed as seen from the package in `directory`. */
const locate = (name: string, directory: string): string | undefined => {
  for (let above = directory; ; above = dirname(above)) {
    const candidate = join(above, "node_modules", name)
    if (existsSync(join(candidate, "package.json"))) return realpathSync(candidate)
    if (dirname(above) === above) return undefined
  }
}

/** A package and all that comes with it, as npm installs them: dependencies and the peers that are not optional. */
const installed = (directory: string, found = new Set<string>()): Set<string> => {
  if (found.has(directory)) return found
  found.add(directory)
  const { dependencies, peerDependencies, peerDependenciesMeta } = read(join(directory, "package.json"))
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => peerDependenciesMeta?.[name]?.optional !== true)
  for (const name of [...Object.keys(dependencies ?? {}), ...peers]) {
    const next = locate(name, directory)
    if (next !== undefined) installed(next, found)
  }
  return found
}

const bytes = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + (name === "node_modules" ? 0 : bytes(join(path, name))), 0)
    : statSync(path).size

/** What npm downloads for a package of this workspace, and what it makes of it. */
const packed = (directory: string) => {
  const [result] = JSON.parse(
    execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts", directory], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      shell: process.platform === "win32"
    })
  ) as [{ readonly size: number; readonly unpackedSize: number }]
  return result
}

/** About what npm downloads for a package that is installed: its files, gzipped one by one. */
const gzipped = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + (name === "node_modules" ? 0 : gzipped(join(path, name))), 0)
    : gzipSync(readFileSync(path)).length

const packages = () => {
  const from = at("..")
  const names = [
    "@flex-interactions/mcp",
    "@flex-interactions/core",
    "@flex-interactions/sandbox",
    "twilio",
    "@twilio-alpha/mcp",
    "@modelcontextprotocol/server",
    "@modelcontextprotocol/sdk"
  ]
  return Object.fromEntries(
    names.map((name) => {
      const directory = locate(name, from)
      if (directory === undefined) throw new Error(`${name} is not installed`)
      const [own = directory, ...others] = installed(directory)
      const { size, unpackedSize } = name.startsWith("@flex-interactions/")
        ? packed(own)
        : { size: gzipped(own), unpackedSize: bytes(own) }
      const sum = (of: (path: string) => number) => others.reduce((total, other) => total + of(other), 0)
      return [
        name,
        {
          "download, KB": Math.round((size + sum(gzipped)) / 1000),
          "installed, KB": Math.round((unpackedSize + sum(bytes)) / 1000),
          packages: others.length + 1
        }
      ]
    })
  )
}

/** Each file of the server as built; `loaded` is what a start over stdio reads. */
const bundle = () => {
  const directory = dirname(ours)
  const files = readdirSync(directory).filter((name) => /\.c?js$/u.test(name))
  return Object.fromEntries(
    files.map((name) => {
      const code = readFileSync(join(directory, name))
      return [name, { "raw, bytes": code.length, "gzipped, bytes": gzipSync(code, { level: 9 }).length }]
    })
  )
}

/** A tool's answer as the model is given it: the text. */
const text = (result: unknown) =>
  (result as { readonly content: ReadonlyArray<{ readonly text: string }> }).content.map(({ text }) => text).join("")

const answers = async () => {
  const api = await twilio(sizes)
  const names = (Object.keys(servers) as ReadonlyArray<Server>).filter((name) => !name.endsWith("bundled"))
  const rows: Record<string, Record<string, number>> = {}
  for (const name of names) {
    const host = await connect(servers[name], environment(api.url))
    const { tools } = (await host.request("tools/list", {})) as { readonly tools: unknown }
    const listed = text(await calls.list(host, name))
    const set = text(await calls.set(host, name))
    await host.end()
    const surface = JSON.stringify(tools)
    rows[name] = {
      "tools/list, bytes": Buffer.byteLength(surface),
      "tools/list, tokens": encode(surface).length,
      "50 participants, tokens": encode(listed).length,
      "a status set, tokens": encode(set).length
    }
  }
  await api.close()
  return rows
}

export const part: Part = async (report) => {
  report({ title: "size: packages", rows: packages() })
  report({ title: "size: the server as built", rows: bundle() })
  report({ title: "size: what the model reads", rows: await answers() })
}
