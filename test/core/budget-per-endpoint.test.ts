/** Each endpoint has a budget of its own: three requests a second for those with an expression, and 20 for all others. */
import { assert, describe, it } from "@effect/vitest"
import { Channels, Events, Tasks, type TwilioClient, type TwilioError, Workers } from "@flex-interactions/core"
import { Effect, Fiber, Layer, Stream } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { double } from "../support/double.ts"
import { channel, services, type Services, sid } from "../support/services.ts"

type Ask = Effect.Effect<unknown, TwilioError.TwilioError, Services>
const endpoints: { readonly [name: string]: Ask } = {
  "tasks by an expression": Tasks.Tasks.use((tasks) => tasks.page({ channel })),
  "tasks without": Tasks.Tasks.use((tasks) => tasks.page({ statuses: ["wrapping"] })),
  "a task": Tasks.Tasks.use((tasks) => tasks.get(sid("WT", 1))),
  "its reservations": Tasks.Tasks.use((tasks) => tasks.reservations(sid("WT", 1))),
  "a reservation": Tasks.Tasks.use((tasks) => tasks.reservation(sid("WT", 1), sid("WR", 1))),
  "a worker": Workers.Workers.use((workers) => workers.get(sid("WK", 1))),
  "a worker's reservations": Workers.Workers.use((workers) => workers.reservationsPage(sid("WK", 1))),
  events: Events.Events.use((events) => Stream.runCollect(events.stream())),
  "a channel": Channels.Channels.use((channels) => channels.get(channel)),
  channels: Channels.Channels.use((channels) => channels.list(channel.interactionSid)),
  invites: Channels.Channels.use((channels) => channels.invites(channel)),
  "an update": Channels.Channels.use((channels) => channels.update(channel, { status: "closed" }))
}

const twenty = { limit: 20, window: "1 second" } as const
/** A list without rows, and an answer to whatever is read alone: it names where that is. */
const rows = Response.json({
  interaction_sid: channel.interactionSid,
  workspace_sid: sid("WS", 1),
  ...Object.fromEntries(["tasks", "reservations", "workers", "events", "channels", "invites"].map((name) => [name, []]))
})

/** How many requests were sent after the first moment of each of three seconds, if 70 are asked for at once. */
const sent = (ask: Ask, options: Partial<TwilioClient.Options>) =>
  Effect.gen(function* () {
    const http = double(rows)
    const all = Effect.all(
      Array.from({ length: 70 }, () => ask),
      { concurrency: "unbounded", discard: true }
    )
    const layer = services(http.layer, { workspaceSid: sid("WS", 1), ...options })
    const fiber = yield* Effect.forkChild(Effect.provide(all, layer))
    const counts: Array<number> = []
    for (const _ of [0, 1, 2]) {
      yield* TestClock.adjust(1)
      counts.push(http.requests.length)
      yield* TestClock.adjust(999)
    }
    yield* Fiber.interrupt(fiber)
    return counts
  })

describe("by default", () => {
  for (const [name, ask] of Object.entries(endpoints)) {
    const n = name.endsWith("an expression") ? 3 : 20
    it.effect(`${name}: ${n} a second`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* sent(ask, { rateLimit: twenty }), [n, 2 * n, 3 * n])
      })
    )
  }

  it.effect("workers by an expression, which goes with their name: 3 a second", () =>
    Effect.gen(function* () {
      const http = double(rows)
      const find = Workers.Workers.use((workers) => workers.find("nobody"))
      const all = Effect.all(
        Array.from({ length: 70 }, () => find),
        { concurrency: "unbounded", discard: true }
      )
      const layer = services(http.layer, { workspaceSid: sid("WS", 1), rateLimit: twenty })
      const fiber = yield* Effect.forkChild(Effect.provide(all, layer))
      yield* TestClock.adjust(1)
      const count = () => http.requests.filter(({ url }) => url.includes("TargetWorkersExpression")).length
      for (let second = 1; second <= 5; second++) {
        yield* TestClock.adjust("1 second")
        assert.isAtMost(count(), 3 * (second + 1))
        assert.isAtLeast(count(), 3 * second)
      }
      yield* Fiber.interrupt(fiber)
    })
  )
})

describe("the setting", () => {
  it.effect("lowers all, and never lifts what Twilio publishes for expressions", () =>
    Effect.gen(function* () {
      const [expression, plain] = [endpoints["tasks by an expression"], endpoints["a task"]]
      if (expression === undefined || plain === undefined) return assert.fail("no such endpoint")
      const two = { rateLimit: { limit: 2, window: "1 second" } } as const
      assert.deepStrictEqual(yield* sent(expression, two), [2, 4, 6])
      assert.deepStrictEqual(yield* sent(plain, two), [2, 4, 6])
      const fifty = { rateLimit: { limit: 50, window: "1 second" } } as const
      assert.deepStrictEqual(yield* sent(expression, fifty), [3, 6, 9])
      assert.deepStrictEqual(yield* sent(plain, fifty), [50, 70, 70])
    })
  )

  it.effect("is for each endpoint: the budget of one is no other's", () =>
    Effect.gen(function* () {
      const http = double(rows)
      const all = Effect.all(
        Object.values(endpoints).flatMap((ask) => [ask, ask]),
        { concurrency: "unbounded", discard: true }
      )
      const layer = services(http.layer, { workspaceSid: sid("WS", 1), rateLimit: { limit: 1, window: "1 hour" } })
      const fiber = yield* Effect.forkChild(Effect.provide(all, layer))
      yield* TestClock.adjust("30 seconds")
      assert.strictEqual(http.requests.length, Object.keys(endpoints).length)
      yield* Fiber.interrupt(fiber)
    })
  )
})

describe("a share", () => {
  const half = { rateLimit: { ...twenty, share: 0.5 } } as const
  const [expression, plain] = [endpoints["tasks by an expression"], endpoints["a task"]]
  if (expression === undefined || plain === undefined) throw new Error("no such endpoint")

  it.effect(
    "is of every budget: half of 20, and half of the three a second that Twilio publishes for expressions",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* sent(plain, half), [10, 20, 30])
        // One in 667 milliseconds.
        assert.deepStrictEqual(yield* sent(expression, half), [1, 2, 3])
      })
  )

  it.effect("of one a second is one in two seconds", () =>
    Effect.gen(function* () {
      const one = { rateLimit: { limit: 1, window: "1 second", share: 0.5 } } as const
      assert.deepStrictEqual(yield* sent(plain, one), [1, 1, 2])
    })
  )

  for (const [name, ask, limit] of [
    ["a list without an expression", plain, 20],
    ["a list by an expression", expression, 3]
  ] as const) {
    it.effect(`on one store leaves the others the rest of the budget of ${name}, however much its program wants`, () =>
      Effect.gen(function* () {
        const store = yield* Layer.build(RateLimiter.layerStoreMemory)
        /** How many requests were sent when each of ten seconds was over, of 400 that are asked for at once. */
        const program = (options: Partial<TwilioClient.Options>) =>
          Effect.gen(function* () {
            const http = double(rows)
            const all = Effect.forEach(Array.from({ length: 400 }), () => ask, {
              concurrency: "unbounded",
              discard: true
            })
            const layer = services(http.layer, {
              workspaceSid: sid("WS", 1),
              timeouts: { total: "1 hour" },
              ...options
            })
            yield* Effect.forkScoped(Effect.provide(all, Layer.fresh(layer)).pipe(Effect.provideContext(store)))
            return http.requests
          })
        // It is there first.
        const background = yield* program(half)
        yield* TestClock.adjust("10 seconds")
        const alone = background.length
        const foreground = yield* program({ rateLimit: twenty })
        yield* TestClock.adjust("10 seconds")
        // Ten seconds, and the one that is running.
        assert.isAtMost(alone, 11 * (limit / 2))
        assert.isAtMost(background.length - alone, 11 * (limit / 2))
        assert.isAtLeast(foreground.length, 10 * (limit / 2))
        assert.isAtMost(foreground.length + background.length - alone, 11 * limit)
      }).pipe(Effect.scoped)
    )
  }
})
