/** What the sandbox knows: interactions, their channels, their participants, and the rules by which statuses change. */

export type ParticipantType = "agent" | "customer" | "supervisor" | "external" | "unknown"
export type Status = "active" | "wrapup" | "closed"

export interface Participant {
  readonly sid: string
  readonly type: ParticipantType
  readonly routing?: { readonly task_sid: string; readonly worker_sid: string; readonly reservation_sid: string }
  /** Twilio never shows it, on any operation. */
  status: Status
}

export interface Channel {
  readonly interactionSid: string
  readonly channelSid: string
  /** What the seed is for, for people who look for something to try. */
  readonly about: string
  readonly participants: ReadonlyArray<Participant>
  /** Where each participant stands in `participants`, so that a page starts in constant time. */
  readonly positions: ReadonlyMap<string, number>
}

/** All channels, by interaction SID and channel SID. */
export type State = Map<string, Map<string, Channel>>

const digits = (group: number, n: number) => `${group}`.padStart(2, "0") + `${n}`.padStart(30, "0")

const channel = (group: number, about: string, types: ReadonlyArray<ParticipantType>): Channel => {
  const participants = types.map((type, index): Participant => {
    const n = index + 1
    const sid = `UT${digits(group, n)}`
    if (type !== "agent") return { sid, type, status: "active" }
    const routing = {
      task_sid: `WT${digits(group, n)}`,
      worker_sid: `WK${digits(group, n)}`,
      reservation_sid: `WR${digits(group, n)}`
    }
    return { sid, type, routing, status: "active" }
  })
  return {
    interactionSid: `KD${digits(group, 0)}`,
    channelSid: `UO${digits(group, 0)}`,
    about,
    participants,
    positions: new Map(participants.map(({ sid }, index) => [sid, index]))
  }
}

const crowd = Array.from({ length: 120 }, (_, n): ParticipantType =>
  n === 0 ? "customer" : n < 4 ? "agent" : "external"
)

/** The ready-made interactions. */
export const seed = (): State =>
  new Map(
    [
      channel(1, "a customer and an agent", ["customer", "agent"]),
      channel(2, "a customer, two agents and a supervisor", ["customer", "agent", "agent", "supervisor"]),
      channel(3, "120 participants: three pages of 50", crowd)
    ].map((channel) => [channel.interactionSid, new Map([[channel.channelSid, channel]])])
  )

/**
 * Moves a participant on. Documented: only agents, only to `wrapup` or `closed`. Assumed: `closed` is the end, and going
 * back to `wrapup` or repeating a status is refused.
 */
export const setStatus = (
  participant: Participant,
  status: "wrapup" | "closed"
): "done" | "not-an-agent" | "wrong-state" => {
  if (participant.type !== "agent") return "not-an-agent"
  if (participant.status === "closed" || participant.status === status) return "wrong-state"
  participant.status = status
  return "done"
}
