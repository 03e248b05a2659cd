/** Where an agent stands, and whether a customer is alone: rules over what was read, and nothing else. */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/** Public as `Conversation.Standing`, which says what each means. It is here because the errors name it too. */
export const Standing = Schema.Literals(["active", "wrapping", "left", "invited", "gone", "unknown"])
export type Standing = typeof Standing.Type

/**
 * Which status of a reservation means what. Source: TaskRouter's Reservation resource, `reservation_status`. `onHold` is
 * only in Twilio's error texts: between Accept and accepted.
 */
const standings: { readonly [status: string]: Standing } = {
  pending: "invited",
  onHold: "invited",
  accepted: "active",
  wrapping: "wrapping",
  completed: "left",
  rejected: "left",
  timeout: "left",
  canceled: "left",
  rescinded: "left"
}

/** A status that Twilio adds tomorrow is `unknown`, and so is none at all. */
export const standingOf = (status: string | undefined): Standing =>
  status !== undefined && Object.hasOwn(standings, status) ? (standings[status] ?? "unknown") : "unknown"

/** Whole minutes from `since` to `now`, both by Twilio's clock. Twilio's machines differ by a little: never less than 0. */
export const minutesBetween = (since: DateTime.Utc, now: DateTime.Utc): number =>
  Math.max(0, Math.floor(Duration.toMinutes(DateTime.distance(since, now))))

/** What the question needs, as read. What is missing could not be read, or was not looked up. */
export interface Company {
  readonly channelStatus: string | undefined
  readonly hasCustomer: boolean
  /** Of all agents that count: for "after the change", all but the one who is moved. */
  readonly agents: ReadonlyArray<Standing>
  readonly onTheWay: { readonly queued: number; readonly offered: number } | undefined
}

/**
 * Is the customer alone? Only a channel that is active, and has a customer, has somebody to leave alone. An agent who is
 * wrapping sees no new messages, one who is gone is no company, and one who is invited is on the way.
 */
export const isAlone = ({ agents, channelStatus, hasCustomer, onTheWay }: Company): boolean | "unknown" => {
  if (!hasCustomer) return false
  if (channelStatus !== undefined && channelStatus !== "active") return false
  if (agents.includes("active") || agents.includes("invited")) return false
  if (onTheWay !== undefined && onTheWay.queued + onTheWay.offered > 0) return false
  if (channelStatus === undefined || onTheWay === undefined || agents.includes("unknown")) return "unknown"
  return true
}

/** Would the answer change if it were known who is on the way? If not, nobody needs to ask. */
export const dependsOnTheWay = (company: Omit<Company, "onTheWay">): boolean =>
  isAlone({ ...company, onTheWay: { queued: 1, offered: 0 } }) !==
  isAlone({ ...company, onTheWay: { queued: 0, offered: 0 } })
