/** The rate limit: in memory, and shared by several processes through a real Redis. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient, Participants } from "@flex-interactions/core"
import { Clock, Effect, Fiber, Layer, Logger } from "effect"
import { RateLimiter } from "effect/persistence"
import { TestClock } from "effect/testing"
import { start } from "../support/served.ts"
import { call, channel, close, credentials, double, empty, list, moved, type Service } from "../support/double.ts"

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

const hasRedis = (() => {
  try {
    execFileSync("redis-server", ["--version"])
    return true
  } catch {
    return false
  }
})()
if (!hasRedis && process.env["CI"] === "true")
  throw new Error("CI runs without redis-server: apt-get install redis-server")

/** A real Redis on a free port, for as long as the test's scope is open. */
const redis = Effect.acquireRelease(
  Effect.promise(async () => {
    const probe = createServer().listen(0, "127.0.0.1")
    await once(probe, "listening")
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const server: ChildProcess = spawn(
      "redis-server",
      ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
      { stdio: ["ignore", "pipe", "inherit"] }
    )
    for await (const chunk of server.stdout ?? []) if (String(chunk).includes("Ready to accept connections")) break
    return { server, url: `redis://127.0.0.1:${port}` }
  }),
  ({ server }) => Effect.promise(() => stop(server))
)

const stop = async (server: ChildProcess) => {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.kill("SIGKILL")
  await once(server, "exit")
}

describe.skipIf(!hasRedis)(
  `on Redis${hasRedis ? "" : " (skipped: no redis-server here; apt-get install redis-server runs these)"}`,
  () => {
    it.live("two processes share one account's budget", () =>
      Effect.gen(function* () {
        const { url } = yield* redis
        const served = yield* Effect.acquireRelease(
          Effect.promise(() => start()),
          ({ close }) => Effect.promise(close)
        )
        const caller = () =>
          Effect.promise(async () => {
            const child = spawn(
              process.execPath,
              [
                "--conditions=@flex-interactions/source",
                "--import",
                "tsx",
                fileURLToPath(new URL("../support/rateLimitCaller.ts", import.meta.url)),
                url,
                served.url
              ],
              { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: ["ignore", "pipe", "inherit"] }
            )
            let out = ""
            child.stdout.on("data", (chunk) => (out += String(chunk)))
            await once(child, "close")
            return JSON.parse(out) as { readonly listed: number; readonly heldBack: number }
          })
        const [one, two] = yield* Effect.all([caller(), caller()], { concurrency: 2 })
        // Each asks five times; six requests an hour are allowed to both together.
        assert.lengthOf(served.requests, 6)
        assert.strictEqual(one.listed + two.listed, 6)
        assert.strictEqual(one.heldBack + two.heldBack, 4)
      })
    )

    it.live("that goes away stops nobody, and says so", () =>
      Effect.gen(function* () {
        const { server, url } = yield* redis
        const lines: Array<string> = []
        const http = double(empty())
        yield* call(http, (participants) =>
          Effect.gen(function* () {
            yield* participants.list(channel)
            yield* Effect.promise(() => stop(server))
            yield* participants.list(channel)
          })
        ).pipe(
          Effect.provide([
            RateLimiter.layerStoreRedis().pipe(Layer.provide(NodeRedis.layer({ url, disableOfflineQueue: true }))),
            Logger.layer([Logger.make(({ message }) => lines.push(String(message)))])
          ])
        )
        assert.lengthOf(http.requests, 2)
        assert.lengthOf(
          lines.filter((line) => /shared rate limit cannot be reached/u.test(line)),
          1
        )
      })
    )
  }
)
