/**
 * `pnpm release:entry`: prints what the registry of MCP servers is to be told of the server, for its publisher. The repository is
 * named once, in the package.json of the root, and the name in the registry follows from its owner.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { repository, root } from "./packages.ts"

export const entry = (): Record<string, unknown> => {
  const server = JSON.parse(readFileSync(join(root, "packages/mcp/server.json"), "utf8")) as Record<string, unknown>
  const [owner = "", name = ""] = repository.split("/").slice(-2)
  const named = { $schema: server["$schema"], name: `io.github.${owner}/${name}` }
  return { ...named, ...server, repository: { url: repository, source: "github", subfolder: "packages/mcp" } }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href)
  process.stdout.write(`${JSON.stringify(entry(), undefined, 2)}\n`)
