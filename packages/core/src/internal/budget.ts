/**
 * The rate limiter behind `HttpClient.withRateLimiter`: on the store that the program provides, or in memory.
 *
 * It differs from Effect's own in three things. Callers wait in one line for each key, and take a token only when there is
 * one: a caller that gives up leaves no debt behind for the next. A store that does not answer is replaced, for a while, by
 * a budget in memory, with a warning: a cache that is down must not stop a contact centre. And no store can make a caller
 * wait longer than a window.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Semaphore from "effect/Semaphore"

type Consume = RateLimiter.RateLimiter["consume"]

/** How long the store has for an answer. */
const patience = Duration.seconds(1)
/** How long a store that failed is left alone. */
const pause = Duration.seconds(10)

const inMemory = RateLimiter.make.pipe(
  Effect.provide(RateLimiter.layerStoreMemory),
  Effect.map((limiter) => ({
    ...limiter,
    consume: (options: Parameters<Consume>[0]) => byMonotonicClock(limiter.consume(options))
  }))
)

/** By the time of day, a clock that is put back an hour would stop everybody for an hour. */
const byMonotonicClock = <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.clockWith((clock) => {
    const monotonic = Object.create(clock, {
      currentTimeMillisUnsafe: { value: () => toMillis(clock.monotonicTimeNanosUnsafe()) }
    }) as Clock.Clock
    return Effect.provideService(self, Clock.Clock, monotonic)
  })

const toMillis = (nanos: bigint): number => Number(nanos / 1_000_000n)

/** A limiter on the `RateLimiterStore` in the context, or else in memory. */
export const make: Effect.Effect<RateLimiter.RateLimiter> = Effect.gen(function* () {
  const local = yield* inMemory
  const store = yield* Effect.serviceOption(RateLimiter.RateLimiterStore)
  const ask = Option.isNone(store)
    ? local.consume
    : withFallback(
        (yield* RateLimiter.make.pipe(Effect.provideService(RateLimiter.RateLimiterStore, store.value))).consume,
        local.consume
      )

  const take = (options: Parameters<Consume>[0]): ReturnType<Consume> => {
    const window = Duration.fromInputUnsafe(options.window)
    return ask({ ...options, onExceeded: "fail" }).pipe(
      Effect.catchReason("RateLimiterError", "RateLimitExceeded", ({ retryAfter }) =>
        Effect.andThen(
          Effect.sleep(Duration.clamp(retryAfter, { minimum: Duration.millis(1), maximum: window })),
          take(options)
        )
      )
    )
  }

  const lines = new Map<string, Semaphore.Semaphore>()
  const line = (key: string) => {
    const found = lines.get(key) ?? Semaphore.makeUnsafe(1)
    lines.set(key, found)
    return found
  }
  return { ...local, consume: (options) => line(options.key).withPermit(take(options)) }
})

const withFallback = (shared: Consume, local: Consume): Consume => {
  let pausedUntil = 0
  return Effect.fnUntraced(function* (options: Parameters<Consume>[0]) {
    const now = toMillis(yield* Clock.monotonicTimeNanos)
    if (now < pausedUntil) return yield* local(options)
    return yield* shared(options).pipe(
      Effect.timeout(patience),
      Effect.catch((error) => {
        if (error._tag === "RateLimiterError" && error.reason._tag === "RateLimitExceeded") return Effect.fail(error)
        pausedUntil = now + Duration.toMillis(pause)
        return Effect.andThen(
          Effect.logWarning(
            `the shared rate limit cannot be reached; for ${Duration.format(pause)} this process keeps to the limit by itself`
          ),
          local(options)
        )
      })
    )
  })
}
