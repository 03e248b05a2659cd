/**
 * How many writes may be sent in an hour (`--max-writes`): any 3,600 seconds have at most so many. What counts is a call that sends
 * something, however often the client has to send it; what is refused before that gives its place back.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { Refused } from "./ToolError.ts"

const hour = 3_600_000

/** Why it can't be told. Which of the store's errors it is makes no difference. */
interface Away {
  readonly _tag: string
}

/** Counts for all replicas. */
export interface Shared {
  /** Takes one of `most` places for `milliseconds`; 0, or in how many milliseconds there will be one. The same `id` again takes none. */
  readonly take: (id: string, most: number, milliseconds: number) => Effect.Effect<number, Away>
  /** The same, but takes none. */
  readonly look: (most: number, milliseconds: number) => Effect.Effect<number, Away>
  readonly giveBack: (id: string) => Effect.Effect<void, Away>
}

export interface Budget {
  /** Refuses if no write may be sent now: nobody is asked about one that can't be. */
  readonly check: Effect.Effect<void, Refused>
  /** Takes a place, and says how to give it back. */
  readonly take: Effect.Effect<Effect.Effect<void>, Refused>
}

export interface Options {
  readonly maxWrites?: number | undefined
  /** By default each process counts by itself. */
  readonly sharedWrites?: Shared | undefined
}

export const make = ({ maxWrites, sharedWrites }: Options): Budget => {
  if (maxWrites === undefined) return { check: Effect.void, take: Effect.succeed(Effect.void) }
  const { giveBack, look, take } = sharedWrites ?? inProcess()
  const free = (wait: Effect.Effect<number, Away>) =>
    wait.pipe(
      Effect.mapError(() => away),
      Effect.flatMap((wait) => (wait <= 0 ? Effect.void : Effect.fail(spent(maxWrites, wait))))
    )
  return {
    check: free(look(maxWrites, hour)),
    take: Effect.suspend(() => {
      const id = crypto.randomUUID()
      return Effect.as(free(take(id, maxWrites, hour)), Effect.ignore(giveBack(id)))
    })
  }
}

/** By the monotonic clock: one that is put forward gives no places. */
const inProcess = (): Shared => {
  /** When each place was taken, the oldest first. */
  let taken: ReadonlyArray<{ readonly id: string; readonly at: number }> = []
  const wait = (most: number, milliseconds: number) =>
    Effect.map(Clock.monotonicTimeNanos, (nanos) => {
      const now = Number(nanos / 1_000_000n)
      taken = taken.filter(({ at }) => at > now - milliseconds)
      const next = taken[taken.length - most]
      return { now, wait: next === undefined ? 0 : next.at + milliseconds - now }
    })
  return {
    look: (most, milliseconds) => Effect.map(wait(most, milliseconds), ({ wait }) => wait),
    take: (id, most, milliseconds) =>
      Effect.map(wait(most, milliseconds), ({ now, wait }) => {
        if (wait === 0) taken = [...taken, { id, at: now }]
        return wait
      }),
    giveBack: (id) =>
      Effect.sync(() => {
        taken = taken.filter((place) => place.id !== id)
      })
  }
}

const spent = (most: number, wait: number) =>
  new Refused({
    what: `The operator of this server allows ${most === 1 ? "1 write" : `${most} writes`} an hour (--max-writes), and ${most === 1 ? "it was" : "they were"} sent.`,
    next: `The next is possible in ${Duration.format(Duration.seconds(Math.ceil(wait / 1000)))}. Tell the person; a dry_run is possible now.`
  })

const away = new Refused({
  what: "The operator limits the writes of this server (--max-writes). They are counted in Redis, which does not answer now, and without counting none is sent.",
  next: "Trying again in a few seconds is safe. If this stays so, tell the operator."
})
