/** A sandbox behind a real port, and what was asked of it. */
import * as Sandbox from "@flex-interactions/sandbox"
import { serve } from "@flex-interactions/sandbox/serve"

export interface Served {
  readonly url: string
  readonly sandbox: Sandbox.Sandbox
  /** `METHOD /path?query` of each request so far. */
  readonly requests: Array<string>
  /** Answers the next requests instead of the sandbox. For what a fault can say, `sandbox.faults.add` is better. */
  readonly answerWith: (answer: ((request: Request) => Response | Promise<Response>) | undefined) => void
  readonly close: () => Promise<void>
}

export const start = async (sandbox = Sandbox.make()): Promise<Served> => {
  const requests: Array<string> = []
  let instead: ((request: Request) => Response | Promise<Response>) | undefined
  const { url, close } = await serve({
    ...sandbox,
    fetch: async (request) => {
      const url = new URL(request.url)
      requests.push(`${request.method} ${url.pathname}${url.search}`)
      return (instead ?? sandbox.fetch)(request)
    }
  })
  return {
    url,
    sandbox,
    requests,
    answerWith: (answer) => {
      instead = answer
    },
    close
  }
}
