/** Hosts of every kind for the built server: the official client, and one that writes whatever it likes, line by line. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface } from "node:readline"
import * as Sandbox from "@flex-interactions/sandbox"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import { main } from "./command.ts"
import { client, envelope, type HostOptions, type Message } from "./calls.ts"

export * from "./calls.ts"

export { main }

/** The settings that reach a sandbox at `url`, and more. */
export const environment = (url: string, more: Record<string, string> = {}): Record<string, string> => ({
  ...credentials,
  FLEX_API_BASE_URL: url,
  ...more
})

/** Those that a sandbox takes. */
export const credentials = {
  TWILIO_ACCOUNT_SID: Sandbox.defaultCredentials.accountSid,
  TWILIO_AUTH_TOKEN: Sandbox.defaultCredentials.authToken
}

/** What the server says on stderr when it starts over stdio: what is in force and, on the sandbox, what can be tried. */
export const startLine =
  /^flex-interactions-mcp: serving over stdio; [^\n]+\n(?:flex-interactions-mcp: to try it, [^\n]+\n)?/u

/** A host that starts the built server, or what else it is told to, and can say what is on its stderr. */
export const connect = async ({
  args = [],
  command = process.execPath,
  env = {},
  program = main,
  ...options
}: HostOptions & {
  readonly command?: string
  readonly program?: string
  readonly args?: ReadonlyArray<string>
  readonly env?: Record<string, string>
} = {}) => {
  const host = client(options)
  const transport = new StdioClientTransport({ command, args: [program, ...args], env, stderr: "pipe" })
  let stderr = ""
  transport.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  await host.connect(transport)
  return Object.assign(host, { stderr: () => stderr, log: () => stderr.replace(startLine, "") })
}

/** A host without a library: what it sends is exactly what is given, what comes back is kept byte for byte. */
export const raw = (args: ReadonlyArray<string>, env: Record<string, string> = {}, program = main) => {
  const child = spawn("node", [program, ...args], { env: { PATH: process.env["PATH"], ...env } })
  const chunks: Array<Buffer> = []
  const messages: Array<Message> = []
  const waiting = new Set<() => void>()
  let stderr = ""
  const wake = () => {
    for (const check of waiting) check()
  }
  child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk))
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString()
    wake()
  })
  child.stdin.on("error", () => {})
  createInterface({ input: child.stdout }).on("line", (line) => {
    try {
      messages.push(JSON.parse(line) as Message)
    } catch {
      messages.push({ method: "not the protocol", params: { line } })
    }
    wake()
  })
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>
  let id = 0

  /** Waits until `find` finds something. */
  const until = <A>(find: () => A | undefined): Promise<A> =>
    new Promise((resolve, reject) => {
      const check = () => {
        const found = find()
        if (found === undefined) return
        waiting.delete(check)
        resolve(found)
      }
      waiting.add(check)
      check()
      void closed.then(([code]) => reject(new Error(`the server ended (${code}) without it: ${stderr}`)))
    })

  const send = (message: object | string | Buffer) =>
    child.stdin.write(
      typeof message === "string" || Buffer.isBuffer(message)
        ? message
        : `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`
    )
  const request = async (method: string, params: Record<string, unknown>): Promise<Message> => {
    const mine = ++id
    send({ id: mine, method, params })
    return until(() => messages.find((message) => message.id === mine && message.method === undefined))
  }
  return {
    child,
    messages,
    stdout: () => Buffer.concat(chunks),
    stderr: () => stderr,
    /** What it said since it started. */
    log: () => stderr.replace(startLine, ""),
    closed,
    until,
    send,
    request,
    /** The id that the next request will have. */
    nextId: () => id + 1,
    initialize: async (protocolVersion: string, capabilities: object = {}) => {
      const answer = await request("initialize", {
        protocolVersion,
        capabilities,
        clientInfo: { name: "raw", version: "1" }
      })
      send({ method: "notifications/initialized" })
      return answer
    },
    /** A request of the 2026 era: the envelope comes with each. */
    modern: (method: string, params: Record<string, unknown>, capabilities: object = {}) =>
      request(method, { ...params, _meta: { ...(params["_meta"] as object | undefined), ...envelope(capabilities) } }),
    end: async () => {
      child.stdin.end()
      return closed
    }
  }
}

export type Raw = ReturnType<typeof raw>
