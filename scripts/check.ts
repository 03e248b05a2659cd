/**
 * `pnpm check`: all that can be said of the project without running it. It prints nothing if all is well, and otherwise what is
 * wrong, types first.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { join, relative } from "node:path"
import { text } from "node:stream/consumers"
import { packages, root } from "./packages.ts"

interface Check {
  readonly command: ReadonlyArray<string>
  /** Goes before each line of what it prints. */
  readonly says?: string
}

/** The programs that TypeScript knows here: each says by itself what Effect's rules are there. */
const projects = [...packages.map(({ folder }) => folder), join(root, "test")].flatMap((folder) =>
  readdirSync(folder)
    .filter((file) => /^tsconfig.*\.json$/u.test(file))
    .map((file) => relative(root, join(folder, file)))
)

// Effect's messages are advice, for editors to show; its errors and warnings are not.
const checks: ReadonlyArray<Check> = [
  { command: ["tsc", "-b"] },
  ...projects.map((project) => ({
    command: [
      "effect-tsgo",
      "diagnostics",
      "--format=text",
      "--severity=error,warning",
      "--strict",
      "--project",
      project
    ]
  })),
  { command: ["oxlint", "--format=unix"] },
  { command: ["oxfmt", "--list-different"], says: "not formatted; `pnpm fix` does that: " }
]

/** How much was checked, and how much of it is wrong. */
const summary = /^\s*$|^Checked \d+ files|^\d+ errors, |^\d+ problems?$/u

const run = async ({ command: [program = "", ...args], says = "" }: Check): Promise<ReadonlyArray<string>> => {
  const child = spawn(join(root, "node_modules/.bin", program), args, {
    cwd: root,
    shell: process.platform === "win32",
    stdio: ["ignore", "pipe", "pipe"]
  })
  const [out, error] = [text(child.stdout), text(child.stderr)]
  const [code] = (await once(child, "close")) as [number | null]
  if (code === 0) return []
  const lines = `${await out}\n${await error}`
    .replaceAll(`${root}`, "")
    .split("\n")
    .filter((line) => !summary.test(line))
  return lines.length === 0 ? [`${program} ended with ${code}`] : lines.map((line) => `${says}${line}`)
}

const found = (await Promise.all(checks.map(run))).flat()
// Projects that refer to one another find the same things.
for (const line of new Set(found)) process.stdout.write(`${line}\n`)
process.exitCode = found.length === 0 ? 0 : 1
