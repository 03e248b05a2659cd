/**
 * Replies that come twice over a kept connection, on raw sockets: the second comes when the next request has been sent, so
 * that a client takes it for the answer to that one.
 */
import { assert, describe, it } from "@effect/vitest"
import { Participants, TwilioClient } from "@flex-interactions/core"
import { type Duration, Effect, Layer } from "effect"
import { type Client, clients } from "../support/clients.ts"
import { credentials } from "../support/double.ts"
import * as RawServer from "../support/rawServer.ts"
import * as Truth from "../support/truth.ts"

/** Runs the calls one after the other, with a pause before each: what was told of each, and the lie in it. */
const run = Effect.fnUntraced(function* (
  client: Client,
  script: (asked: RawServer.Asked) => RawServer.Script,
  asks: ReadonlyArray<Truth.Ask>,
  pause: Duration.Input
) {
  const server = yield* Effect.acquireRelease(
    Effect.promise(() => RawServer.serve(script)),
    (server) => Effect.promise(() => server.close())
  )
  const services = Participants.layer.pipe(
    Layer.provide(
      TwilioClient.layer({
        credentials,
        baseUrl: server.url,
        rateLimit: false,
        retry: { times: 0 },
        timeouts: { attempt: "1 second" }
      })
    ),
    Layer.provide(client.layer)
  )
  const told = yield* Effect.forEach(asks, (ask) => Effect.delay(Truth.askCore(ask), pause)).pipe(
    Effect.provide(services)
  )
  return asks.flatMap((ask, n) => {
    const answer = told[n]
    return answer === undefined ? [] : [{ told: answer, lie: Truth.lie(ask, answer, server.applied) }]
  })
})

/** A client has the connection back a moment after the reply, or at once. */
const pauses = ["0 millis", "20 millis"] as const

for (const client of clients) {
  describe.skipIf(client.isSkipped)(`by ${client.name}`, () => {
    // Each has a server of its own, and waits for replies that never come. A client that may reuse any connection has nothing to hold.
    describe.skipIf(client.before === "anything").concurrent("what is told", () => {
      for (const [what, script] of Object.entries(Truth.duplicates)) {
        for (const [calls, asks] of Object.entries(Truth.sequences)) {
          if (client.before === "nothing") {
            it.live(
              `${what}: what is told of ${calls} is true, and after a reply that is no answer the next call is right again`,
              () =>
                Effect.gen(function* () {
                  for (const pause of pauses) {
                    const outcomes = yield* run(client, script, asks, pause)
                    assert.deepStrictEqual(
                      outcomes.flatMap(({ lie }) => lie ?? []),
                      []
                    )
                    const isUnknown = outcomes.map(({ told }) => told.as === "unknown")
                    assert.isFalse(isUnknown.some((unknown, n) => unknown && isUnknown[n + 1]))
                  }
                })
            )
          }
          if (client.before === "lists") {
            it.live(`${what}: of ${calls} none is reported as made or listed that was not`, () =>
              Effect.gen(function* () {
                for (const pause of pauses) {
                  for (const { lie, told } of yield* run(client, script, asks, pause)) {
                    if (lie !== undefined) assert.strictEqual(told.as, "refused", lie)
                  }
                }
              })
            )
          }
        }
      }
    })

    if (client.before !== "nothing") {
      it.live("it cannot do more: an error that comes twice is taken for the answer to the change that follows", () =>
        Effect.gen(function* () {
          const asks = [Truth.nowhere(1), Truth.made(2)]
          const isMisled = run(client, Truth.duplicates["each reply comes twice"], asks, "20 millis").pipe(
            Effect.map((outcomes) => outcomes[1]?.lie !== undefined && outcomes[1].told.as === "refused")
          )
          assert.isTrue(yield* Effect.repeat(isMisled, { until: (isMisled) => isMisled, times: 20 }))
        })
      )
    }
    if (client.before === "anything") {
      it.live("nor is it told apart that a change was made from that the one before was", () =>
        Effect.gen(function* () {
          const outcomes = yield* run(
            client,
            Truth.duplicates["each reply comes twice"],
            [Truth.made(1), Truth.refused(1)],
            "0 millis"
          )
          assert.strictEqual(outcomes[1]?.told.as, "made")
          assert.isDefined(outcomes[1]?.lie)
        })
      )
    }
  })
}
