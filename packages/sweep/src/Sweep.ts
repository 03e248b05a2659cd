/** One sweep: finds what the rules are about, does it if it is to, and says what became of each. */
import { type Conversation, TwilioClient, type TwilioError } from "@flex-interactions/core"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Apply } from "./Apply.ts"
import type { Planner } from "./Plan.ts"
import type { Counts, Report } from "./Report.ts"
import type { Row } from "./Row.ts"
import type { Rules } from "./Rules.ts"

/** So many changes at the same time at most: each waits mostly for its proof. At a low rate limit fewer, or they would run out of time. */
const together = 16
/** After so many failures in a row nothing else is tried. */
const most = 25
/** A list with fewer rows than this is read at once. */
const page = 500
/** The requests of a change to the endpoint that it uses most. */
const requests = 4

/** Twilio can't be reached, or the lead was lost: the sweep ended before its end. */
export class BrokenOff extends Schema.TaggedError<BrokenOff>("@flex-interactions/sweep/BrokenOff")("BrokenOff", {
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.problem}. What is left to do stands in TaskRouter: start again`
  }
}

const results = Metric.counter("sweep.rows", {
  description: "What a sweep found, by rule and result",
  incremental: true
})

export interface Options {
  readonly rules: Rules
  readonly apply: Apply | undefined
  readonly planner: Planner
  readonly report: Report
  /** Requests a second for each endpoint. */
  readonly perSecond: number | undefined
  /** Fails if this process must not change anything now. */
  readonly mayAct: Effect.Effect<void, BrokenOff>
}

type Broken = TwilioError.TwilioError | Conversation.Ambiguous | BrokenOff

/** What changes something: an answer that is lost leaves it unknown. */
const writes: ReadonlySet<string> = new Set(["Participants.setStatus", "Channels.update"])

/** How many rows there were of each kind. */
export const run = Effect.fn("Sweep.run")(function* (options: Options): Effect.fn.Return<Counts, Broken> {
  const { apply, mayAct, perSecond, planner, report, rules } = options
  const counts: Record<string, number> = {}
  const handled = new Set<string>()
  const began = yield* Clock.monotonicTimeNanos
  let [found, looked, planned, done, failures, changes] = [0, 0, 0, 0, 0, 0]

  const progress = Effect.gen(function* () {
    const left = found - looked + planned - done
    const elapsed = Duration.nanos((yield* Clock.monotonicTimeNanos) - began)
    const byLimit = perSecond === undefined ? 0 : (left * requests) / perSecond
    const measured = done === 0 ? 0 : (Duration.toSeconds(elapsed) / done) * left
    yield* report.progress(done, left, Duration.seconds(Math.max(byLimit, measured)))
  })

  const finish = Effect.fnUntraced(function* (row: Row) {
    const result = row.result ?? (row.skip === undefined ? "to do" : "skipped")
    counts[result] = (counts[result] ?? 0) + 1
    done += 1
    failures = result === "failed" ? failures + 1 : 0
    yield* Metric.update(Metric.withAttributes(results, { rule: row.rule, result }), 1)
    yield* report.row(row)
    if (apply !== undefined) yield* progress
    if (result === "unknown") {
      yield* Effect.logError(
        `nobody knows what became of ${row.action} for ${row.worker ?? "a customer"} in channel ${row.channelSid}: ${row.detail}`
      )
    }
    if (failures >= most) return yield* new BrokenOff({ problem: `the last ${most} failed: ${row.detail}` })
  })

  const act = Effect.fnUntraced(function* (row: Row, apply: Apply) {
    yield* mayAct
    let isSent = false
    const { result, ...rest } = yield* apply(row, rules).pipe(
      Effect.provideService(TwilioClient.OnAttempt, (operation) => {
        if (writes.has(operation)) isSent = true
        return () => {}
      }),
      Effect.onInterrupt(() =>
        isSent
          ? Effect.ignore(finish({ ...row, result: "unknown", detail: "the sweep was ended before Twilio answered" }))
          : Effect.void
      )
    )
    yield* finish({ ...row, ...rest, result })
  })

  const pass = Effect.gen(function* () {
    const plan = yield* planner(rules, handled)
    found += plan.found
    // What is on its way is waited for and told, whatever else goes wrong.
    let broken: Broken | undefined
    const breaks = (error: Broken) =>
      Effect.sync(() => {
        broken ??= error
      })
    yield* plan.rows.pipe(
      Stream.catch((error) => Stream.fromEffectDrain(breaks(error))),
      Stream.tap((rows) =>
        Effect.sync(() => {
          looked += 1
          planned += rows.length
        })
      ),
      Stream.flattenIterable,
      Stream.takeWhile(
        ({ result, skip }) =>
          broken === undefined && (skip !== undefined || result !== undefined || changes++ < rules.limit)
      ),
      Stream.mapEffect(
        (row) =>
          (apply === undefined || row.result !== undefined ? finish(row) : act(row, apply)).pipe(Effect.catch(breaks)),
        {
          concurrency: apply === undefined ? 1 : Math.max(1, Math.min(together, Math.floor(perSecond ?? together))),
          unordered: true
        }
      ),
      Stream.runDrain
    )
    if (broken !== undefined) return yield* Effect.fail(broken)
  })
  yield* pass
  // A list that got shorter while it was read may have left some out: it is read again until nothing new is in it.
  if (apply !== undefined) {
    for (let before = 0; planned - before >= page && changes <= rules.limit; yield* pass) before = planned
  }
  yield* report.end(counts, apply !== undefined)
  return counts
})
