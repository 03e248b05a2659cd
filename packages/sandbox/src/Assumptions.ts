/** What can be switched, because Twilio does not say what it does: each default is an assumption. */

export interface Settings {
  /** An agent that is closed stays in the list, looking like any other (seen with Twilio: the default), or leaves it. */
  closedAgents: "stay" | "leave"
  /** What a repeat of a status, or going back from `closed` to `wrapup`, answers. 200 is harmless: nothing changes. */
  repeat: 200 | 400 | 409 | 422
  /** What setting the status of someone who is not an agent answers. */
  nonAgent: 400 | 403 | 409 | 422
  /** Milliseconds from the reply to a participant's or channel's update until the reservation and its task show it. */
  reservationDelay: number
  /** Whether lists of tasks and workers have their attributes, or null: Twilio's reference says both. */
  listAttributes: "present" | "null"
  /** The filter `ReservationStatus=wrapping`, which the reference has and its text leaves out: it works, is ignored, or is a 400. */
  wrappingFilter: "honoured" | "ignored" | "refused"
  /** Invites that were accepted or declined stay in the list, or leave it. */
  answeredInvites: "stay" | "leave"
  /** What a customer's message does to an inactive channel: it wakes up with a new task, or without one, as an account can be set up. */
  wakeUp: "new-task" | "no-task"
  /** What a path with a malformed SID answers: a validation error, or merely unknown. */
  malformedSid: 400 | 404
  /** A `PageSize` out of 1 to 1000: refused with 400, or taken as the nearest bound. */
  pageSize: "refuse" | "clamp"
  /** Twilio's four keys, or RFC 9457 as its newer endpoints have it. */
  errorBody: "twilio" | "rfc9457"
  /** Milliseconds added to every reply of a Twilio operation. */
  latency: number
}

export const defaults: Settings = {
  closedAgents: "stay",
  repeat: 409,
  nonAgent: 422,
  reservationDelay: 0,
  listAttributes: "present",
  wrappingFilter: "honoured",
  answeredInvites: "stay",
  wakeUp: "new-task",
  malformedSid: 400,
  pageSize: "refuse",
  errorBody: "twilio",
  latency: 0
}
