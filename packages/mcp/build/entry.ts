#!/usr/bin/env node
/**
 * Starts the command with what an earlier start has compiled, from Node 22.1 on: compiling takes a sixth of a start.
 *
 * Compiled code is run as it is found. So it is in a directory of this user that nobody else can write to, in the home, and not
 * where Node would put it, in the temporary directory. Where there is no such directory, and none can be made, the command starts
 * without. NODE_COMPILE_CACHE names another directory, and NODE_DISABLE_COMPILE_CACHE=1 turns it off.
 */
import { lstatSync, readdirSync, rmSync, statSync, type Stats } from "node:fs"
import module from "node:module"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"

declare const PACKAGE_VERSION: string

type Enable = (directory: string) => { readonly status: number }

/** Node 20 has none. */
const enable: Enable | undefined = Reflect.get(module, "enableCompileCache")

/** Is it a directory that is safe from all but this user (and root)? One that is not there yet will be. Windows has no such bits. */
const isSafe = (found: Stats | undefined, writable: number, owners: ReadonlyArray<number | undefined>): boolean =>
  found === undefined ||
  (found.isDirectory() &&
    (process.getuid === undefined || ((found.mode & writable) === 0 && owners.includes(found.uid))))

const keep = (enable: Enable) => {
  const user = process.getuid?.()
  const cache = join(homedir(), ".cache")
  const kept = join(cache, "flex-interactions-mcp")
  if (
    isAbsolute(kept) &&
    isSafe(statSync(cache, { throwIfNoEntry: false }), 0o002, [user, 0]) &&
    isSafe(lstatSync(kept, { throwIfNoEntry: false }), 0o022, [user])
  ) {
    // What Node makes there is this user's alone.
    const mask = process.umask(0o077)
    const { status } = enable(join(kept, PACKAGE_VERSION))
    process.umask(mask)
    // 1: it is on. What another version has kept goes.
    if (status === 1) {
      for (const other of readdirSync(kept)) {
        if (other !== PACKAGE_VERSION) rmSync(join(kept, other), { recursive: true, force: true })
      }
    }
  }
}

try {
  if (enable !== undefined) keep(enable)
} catch {
  // No home.
}
// Not by import(): Node's loader of ES modules takes longer.
require("./start.ts")
