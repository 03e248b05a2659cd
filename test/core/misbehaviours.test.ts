/** Whatever comes back, what is told is true: core on each HTTP client, to a server on raw sockets. */
import { assert, describe, it } from "@effect/vitest"
import { Participants, TwilioClient } from "@flex-interactions/core"
import { Effect, Layer } from "effect"
import { clients } from "../support/clients.ts"
import { credentials } from "../support/double.ts"
import * as Misbehaviours from "../support/misbehaviours.ts"
import * as RawServer from "../support/rawServer.ts"
import * as Truth from "../support/truth.ts"

const changes = [Truth.made(1), Truth.refused(1)]
const cases = [
  ...Object.entries(Misbehaviours.toChanges).map(([what, script]) => ({ what, script, asks: changes })),
  ...Object.entries({ ...Misbehaviours.toAll, ...Misbehaviours.stalls }).map(([what, script]) => ({
    what,
    script,
    asks: [Truth.list(1), ...changes]
  })),
  ...Object.entries(Misbehaviours.toLists).map(([what, script]) => ({ what, script, asks: [Truth.list(1)] })),
  ...Object.entries(Misbehaviours.toSuccess).map(([what, script]) => ({
    what,
    script,
    asks: [Truth.list(1), Truth.made(1)]
  }))
]

for (const client of clients) {
  describe.skipIf(client.isSkipped).concurrent(`by ${client.name}`, () => {
    for (const { asks, script, what } of cases) {
      it.live(what, () =>
        Effect.gen(function* () {
          for (const ask of asks) {
            // What is sent again is core's business, whichever client it is sent by.
            for (const times of client.name.endsWith("core's own") ? [0, 2] : [0]) {
              let misbehaves = true
              const server = yield* Effect.acquireRelease(
                Effect.promise(() =>
                  // With retries the second request is answered as it should be.
                  RawServer.serve((asked) =>
                    misbehaves && (times === 0 || asked.number === 1) ? script(asked) : Truth.honestly(asked)
                  )
                ),
                (server) => Effect.promise(() => server.close())
              )
              const services = Participants.layer.pipe(
                Layer.provide(
                  TwilioClient.layer({
                    credentials,
                    baseUrl: server.url,
                    rateLimit: false,
                    retry: { times, base: "1 millis", maxDelay: "2 seconds" },
                    timeouts: { attempt: "300 millis" }
                  })
                ),
                Layer.provide(client.layer)
              )
              yield* Effect.gen(function* () {
                const told = yield* Truth.askCore(ask)
                assert.isUndefined(Truth.lie(ask, told, server.applied), JSON.stringify(server.asked))
                misbehaves = false
                const next = yield* Truth.askCore(Truth.list(2))
                assert.isUndefined(Truth.lie(Truth.list(2), next, server.applied))
                // Without a second try it may find that the connection is closed.
                if (client.before === "nothing" && times > 0) assert.strictEqual(next.as, "listed")
              }).pipe(Effect.provide(services))
            }
          }
        })
      )
    }
  })
}
