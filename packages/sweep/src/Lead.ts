/**
 * One of several machines leads: the one that has a session-level advisory lock of PostgreSQL, on a connection that is held. Loaded
 * only with `DATABASE_URL`.
 *
 * The leader asks for a sign of life every two seconds. PostgreSQL itself ends a session that is silent for ten (`idle_session_timeout`,
 * PostgreSQL 14 or newer), which frees the lock of a leader that was stopped or cut off; the leader stops by itself after six.
 */
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Reactivity from "effect/reactivity/Reactivity"
import type * as Redacted from "effect/Redacted"
import type { SqlClient } from "effect/sql/SqlClient"
import { BrokenOff } from "./Sweep.ts"

/** The two halves of the lock's key: no other program's, one hopes. */
const [space, name] = [0x666c6578, 0x73776565]

const beat = Duration.seconds(2)
/** How long the database has for an answer. */
const answer = Duration.seconds(3)
/** Without a sign of life for so long, this process no longer leads. */
const patience = Duration.seconds(6)
/** PostgreSQL ends a session that is silent for so long. */
const silence = "10s"

interface Options {
  /** Wait for the lead, and for the database; otherwise there is one try. */
  readonly isPatient: boolean
}

const lost = (problem: string) => new BrokenOff({ problem })

const take = (sql: SqlClient) =>
  Effect.map(
    sql<{ readonly taken: boolean }>`SELECT pg_try_advisory_lock(${space}, ${name}) AS taken`,
    ([row]) => row?.taken === true
  )

/** Runs while this process leads; when the lead is lost, it is interrupted, and one who is patient waits for the lead again. */
export const whileLeading = <E, R>(
  url: Redacted.Redacted,
  { isPatient }: Options,
  run: (mayAct: Effect.Effect<void, BrokenOff>) => Effect.Effect<void, E, R>
): Effect.Effect<void, E | BrokenOff, R> => {
  const term = Effect.gen(function* () {
    const sql = yield* PgClient.makeClient({
      url,
      connectTimeout: "5 seconds",
      applicationName: "flex-interactions-sweep",
      startupParameters: { idle_session_timeout: silence }
    }).pipe(Effect.mapError((error) => lost(`the database of DATABASE_URL can't be reached (${error.message})`)))
    const asked = <A, SqlE extends { readonly message: string }>(query: Effect.Effect<A, SqlE>) =>
      query.pipe(
        Effect.timeout(answer),
        Effect.mapError((error) => lost(`the lead is lost: the database does not answer (${error.message})`)),
        // At once: closing what is left of the connection may take its time.
        Effect.tapError((error) => Effect.logWarning(error.message))
      )
    while (!(yield* asked(take(sql)))) {
      if (!isPatient) return yield* Effect.logInfo("another machine leads: nothing was done here")
      yield* Effect.sleep(beat)
    }
    yield* Effect.logInfo("this machine leads")
    let sign = yield* Clock.monotonicTimeNanos
    const live = Effect.gen(function* () {
      while (true) {
        yield* Effect.sleep(beat)
        const asking = yield* Clock.monotonicTimeNanos
        yield* asked(sql`SELECT 1`)
        sign = asking
      }
    })
    // A process that was stopped continues where it was: before each change it looks at the clock.
    const mayAct = Effect.flatMap(Clock.monotonicTimeNanos, (now) =>
      now - sign < Duration.toNanosUnsafe(patience)
        ? Effect.void
        : Effect.fail(lost("the lead is lost: this process was stopped, or the database did not answer"))
    )
    yield* Effect.raceFirst(run(mayAct), live)
  }).pipe(Effect.scoped, Effect.provide(Reactivity.layer))

  if (!isPatient) return term
  return term.pipe(
    Effect.catchIf(
      (error): error is Extract<E | BrokenOff, BrokenOff> => error instanceof BrokenOff,
      (error) => Effect.logWarning(`${error.message}; waiting for the lead`)
    ),
    Effect.andThen(Effect.sleep(beat)),
    Effect.forever
  )
}
