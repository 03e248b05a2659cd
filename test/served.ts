/** A sandbox behind a real port, and what was asked of it. */
import { type AddressInfo } from "node:net"
import { once } from "node:events"
import { serve } from "@hono/node-server"
import * as Sandbox from "@flex-participants/sandbox"

export interface Served {
  readonly url: string
  readonly sandbox: Sandbox.Sandbox
  /** `METHOD /path?query` of each request so far. */
  readonly requests: Array<string>
  /** Answers the next requests instead of the sandbox. */
  readonly answerWith: (answer: ((request: Request) => Response | Promise<Response>) | undefined) => void
  readonly close: () => Promise<void>
}

export const start = async (sandbox = Sandbox.make()): Promise<Served> => {
  const requests: Array<string> = []
  let instead: ((request: Request) => Response | Promise<Response>) | undefined
  const server = serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const url = new URL(request.url)
      requests.push(`${request.method} ${url.pathname}${url.search}`)
      return (instead ?? sandbox.fetch)(request)
    }
  })
  if (!server.listening) await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    sandbox,
    requests,
    answerWith: (answer) => {
      instead = answer
    },
    close: async () => {
      server.close()
      if ("closeAllConnections" in server) server.closeAllConnections()
      await once(server, "close")
    }
  }
}
