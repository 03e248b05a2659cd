/** Time that passes faster: what waits seconds for a proof waits as many parts of them, while sockets are as slow as they are. */
import { Clock, Duration, Effect } from "effect"

/** Runs with a clock that is so many times as fast. */
export const faster =
  (factor: number) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.clockWith((real) =>
      Effect.provideService(self, Clock.Clock, {
        currentTimeMillisUnsafe: () => real.currentTimeMillisUnsafe() * factor,
        currentTimeMillis: Effect.map(real.currentTimeMillis, (millis) => millis * factor),
        currentTimeNanosUnsafe: () => real.currentTimeNanosUnsafe() * BigInt(factor),
        currentTimeNanos: Effect.map(real.currentTimeNanos, (nanos) => nanos * BigInt(factor)),
        monotonicTimeNanosUnsafe: () => real.monotonicTimeNanosUnsafe() * BigInt(factor),
        monotonicTimeNanos: Effect.map(real.monotonicTimeNanos, (nanos) => nanos * BigInt(factor)),
        sleep: (duration) => real.sleep(Duration.times(duration, 1 / factor))
      })
    )
