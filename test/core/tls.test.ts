/** Core's own client over TLS that is broken off at every stage, on raw sockets. */
import * as https from "node:https"
import { assert, describe, it } from "@effect/vitest"
import { Participants, TwilioClient } from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import { Effect, Fiber, Layer } from "effect"
import { credentials } from "../support/double.ts"
import * as RawServer from "../support/rawServer.ts"
import * as Tls from "../support/tls.ts"
import * as Truth from "../support/truth.ts"

const { authority, cert, key } = await Tls.certificate(["localhost"])

const served = (...args: Parameters<typeof RawServer.serve>) =>
  Effect.acquireRelease(
    Effect.promise(() => RawServer.serve(...args)),
    (server) => Effect.promise(() => server.close())
  )

/** Twilio over TLS, and core that trusts it, by way of a wire that does this with each connection. */
const setUp = Effect.fnUntraced(function* (first: (port: number) => RawServer.Script) {
  const twilio = yield* served(Truth.honestly, { secure: { key, cert } })
  const wire = yield* served(() => [], { first: () => first(twilio.port) })
  const services = Participants.layer.pipe(
    Layer.provide(
      TwilioClient.layer({
        credentials,
        baseUrl: `https://localhost:${wire.port}`,
        rateLimit: false,
        retry: { times: 0 }
      })
    ),
    Layer.provide(NodeHttp.layerAgent((options) => new https.Agent({ ...options, ca: authority })))
  )
  return { twilio, wire, ask: (ask: Truth.Ask) => Effect.provide(Truth.askCore(ask), services) }
})

/** Bytes of the server's after which the connection is broken off: from none to more than there are. */
const stages = [0, 1, 50, 100, 200, 400, 500, ...Array.from({ length: 30 }, (_, n) => 600 + n * 200)]

describe("TLS", () => {
  it.live("broken off wherever: what is told is true, and nothing is left unhandled", () =>
    Effect.gen(function* () {
      const told = new Set<string>()
      for (const bytes of stages) {
        const { ask, twilio } = yield* setUp((port) => [{ do: "tunnel", port, bytes }])
        for (const call of [Truth.list(1), Truth.made(1), Truth.refused(1)]) {
          const outcome = yield* ask(call)
          assert.isUndefined(Truth.lie(call, outcome, twilio.applied), `${bytes}`)
          told.add(outcome.as)
        }
      }
      assert.sameMembers([...told], ["refused", "unknown", "made", "listed"])
    })
  )

  it.live("broken off before it is secure: a change was never sent, and that is what is told", () =>
    Effect.gen(function* () {
      for (const script of [
        [{ do: "reset" }],
        [{ do: "end" }],
        [{ do: "send", bytes: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}" }],
        [{ do: "send", bytes: RawServer.reply(404, "") }]
      ] satisfies ReadonlyArray<RawServer.Script>) {
        const { ask } = yield* setUp(() => script)
        const { as, words } = yield* ask(Truth.made(1))
        assert.strictEqual(as, "refused")
        assert.match(words ?? "", /could not connect to https:\/\/localhost/u)
      }
      for (const bytes of stages.filter((bytes) => bytes <= 500)) {
        const { ask } = yield* setUp((port) => [{ do: "tunnel", port, bytes }])
        assert.strictEqual((yield* ask(Truth.made(1))).as, "refused")
      }
    })
  )

  it.live("that is never answered: interrupting the program closes the connection", () =>
    Effect.gen(function* () {
      const { ask, wire } = yield* setUp(() => [])
      const fiber = yield* Effect.forkChild(ask(Truth.made(1)))
      yield* Effect.promise(() => wire.until(() => wire.open() === 1))
      yield* Fiber.interrupt(fiber)
      yield* Effect.promise(() => wire.until(() => wire.open() === 0))
    })
  )

  it.live("interrupted at any moment, and broken off then: nothing is left unhandled", () =>
    Effect.gen(function* () {
      for (let milliseconds = 0; milliseconds < 20; milliseconds++) {
        const { ask, wire } = yield* setUp((port) => [{ do: "tunnel", port }])
        const fiber = yield* Effect.forkChild(ask(Truth.list(1)))
        yield* Effect.sleep(milliseconds)
        if (milliseconds % 2 === 0) wire.reset()
        yield* Fiber.interrupt(fiber)
        wire.reset()
        yield* Effect.promise(() => wire.until(() => wire.open() === 0))
      }
    })
  )
})
