/**
 * A failure in the assistant's words, from fixed templates: what happened, whether anything was changed, what to do next,
 * whether and when to try again, Twilio's code and request id.
 *
 * What Twilio wrote appears only as quoted, capped data, never as an instruction.
 */
import type { Conversation, TwilioError } from "@flex-interactions/core"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { name, plain, requestId, word } from "./Plain.ts"

/** A call that this server refuses by itself: nothing was sent that changes anything. */
export class Refused extends Schema.TaggedError<Refused>("@flex-interactions/mcp/Refused")("Refused", {
  what: Schema.String,
  next: Schema.String,
  /** What Twilio answered, if it was Twilio that refused: see {@link facts}. */
  facts: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return [this.what, unchanged, this.next, this.facts].filter(Boolean).join(" ")
  }
}

const unchanged = "Nothing was changed."

/** Arguments that the tool does not take; `problems` is this server's own text. */
export const wrongArguments = (problems: string): Refused =>
  new Refused({ what: `The call is not valid: ${problems}.`, next: "Correct it and call again." })

/** A call on a connection that was never opened. */
export const tooEarly = new Refused({
  what: "The connection is not open yet.",
  next: "The host must send initialize before the first call."
})

/**
 * How long what only reads may take, in milliseconds. Hosts give up on a call after a minute, often, and a model whose call
 * was given up on learns nothing; a write that follows has what is left of the call's 50 seconds.
 */
export const goodTime = 30_000

/** For the whole call, but for the time that a person thinks: hosts give up after a minute, often. */
export const callTime = Duration.seconds(50)

/** The text of a failed call. */
export const text = (error: TwilioError.TwilioError | Conversation.Ambiguous | Refused): string => {
  switch (error._tag) {
    case "Refused":
      return error.message
    case "Ambiguous":
      return ambiguous(error).message
    case "TwilioError":
      return [...explain(error.reason), facts(error.reason)].filter(Boolean).join(" ")
  }
}

const ambiguous = ({ candidates, total }: Conversation.Ambiguous): Refused =>
  new Refused({
    what: `${total} agents have that name: ${candidates
      .map(({ friendlyName = "", fullName, sid = "" }) =>
        [name(friendlyName), fullName === undefined ? "" : `(${name(fullName)})`, sid].filter(Boolean).join(" ")
      )
      .join("; ")}${total > candidates.length ? "; and others" : ""}.`,
    next: "Ask the person which one is meant, and call again with that agent's SID as worker."
  })

/** Why standings, or who is on the way, are unknown. */
export const unseen = (reason: TwilioError.Reason): string => `TaskRouter can't be read: ${why(reason)}`

const why = (reason: TwilioError.Reason): string => {
  switch (reason._tag) {
    case "Unauthorized":
    case "Forbidden":
      return reason._tag === "Forbidden" && reason.setting !== undefined
        ? "it is turned off in this server (the operator sets TASKROUTER_API_BASE_URL)."
        : "this server's credentials are not allowed to (the operator can change that)."
    case "NotFound":
      return "its workspace was not found (the operator sets TWILIO_WORKSPACE_SID)."
    default:
      return "it does not answer now (trying again in a minute may help)."
  }
}

/** Under a scope nothing is told that TaskRouter does not say the queue of. */
export const unreadable = (queues: string, reason: TwilioError.Reason): Refused =>
  new Refused({
    what: `This server is for some queues only (${queues}), and can't see what is of them. ${unseen(reason)}`,
    next: "If this stays so, tell the operator."
  })

/** The text of a defect: no detail reaches the model, the cause goes to the log. */
export const defect = (onlyReads: boolean): string =>
  `This server failed in an unexpected way; its log says why. ${
    onlyReads ? unchanged : "It is not known whether anything was changed."
  } Tell the operator.`

const tooLong = `Twilio took too long to answer: a call here waits ${goodTime / 1000} seconds for what it reads, and ${Duration.toSeconds(callTime)} in all.`

const explain = (reason: TwilioError.Reason): ReadonlyArray<string> => {
  switch (reason._tag) {
    case "InvalidRequest":
      return reason.status === undefined
        ? [wrongArguments(reason.problem).message]
        : [
            "Twilio refused the request as invalid.",
            unchanged,
            "Do not repeat it as it is; a listing that continued from a cursor can start again without it."
          ]
    case "Unauthorized":
      return [
        "Twilio does not accept this server's credentials.",
        unchanged,
        "Do not try again; tell the operator to check them."
      ]
    case "Forbidden":
      if (reason.setting !== undefined) {
        return [
          "This needs TaskRouter, which is turned off in this server.",
          unchanged,
          `Do not try again: the operator turns it on with ${reason.setting}. By interaction_sid and channel_sid, list_participants works without it.`
        ]
      }
      return [
        "This server's credentials are not allowed to do this.",
        unchanged,
        "Do not try again; tell the operator to use credentials that are."
      ]
    case "NotFound":
      return [sentence(reason.problem ?? "this account has nothing of that SID"), unchanged, elsewhere(reason)]
    case "Conflict":
      return reason.status === undefined && reason.problem !== undefined
        ? [
            sentence(reason.problem),
            unchanged,
            "list_participants shows who can be moved, and where each agent stands."
          ]
        : [
            "Twilio refused: the state that the conversation is in does not allow it.",
            unchanged,
            "Do not repeat the call as it is."
          ]
    case "RateLimited":
      return [
        reason.status === undefined
          ? "There are too many calls at once for Twilio's rate limit, and this one was never sent."
          : "Twilio is getting too many requests from this account and did not process this one.",
        unchanged,
        again(reason)
      ]
    case "ServerError":
      return ["Twilio could not serve the request.", unchanged, again(reason)]
    case "NetworkError":
      return [
        reason.timedOut === true ? tooLong : "Twilio could not be reached.",
        unchanged,
        again(reason),
        "If that does not help, tell the operator."
      ]
    case "UnexpectedResponse":
      return ["Twilio's reply could not be understood.", unchanged, "Do not try again at once; tell the operator."]
    case "OutcomeUnknown":
      return [
        "It is not known whether the change was applied: it was sent, and no clear answer came back.",
        shown(reason.seen ?? {}),
        "It is not sent again by itself. Call list_participants in a minute to see where the agents stand, and tell the person.",
        "Repeat the call only if it is still wanted then."
      ]
  }
}

/** The library's words, as a sentence of an answer. They have text of others in quotes only. */
const sentence = (problem: string): string => {
  const text = plain(problem, 300)
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

const elsewhere = ({ problem = "" }: TwilioError.NotFound): string =>
  problem.includes("worker")
    ? "Ask the person for the agent's exact name or e-mail address, as Flex has it."
    : problem.includes("task")
      ? "A task is removed five minutes after it ends: find_conversations by agent or by interaction_sid may help."
      : "find_conversations gives SIDs that belong together."

const shown = ({ channelStatus, standing }: Partial<NonNullable<TwilioError.OutcomeUnknown["seen"]>>): string => {
  const seen = [
    standing === undefined || standing === "unknown" ? undefined : `the agent was ${standing}`,
    channelStatus === undefined ? undefined : `the channel was ${word(channelStatus)}`
  ]
    .filter(Boolean)
    .join(", ")
  return seen === "" ? "Nothing could be read afterwards." : `Reading afterwards did not settle it: ${seen}.`
}

const again = (reason: TwilioError.Reason): string =>
  reason.retryAfter === undefined
    ? "Trying again in a few seconds is safe."
    : `Trying again is safe, after ${Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(reason.retryAfter))))}.`

/** Whose problem is in the sentence before. */
const told = new Set<TwilioError.Reason["_tag"]>(["InvalidRequest", "NotFound", "Conflict"])

/** What Twilio answered, in parentheses: numbers, the request id, and quoted as data what Twilio wrote. */
export const facts = (reason: TwilioError.Reason): string => {
  const seen = "problem" in reason && reason.detail === undefined && !told.has(reason._tag) ? reason.problem : undefined
  const request = requestId(reason.requestId)
  const known = [
    reason.status === undefined ? undefined : `HTTP ${reason.status}`,
    reason.code === undefined ? undefined : `Twilio code ${reason.code}`,
    request === undefined ? undefined : `request ${request}`,
    seen === undefined ? undefined : `seen: ${JSON.stringify(plain(seen))}`,
    reason.detail === undefined ? undefined : `quoted from Twilio: ${JSON.stringify(plain(reason.detail))}`
  ].filter((fact) => fact !== undefined)
  return known.length === 0 ? "" : `(${known.join(", ")})`
}
