/** The command line: rules and settings, and what the exit code says. */
import { TwilioClient, Workspace } from "@flex-interactions/core"
import * as Cause from "effect/Cause"
import * as CliError from "effect/cli/CliError"
import * as CliCommand from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stdio from "effect/Stdio"
import * as Apply from "./Apply.ts"
import * as Every from "./Every.ts"
import * as Live from "./Live.ts"
import * as Plan from "./Plan.ts"
import * as Report from "./Report.ts"
import * as Rules from "./Rules.ts"
import * as Sweep from "./Sweep.ts"

/** The command line asks for something that can't be meant, or names what is not there. */
export class Refused extends Schema.TaggedError<Refused>("@flex-interactions/sweep/Refused")("Refused", {
  problem: Schema.String
}) {
  override get message(): string {
    return `${this.problem}. Nothing was changed`
  }
}

const time = (name: string, about: string) =>
  Flag.String(name).pipe(
    Flag.filterMap(
      Rules.duration,
      (text) => `a time such as 90s, 15m, 2h or 1d, at most 30d, got ${JSON.stringify(text.slice(0, 40))}`
    ),
    Flag.withMetavar("TIME"),
    Flag.withDescription(about),
    Flag.optional
  )

const flags = {
  wrapping: time("wrapping-longer-than", "close agents who have been in wrap-up for so long"),
  alone: time("alone-longer-than", "end conversations in which the customer has been alone for so long"),
  aloneAction: Flag.Literals("alone-action", ["closed", "inactive"]).pipe(
    Flag.withDescription("what to set them to"),
    Flag.optional
  ),
  lookBack: time("look-back", "how far back to look for tasks that ended; default 24h"),
  worker: Flag.String("worker").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("move this worker everywhere: a SID, friendly name, e-mail address or full name"),
    Flag.optional
  ),
  workerAction: Flag.Literals("worker-action", ["wrapup", "closed"]).pipe(
    Flag.withDescription("what to set the worker to"),
    Flag.optional
  ),
  ifLast: Flag.Literals("if-last-agent", ["allow", "closed", "inactive"]).pipe(
    Flag.withDescription(
      "where the customer would be alone: move the agent all the same, or end the conversation; default: skip it"
    ),
    Flag.optional
  ),
  queues: Flag.String("only-queue").pipe(
    Flag.withMetavar("NAME"),
    Flag.withDescription("only tasks of this queue; may be given more than once"),
    Flag.atLeast(0)
  ),
  limit: Flag.Int("limit").pipe(Flag.withDescription("at most so many changes"), Flag.optional),
  apply: Flag.Boolean("apply").pipe(
    Flag.withDescription("do it; without, it only says what it would do"),
    Flag.withDefault(false)
  ),
  json: Flag.Boolean("json").pipe(Flag.withDescription("JSON lines instead of a table"), Flag.withDefault(false)),
  every: time("every", "sweep again and again, so long after the start of the one before"),
  share: Flag.Finite("rate-limit-share").pipe(
    Flag.withMetavar("PART"),
    Flag.withDescription("how much of the account's rate limit it may take, above 0, at most 1; default 0.5"),
    Flag.filter(
      (share) => share > 0 && share <= 1,
      () => "a number above 0, at most 1"
    ),
    Flag.withDefault(0.5)
  )
}

const about = `Finds agents who are stuck in wrap-up, agents who went home with chats open, and customers without an agent, and says what it would do. With --apply it does that, and says what became of each.

Exit codes: 0 nothing to do, or all done; 2 something to do; 1 an error; 3 something stayed unknown.

It takes TWILIO_API_KEY and TWILIO_API_SECRET (or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN) and the other settings of @flex-interactions/core from the environment. DATABASE_URL lets one of several machines lead; REDIS_URL shares the rate limit.`

export const make = (options: { readonly isTerminal: boolean; readonly exit: (code: number) => void }) =>
  CliCommand.make(
    "flex-interactions-sweep",
    flags,
    Effect.fnUntraced(function* ({ apply, every, json, share, ...given }) {
      const rules = Rules.make(given)
      if ("problem" in rules) return yield* new Refused(rules)
      const { layer, perSecond } = yield* Live.services(share)
      const report = Report.make(yield* Stdio.Stdio, { json, isTerminal: options.isTerminal })
      const once = (mayAct: Effect.Effect<void, Sweep.BrokenOff>) =>
        Effect.gen(function* () {
          const [queue] = yield* Workspace.missingQueues(rules.queues)
          if (queue !== undefined) {
            return yield* new Refused({ problem: `the workspace has no queue ${JSON.stringify(queue.slice(0, 100))}` })
          }
          const planner = yield* Plan.make
          return yield* Sweep.run({
            rules,
            planner,
            report,
            perSecond,
            mayAct,
            apply: apply ? yield* Apply.make : undefined
          })
        })
      yield* Every.run({ once, every, apply, exit: options.exit }).pipe(
        Effect.provide(Layer.provideMerge(layer, Live.telemetry))
      )
    })
  ).pipe(CliCommand.withDescription(about))

/** What went wrong, in words; no stack. None where the command line has said it already. */
export const words = (cause: Cause.Cause<unknown>): string | undefined => {
  const error = Cause.squash(cause)
  if (CliError.isCliError(error)) return undefined
  const advice = error instanceof TwilioClient.SettingsError ? "; see --help for the settings" : ""
  return `${error instanceof Error ? error.message : String(error)}${advice}`
}
