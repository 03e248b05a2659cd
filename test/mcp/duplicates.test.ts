/** Replies that come twice over a kept connection, through the built server: what the assistant is told stays true. */
import { assert, describe, it } from "vitest"
import * as Host from "../support/host.ts"
import * as RawServer from "../support/rawServer.ts"
import * as Truth from "../support/truth.ts"

describe.concurrent("the server over stdio", () => {
  for (const [what, script] of Object.entries(Truth.duplicates)) {
    for (const [calls, asks] of Object.entries(Truth.sequences)) {
      it(`${what}: what is told of ${calls} is true, and something is told`, async () => {
        const server = await RawServer.serve(script)
        const host = await Host.connect({ env: { ...Host.environment(server.url), FLEX_API_RATE_LIMIT: "off" } })
        const lies: Array<string> = []
        let certain = 0
        for (const ask of asks) {
          const told = await Truth.askServer(host, ask)
          lies.push(...[Truth.lie(ask, told, server.applied) ?? []].flat())
          if (told.as !== "unknown") certain++
        }
        await host.close()
        await server.close()
        assert.deepStrictEqual(lies, [])
        assert.isAtLeast(certain, asks.length / 2)
      })
    }
  }
})
