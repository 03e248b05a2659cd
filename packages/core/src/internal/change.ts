/** What every change of a conversation has in common: its turn, the one request that is sent, and the readings that prove it. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Semaphore from "effect/Semaphore"
import { OnAttempt } from "../TwilioClient.ts"
import { OutcomeUnknown, type ReplyFields, TwilioError } from "../TwilioError.ts"
import * as Deadline from "./deadline.ts"
import type { Answer, Verdict } from "./proof.ts"
import type { Sight } from "./look.ts"
import { type Standing, standingOf } from "./standing.ts"

/** For reading after a change. */
const proofTime = Duration.seconds(5)

/** How long to wait before each reading: a change is shown at once, or within seconds. */
const pauses = [0, 250, 500, 1000, 1000, 1000, 1000]

/** A plan serves the change that follows it at once, in milliseconds. */
const planTime = 10_000

/**
 * One change at a time for each channel, in this process; and what was read before another change touched the channel is
 * known to be old.
 */
export const makeTurns = Effect.gen(function* () {
  const turns = yield* RcMap.make({ lookup: (_channel: string) => Semaphore.make(1) })
  /** When a change touched a channel last; the oldest first. */
  const touched = new Map<string, number>()

  const touch = (channelSid: string) =>
    Effect.map(Deadline.now, (now) => {
      const channel = channelSid.toLowerCase()
      touched.delete(channel)
      touched.set(channel, now)
      for (const [oldest, at] of touched) {
        if (now - at <= planTime) break
        touched.delete(oldest)
      }
    })

  /** Is what was read from `since` on still good to act on? */
  const isFresh = (channelSid: string, since: number) =>
    Effect.map(
      Deadline.now,
      (now) => now - since <= planTime && (touched.get(channelSid.toLowerCase()) ?? Number.NEGATIVE_INFINITY) < since
    )

  /** Runs a change when it is its turn. Waiting takes of its time; the change itself keeps to the deadline by itself. */
  const take =
    (channelSid: string, deadline: Deadline.Deadline, operation: string) =>
    <A, E>(change: Effect.Effect<A, E>): Effect.Effect<A, E | TwilioError> =>
      Effect.flatMap(RcMap.get(turns, channelSid.toLowerCase()), (turn) => {
        let isBegun = false
        const begin = Effect.suspend(() => {
          isBegun = true
          return change
        })
        const giveUp = Effect.suspend(() => (isBegun ? Effect.never : Effect.fail(Deadline.tooLate(operation))))
        return Effect.raceFirst(
          turn.withPermit(begin),
          Effect.flatMap(Deadline.left(deadline), (left) => Effect.andThen(Effect.sleep(left), giveUp))
        )
      }).pipe(Effect.scoped)

  return { take, touch, isFresh }
})
export type Turns = Effect.Success<typeof makeTurns>

/**
 * Waits, if this reservation can still change, until that would get another date. Twilio's dates have whole seconds: of two
 * changes in one second the second could not be told from the first.
 */
export const nextSecond = ({ at, read }: Sight): Effect.Effect<void> => {
  if (at === undefined || read === undefined || read === "gone" || read.updated === undefined) return Effect.void
  if (standingOf(read.status) === "left") return Effect.void
  const age = DateTime.toEpochMillis(at) - DateTime.toEpochMillis(read.updated)
  return age >= 1000 ? Effect.void : Effect.sleep(Math.min(1000 - age, 2000))
}

/** What came back for a change. `lost`: it left, and nobody knows. `refused`: it was certainly not carried out. */
export type Came =
  | { readonly answer: "accepted" }
  | { readonly answer: "lost"; readonly operation: string; readonly reason: OutcomeUnknown }
  | { readonly answer: "refused"; readonly error: TwilioError }

const failed = (error: TwilioError): Came =>
  error.reason._tag === "OutcomeUnknown"
    ? { answer: "lost", operation: error.operation, reason: error.reason }
    : { answer: "refused", error }

/** Replies after which the client may send again, because they say that the change was not carried out. */
const isNotDone = ({ code, retryAfter, status }: ReplyFields) =>
  status === 429 || (status === 503 && (code !== undefined || retryAfter !== undefined))

const interrupted = (operation: string, what: string) =>
  Effect.logWarning(`${operation}: interrupted ${what}; look before you send it again`)

/**
 * Sends a change. The client sends again what was certainly not carried out, and nothing else. The time for proof is not
 * taken for it.
 */
export const send = Effect.fnUntraced(function* (
  write: Effect.Effect<unknown, TwilioError>,
  operation: string,
  deadline: Deadline.Deadline
) {
  const tellCaller = yield* OnAttempt
  const left = yield* Deadline.left(deadline)
  let mayBeDone = false
  const tell = (attempted: string) => {
    mayBeDone = true
    const tellReply = tellCaller(attempted)
    return (reply: ReplyFields) => {
      if (isNotDone(reply)) mayBeDone = false
      tellReply(reply)
    }
  }
  const lost = new OutcomeUnknown({ problem: "no answer from Twilio before the time of the call was over" })
  return yield* write.pipe(
    Effect.provideService(OnAttempt, tell),
    Effect.match({ onFailure: failed, onSuccess: (): Came => ({ answer: "accepted" }) }),
    Effect.timeoutOrElse({
      duration: Duration.max(Duration.subtract(left, proofTime), Duration.times(left, 0.5)),
      orElse: () =>
        Effect.succeed(failed(mayBeDone ? new TwilioError({ operation, reason: lost }) : Deadline.tooLate(operation)))
    }),
    Effect.onInterrupt(() =>
      mayBeDone ? interrupted(operation, "after it was sent: it is not known whether it was applied") : Effect.void
    )
  )
})

/** What reading showed, when it did not settle what became of a change. */
export interface Seen {
  readonly standing?: Standing
  readonly channelStatus?: string
  readonly at: DateTime.Utc | undefined
}

/** A lost answer that reading has not settled. It is never sent again: "not seen yet" is not "did not happen". */
export const unknown = Effect.fnUntraced(function* (
  came: Extract<Came, { readonly answer: "lost" }>,
  seen: Seen | undefined
) {
  const { operation, reason } = came
  if (seen === undefined) return yield* new TwilioError({ operation, reason })
  const at = seen.at ?? (yield* DateTime.now)
  return yield* new TwilioError({ operation, reason: new OutcomeUnknown({ ...reason, seen: { ...seen, at } }) })
})

/** Did Twilio refuse it for the state that things are in? 400 too: what was sent had been checked here. */
export const isForTheState = ({ reason }: TwilioError): boolean =>
  reason._tag === "Conflict" || (reason._tag === "InvalidRequest" && reason.status === 400)

/**
 * Reads until it is settled, or the time is over. A reading in which nothing can be seen does not replace one in which
 * something could.
 */
export const prove = Effect.fnUntraced(function* <Reading>(
  read: Effect.Effect<Reading>,
  options: {
    readonly answer: Answer
    readonly operation: string
    readonly judge: (reading: Reading) => { readonly verdict: Verdict; readonly final: boolean }
    readonly isBlind: (reading: Reading) => boolean
  },
  deadline: Deadline.Deadline
) {
  const { answer, isBlind, judge, operation } = options
  let proven: { readonly reading: Reading | undefined; readonly verdict: Verdict } = {
    reading: undefined,
    verdict: answer === "accepted" ? "accepted" : "unknown"
  }
  const rounds = Effect.gen(function* () {
    for (const pause of pauses) {
      if (pause > 0) yield* Effect.sleep(pause)
      const reading = yield* read
      const { final, verdict } = judge(reading)
      if (proven.reading === undefined || !isBlind(reading)) proven = { reading, verdict }
      if (final) return
    }
  })
  const left = yield* Deadline.left(deadline)
  yield* Effect.timeoutOrElse(rounds, { duration: Duration.min(left, proofTime), orElse: () => Effect.void }).pipe(
    Effect.onInterrupt(() =>
      interrupted(
        operation,
        answer === "accepted"
          ? "after Twilio accepted it, before it was proven"
          : "while its lost answer was investigated: it is not known whether it was applied"
      )
    )
  )
  return proven
})
