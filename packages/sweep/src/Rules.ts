/** What a sweep is to look for and to do, as values; and what is wrong with rules that can't be meant. */
import type { Conversation, Participant } from "@flex-interactions/core"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/** What becomes of an agent without whom the customer would be alone: skipped, moved all the same, or the conversation is ended. */
export type IfLast = "skip" | "allow" | Conversation.EndStatus

export interface Rules {
  /** Agents who have been in wrap-up for so long. */
  readonly wrapping?: Duration.Duration | undefined
  /** Customers without an agent for so long, as far as tasks that ended within the look-back show them. */
  readonly alone?:
    | {
        readonly longerThan: Duration.Duration
        readonly action: Conversation.EndStatus
        readonly lookBack: Duration.Duration
      }
    | undefined
  /** A worker, by SID, friendly name, e-mail address or full name, everywhere. */
  readonly worker?: { readonly name: string; readonly action: Participant.ParticipantStatus } | undefined
  readonly ifLast: IfLast
  /** Friendly names of queues; none: all of them. */
  readonly queues: ReadonlyArray<string>
  /** At most so many changes. */
  readonly limit: number
}

/** Rules as they were given, before anything is known of how they fit. */
export interface Given {
  readonly wrapping: Option.Option<Duration.Duration>
  readonly alone: Option.Option<Duration.Duration>
  readonly aloneAction: Option.Option<Conversation.EndStatus>
  readonly lookBack: Option.Option<Duration.Duration>
  readonly worker: Option.Option<string>
  readonly workerAction: Option.Option<Participant.ParticipantStatus>
  readonly ifLast: Option.Option<Exclude<IfLast, "skip">>
  readonly queues: ReadonlyArray<string>
  readonly limit: Option.Option<number>
}

const units = { s: "seconds", m: "minutes", h: "hours", d: "days" } as const
const longest = Duration.days(30)

/** `90s`, `15m`, `2h`, `1d`: above zero, at most 30 days. */
export const duration = (text: string): Option.Option<Duration.Duration> => {
  const [, amount = "", unit = ""] = /^(\d{1,7})([smhd])$/u.exec(text) ?? []
  const name = units[unit as keyof typeof units]
  if (name === undefined) return Option.none()
  const found = Duration.fromInputUnsafe(`${Number(amount)} ${name}`)
  return Duration.isGreaterThan(found, Duration.zero) && Duration.isLessThanOrEqualTo(found, longest)
    ? Option.some(found)
    : Option.none()
}

/** The rules, or what is wrong with them. */
export const make = (given: Given): Rules | { readonly problem: string } => {
  const [alone, aloneAction, worker, workerAction] = [
    Option.getOrUndefined(given.alone),
    Option.getOrUndefined(given.aloneAction),
    Option.getOrUndefined(given.worker),
    Option.getOrUndefined(given.workerAction)
  ]
  const wrapping = Option.getOrUndefined(given.wrapping)
  const lookBack = Option.getOrElse(given.lookBack, () => Duration.hours(24))
  const problem =
    wrapping === undefined &&
    alone === undefined &&
    worker === undefined &&
    aloneAction === undefined &&
    workerAction === undefined
      ? "no rule is named: give --wrapping-longer-than, --alone-longer-than or --worker"
      : alone === undefined && (aloneAction !== undefined || Option.isSome(given.lookBack))
        ? "--alone-action and --look-back belong to --alone-longer-than, which is not given"
        : alone !== undefined && aloneAction === undefined
          ? "--alone-longer-than needs --alone-action closed or inactive"
          : alone !== undefined && !Duration.isLessThan(alone, lookBack)
            ? "--alone-longer-than must be shorter than --look-back (default 24h), or nothing can fit"
            : worker === undefined && workerAction !== undefined
              ? "--worker-action belongs to --worker, which is not given"
              : worker !== undefined && (workerAction === undefined || worker.trim() === "")
                ? "--worker needs a name, and --worker-action wrapup or closed"
                : wrapping === undefined && worker === undefined && Option.isSome(given.ifLast)
                  ? "--if-last-agent is about agents, and no rule moves any: give --wrapping-longer-than or --worker"
                  : given.queues.some((queue) => queue.trim() === "")
                    ? "--only-queue has an empty value"
                    : Option.exists(given.limit, (limit) => limit < 1)
                      ? "--limit must be 1 or more"
                      : undefined
  if (problem !== undefined) return { problem }
  return {
    wrapping,
    alone:
      alone === undefined || aloneAction === undefined
        ? undefined
        : { longerThan: alone, action: aloneAction, lookBack },
    worker: worker === undefined || workerAction === undefined ? undefined : { name: worker, action: workerAction },
    ifLast: Option.getOrElse(given.ifLast, () => "skip" as const),
    queues: given.queues,
    limit: Option.getOrElse(given.limit, () => Number.POSITIVE_INFINITY)
  }
}
