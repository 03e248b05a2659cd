/** What two readings and an answer prove: rules over what was read, and nothing else. */
import * as DateTime from "effect/DateTime"
import type { ParticipantStatus } from "../Participant.ts"
import { type Standing, standingOf } from "./standing.ts"

/** A reservation as TaskRouter shows it. */
export interface Shown {
  readonly status: string
  /** When its status changed last. Whole seconds. */
  readonly updated: DateTime.Utc | undefined
}

/** A reservation that was read: shown, `gone` (404), or missing where reading failed. */
export type Read = Shown | "gone" | undefined

/** Reservation and channel, read together. A channel that could not be read is missing. */
export interface Reading {
  readonly reservation: Read
  readonly channel: string | undefined
}

/** What came back for the change: Twilio's consent, or nothing that tells. */
export type Answer = "accepted" | "lost"

/** What is proven so far. `unknown` is for a lost answer only: reading has not settled it. */
export type Verdict = "confirmed" | "wider" | "pending" | "accepted" | "unknown"

/** The reservation's status once a participant has this status. Source: Twilio's page, "Modify a Channel Participant". */
export const targetOf = { wrapup: "wrapping", closed: "completed" } as const satisfies Record<ParticipantStatus, string>

export const standingIn = (read: Read): Standing =>
  read === undefined ? "unknown" : read === "gone" ? "gone" : standingOf(read.status)

/** Can a later reading show more than `before` did? Not where it could not be read, or had come to its end already. */
const canShow = (before: Read, target: string): before is Shown =>
  before !== undefined && before !== "gone" && before.status !== target && standingOf(before.status) !== "left"

const isShown = (read: Read): read is Shown => read !== undefined && read !== "gone"

/** Another date is the proof that it is another state: one that is missing proves nothing. */
const isAnother = (before: Shown, after: Shown): boolean =>
  before.updated !== undefined && after.updated !== undefined && !DateTime.Equivalence(before.updated, after.updated)

/**
 * What became of moving an agent. `confirmed` is said only if the reading before showed another status, the one after
 * shows the target with another date, and the channel is as it was.
 */
export const ofMove = (
  status: ParticipantStatus,
  before: Reading,
  after: Reading,
  answer: Answer
): { readonly verdict: Verdict; readonly final: boolean } => {
  const target = targetOf[status]
  const was = before.reservation
  const is = after.reservation
  const shows = canShow(was, target)
  const isThere = isShown(is) && is.status === target
  const isOut = isThere || standingIn(is) === "left"
  const channelsKnown = before.channel !== undefined && after.channel !== undefined
  const accepted = answer === "accepted"

  if (channelsKnown && before.channel !== after.channel) {
    // The channel's own change moves its agents too: whatever is seen of this one may come from there.
    if (accepted ? isOut || after.channel !== "active" : shows && isOut) {
      return { verdict: "wider", final: isOut || !shows }
    }
    // It has become active again, which moves nobody.
    return { verdict: accepted ? (shows ? "pending" : "accepted") : "unknown", final: !shows }
  }
  if (shows && isShown(is)) {
    if (isThere && isAnother(was, is) && channelsKnown) return { verdict: "confirmed", final: true }
    // Canceled, rescinded and so on; or completed where it was to wrap up.
    if (!isThere && isOut) return { verdict: "wider", final: true }
    if (!accepted) return { verdict: "unknown", final: false }
    return isThere && !channelsKnown
      ? { verdict: "accepted", final: before.channel === undefined }
      : { verdict: "pending", final: false }
  }
  // Nothing that is read now can tell more, unless it was only this reading that failed.
  return { verdict: accepted ? "accepted" : "unknown", final: !shows || is === "gone" }
}

/** A channel and the reservations of its agents, always in the same order, read together. */
export interface ChannelReading {
  readonly channel: string | undefined
  readonly agents: ReadonlyArray<Read>
}

/** Was this agent seen to leave between the two? */
const hasLeft = (was: Read, is: Read): boolean =>
  isShown(was) &&
  isShown(is) &&
  standingOf(was.status) !== "left" &&
  standingOf(is.status) === "left" &&
  isAnother(was, is)

/**
 * What became of ending a channel. It is about the channel, and about the agents who can be seen: each of them must be seen
 * to have left.
 */
export const ofEnd = (
  status: "closed" | "inactive",
  before: ChannelReading,
  after: ChannelReading,
  answer: Answer
): { readonly verdict: Verdict; readonly final: boolean } => {
  const accepted = answer === "accepted"
  const left = before.agents.some((was, index) => hasLeft(was, after.agents[index]))
  const stays = after.agents.some((read) => isShown(read) && standingOf(read.status) !== "left")
  // Who was there, and can't be read any more, may be there still.
  const isUnread = before.agents.some(
    (was, index) => isShown(was) && standingOf(was.status) !== "left" && after.agents[index] === undefined
  )
  const open: Verdict = accepted ? "pending" : "unknown"

  if (after.channel === undefined)
    return { verdict: accepted ? "accepted" : "unknown", final: before.channel === undefined }
  if (after.channel !== status) {
    // Closed is more than inactive. A customer who writes wakes a channel that was inactive for a moment; but if the answer was
    // lost, agents who left by themselves look the same.
    const isClosed = after.channel === "closed" && before.channel !== undefined && before.channel !== "closed"
    const isAwake = accepted && left && !stays && !isUnread
    return status === "inactive" && (isClosed || isAwake)
      ? { verdict: "wider", final: true }
      : { verdict: open, final: false }
  }
  if (stays) return { verdict: open, final: false }
  if (isUnread) return { verdict: accepted ? "accepted" : "unknown", final: false }
  // A channel that was there before proves nothing: only an agent who left does.
  if (left || (before.channel !== undefined && before.channel !== status)) return { verdict: "confirmed", final: true }
  return { verdict: accepted ? "accepted" : "unknown", final: true }
}
