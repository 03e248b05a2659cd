/** One sweep, or one again and again; on several machines, only where this one leads. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type { Counts } from "./Report.ts"
import * as Settings from "./Settings.ts"
import { BrokenOff } from "./Sweep.ts"

/** 3 outweighs everything, so that an alert sees it. */
export const codeOf = (counts: Counts): number =>
  "unknown" in counts ? 3 : "failed" in counts ? 1 : "to do" in counts ? 2 : 0

export const run = Effect.fnUntraced(function* <E, R>(options: {
  readonly once: (mayAct: Effect.Effect<void, BrokenOff>) => Effect.Effect<Counts, E, R>
  readonly every: Option.Option<Duration.Duration>
  readonly apply: boolean
  readonly exit: (code: number) => void
}) {
  const { apply, every, exit, once } = options
  const database = yield* Settings.databaseUrl
  const done = (counts: Counts) => Effect.sync(() => exit(codeOf(counts)))
  const rounds = (mayAct: Effect.Effect<void, BrokenOff>) => {
    const round = Effect.flatMap(once(mayAct), done)
    return Option.isNone(every)
      ? round
      : round.pipe(
          Effect.catchCause((cause) => Effect.logError("this sweep broke off; the next one comes as planned", cause)),
          Effect.repeat(Schedule.fixed(every.value)),
          Effect.asVoid
        )
  }
  // Only reading needs no lead.
  if (database === undefined || !apply) return yield* rounds(Effect.void)
  const Lead = yield* Effect.promise(() => import("./Lead.ts"))
  yield* Lead.whileLeading(Redacted.make(Redacted.value(database)), { isPatient: Option.isSome(every) }, rounds)
})
