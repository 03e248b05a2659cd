/** One end for all the requests of a call. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { NetworkError, TwilioError } from "../TwilioError.ts"

/** When the time of a call is over: milliseconds, by the monotonic clock. */
export type Deadline = number

export const now: Effect.Effect<number> = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

export const after = (time: Duration.Input): Effect.Effect<Deadline> =>
  Effect.map(now, (now) => now + Duration.toMillis(time))

export const left = (deadline: Deadline): Effect.Effect<Duration.Duration> =>
  Effect.map(now, (now) => Duration.millis(Math.max(deadline - now, 0)))

/** Ends with `orElse` when the time is over, or this share of what is left of it. */
export const within =
  <B, F>(deadline: Deadline, orElse: () => Effect.Effect<B, F>, share = 1) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A | B, E | F, R> =>
    Effect.flatMap(left(deadline), (left) =>
      Effect.timeoutOrElse(self, { duration: Duration.times(left, share), orElse })
    )

/** A reading that did not come in time. */
export const late = new NetworkError({ problem: "no answer from Twilio in time", timedOut: true })

/** The time was over before enough was read. */
export const tooLateToRead = (operation: string): TwilioError => new TwilioError({ operation, reason: late })

/** The time was over before anything was sent. */
export const tooLate = (operation: string): TwilioError =>
  new TwilioError({
    operation,
    reason: new NetworkError({
      problem: "the time of the call was over before the change was sent: nothing was changed",
      timedOut: true
    })
  })
