/** The rate limit of one process. */
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient, Participants } from "@flex-interactions/core"
import { Clock, Effect, Fiber, Layer, Logger } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { call, close, credentials, double, empty, list, moved, type Service } from "../support/double.ts"

const many =
  <E>(n: number, f: (participants: Service) => Effect.Effect<unknown, E>) =>
  (participants: Service) =>
    Effect.forEach(Array.from({ length: n }), () => Effect.result(f(participants)), { concurrency: "unbounded" })

describe("in memory", () => {
  it.effect("20 requests a second, unless told otherwise", () =>
    Effect.gen(function* () {
      const http = double(moved())
      const fiber = yield* Effect.forkChild(call(http, many(45, close)))
      const sent: Array<number> = []
      for (const _ of [0, 1, 2]) {
        yield* TestClock.adjust(1)
        sent.push(http.requests.length)
        yield* TestClock.adjust(999)
      }
      assert.deepStrictEqual(sent, [20, 40, 45])
      yield* Fiber.join(fiber)
    })
  )

  it.effect("a budget for lists and another for changes", () =>
    Effect.gen(function* () {
      const http = double(empty())
      const fiber = yield* Effect.forkChild(
        call(
          http,
          (participants) => Effect.all([many(5, list)(participants), many(5, close)(participants)], { concurrency: 2 }),
          {
            rateLimit: { limit: 2, window: "1 hour" }
          }
        )
      )
      yield* TestClock.adjust("30 seconds")
      const methods = http.requests.map(({ method }) => method)
      assert.deepStrictEqual(methods.sort(), ["GET", "GET", "POST", "POST"])
      yield* Fiber.interrupt(fiber)
    })
  )

  it.effect("callers that give up leave no debt to the next", () =>
    Effect.gen(function* () {
      const http = double(moved())
      const fiber = yield* Effect.forkChild(
        call(http, (participants) => Effect.andThen(many(500, close)(participants), close(participants)), {
          rateLimit: { limit: 1, window: "1 second" },
          timeouts: { total: "2500 millis" }
        })
      )
      yield* TestClock.adjust("4 seconds")
      assert.isDefined(fiber.pollUnsafe())
      assert.lengthOf(http.requests, 4)
      yield* Fiber.join(fiber)
    })
  )

  it.effect("a clock of the machine that is put back an hour holds nobody up", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(7_200_000)
      const http = double(moved())
      const clock = yield* Clock.Clock
      let putBack = 0
      const wall = { currentTimeMillisUnsafe: { value: () => clock.currentTimeMillisUnsafe() - putBack } }
      const program = call(http, (participants) =>
        Effect.gen(function* () {
          yield* many(20, close)(participants)
          putBack = 3_600_000
          yield* many(20, close)(participants)
        })
      ).pipe(Effect.provideService(Clock.Clock, Object.create(clock, wall) as Clock.Clock))
      const fiber = yield* Effect.forkChild(program)
      yield* TestClock.adjust("1001 millis")
      assert.lengthOf(http.requests, 40)
      yield* Fiber.join(fiber)
    })
  )

  it.effect("off, if told so", () =>
    Effect.gen(function* () {
      const http = double(moved())
      yield* call(http, many(300, close), { rateLimit: false })
      assert.lengthOf(http.requests, 300)
    })
  )
})

/** A client for each of the credentials, all on one store. */
const sharing = (store: Layer.Layer<RateLimiter.RateLimiterStore>, ...all: ReadonlyArray<TwilioClient.Credentials>) => {
  const http = double(moved())
  const program = Effect.forEach(all, (credentials) =>
    Effect.provide(
      Effect.flatMap(Participants.Participants, (participants) => Effect.result(close(participants))),
      Layer.fresh(Participants.layer).pipe(
        Layer.provide(
          Layer.fresh(
            TwilioClient.layer({
              credentials,
              rateLimit: { limit: 1, window: "1 hour" },
              timeouts: { total: "5 seconds" }
            })
          )
        ),
        Layer.provide(http.layer)
      )
    )
  )
  return { http, program: Effect.provide(program, store) }
}

/** A store that answers only so. */
const storeOf = (answer: Effect.Effect<never, RateLimiter.RateLimiterError>) =>
  Layer.succeed(RateLimiter.RateLimiterStore, {
    fixedWindow: () => answer,
    tokenBucket: () => Effect.die("not used"),
    adaptiveConsume: () => Effect.die("not used"),
    adaptiveFeedback: () => Effect.die("not used")
  })

describe("on a store that the program provides", () => {
  const account = `AC${"0".repeat(31)}1`
  const other = `AC${"0".repeat(31)}2`
  for (const [what, all, sent] of [
    [
      "all keys of an account share one budget",
      [
        { ...credentials, accountSid: account },
        { ...credentials, apiKey: `SK${"f".repeat(32)}`, accountSid: account }
      ],
      1
    ],
    [
      "another account has another",
      [
        { ...credentials, accountSid: account },
        { ...credentials, accountSid: other }
      ],
      2
    ],
    ["a key whose account is not known has its own", [credentials, { ...credentials, accountSid: account }], 2]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const { http, program } = sharing(RateLimiter.layerStoreMemory, ...all)
        const fiber = yield* Effect.forkChild(program)
        yield* TestClock.adjust("6 seconds")
        yield* Fiber.join(fiber)
        assert.lengthOf(http.requests, sent)
      })
    )
  }

  it.effect("a store that is silent until the time is over: nothing is sent", () =>
    Effect.gen(function* () {
      const http = double(moved())
      const fiber = yield* Effect.forkChild(
        Effect.provide(
          Effect.flip(call(http, close, { timeouts: { total: "500 millis" } })),
          Layer.merge(storeOf(Effect.never), Logger.layer([]))
        )
      )
      yield* TestClock.adjust("2 seconds")
      const error = yield* Fiber.join(fiber)
      assert.match(error.message, /nothing was sent/u)
      assert.isEmpty(http.requests)
    })
  )

  const failing = Effect.fail(
    new RateLimiter.RateLimiterError({ reason: new RateLimiter.RateLimitStoreError({ message: "gone" }) })
  )
  for (const [what, answer] of [
    ["fails", failing],
    ["does not answer", Effect.never]
  ] as const) {
    it.effect(`a store that ${what} stops nobody: a warning, and a budget in memory for a while`, () =>
      Effect.gen(function* () {
        const lines: Array<unknown> = []
        let asked = 0
        const store = storeOf(Effect.suspend(() => (asked++, answer)))
        const http = double(moved())
        const program = call(http, (participants) =>
          Effect.gen(function* () {
            yield* many(25, close)(participants)
            yield* Effect.sleep("10 seconds")
            yield* close(participants)
          })
        )
        const fiber = yield* Effect.forkChild(
          Effect.provide(
            program,
            Layer.merge(store, Logger.layer([Logger.make(({ message, logLevel }) => lines.push([logLevel, message]))]))
          )
        )
        yield* TestClock.adjust("2 seconds")
        // The limit holds: 20 of 25 in the first second.
        assert.isAtLeast(http.requests.length, 20)
        yield* TestClock.adjust("30 seconds")
        yield* Fiber.join(fiber)
        assert.lengthOf(http.requests, 26)
        assert.strictEqual(asked, 2)
        assert.lengthOf(lines, 2)
        assert.match(
          JSON.stringify(lines[0]),
          /"Warn".*shared rate limit cannot be reached; for 10s this process keeps/u
        )
      })
    )
  }
})
