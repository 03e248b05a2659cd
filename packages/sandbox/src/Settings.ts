/** What can be switched, because Twilio does not say what it does: each default is an assumption. */

export interface Settings {
  /** An agent that is closed stays in the list, looking like any other (seen with Twilio: the default), or leaves it. */
  closedAgents: "stay" | "leave"
  /** What a repeat of a status, or going back from `closed` to `wrapup`, answers. 200 is harmless: nothing changes. */
  repeat: 200 | 400 | 409 | 422
  /** What setting the status of someone who is not an agent answers. */
  nonAgent: 400 | 403 | 409 | 422
  /** What a path with a malformed SID answers: a validation error, or merely unknown. */
  malformedSid: 400 | 404
  /** A `PageSize` out of 1 to 1000: refused with 400, or taken as the nearest bound. */
  pageSize: "refuse" | "clamp"
  /** Twilio's four keys, or RFC 9457 as its newer endpoints have it. */
  errorBody: "twilio" | "rfc9457"
  /** Milliseconds that every reply of the two operations takes longer. */
  latency: number
}

export const defaults: Settings = {
  closedAgents: "stay",
  repeat: 409,
  nonAgent: 422,
  malformedSid: 400,
  pageSize: "refuse",
  errorBody: "twilio",
  latency: 0
}
