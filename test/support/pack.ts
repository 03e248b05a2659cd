/** The packages as they are published: each packed once in a run, and put where no workspace is near. */
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { inject } from "vitest"
import type { TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    /** Where the tarballs of this run are. */
    readonly packed: string
  }
}

export const temporary = () => {
  const path = mkdtempSync(join(tmpdir(), "package-"))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

/** Vitest's global setup: a folder that the test files of one run share. */
export const setup = ({ provide }: TestProject) => {
  const { path, remove } = temporary()
  provide("packed", path)
  return remove
}

/** The published packages: every folder of `packages`. */
export const names: ReadonlyArray<string> = readdirSync(fileURLToPath(new URL("../../packages", import.meta.url)), {
  withFileTypes: true
})
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

export const folderOf = (name: string) => fileURLToPath(new URL(`../../packages/${name}`, import.meta.url))

/**
 * The tarball of a package, as `npm pack` makes it. Its `prepack`, which builds, isn't run: what is tested is what
 * `pnpm test` has built, and other tests are using it.
 */
export const tarball = (name: string): string => {
  const path = join(inject("packed"), `${name}.tgz`)
  if (existsSync(path)) return path
  // Several test files may do this at the same time, each in a folder of its own: the last one wins, and all are the same.
  const into = mkdtempSync(join(inject("packed"), `${name}-`))
  const args = ["pack", "--json", "--silent", "--ignore-scripts", "--pack-destination", into]
  const output = execFileSync("npm", args, {
    cwd: folderOf(name),
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  })
  const packed = JSON.parse(output) as
    | ReadonlyArray<{ readonly filename: string }>
    | Record<string, { readonly filename: string }>
  const [first] = Object.values(packed)
  renameSync(join(into, first?.filename ?? ""), path)
  return path
}

/** Its files, unpacked into a folder. */
export const unpack = (name: string, into: string): void => {
  mkdirSync(into, { recursive: true })
  execFileSync("tar", ["-xzf", tarball(name), "-C", into, "--strip-components=1"])
}
