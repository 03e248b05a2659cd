/** A sandbox behind a port of this machine, for tests and for the command. Needs Node. */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response"
import { make, type Sandbox } from "./Sandbox.ts"

export interface Served {
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly sandbox: Sandbox
  /** What a program that talks to Twilio finds in its environment: credentials, and where both hosts are. */
  readonly env: Readonly<Record<string, string>>
  /** Back to the start: the seed, no faults, no requests. */
  readonly reset: () => void
  /** Ends every connection and frees the port. */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}

export interface Options {
  /** Default 0: any free port. */
  readonly port?: number
  /**
   * Whether nothing but the sandbox runs in this process. Then the globals `Request` and `Response` are replaced by lighter ones, and a
   * request costs half as much. Default false: the globals of a program that is tested stay as they are.
   */
  readonly ownProcess?: boolean
}

/**
 * Serves a sandbox on 127.0.0.1, on a free port unless one is named. Rejects with an error that says so if the port is taken.
 *
 * @example
 * ```ts
 * import * as Sandbox from "@flex-interactions/sandbox"
 * import { serve } from "@flex-interactions/sandbox/serve"
 * import { test } from "vitest"
 *
 * export const it = test
 *   .extend("seed", Sandbox.readyMade)
 *   .extend("twilio", async ({ seed }, { onCleanup }) => {
 *     const served = await serve(Sandbox.make({ seed }))
 *     onCleanup(served.close)
 *     return served
 *   })
 * ```
 */
export const serve = async (sandbox: Sandbox = make(), options: Options = {}): Promise<Served> => {
  const listener = getRequestListener(
    async (request, { incoming }) => {
      try {
        return await sandbox.fetch(request)
      } catch {
        // A lost connection is lost here too.
        incoming.socket.destroy()
        return RESPONSE_ALREADY_SENT
      }
    },
    { overrideGlobalObjects: options.ownProcess ?? false }
  )
  const server = createServer((incoming, outgoing) => void listener(incoming, outgoing))
  // Enough for a thousand that connect at once.
  server.listen({ host: "127.0.0.1", port: options.port ?? 0, backlog: 4096 })
  try {
    await once(server, "listening")
  } catch (error) {
    const taken = error instanceof Error && "code" in error && error.code === "EADDRINUSE"
    throw taken ? new Error(`port ${options.port} is taken; port 0 picks a free one`, { cause: error }) : error
  }
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = async () => {
    const closed = once(server, "close")
    server.close()
    server.closeAllConnections()
    await closed
  }
  return { url, sandbox, env: environment(sandbox, url), reset: sandbox.reset, close, [Symbol.asyncDispose]: close }
}

const environment = ({ credentials }: Sandbox, url: string) => ({
  TWILIO_ACCOUNT_SID: credentials.accountSid,
  TWILIO_AUTH_TOKEN: credentials.authToken,
  TWILIO_API_KEY: credentials.apiKey,
  TWILIO_API_SECRET: credentials.apiSecret,
  FLEX_API_BASE_URL: url,
  TASKROUTER_API_BASE_URL: url
})
