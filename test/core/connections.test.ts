/** What core says to the HTTP client about connections: which request needs one of its own, and which to destroy. */
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient } from "@flex-interactions/core"
import { Effect, Fiber, Layer, Tracer } from "effect"
import { HttpClient, HttpClientError, HttpClientResponse } from "effect/http"
import { TestClock } from "effect/testing"
import { call, close, double, empty, list, moved, reason, refused, type Ask } from "../support/double.ts"

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

describe("a client that knows that nothing was sent", () => {
  const failing = (mark: TwilioClient.NeverSent) => {
    const sent: Array<string> = []
    const client = HttpClient.make((request) => {
      sent.push(request.method)
      const cause = Object.assign(new Error("socket hang up"), { code: "ECONNRESET", [TwilioClient.neverSent]: mark })
      return Effect.fail(
        new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request, cause }) })
      )
    })
    return { sent, layer: Layer.succeed(HttpClient.HttpClient, client) }
  }

  it.effect("is believed, for a change too, and its words are in the error", () =>
    Effect.gen(function* () {
      const silent = yield* reason(failing({}), close)
      assert.strictEqual(silent._tag, "NetworkError")
      assert.strictEqual(silent.message, "could not connect to https://flex-api.twilio.com (ECONNRESET)")
      const told = yield* reason(failing({ problem: "flight mode", mayPass: false }), close)
      assert.strictEqual(told._tag, "NetworkError")
      assert.strictEqual(told.message, "could not connect to https://flex-api.twilio.com: flight mode")
    })
  )

  it.effect("is asked again, unless it says that the same will happen", () =>
    Effect.gen(function* () {
      const passing = failing({ problem: "no answer" })
      const fiber = yield* Effect.forkChild(reason(passing, list))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(fiber)
      assert.lengthOf(passing.sent, 4)
      const lasting = failing({ problem: "wrong password", mayPass: false })
      yield* reason(lasting, list)
      assert.lengthOf(lasting.sent, 1)
    })
  )
})

const tracer = Tracer.make({ span: (options) => new Tracer.NativeSpan(options) })
