/**
 * What a write is, once for all tools that write: look up, stop if it is a dry run, ask, send, say what it means. This file has the
 * order, the turns, the confirmation and the audit; a tool has the steps.
 */
import type { Conversation } from "@flex-interactions/core"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RcMap from "effect/RcMap"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Audit from "./Audit.ts"
import * as Budget from "./Budget.ts"
import type { Call } from "./Call.ts"
import * as Confirmation from "./Confirmation.ts"
import type { Offer } from "./Limits.ts"
import * as Sending from "./Sending.ts"
import { callTime, goodTime, Refused } from "./ToolError.ts"
import * as Tool from "./Tool.ts"

/** What a step has besides the arguments. */
export interface Step {
  readonly offer: Offer
  /** How long it may take at most. */
  readonly within: Duration.Duration
}

export interface Steps<Input, Found, Sent, Error extends Sending.Failure, Output, R> {
  /** Writes with the same turn wait for each other: the next one looks up when the one before has its outcome. */
  readonly turn: (input: Input) => string
  /** What the write is about, as it is now. Refuses before anything is sent. */
  readonly lookUp: (input: Input, step: Step) => Effect.Effect<Found, Tool.Failure, R>
  /** What would be sent, on whom: the audit has it, and a person's consent is bound to it. */
  readonly target: (input: Input, found: Found) => Confirmation.Target
  /** The answer to a dry run. */
  readonly dryRun: (input: Input, found: Found) => Output
  /** The outcome, if nothing is to be sent: nobody is asked about that. */
  readonly settled: (input: Input, found: Found) => Sent | undefined
  /** The question to a person: a fixed template with SIDs that match their patterns, and names as data. */
  readonly question: (input: Input, found: Found) => string
  readonly send: (input: Input, found: Found, step: Step) => Effect.Effect<Sent, Error, R>
  /** A refusal that the lookup says more about. */
  readonly refused: (error: Error, input: Input, found: Found, step: Step) => Refused | undefined
  /** The answer once it was sent. */
  readonly means: (input: Input, found: Found, sent: Sent) => Output
}

/** The argument that every write has. */
export const dryRun = Schema.optionalKey(
  Schema.Boolean.annotate({ description: "Check, send nothing. Default false, e.g. true" })
)

const annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true }

/** A tool that writes. */
export const write = <
  Input extends { readonly dry_run?: boolean },
  Encoded,
  Found,
  Sent extends { readonly result: Conversation.Result },
  Error extends Sending.Failure,
  Output extends Tool.Answer,
  R
>(
  tool: Tool.Words<Input, Encoded, Output> & Steps<Input, Found, Sent, Error, NoInfer<Output>, R>
): Tool.Tool<R | Writes> => {
  const { dryRun, lookUp, means, question, refused, send, settled, target, turn, ...words } = tool

  const inTurn = Effect.fnUntraced(function* (
    input: Input,
    call: Call,
    offer: Offer,
    { audit, budget, confirm }: Writes["Service"],
    deadline: number
  ) {
    const step = Effect.map(now, (now) => ({ offer, within: Duration.millis(Math.max(1, deadline - now)) }))
    const { within } = yield* step
    const found = yield* lookUp(input, { offer, within: Duration.min(Duration.millis(goodTime), within) })
    if (input.dry_run === true) return dryRun(input, found)

    const entry = { tool: words.name, target: target(input, found) }
    const outcome = settled(input, found)
    if (outcome !== undefined) {
      yield* audit.settled(entry, { consent: { asked: false, answer: "not_asked" }, call }, outcome.result)
      return means(input, found, outcome)
    }
    const inBudget = <A>(self: Effect.Effect<A, Refused>, consent: Confirmation.Consent) =>
      Effect.tapError(self, () => audit.settled(entry, { consent, call }, "not_sent", "MaxWrites"))
    // Nobody is asked about what can't be sent; what was answered is told with its answer.
    if (call.answered === undefined) yield* inBudget(budget.check, { asked: false, answer: "not_asked" })
    const consent = yield* confirm(entry, () => question(input, found), call)
    if (consent.refusal !== undefined) {
      yield* audit.settled(entry, { consent, call }, "not_sent")
      return yield* consent.refusal
    }
    const left = yield* step
    const sent = yield* Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(inBudget(budget.take, consent), (giveBack) =>
        restore(send(input, found, left)).pipe(
          Sending.follow((ended, isSent) =>
            Effect.andThen(audit.sent(entry, { consent, call }, ended), isSent ? Effect.void : giveBack)
          ),
          Effect.catch((error) => Effect.fail(refused(error, input, found, left) ?? failure(error)))
        )
      )
    )
    return means(input, found, sent)
  })

  return Tool.make(words, annotations, (input, call, offer) =>
    Effect.flatMap(Writes, (writes) =>
      Effect.scoped(
        Effect.gen(function* () {
          const deadline = (yield* now) + Duration.toMillis(callTime)
          const turns = yield* RcMap.get(writes.turns, turn(input).toLowerCase())
          let isBegun = false
          const begin = Effect.suspend(() => {
            isBegun = true
            return inTurn(input, call, offer, writes, deadline)
          })
          // Waiting for the writes before takes of the call's time.
          const giveUp = Effect.suspend(() => (isBegun ? Effect.never : Effect.fail(busy)))
          return yield* Effect.raceFirst(turns.withPermit(begin), Effect.andThen(Effect.sleep(callTime), giveUp))
        })
      )
    )
  )
}

const busy = new Refused({
  what: "Other changes of this conversation were still under way after 50 seconds.",
  next: "Trying again in a minute is safe."
})

/** Milliseconds by the monotonic clock. */
const now = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos) / 1e6)

/** A tool has words of its own for the last agent. */
const failure = (error: Sending.Failure): Exclude<Sending.Failure, Conversation.LastAgent> =>
  error._tag !== "LastAgent" ? error : new Refused({ what: "This is the last agent.", next: "Tell the person." })

/** What the writes of a process share: whose turn it is, the questions that were answered, how many are left, and the audit. */
export class Writes extends Context.Service<
  Writes,
  {
    readonly turns: RcMap.RcMap<string, Semaphore.Semaphore>
    readonly confirm: ReturnType<typeof Confirmation.make>
    readonly budget: Budget.Budget
    readonly audit: Audit.Audit
  }
>()("@flex-interactions/mcp/Writes") {}

export const layer = (
  options: Confirmation.Options & Budget.Options & { readonly auditAsJson?: boolean | undefined }
) =>
  Layer.effect(
    Writes,
    Effect.map(RcMap.make({ lookup: (_turn: string) => Semaphore.make(1) }), (turns) => ({
      turns,
      confirm: Confirmation.make(options),
      budget: Budget.make(options),
      audit: Audit.make(options.auditAsJson ?? false)
    }))
  )
