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
type Store = RateLimiter.RateLimiterStore["Service"]

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

/** A budget of `limit` tokens each `window`. */
interface Window {
  readonly limit: number
  readonly window: Duration.Duration
}

/**
 * Budgets of `limit` tokens each `window`, on the `RateLimiterStore` in the context, or else in memory. Of each, this process takes
 * `share`: by itself, in memory; and in the store it takes no token while all together have used that share of the window.
 */
export const make = Effect.fnUntraced(function* (options: Window & { readonly share: number }) {
  const { share } = options
  const local = (yield* inMemory).consume
  const store = yield* Effect.serviceOption(RateLimiter.RateLimiterStore)

  const whole = ({ perSecond = Number.POSITIVE_INFINITY }: Budget): Window => {
    const most = Math.max(1, Math.floor(perSecond * Duration.toSeconds(options.window)))
    return { limit: Math.min(options.limit, most), window: options.window }
  }
  const part = (budget: Budget): Window => {
    const { limit, window } = whole(budget)
    // Half of three in a second is one in two thirds of a second.
    const tokens = Math.max(1, Math.floor(limit * share))
    return { limit: tokens, window: Duration.times(window, tokens / (limit * share)) }
  }
  const own = takeFrom(local, part)
  if (Option.isNone(store)) return own
  const consume = (yield* RateLimiter.make.pipe(
    Effect.provideService(RateLimiter.RateLimiterStore, withShare(store.value, share))
  )).consume
  if (share === 1) return takeFrom(withFallback(consume, local), whole)
  const shared = takeFrom(withFallback(consume, (yield* inMemory).consume), whole)
  const both: Take = (budget, inTime) => Effect.andThen(own(budget, inTime), shared(budget, inTime))
  return both
})

/** Takes tokens there, in one line for each key. */
const takeFrom = (ask: Consume, windowOf: (budget: Budget) => Window): Take => {
  const takeOne = (budget: Budget) => ask({ key: budget.key, ...windowOf(budget), onExceeded: "fail" })

  const wait = (budget: Budget): Effect.Effect<void, RateLimiter.RateLimiterError> =>
    takeOne(budget).pipe(
      Effect.catchReason("RateLimiterError", "RateLimitExceeded", ({ retryAfter }) =>
        Effect.andThen(
          Effect.sleep(Duration.clamp(retryAfter, { minimum: Duration.millis(1), maximum: windowOf(budget).window })),
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

  return (budget, inTime) => {
    const line = lineFor(budget.key)
    const atOnce = takeOne(budget).pipe(
      Effect.as(true),
      Effect.catchReason("RateLimiterError", "RateLimitExceeded", () => Effect.succeed(false))
    )
    return Effect.flatMap(line.withPermitsIfAvailable(1)(atOnce), (taken) =>
      Option.contains(taken, true) ? Effect.void : inTime(line.withPermit(wait(budget)))
    )
  }
}

/**
 * The store, which gives no token while so much of a window is used. The window is everybody's: asked for less, the store would
 * fill it more slowly, for the others too.
 */
const withShare = (store: Store, share: number): Store =>
  share === 1
    ? store
    : RateLimiter.RateLimiterStore.of({
        ...store,
        fixedWindow: (options) => {
          const { limit } = options
          if (limit === undefined) return store.fixedWindow(options)
          const most = Math.max(1, Math.floor(limit * share))
          return Effect.map(
            store.fixedWindow({ ...options, limit: most }),
            ([count, ttl]) => [count > most ? limit + 1 : count, ttl] as const
          )
        }
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
