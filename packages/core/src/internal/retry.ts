/** What is sent again, and after how long (decision 0101). */
import * as Duration from "effect/Duration"
import type { Reason } from "../TwilioError.ts"

export interface Policy {
  /** How often, after the first attempt. */
  readonly retries: number
  /** The first wait; it doubles each time. */
  readonly base: Duration.Duration
  /** The longest wait. */
  readonly maxDelay: Duration.Duration
}

/** The attempt that has failed. */
export interface Failed {
  readonly reason: Reason
  readonly isWrite: boolean
  /** How many attempts came before it. */
  readonly before: number
  /** What is left of the time for all attempts. */
  readonly left: Duration.Duration
}

/** How long to wait before the next attempt; `undefined`: there is none. `random` is between 0 and 1. */
export const delay = (policy: Policy, failed: Failed, random: number): Duration.Duration | undefined => {
  const { before, isWrite, left, reason } = failed
  if (before >= policy.retries || !mayRepeat(reason, isWrite)) return undefined
  const { retryAfter = Duration.zero } = reason
  if (Duration.isGreaterThan(retryAfter, policy.maxDelay)) return undefined
  const planned = Duration.times(policy.base, 2 ** before * (0.8 + 0.4 * random))
  const wait = Duration.max(Duration.min(planned, policy.maxDelay), retryAfter)
  return Duration.isLessThan(wait, left) ? wait : undefined
}

/** A write only where the reply says that it was not carried out, and that it can be later. */
const mayRepeat = (reason: Reason, isWrite: boolean): boolean =>
  reason._tag === "RateLimited" ||
  (isWrite
    ? reason._tag === "ServerError" && reason.retryAfter !== undefined
    : reason._tag === "ServerError" || (reason._tag === "NetworkError" && reason.mayPass !== false))
