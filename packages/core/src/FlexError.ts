/**
 * What can go wrong: one error, {@link FlexError}, with the operation that failed and the reason.
 *
 * Tell reasons apart with `Effect.catchReason` or `Effect.catchReasons`. No reason ever carries a credential, and what
 * Twilio wrote (`detail`) is capped at 500 characters and is data, never instructions.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/** What was being done when it failed. */
export const Operation = Schema.Literals(["list", "setStatus", "reference"])
export type Operation = typeof Operation.Type

const reply = {
  /** HTTP status of the reply. */
  status: Schema.optionalKey(Schema.Int),
  /** Twilio's error code, such as 20404; https://www.twilio.com/docs/api/errors lists them. */
  code: Schema.optionalKey(Schema.Int),
  /** Twilio's own words, capped at 500 characters. */
  detail: Schema.optionalKey(Schema.String),
  /** Twilio's page about the code. */
  moreInfo: Schema.optionalKey(Schema.String),
  /** `Twilio-Request-Id` (`RQ…`): Twilio's support asks for it. */
  requestId: Schema.optionalKey(Schema.String),
  /** The delay that the reply's `Retry-After` asked for. */
  retryAfter: Schema.optionalKey(Schema.Duration)
}

/** What each reason made from a reply may carry. */
export interface ReplyFields {
  readonly status?: number
  readonly code?: number
  readonly detail?: string
  readonly moreInfo?: string
  readonly requestId?: string
  readonly retryAfter?: Duration.Duration
}

const sentence = (what: string, reply: ReplyFields): string => {
  const facts = [
    reply.detail === undefined ? undefined : `Twilio says ${JSON.stringify(reply.detail)}`,
    reply.status === undefined ? undefined : `HTTP ${reply.status}`,
    reply.code === undefined ? undefined : `code ${reply.code}`,
    reply.requestId === undefined ? undefined : `request ${reply.requestId}`,
    reply.retryAfter === undefined ? undefined : `try again after ${Duration.format(reply.retryAfter)}`
  ].filter((fact) => fact !== undefined)
  return facts.length === 0 ? what : `${what} (${facts.join("; ")})`
}

/** The input is wrong. With no `status` it was refused here, before any I/O; with one, by Twilio. */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>("@flex-participants/core/InvalidRequest")(
  "InvalidRequest",
  { ...reply, problem: Schema.String }
) {
  override get message(): string {
    return sentence(this.problem, this)
  }
}

/** Twilio does not accept the credentials (401). Right credentials of another region read the same. */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("@flex-participants/core/Unauthorized")(
  "Unauthorized",
  reply
) {
  override get message(): string {
    return sentence("Twilio does not accept the credentials; check that SID and secret belong together", this)
  }
}

/** The credentials are good, but not for this (403). Test credentials and restricted API keys end here. */
export class Forbidden extends Schema.TaggedError<Forbidden>("@flex-participants/core/Forbidden")("Forbidden", reply) {
  override get message(): string {
    return sentence("these credentials are not allowed to do this", this)
  }
}

/** No such interaction, channel or participant (404). Channels vanish after 180 idle days. */
export class NotFound extends Schema.TaggedError<NotFound>("@flex-participants/core/NotFound")("NotFound", reply) {
  override get message(): string {
    return sentence("no such interaction, channel or participant in this account", this)
  }
}

/** Twilio refused the change because of the state it is in: not an agent, or already left (409 or 422). */
export class Conflict extends Schema.TaggedError<Conflict>("@flex-participants/core/Conflict")("Conflict", reply) {
  override get message(): string {
    return sentence("Twilio refused: the participant is not an agent, or is not in a state that allows this", this)
  }
}

/** Too many requests (429). The request was not processed: sending it again is safe. */
export class RateLimited extends Schema.TaggedError<RateLimited>("@flex-participants/core/RateLimited")(
  "RateLimited",
  reply
) {
  override get message(): string {
    return sentence("too many requests; this one was not processed", this)
  }
}

/** Twilio failed (5xx), and a write was certainly not carried out. */
export class ServerError extends Schema.TaggedError<ServerError>("@flex-participants/core/ServerError")(
  "ServerError",
  reply
) {
  override get message(): string {
    return sentence("Twilio could not serve the request", this)
  }
}

/** No reply: refused, unresolvable, reset, timed out. A write with this reason never left this machine. */
export class NetworkError extends Schema.TaggedError<NetworkError>("@flex-participants/core/NetworkError")(
  "NetworkError",
  { ...reply, problem: Schema.String }
) {
  override get message(): string {
    return sentence(this.problem, this)
  }
}

/** A reply that is not what the API promises; `problem` has the path of the first mismatch. */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>(
  "@flex-participants/core/UnexpectedResponse"
)("UnexpectedResponse", { ...reply, problem: Schema.String }) {
  override get message(): string {
    return sentence(this.problem, this)
  }
}

/**
 * A write left this machine, and no answer came back that tells what became of it. It may or may not have been carried
 * out. It is never sent again silently; list the participants, then repeat it if needed.
 */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>("@flex-participants/core/OutcomeUnknown")(
  "OutcomeUnknown",
  { ...reply, problem: Schema.String }
) {
  override get message(): string {
    return sentence(`it is not known whether the change was applied: ${this.problem}`, this)
  }
}

export const Reason = Schema.Union([
  InvalidRequest,
  Unauthorized,
  Forbidden,
  NotFound,
  Conflict,
  RateLimited,
  ServerError,
  NetworkError,
  UnexpectedResponse,
  OutcomeUnknown
])
export type Reason = typeof Reason.Type

/**
 * The one error of this library.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { FlexError } from "@flex-participants/core"
 *
 * const failed: Effect.Effect<string, FlexError.FlexError> = new FlexError.FlexError({
 *   operation: "list",
 *   reason: new FlexError.NotFound({ status: 404, code: 20404 })
 * })
 * const handled = failed.pipe(Effect.catchReason("FlexError", "NotFound", () => Effect.succeed("no such channel")))
 * ```
 */
export class FlexError extends Schema.TaggedError<FlexError>("@flex-participants/core/FlexError")("FlexError", {
  operation: Operation,
  reason: Reason
}) {
  override get message(): string {
    return `${this.operation}: ${this.reason.message}`
  }

  /** May the same call succeed later, and is repeating it safe? `false` for {@link OutcomeUnknown}: that is for the caller to decide. */
  get isRetryable(): boolean {
    const tag = this.reason._tag
    return tag === "RateLimited" || tag === "ServerError" || tag === "NetworkError"
  }

  /** The delay that Twilio asked for, if it did. */
  get retryAfter(): Duration.Duration | undefined {
    return this.reason.retryAfter
  }

  /** Twilio's error code, if a reply named one. */
  get code(): number | undefined {
    return this.reason.code
  }

  /** Twilio's request id (`RQ…`), if a reply named one. */
  get requestId(): string | undefined {
    return this.reason.requestId
  }
}

/** A {@link FlexError} for input that is refused here, before any I/O. */
export const invalid = (operation: Operation, problem: string): FlexError =>
  new FlexError({ operation, reason: new InvalidRequest({ problem }) })
