/** Replies that come twice over a kept connection, through the built server: what the assistant is told stays true. */
import { assert, describe, it } from "vitest"
import * as Host from "../support/host.ts"
import * as RawServer from "../support/rawServer.ts"
import * as Truth from "../support/truth.ts"

for (const taskRouter of [false, true]) {
  describe.concurrent(`the server over stdio, ${taskRouter ? "with" : "without"} TaskRouter`, () => {
    for (const [what, script] of Object.entries({ "each reply comes once": Truth.honestly, ...Truth.duplicates })) {
      for (const [calls, asks] of Object.entries(Truth.sequences)) {
        it(`${what}: what is told of ${calls} is true, and something is told`, async () => {
          const server = await RawServer.serve(script)
          const host = await Host.connect({ env: Truth.environment(server.url, taskRouter) })
          const lies: Array<string> = []
          let certain = 0
          let proven = 0
          for (const ask of asks) {
            const told = await Truth.askServer(host, ask)
            lies.push(...[Truth.lie(ask, told, server.applied) ?? []].flat())
            if (told.as !== "unknown") certain++
            if (told.as === "confirmed") proven++
          }
          await host.close()
          await server.close()
          assert.deepStrictEqual(lies, [])
          assert.isAtLeast(certain, asks.length / 2)
          // Without TaskRouter nothing can be proven; with it, and an honest Twilio, everything that was applied is.
          if (!taskRouter) assert.strictEqual(proven, 0)
          else if (script === Truth.honestly) assert.strictEqual(proven, server.applied.length)
        })
      }
    }
  })
}
