/** What the operator lets an assistant do, and what that leaves to offer. No assistant can change any of it. */
import type { Participant } from "@flex-interactions/core"
import { quoted } from "./Plain.ts"

type Status = Participant.ParticipantStatus

export interface Limits {
  /** No tool that writes exists, whatever else is set. */
  readonly readOnly?: boolean
  /** The statuses that are offered; default: all. */
  readonly allowStatus?: ReadonlyArray<Status>
  /** There is a tool that ends a conversation; default: no. */
  readonly allowEnd?: boolean
  /** The queues whose tasks there are, by their exact names; default: all. See `Scope`. */
  readonly onlyQueue?: ReadonlyArray<string>
  /** So many writes are sent in an hour at most; default: any number. */
  readonly maxWrites?: number | undefined
  /** When a person is asked before a write; default `"when-possible"`. */
  readonly confirm?: Confirm
  /** The line on stderr for each write as JSON. */
  readonly auditAsJson?: boolean
}

/**
 * `when-possible`: ask where the host can; where it cannot, its own approval of tool calls governs. `always`: ask, and refuse
 * where the host cannot. `never`: do not ask.
 */
export type Confirm = "when-possible" | "always" | "never"

/** What an operator chooses from. `auto` depends on the transport. */
export const confirmChoices = ["auto", "when-possible", "always", "never"] as const

/** Over HTTP most callers cannot be asked, so `auto` refuses there what nobody was asked about. */
export const confirmOver = (transport: "stdio" | "http", choice: (typeof confirmChoices)[number]): Confirm =>
  choice !== "auto" ? choice : transport === "http" ? "always" : "when-possible"

/** The statuses that there are. */
export const statuses = ["wrapup", "closed"] as const satisfies ReadonlyArray<Status>

/** What is offered: all that hosts read of the tools depends on it, and on nothing else. */
export interface Offer {
  /** The statuses that an agent can be moved to; with none there is no tool for it. */
  readonly statuses: ReadonlyArray<Status>
  /** A conversation can be ended. */
  readonly end: boolean
}

export const offer = ({ allowEnd = false, allowStatus = statuses, readOnly = false }: Limits): Offer => ({
  statuses: readOnly ? [] : statuses.filter((status) => allowStatus.includes(status)),
  end: allowEnd && !readOnly
})

/** Every offer that limits can leave. */
export const offers: ReadonlyArray<Offer> = [false, true].flatMap((allowEnd) =>
  [[], ["wrapup"], ["closed"], statuses].map((allowStatus) =>
    offer({ allowEnd, allowStatus: allowStatus as ReadonlyArray<Status> })
  )
)

/** What limits the writes, and what is seen at all, for the log: operators read it when the server starts. */
export const inForce = ({ maxWrites, onlyQueue = [], ...limits }: Limits): string =>
  [
    confirmation(limits),
    ...(maxWrites === undefined ? [] : [`at most ${maxWrites} an hour (--max-writes)`]),
    ...(onlyQueue.length === 0
      ? []
      : [`only tasks of ${onlyQueue.map((queue) => quoted(queue, 60)).join(", ")} (--only-queue)`])
  ].join("; ")

/** What is wrong with a scope, if anything. `taskRouter`: the setting that turns TaskRouter on, where it is off. */
export const scopeProblem = (onlyQueue: ReadonlyArray<string>, taskRouter?: string): string | undefined => {
  // A name that is none would be a scope that has nothing in it, or what has no queue.
  if (onlyQueue.length === 0 || onlyQueue.some((name) => name.trim() === "" || /\p{Cc}/u.test(name))) {
    return "must be the name of a queue, and not empty"
  }
  return taskRouter === undefined
    ? undefined
    : `needs TaskRouter, which says of which queue a task is, and it is turned off; set ${taskRouter} too`
}

/** What is wrong with a number of writes, if anything. None at all is `readOnly`. */
export const maxWritesProblem = (maxWrites: number): string | undefined =>
  Number.isInteger(maxWrites) && maxWrites >= 1 && maxWrites <= 1_000_000
    ? undefined
    : "must be a whole number from 1 to 1000000"

/** How writes are confirmed. */
const confirmation = (limits: Limits): string => {
  const { end, statuses } = offer(limits)
  if (statuses.length === 0 && !end) return "no writes: it only reads"
  switch (limits.confirm ?? "when-possible") {
    case "when-possible":
      return "a person is asked before each write where the host can be asked; elsewhere writes are sent unasked (--confirm when-possible)"
    case "always":
      return "a person is asked before each write; where the host cannot be asked, writes are refused (--confirm always)"
    case "never":
      return "writes are sent without asking a person (--confirm never)"
  }
}
