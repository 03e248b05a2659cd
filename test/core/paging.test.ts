/** How pages are asked for, followed and ended. */
import { setImmediate } from "node:timers/promises"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { assert, describe, it } from "@effect/vitest"
import { Workers } from "@flex-interactions/core"
import { Deferred, Effect, Fiber, Option, Ref, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import { call, channel, double, empty, list, refused, row, type Service } from "../support/double.ts"
import { server } from "../support/listen.ts"
import { services, sid } from "../support/services.ts"

const page = (n: number, next: string | null, size = 2) =>
  Response.json({
    participants: Array.from({ length: size }, (_, i) => row(n * size + i)),
    meta: { next_page_url: next }
  })
const to = (token: string) => `https://flex-api.twilio.com/v1/x?PageSize=50&Page=1&PageToken=${token}`
const three = [page(0, to("PT1")), page(1, to("PT2")), page(2, null)]
const query = (request: Request | undefined) => Object.fromEntries(new URL(request?.url ?? "").searchParams)

describe("a page", () => {
  it.effect("asks for what it is told, and nothing else", () =>
    Effect.gen(function* () {
      const http = double(empty())
      yield* call(http, (participants) => participants.page(channel))
      yield* call(http, (participants) =>
        participants.page(channel, { pageSize: 7, cursor: { page: "3", pageToken: "PT&x=1" } })
      )
      assert.deepStrictEqual(http.requests.map(query), [{}, { PageSize: "7", Page: "3", PageToken: "PT&x=1" }])
    })
  )

  it.effect("takes Page and PageToken alone from next_page_url: origin, path and page size stay as they are", () =>
    Effect.gen(function* () {
      const hostile = "https://elsewhere.example/v1/Accounts?PageSize=1&Page=5&PageToken=PTx&Status=closed#y"
      const http = double(page(0, hostile), page(1, null))
      yield* call(http, (participants) => participants.list(channel, { pageSize: 2 }))
      const second = new URL(http.requests[1]?.url ?? "")
      assert.strictEqual(second.origin, "https://flex-api.twilio.com")
      assert.strictEqual(second.pathname, new URL(http.requests[0]?.url ?? "").pathname)
      assert.deepStrictEqual(query(http.requests[1]), { PageSize: "2", Page: "5", PageToken: "PTx" })
    })
  )

  for (const next of ["/v1/x?Page=1&PageToken=PT1", "//elsewhere.example/?PageToken=PT1", "?PageToken=PT1"]) {
    it.effect(`reads a next_page_url like ${next}`, () =>
      Effect.gen(function* () {
        const found = yield* call(double(page(0, next)), (participants) => participants.page(channel))
        assert.strictEqual(found.next?.pageToken, "PT1")
      })
    )
  }

  for (const next of ["https://flex-api.twilio.com/v1/x", "http://[", "nonsense"]) {
    it.effect(`with a next_page_url like ${next} is UnexpectedResponse`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(call(double(page(0, next)), (participants) => participants.page(channel)))
        assert.match(error.message, /^Participants\.list: next_page_url has no PageToken and no Page \(HTTP 200\)$/u)
      })
    )
  }
})

describe("a list", () => {
  for (const [limit, sizes] of [
    [1, [1]],
    [20, [20]],
    [1000, [1000]],
    [1001, [501, 501]],
    [2500, [834, 834, 834]]
  ] as const) {
    it.effect(`of ${limit} takes pages of ${sizes[0]}`, () =>
      Effect.gen(function* () {
        const pages = sizes.map((size, n) => page(n, to(`PT${n + 1}`), size))
        const http = double(...pages)
        const found = yield* call(http, (participants) => participants.list(channel, { limit }))
        assert.lengthOf(found, limit)
        assert.deepStrictEqual(
          http.requests.map((request) => query(request)["PageSize"]),
          sizes.map(String)
        )
      })
    )
  }

  for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    it.effect(`of ${limit} is refused before anything is sent`, () =>
      Effect.gen(function* () {
        const http = double(empty())
        const error = yield* Effect.flip(call(http, (participants) => participants.list(channel, { limit })))
        assert.match(error.message, /limit: expected a whole number from 1/u)
        assert.isEmpty(http.requests)
      })
    )
  }

  it.effect("continues after an empty page that has a next", () =>
    Effect.gen(function* () {
      const pages = [page(0, to("PT1"), 0), page(1, to("PT2"), 0), page(2, null)]
      assert.lengthOf(yield* call(double(...pages), (participants) => participants.list(channel)), 2)
      assert.lengthOf(
        yield* call(double(...pages), (participants) => Stream.runCollect(participants.stream(channel))),
        2
      )
    })
  )

  it.effect("fails with the page that fails", () =>
    Effect.gen(function* () {
      const pages = [page(0, to("PT1")), refused(400, 21481)]
      for (const f of [
        (participants: Service) => participants.list(channel),
        (participants: Service) => Stream.runDrain(participants.stream(channel))
      ]) {
        const error = yield* Effect.flip(call(double(...pages), f))
        assert.match(error.message, /code 21481/u)
      }
    })
  )
})

describe("pages that go round", () => {
  for (const length of [1, 2, 3, 7]) {
    for (const before of [0, 5]) {
      it.effect(`in a circle of ${length}, after ${before} that do not, are found out`, () =>
        Effect.gen(function* () {
          // Page goes on counting: the token alone says where a page starts.
          const tokens = [
            ...Array.from({ length: before }, (_, n) => `PTonce${n}`),
            ...Array.from({ length: 100 }, (_, n) => `PT${n % length}`)
          ]
          const pages = tokens.map((token, n) => page(n, to(token).replace("Page=1", `Page=${n + 1}`)))
          for (const f of [
            (participants: Service) => participants.list(channel),
            (participants: Service) => Stream.runDrain(participants.stream(channel))
          ]) {
            const http = double(...pages)
            const error = yield* Effect.flip(call(http, f, { rateLimit: false }))
            assert.strictEqual(error.message, "Participants.list: the pages repeat (HTTP 200)")
            assert.isBelow(http.requests.length, 3 * (length + before) + 3)
          }
        })
      )
    }
  }
})

describe("a page that was not asked for", () => {
  const own = `/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}/Participants`
  const first = {
    participants: [row(1)],
    meta: { page: 0, url: `https://flex-api.twilio.com${own}?Page=0`, next_page_url: null }
  }
  const last = {
    participants: [row(2)],
    meta: { page: 1, url: `https://flex-api.twilio.com${own}?Page=1`, next_page_url: null }
  }

  it.effect("is no answer: the last one, whose reply came twice, is not the first", () =>
    Effect.gen(function* () {
      const next = {
        ...first,
        meta: { ...first.meta, next_page_url: `https://x.twilio.com${own}?Page=1&PageToken=PT1` }
      }
      const found = yield* call(double(Response.json(next), Response.json(last)), (participants) =>
        participants.list(channel)
      )
      assert.lengthOf(found, 2)
      for (const f of [
        (participants: Service) => participants.list(channel),
        (participants: Service) => Stream.runDrain(participants.stream(channel))
      ]) {
        const error = yield* Effect.flip(call(double(Response.json(last)), f))
        assert.match(error.message, /the reply is page 1, and page 0 was asked for/u)
      }
    })
  )

  it.effect(
    "is no answer: one without rows, of another channel, is told by its address; what is no address says nothing",
    () =>
      Effect.gen(function* () {
        const empty = (url: unknown) => double(Response.json({ participants: [], meta: { url } }))
        const other = own.replace(channel.channelSid, `UO${"8".repeat(32)}`)
        const error = yield* Effect.flip(call(empty(`https://flex-api.twilio.com${other}`), list))
        assert.match(error.message, /of another list than was asked for/u)
        for (const url of [own, own.toUpperCase(), `${own}?PageToken=PAUT${"8".repeat(32)}`, "//", 1, null]) {
          assert.deepStrictEqual(yield* call(empty(url), (participants) => participants.list(channel)), [])
        }
      })
  )
})

describe("a page of the same list with another filter", () => {
  const page = (filter: string) =>
    Response.json({
      reservations: [],
      meta: { url: `https://taskrouter.twilio.com/v1/Workspaces/${sid("WS", 1)}/x?${filter}` }
    })
  const wrapping = (filter: string) =>
    Workers.Workers.use((workers) => Stream.runCount(workers.reservations(sid("WK", 1), "wrapping"))).pipe(
      Effect.provide(services(double(page(filter)).layer, { workspaceSid: sid("WS", 1) }))
    )

  it.effect("is no answer; written in another way, or not at all, the filter is the same", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(wrapping("ReservationStatus=accepted"))
      assert.match(error.message, /of another list than was asked for/u)
      for (const filter of [
        "",
        "ReservationStatus=WRAPPING",
        "ReservationStatus=wrapping%2Cx",
        "ReservationStatus=&y=accepted"
      ]) {
        assert.strictEqual(yield* wrapping(filter), 0)
      }
    })
  )
})

describe("a stream", () => {
  it.effect("that stops at once asks for one page", () =>
    Effect.gen(function* () {
      const http = double(...three)
      const first = yield* call(http, (participants) => Stream.runHead(participants.stream(channel)))
      assert.isTrue(Option.isSome(first))
      assert.lengthOf(http.requests, 1)
    })
  )

  it.effect("fetches the next page while its consumer is busy, and never more than that one", () =>
    Effect.gen(function* () {
      const http = double(...three)
      const go = yield* Deferred.make<void>()
      const seen = yield* Ref.make(0)
      const fiber = yield* Effect.forkChild(
        call(http, (participants) =>
          participants.stream(channel).pipe(
            Stream.runForEach(() =>
              Effect.andThen(
                Ref.update(seen, (n) => n + 1),
                Deferred.await(go)
              )
            )
          )
        )
      )
      yield* http.asked(2)
      yield* TestClock.adjust("30 seconds")
      yield* Effect.promise(() => setImmediate())
      assert.strictEqual(yield* Ref.get(seen), 1)
      assert.lengthOf(http.requests, 2)
      yield* Deferred.succeed(go, undefined)
      yield* Fiber.join(fiber)
      assert.strictEqual(yield* Ref.get(seen), 6)
      assert.lengthOf(http.requests, 3)
    })
  )

  it.effect("that is interrupted interrupts the request for the next page", () =>
    Effect.gen(function* () {
      const http = double(page(0, to("PT1")), Effect.never)
      const fiber = yield* Effect.forkChild(
        call(http, (participants) => Stream.runForEach(participants.stream(channel), () => Effect.never))
      )
      yield* http.asked(2)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(http.requests[1]?.signal.aborted)
    })
  )

  for (const [client, layer] of [
    ["fetch", FetchHttpClient.layer],
    ["the server's own client", NodeHttp.layer]
  ] as const) {
    it.live(`of 150,000 takes no more memory than one of 15,000, over ${client}`, () =>
      Effect.gen(function* () {
        setFlagsFromString("--expose-gc")
        const collect = runInNewContext("gc") as () => void
        const rows = Array.from({ length: 1000 }, (_, n) => row(n))
        let pages = 0
        const url = yield* server((_, response) =>
          response.end(
            JSON.stringify({ participants: rows, meta: { next_page_url: ++pages < 150 ? to(`PT${pages}`) : null } })
          )
        )
        const heap: Array<number> = []
        yield* call(
          { layer },
          (participants) =>
            participants.stream(channel).pipe(
              Stream.zipWithIndex,
              Stream.runForEach(([, n]) =>
                Effect.sync(() => {
                  if (n % 15_000 !== 14_999) return
                  collect()
                  heap.push(process.memoryUsage().heapUsed)
                })
              )
            ),
          { baseUrl: url, rateLimit: false }
        )
        assert.lengthOf(heap, 10)
        // The median step, nine times: what other tests of this process free or take at some moment is one step.
        const steps = heap.slice(1).map((size, index) => size - (heap[index] ?? 0))
        assert.isBelow((steps.toSorted((a, b) => a - b)[4] ?? 0) * 9, 2_000_000)
      })
    )
  }
})
