/**
 * What a conversation is, in as few words as can be, and what each operation makes of it: a model to hold the sandbox and
 * `Conversations` against. Times are the sandbox's, in milliseconds.
 */

export type Standing = "active" | "wrapping" | "left" | "gone"

/** An agent's part. `attached` is what the participant is for Twilio, which no operation shows. */
export interface Agent {
  readonly worker: string
  readonly reservation: "active" | "wrapping" | "left"
  readonly since: number
  readonly attached: "active" | "wrapup" | "closed"
}

/** A task that waits: in the queue, or offered to this worker. */
export interface Waiting {
  readonly worker?: string | undefined
}

/** A conversation with a customer. */
export interface Room {
  readonly status: "active" | "inactive" | "closed"
  readonly agents: ReadonlyArray<Agent>
  readonly waiting: ReadonlyArray<Waiting>
}

const minutes = 60_000

/** Documented: TaskRouter forgets a task five minutes after its end, and deletes one that was assigned for 24 hours. */
export const standingOf = ({ reservation, since }: Agent, now: number): Standing =>
  (reservation === "left" && now - since >= 5 * minutes) ||
  (reservation === "active" && now - since >= 24 * 60 * minutes)
    ? "gone"
    : reservation

/** Is the customer alone, or would be without this agent? */
export const isAlone = ({ agents, status, waiting }: Room, now: number, without?: number): boolean =>
  status === "active" &&
  waiting.length === 0 &&
  agents.every((agent, index) => index === without || standingOf(agent, now) !== "active")

export type Operation =
  | {
      readonly do: "move"
      readonly agent: number
      readonly status: "wrapup" | "closed"
      readonly ifLast: "allow" | "refuse"
    }
  | { readonly do: "end"; readonly status: "closed" | "inactive" }

/** The result of an operation, or the tag of its error. */
export interface Done {
  readonly told: string
  readonly room: Room
}

const change = (room: Room, index: number, agent: Partial<Agent>): Room => ({
  ...room,
  agents: room.agents.map((other, n) => (n === index ? { ...other, ...agent } : other))
})

/** What an operation is to answer, and what becomes of the room. */
export const apply = (room: Room, operation: Operation, now: number): Done => {
  if (operation.do === "end") return end(room, operation.status, now)
  const { agent: index, ifLast, status } = operation
  const agent = room.agents[index]
  if (agent === undefined) return { told: "NotFound", room }
  const standing = standingOf(agent, now)
  if (status === "wrapup") {
    if (standing === "wrapping") return { told: "already", room }
    if (standing === "left") return { told: "Conflict", room }
  } else if (ifLast === "refuse" && isAlone(room, now, index)) return { told: "LastAgent", room }
  const target = status === "wrapup" ? "wrapping" : "left"
  if (agent.attached === "closed" || agent.attached === status) {
    // Twilio refuses it; who is seen to have left has what was asked for.
    return { told: standing === "left" ? "already" : "Conflict", room }
  }
  return standing === "gone"
    ? { told: "accepted", room: change(room, index, { attached: status }) }
    : { told: "confirmed", room: change(room, index, { attached: status, reservation: target, since: now }) }
}

const end = (room: Room, status: "closed" | "inactive", now: number): Done => {
  const { agents, waiting } = room
  const isNobodyIn = agents.every((agent) => standingOf(agent, now) === "left" || standingOf(agent, now) === "gone")
  if (room.status === "closed" && status === "inactive") return { told: "Conflict", room }
  const moving = agents.filter(({ attached }) => attached !== "closed")
  if (room.status === status && moving.length === 0 && waiting.length === 0) {
    return { told: isNobodyIn ? "already" : "Conflict", room }
  }
  const after: Room = {
    status,
    waiting: [],
    agents: agents.map((agent) =>
      agent.attached === "closed"
        ? agent
        : standingOf(agent, now) === "gone" || agent.reservation === "left"
          ? { ...agent, attached: "closed" }
          : { ...agent, attached: "closed", reservation: "left", since: now }
    )
  }
  const isSeen =
    room.status !== status ||
    agents.some(
      (agent, index) => standingOf(agent, now) !== "gone" && agent.reservation !== after.agents[index]?.reservation
    )
  return { told: isSeen ? "confirmed" : "accepted", room: after }
}
