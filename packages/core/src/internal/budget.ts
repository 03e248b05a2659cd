/**
 * The rate limit: on the `RateLimiterStore` that the program provides, or in memory.
 *
 * `RateLimiter` counts; three things are added here. Callers wait in one line for each key, and take a token only when there
 * is one: a caller that gives up leaves no debt behind for the next. A store that does not answer is replaced, for a while,
 * by a budget in memory, with a warning: a cache that is down must not stop a contact centre. And no store can make a caller
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
  Effect.clockWith((clock) => Effect.provideService(self, Clock.Clock, monotonic(clock)))

const monotonic = (clock: Clock.Clock): Clock.Clock => {
  const known = monotonics.get(clock)
  if (known !== undefined) return known
  const made = Object.create(clock, {
    currentTimeMillisUnsafe: { value: () => toMillis(clock.monotonicTimeNanosUnsafe()) }
  }) as Clock.Clock
  monotonics.set(clock, made)
  return made
}

const monotonics = new WeakMap<Clock.Clock, Clock.Clock>()

const toMillis = (nanos: bigint): number => Number(nanos / 1_000_000n)

/** Whose tokens: a budget has a name, and may have fewer tokens a second than the others. */
export interface Budget {
  readonly key: string
  readonly perSecond: number | undefined
}

/** What the limit is keyed by: the account, or the API key where the account is not known, and the endpoint. Never a secret. */
export const keyOf = (account: string, endpoint: string): string => `flex-interactions/${account}/${endpoint}`

/**
 * Takes a token of the budget. Where none is there the caller waits; `inTime` bounds that, and is left out where there is
 * no need to wait.
 */
export type Take = <E>(
  budget: Budget,
  inTime: (
    waiting: Effect.Effect<void, RateLimiter.RateLimiterError>
  ) => Effect.Effect<void, E | RateLimiter.RateLimiterError>
) => Effect.Effect<void, E | RateLimiter.RateLimiterError>

/** Budgets of `limit` tokens each `window`, on the `RateLimiterStore` in the context, or else in memory. */
export const make = Effect.fnUntraced(function* (options: {
  readonly limit: number
  readonly window: Duration.Duration
}) {
  const local = (yield* inMemory).consume
  const store = yield* Effect.serviceOption(RateLimiter.RateLimiterStore)
  const ask = Option.isNone(store)
    ? local
    : withFallback(
        (yield* RateLimiter.make.pipe(Effect.provideService(RateLimiter.RateLimiterStore, store.value))).consume,
        local
      )

  const takeOne = ({ key, perSecond = Number.POSITIVE_INFINITY }: Budget) => {
    const most = Math.max(1, Math.floor(perSecond * Duration.toSeconds(options.window)))
    return ask({ key, window: options.window, limit: Math.min(options.limit, most), onExceeded: "fail" })
  }

  const wait = (budget: Budget): Effect.Effect<void, RateLimiter.RateLimiterError> =>
    takeOne(budget).pipe(
      Effect.catchReason("RateLimiterError", "RateLimitExceeded", ({ retryAfter }) =>
        Effect.andThen(
          Effect.sleep(Duration.clamp(retryAfter, { minimum: Duration.millis(1), maximum: options.window })),
          wait(budget)
        )
      )
    )

  const lines = new Map<string, Semaphore.Semaphore>()
  const lineFor = (key: string) => {
    const found = lines.get(key) ?? Semaphore.makeUnsafe(1)
    lines.set(key, found)
    return found
  }

  const take: Take = (budget, inTime) => {
    const line = lineFor(budget.key)
    const atOnce = takeOne(budget).pipe(
      Effect.as(true),
      Effect.catchReason("RateLimiterError", "RateLimitExceeded", () => Effect.succeed(false))
    )
    return Effect.flatMap(line.withPermitsIfAvailable(1)(atOnce), (taken) =>
      Option.contains(taken, true) ? Effect.void : inTime(line.withPermit(wait(budget)))
    )
  }
  return take
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
