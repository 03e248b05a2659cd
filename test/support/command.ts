/** The built command as a process of its own: what it says, how it ends. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

export const main = fileURLToPath(new URL("../../packages/mcp/dist/main.cjs", import.meta.url))

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Command {
  readonly child: ChildProcessWithoutNullStreams
  /** What it has written to stderr so far. */
  readonly stderr: () => string
  /** Resolves with the match once stderr has one. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray>
  readonly ended: Promise<Ended>
}

/** Starts it with these variables and no others but PATH. */
export const start = (args: ReadonlyArray<string>, env: Record<string, string> = {}): Command =>
  startProgram(main, args, env)

/** Starts a copy of it that lies elsewhere, as another user where this one may. */
export const startProgram = (
  program: string,
  args: ReadonlyArray<string>,
  env: Record<string, string>,
  user?: number
): Command => startNode([program, ...args], env, process.getuid?.() === 0 ? user : undefined)

export const startNode = (args: ReadonlyArray<string>, env: Record<string, string> = {}, user?: number): Command => {
  const as = user === undefined ? {} : { uid: user, gid: user }
  const child = spawn(process.execPath, [...args], { env: { PATH: process.env["PATH"], ...env }, ...as })
  const output = { stdout: "", stderr: "" }
  child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()))
  const ended = once(child, "close").then(([code]) => ({ code: code as number | null, ...output }))
  return {
    child,
    stderr: () => output.stderr,
    ended,
    says: async (pattern) => {
      while (true) {
        const match = pattern.exec(output.stderr)
        if (match !== null) return match
        const over = await Promise.race([once(child.stderr, "data").then(() => false), ended.then(() => true)])
        if (over && !pattern.test(output.stderr))
          throw new Error(`it ended without saying ${pattern}: ${output.stderr}`)
      }
    }
  }
}

/** Runs it to its end, with this on its stdin. */
export const run = (args: ReadonlyArray<string>, env: Record<string, string> = {}, stdin = ""): Promise<Ended> => {
  const command = start(args, env)
  command.child.stdin.end(stdin)
  return command.ended
}

export interface Listening extends Command {
  readonly url: string
  readonly stop: () => Promise<Ended>
}

/** Starts it with `--http` on a free port. */
export const listen = async (args: ReadonlyArray<string>, env: Record<string, string> = {}): Promise<Listening> => {
  const command = start(["--http=127.0.0.1:0", ...args], env)
  const [, url = ""] = await command.says(/listening on (http:\/\/[^\s,]+)/u)
  return {
    ...command,
    url,
    stop: () => {
      command.child.kill("SIGTERM")
      return command.ended
    }
  }
}
