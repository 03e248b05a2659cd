/** What is published: every folder of `packages`, found and not listed. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const root = fileURLToPath(new URL("../", import.meta.url))

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly bin?: Record<string, string>
  readonly exports?: Record<string, unknown>
  readonly scripts?: Record<string, string>
  readonly dependencies?: Record<string, string>
  readonly peerDependencies?: Record<string, string>
}

export const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest

/** Where the project lives. Its owner is not known yet, and nothing is published before it is. */
export const { repository } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
  readonly repository: string
}

/** The folders of the packages, with their package.json. */
export const packages: ReadonlyArray<{ readonly folder: string; readonly manifest: Manifest }> = readdirSync(
  join(root, "packages"),
  { withFileTypes: true }
)
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => join(root, "packages", name))
  .map((folder) => ({ folder, manifest: manifestOf(folder) }))
