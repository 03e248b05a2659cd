/** The packages as they are published: packed once, and put where no workspace is near. */
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const folderOf = (name: "core" | "mcp" | "sandbox") =>
  fileURLToPath(new URL(`../../packages/${name}`, import.meta.url))

export const temporary = () => {
  const path = mkdtempSync(join(tmpdir(), "package-"))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Packs a package into a folder with `npm pack`, and gives the tarball's path. */
export const pack = (name: "core" | "mcp" | "sandbox", into: string): string => {
  const args = ["pack", "--json", "--silent", "--pack-destination", into]
  const output = execFileSync("npm", args, {
    cwd: folderOf(name),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })
  const packed = JSON.parse(output) as
    | ReadonlyArray<{ readonly filename: string }>
    | Record<string, { readonly filename: string }>
  const [first] = Object.values(packed)
  return join(into, first?.filename ?? "")
}
