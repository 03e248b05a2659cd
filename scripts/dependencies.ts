/**
 * `pnpm dependencies`: writes docs/dependencies.md out of what was built. What a bundle contains is in its `sbom.cdx.json`, which the
 * bundler's plugin wrote; what npm installs beside a package is in its package.json. The reasons are here.
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { packages, root } from "./packages.ts"

/** Why each is there. One without a reason, and a reason without one, is an error. */
const reasons: Readonly<Record<string, string>> = {
  effect: "what everything is written in: typed errors, layers, streams, schemas, the HTTP client, metrics and spans",
  "@effect/platform-node": "how a process of Node runs an Effect program, is told to end, and ends",
  "@effect/platform-node-shared": "part of `@effect/platform-node`",
  "@effect/sql-pg":
    "one sweep at a time on several machines, by a lock in PostgreSQL; loaded only where that is asked for",
  redis: "the client for Redis, in which replicas share what they must; loaded only with `REDIS_URL`",
  "@redis/client": "part of `redis`",
  "@redis/bloom": "part of `redis`",
  "@redis/json": "part of `redis`",
  "@redis/search": "part of `redis`",
  "@redis/time-series": "part of `redis`",
  "@modelcontextprotocol/server": "the protocol between hosts and the server, by those who define it",
  "@modelcontextprotocol/core": "part of `@modelcontextprotocol/server`",
  zod: "the schemas of the protocol's messages, in `@modelcontextprotocol/server`",
  "@cfworker/json-schema": "inside `@modelcontextprotocol/server`: checks values against JSON Schemas",
  "content-type": "inside `@modelcontextprotocol/server`: the header of a request over HTTP",
  "@hono/node-server": "puts a web-standard handler behind Node's HTTP server",
  hono: "part of `@hono/node-server`",
  jose: "checks JSON Web Tokens, and fetches the keys for that, over HTTP",
  "proxy-from-env": "which proxy is for which address, by the variables that other programs read"
}

interface Dependency {
  readonly name: string
  readonly version: string
  readonly license: string
  /** The packages that contain it. */
  readonly inside: Set<string>
  /** The packages that npm installs it beside. */
  readonly beside: Set<string>
}

interface Component {
  readonly group?: string
  readonly name: string
  readonly version?: string
  readonly licenses?: ReadonlyArray<{
    readonly license?: { readonly id?: string; readonly name?: string }
    readonly expression?: string
  }>
}

const found = new Map<string, Dependency>()

const add = (name: string, version: string, license: string): Dependency => {
  const key = `${name} ${version}`
  const known = found.get(key) ?? { name, version, license, inside: new Set(), beside: new Set() }
  found.set(key, known)
  return known
}

/** What npm installs with a package, and with that, and so on. */
const installed = (name: string, from: string, by: string): void => {
  const folder = realpathSync(join(from, "node_modules", name))
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
    readonly version: string
    readonly license?: string
    readonly dependencies?: Record<string, string>
  }
  const dependency = add(name, manifest.version, manifest.license ?? "unknown")
  if (dependency.beside.has(by)) return
  dependency.beside.add(by)
  // pnpm puts what a package needs beside it.
  for (const next of Object.keys(manifest.dependencies ?? {}))
    installed(next, folder.slice(0, folder.lastIndexOf(`${join("/", "node_modules")}`)), by)
}

/** The page, out of what `pnpm build` made last. */
export const page = (): string => {
  found.clear()
  for (const { folder, manifest } of packages) {
    const own = manifest.name.replace("@flex-interactions/", "")
    const bom = join(folder, "dist/sbom.cdx.json")
    const { components } = (existsSync(bom) ? JSON.parse(readFileSync(bom, "utf8")) : { components: [] }) as {
      readonly components: ReadonlyArray<Component>
    }
    for (const { group, licenses: [license] = [], name, version = "" } of components) {
      const full = group === undefined ? name : `${group}/${name}`
      add(full, version, license?.license?.id ?? license?.license?.name ?? license?.expression ?? "").inside.add(own)
    }
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }))
      if (!name.startsWith("@flex-interactions/")) installed(name, folder, own)
  }

  const names = new Set([...found.values()].map(({ name }) => name))
  const lacking = [...names].filter((name) => reasons[name] === undefined)
  const idle = Object.keys(reasons).filter((name) => !names.has(name))
  if (lacking.length + idle.length > 0)
    throw new Error(
      `scripts/dependencies.ts: no reason for ${lacking.join(", ") || "nothing"}; none left of ${idle.join(", ") || "nothing"}`
    )

  const list = (packages: ReadonlySet<string>) => [...packages].sort().join(", ")
  const rows = [...found.values()]
    .sort((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
    .map(
      ({ beside, inside, license, name, version }) =>
        `| \`${name}\` | ${version} | ${license || "see its page on npm"} | ${list(inside)} | ${list(beside)} | ${reasons[name]} |\n`
    )
  return `# What runs of other people's

Every package that is part of a running \`core\`, \`mcp\`, \`sandbox\` or other package of this project, why it is there, and under which licence.
\`pnpm dependencies\` writes this page out of what the bundler took and what npm installs, and a test compares the two.

"Inside" means that the code is in the published files, so that installing the package installs nothing else. "Beside" means that npm installs
it with the package, or that your program brings it. The texts of the licences are in \`dist/THIRD-PARTY-LICENSES.txt\` of the
packages with something inside, and a list for programs, an SBOM in CycloneDX 1.6, in \`dist/sbom.cdx.json\`.

| package | version | licence | inside | beside | why |
|---|---|---|---|---|---|
${rows.join("")}
The versions are those of this commit. They are exact in every \`package.json\` and in \`pnpm-lock.yaml\`, which \`.ci/run\` and the release take as they
are (\`--frozen-lockfile\`). No dependency may run a script when it is installed (\`permissions\` in \`pnpm-workspace.yaml\`). What is only
used to build and to test isn't listed here; \`npx -y pnpm@12.21.0 sbom --sbom-format cyclonedx\` lists all of it.
`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  writeFileSync(join(root, "docs/dependencies.md"), page())
