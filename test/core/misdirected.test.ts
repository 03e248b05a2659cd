/** 421, after which the standard of fetch has a request sent once more: which clients do that, and how fetch can be kept from it. */
import { assert, describe, it } from "@effect/vitest"
import { Participants, TwilioClient } from "@flex-interactions/core"
import { Effect, Layer } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import { clients } from "../support/clients.ts"
import { credentials } from "../support/double.ts"
import * as RawServer from "../support/rawServer.ts"
import * as Truth from "../support/truth.ts"

/** A change to a server that answers 421. */
const change = Effect.fnUntraced(function* (layer: Layer.Layer<HttpClient.HttpClient>) {
  const server = yield* Effect.acquireRelease(
    Effect.promise(() => RawServer.serve(() => [{ do: "send", bytes: RawServer.reply(421, "") }])),
    (server) => Effect.promise(() => server.close())
  )
  const services = Participants.layer.pipe(
    Layer.provide(TwilioClient.layer({ credentials, baseUrl: server.url })),
    Layer.provide(layer)
  )
  return { told: yield* Effect.provide(Truth.askCore(Truth.made(1)), services), asked: server.asked }
})

for (const client of clients) {
  describe.skipIf(client.isSkipped)(`by ${client.name}`, () => {
    it.live(
      `a change that is answered with 421 is sent ${client.sendsAgain ? "twice" : "once"}, and its outcome is unknown`,
      () =>
        Effect.gen(function* () {
          const { asked, told } = yield* change(client.layer)
          assert.lengthOf(asked, client.sendsAgain ? 2 : 1)
          assert.strictEqual(told.as, "unknown")
        })
    )
  })
}

describe("Node's fetch, given the body as a stream", () => {
  // As in the guide.
  const once: typeof fetch = (url, init) => {
    const body: unknown = init?.body
    if (!(body instanceof Uint8Array)) return fetch(url, init)
    const headers = { ...(init?.headers as Record<string, string>), "content-length": `${body.byteLength}` }
    return fetch(
      url,
      Object.assign({ ...init, body: new Blob([new Uint8Array(body)]).stream(), headers }, { duplex: "half" })
    )
  }

  it.live("sends it once, with its length and the same bytes as else", () =>
    Effect.gen(function* () {
      const usual = yield* change(FetchHttpClient.layer)
      const given = yield* change(FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, once))))
      assert.lengthOf(given.asked, 1)
      assert.strictEqual(given.told.as, "unknown")
      const { host: _, ...headers } = given.asked[0]?.headers ?? {}
      const { host: __, ...usually } = usual.asked[0]?.headers ?? {}
      assert.deepStrictEqual(headers, usually)
      assert.strictEqual(given.asked[0]?.body, usual.asked[0]?.body)
    })
  )
})
