/** Programs that scripts start. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { text } from "node:stream/consumers"

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Options {
  readonly cwd: string
  readonly env?: Record<string, string | undefined>
  readonly input?: string
}

/** Runs a program to its end. */
export const ended = async (program: string, args: ReadonlyArray<string>, options: Options): Promise<Ended> => {
  const child = spawn(program, [...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    // npm and pnpm are scripts on Windows.
    shell: process.platform === "win32"
  })
  const [stdout, stderr] = [text(child.stdout), text(child.stderr)]
  child.stdin.on("error", () => {})
  child.stdin.end(options.input)
  const [code] = (await once(child, "close")) as [number | null]
  return { code, stdout: await stdout, stderr: await stderr }
}

/** Runs a program that must succeed, and gives what it printed. */
export const output = async (program: string, args: ReadonlyArray<string>, options: Options): Promise<string> => {
  const { code, stderr, stdout } = await ended(program, args, options)
  if (code === 0) return stdout
  throw new Error(`${[program, ...args].join(" ")} ended with ${code} in ${options.cwd}\n${stdout}${stderr}`)
}
