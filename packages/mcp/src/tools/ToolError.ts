/**
 * A failure in the assistant's words, from fixed templates: what happened, whether anything was changed, what to do next,
 * whether and when to try again, Twilio's code and request id.
 *
 * What Twilio wrote appears only as quoted, capped data, never as an instruction.
 */
import type { TwilioError } from "@flex-interactions/core"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { plain, requestId } from "./Plain.ts"

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
 * was given up on learns nothing; a write that follows has its own time-out.
 */
export const goodTime = 30_000

export const tooLong = new Refused({
  what: "Twilio took more than 30 seconds to list the participants.",
  next: "Trying again in a few seconds is safe. If that does not help, tell the operator."
})

/** The text of a failed call. */
export const text = (error: TwilioError.TwilioError | Refused): string =>
  error._tag === "Refused" ? error.message : [...explain(error.reason), facts(error.reason)].filter(Boolean).join(" ")

/** The text of a defect: no detail reaches the model, the cause goes to the log. */
export const defect = (onlyReads: boolean): string =>
  `This server failed in an unexpected way; its log says why. ${
    onlyReads ? unchanged : "It is not known whether anything was changed."
  } Tell the operator.`

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
      return [
        "This server's credentials are not allowed to do this.",
        unchanged,
        "Do not try again; tell the operator to use credentials that are."
      ]
    case "NotFound":
      return [
        "There is no such interaction, channel or participant in this account.",
        unchanged,
        "Check that interaction_sid and channel_sid come from the same task (attributes flexInteractionSid and",
        "flexInteractionChannelSid)."
      ]
    case "Conflict":
      return [
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
      return ["Twilio could not be reached.", unchanged, again(reason), "If that does not help, tell the operator."]
    case "UnexpectedResponse":
      return ["Twilio's reply could not be understood.", unchanged, "Do not try again at once; tell the operator."]
    case "OutcomeUnknown":
      return [
        "It is not known whether the change was applied: it was sent, and no clear answer came back.",
        "list_participants cannot tell. Tell the person that it is not known: Flex shows where the agent stands, and the agent",
        "knows. Repeating the same call does no harm; a conflict then most likely means that the change was applied."
      ]
  }
}

const again = (reason: TwilioError.Reason): string =>
  reason.retryAfter === undefined
    ? "Trying again in a few seconds is safe."
    : `Trying again is safe, after ${Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(reason.retryAfter))))}.`

/** What Twilio answered, in parentheses: numbers, the request id, and quoted as data what Twilio wrote. */
export const facts = (reason: TwilioError.Reason): string => {
  const seen =
    "problem" in reason && reason.detail === undefined && reason._tag !== "InvalidRequest" ? reason.problem : undefined
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
