/**
 * The quick suite: the test files that run the sources in this process. It is found, not listed: a file that reaches for what
 * `pnpm build` made, for a browser or for a database, itself or through a harness, isn't in it.
 */
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join, sep } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../", import.meta.url))

const needsMore =
  /packages\/[\w-]+\/dist\/|"(?:redis-server|@flex-interactions\/mcp\b[^"]*|@modelcontextprotocol\/client\/stdio|playwright-core)"|\/pack\.ts"/u

/** The tests' own files that a file imports, its types apart. */
const imported = (file: string, source: string): ReadonlyArray<string> =>
  [...source.replace(/^import type [^"]*"[^"]*"/gmu, "").matchAll(/\b(?:from|import\(?) ?"(\.[^"]+\.ts)"/gu)]
    .map(([, path = ""]) => join(dirname(file), path))
    .filter((path) => !path.includes(`${sep}packages${sep}`))

const isQuick = (file: string, seen = new Set<string>()): boolean => {
  if (seen.has(file)) return true
  seen.add(file)
  const source = readFileSync(file, "utf8")
  return !needsMore.test(source) && imported(file, source).every((path) => isQuick(path, seen))
}

const tests = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
  (path) => path.endsWith(".test.ts") && !path.includes("node_modules")
)

export const quick = tests.filter((path) => isQuick(join(root, path))).map((path) => path.replaceAll(sep, "/"))
