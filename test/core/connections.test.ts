/** What core says to the HTTP client about connections: which request needs one of its own, and which to destroy. */
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient } from "@flex-interactions/core"
import { Effect, Fiber, Layer, Tracer } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { call, close, double, empty, list, moved, refused, type Ask } from "../support/double.ts"

/** Gives each request the reply, over a connection that counts how often it was destroyed. */
const discarding = (reply: Response) => {
  const connection = { destroyed: 0 }
  const client = HttpClient.make((request) =>
    Effect.sync(() =>
      Object.assign(HttpClientResponse.fromWeb(request, reply.clone()), {
        [TwilioClient.discard]: () => void connection.destroyed++
      })
    )
  )
  return { connection, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

describe("a connection of its own", () => {
  it.effect("is asked for by each attempt of a change, and not by a list", () =>
    Effect.gen(function* () {
      const lists = double(empty())
      yield* call(lists, list)
      assert.isNull(lists.requests[0]?.headers.get("connection"))
      const changes = double(refused(429, 20429), moved())
      const fiber = yield* Effect.forkChild(call(changes, close))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.deepStrictEqual(
        changes.requests.map(({ headers }) => headers.get("connection")),
        ["close", "close"]
      )
    })
  )
})

describe("a connection is destroyed", () => {
  const mismatches: ReadonlyArray<readonly [string, Ask, Response]> = [
    ["a list gets HTML", list, new Response("<html>")],
    ["a list gets a participant", list, moved()],
    ["a list gets a redirect", list, new Response(null, { status: 302 })],
    ["a list gets an undocumented status", list, new Response(null, { status: 418 })],
    ["a change gets HTML", close, new Response("<html>")],
    ["a change gets nothing", close, new Response(null)],
    ["a change gets a failure of the server", close, new Response(null, { status: 500 })]
  ]
  for (const [what, ask, reply] of mismatches) {
    for (const traced of [false, true]) {
      it.effect(`when ${what}${traced ? ", where somebody traces" : ""}`, () =>
        Effect.gen(function* () {
          const http = discarding(reply)
          const asked = Effect.exit(call(http, ask, { retry: { times: 0 } }))
          yield* traced ? Effect.provideService(asked, Tracer.Tracer, tracer) : asked
          assert.strictEqual(http.connection.destroyed, 1)
        })
      )
    }
  }

  it.effect("not when the reply answers the request, well or not", () =>
    Effect.gen(function* () {
      for (const [ask, reply] of [
        [list, empty()],
        [list, refused(404, 20404)],
        [list, refused(500, 20500)],
        [close, moved()],
        [close, refused(409, 45008)],
        [close, refused(429, 20429)]
      ] satisfies ReadonlyArray<readonly [Ask, Response]>) {
        const http = discarding(reply)
        yield* Effect.exit(call(http, ask, { retry: { times: 0 } }))
        assert.strictEqual(http.connection.destroyed, 0)
      }
    })
  )
})

const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
