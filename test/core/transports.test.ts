/** Over real connections, by each of the HTTP clients that people use: what a server, or a hostile one, can do. */
import type { RequestListener } from "node:http"
import { assert, describe, it } from "@effect/vitest"
import { Deferred, Effect, Fiber } from "effect"
import { clients } from "../support/clients.ts"
import { agent, type Ask, call, close, list, reason as reasonOf, type Service } from "../support/double.ts"
import { server } from "../support/listen.ts"
import type { TwilioClient } from "@flex-interactions/core"

/** What Twilio answers to a change. */
const change = JSON.stringify({ sid: agent.participantSid, type: "agent" })

for (const { isSkipped, layer, name } of clients) {
  const ask = <A, E>(
    baseUrl: string,
    f: (participants: Service) => Effect.Effect<A, E>,
    options: Partial<TwilioClient.Options> = {}
  ) => call({ layer }, f, { baseUrl, retry: { times: 0 }, ...options })
  const reason = (baseUrl: string, f: Ask) => reasonOf({ layer }, f, { baseUrl, retry: { times: 0 } })

  describe.skipIf(isSkipped)(`by ${name}`, () => {
    it.live("a list and a change", () =>
      Effect.gen(function* () {
        const url = yield* server((request, response) =>
          response.end(request.method === "GET" ? `{"participants":[{"type":"agent"}]}` : change)
        )
        assert.lengthOf((yield* ask(url, list)) as ReadonlyArray<unknown>, 1)
        yield* ask(url, close)
      })
    )

    it.live("a connection that is refused was never used, for a change either", () =>
      Effect.gen(function* () {
        const url = yield* Effect.scoped(server((_, response) => response.end()))
        assert.strictEqual((yield* reason(url, list))._tag, "NetworkError")
        const change = yield* reason(url, close)
        assert.strictEqual(change._tag, "NetworkError")
        assert.match(change.message, /could not connect to http:\/\/127\.0\.0\.1:\d+ \(ECONNREFUSED\)/u)
      })
    )

    for (const [what, handler] of [
      ["before the reply", (request) => void request.socket.destroy()],
      ["in the middle of the head", (request) => void request.socket.end("HTTP/1.1 200 O")],
      [
        "in the middle of the body",
        (_, response) => {
          response.writeHead(200, { "content-length": 100 }).write(`{"participants":[`)
          setImmediate(() => response.destroy())
        }
      ],
      [
        "in the middle of a chunk",
        (_, response) => {
          response.write(`{"participants":[`)
          setImmediate(() => response.destroy())
        }
      ]
    ] satisfies ReadonlyArray<readonly [string, RequestListener]>) {
      it.live(`a connection that breaks ${what}: NetworkError for a list, OutcomeUnknown for a change`, () =>
        Effect.gen(function* () {
          const url = yield* server(handler)
          assert.strictEqual((yield* reason(url, list))._tag, "NetworkError")
          assert.strictEqual((yield* reason(url, close))._tag, "OutcomeUnknown")
        })
      )
    }

    it.live("an error reply that breaks off still says what its status says", () =>
      Effect.gen(function* () {
        const url = yield* server((_, response) => {
          response.writeHead(404, { "content-length": 100 }).write(`{"code":`)
          setImmediate(() => response.destroy())
        })
        assert.strictEqual((yield* reason(url, close))._tag, "NotFound")
      })
    )

    for (const status of [301, 302, 303, 307, 308]) {
      it.live(`a redirect (${status}) is not followed: no other server sees the credentials or the change`, () =>
        Effect.gen(function* () {
          const seen: Array<string> = []
          const elsewhere = yield* server((request, response) => {
            seen.push(`${request.method} ${request.headers.authorization}`)
            response.end(`{"participants":[]}`)
          })
          const url = yield* server((_, response) => response.writeHead(status, { location: elsewhere }).end())
          for (const [f, tag] of [
            [list, "UnexpectedResponse"],
            [close, "OutcomeUnknown"]
          ] as const) {
            const failed = yield* reason(url, f)
            assert.strictEqual(failed._tag, tag)
            assert.match(failed.message, /redirect.*HTTP 30/u)
          }
          assert.isEmpty(seen)
        })
      )
    }

    for (const [what, head] of [
      ["that says its size", { "content-length": 200_000_000 }],
      ["that does not", {}]
    ] as const) {
      it.live(`a reply of 200 MB ${what} is an error, and most of it never leaves the server`, () =>
        Effect.gen(function* () {
          const sent = yield* Deferred.make<number>()
          const chunk = Buffer.alloc(1_000_000, " ")
          const url = yield* server((request, response) => {
            response.writeHead(200, head)
            const send = () => {
              for (let i = 0; i < 200; i++) if (response.destroyed || !response.write(chunk)) return
            }
            let written = 0
            response.on("drain", () => {
              written += 1
              if (written < 200) response.write(chunk)
              else response.end()
            })
            request.socket.once("close", () => Deferred.doneUnsafe(sent, Effect.succeed(request.socket.bytesWritten)))
            send()
          })
          const failed = yield* reason(url, list)
          assert.strictEqual(failed._tag, "UnexpectedResponse")
          assert.match(failed.message, /more than 16777216 bytes/u)
          // 16 MiB, and what the buffers of two sockets hold.
          assert.isBelow(yield* Deferred.await(sent), 40_000_000)
        })
      )
    }

    it.live("a page of 1000 with large routing properties fits", () =>
      Effect.gen(function* () {
        const row = { type: "agent", routing_properties: { note: "x".repeat(10_000) } }
        const page = JSON.stringify({ participants: Array.from({ length: 1000 }, () => row) })
        const url = yield* server((_, response) => response.end(page))
        assert.lengthOf((yield* ask(url, list)) as ReadonlyArray<unknown>, 1000)
      })
    )

    it.live("interrupting the program closes the connection", () =>
      Effect.gen(function* () {
        const asked = yield* Deferred.make<void>()
        const closed = yield* Deferred.make<void>()
        const url = yield* server((request) => {
          request.socket.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
          Deferred.doneUnsafe(asked, Effect.void)
        })
        const fiber = yield* Effect.forkChild(ask(url, close))
        yield* Deferred.await(asked)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(closed)
      })
    )

    for (const [what, head] of [
      ["that says its size", { "content-length": 100 }],
      ["that does not", {}]
    ] as const) {
      it.live(`so does interrupting it in the middle of a body ${what}`, () =>
        Effect.gen(function* () {
          const asked = yield* Deferred.make<void>()
          const closed = yield* Deferred.make<void>()
          const url = yield* server((request, response) => {
            response.writeHead(200, head).write(`{"participants":[`)
            request.socket.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
            setImmediate(() => Deferred.doneUnsafe(asked, Effect.void))
          })
          const fiber = yield* Effect.forkChild(ask(url, list))
          yield* Deferred.await(asked)
          yield* Fiber.interrupt(fiber)
          yield* Deferred.await(closed)
        })
      )
    }

    it.live("a byte order mark before the JSON, as some gateways put there, is no part of it", () =>
      Effect.gen(function* () {
        const url = yield* server((_, response) => response.end(`\uFEFF${change}`))
        yield* ask(url, close)
      })
    )

    it.live("a switch to another protocol, which nobody asked for, ends the wait", () =>
      Effect.gen(function* () {
        const url = yield* server((request) => {
          request.socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n")
        })
        const timeouts = { attempt: "1 hour", total: "1 hour" } as const
        const failed = yield* Effect.flip(ask(url, close, { timeouts }))
        assert.strictEqual(failed._tag === "TwilioError" ? failed.reason._tag : undefined, "OutcomeUnknown")
      })
    )

    it.live("a reply of no more than headers, and those nonsense", () =>
      Effect.gen(function* () {
        const url = yield* server((_, response) => {
          response.writeHead(429, {
            "retry-after": "never",
            "twilio-request-id": "<script>alert(1)</script>",
            "content-type": "\u00ff/\u00fe",
            "x-long": "x".repeat(8000)
          })
          response.end()
        })
        const failed = yield* reason(url, list)
        assert.strictEqual(failed._tag, "RateLimited")
        assert.isUndefined(failed.retryAfter)
        assert.isUndefined(failed.requestId)
      })
    )
  })
}
