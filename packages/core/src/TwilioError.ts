/**
 * What can go wrong: one error, {@link TwilioError}, with the operation that failed and the reason.
 *
 * Tell reasons apart with `Effect.catchReason` or `Effect.catchReasons`. No reason ever carries a credential, and what
 * Twilio wrote (`detail`) is capped at 500 characters and is data, never instructions.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import { Standing } from "./internal/standing.ts"

const reply = {
  status: Schema.optionalKey(Schema.Int),
  code: Schema.optionalKey(Schema.Int),
  detail: Schema.optionalKey(Schema.String),
  moreInfo: Schema.optionalKey(Schema.String),
  requestId: Schema.optionalKey(Schema.String),
  retryAfter: Schema.optionalKey(Schema.Duration)
}

/**
 * What each reason may carry, as far as a reply said so. With no `status` there was no reply.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * // What Twilio's support asks for.
 * const ticket = ({ code, requestId, status }: TwilioError.ReplyFields) => `HTTP ${status}, code ${code}, request ${requestId}`
 * ticket(new TwilioError.NotFound({ status: 404, code: 20404, requestId: "RQ1" })) // => "HTTP 404, code 20404, request RQ1"
 * ```
 */
export interface ReplyFields {
  /** HTTP status of the reply. */
  readonly status?: number
  /** Twilio's error code, such as 20404; https://www.twilio.com/docs/api/errors lists them. */
  readonly code?: number
  /** Twilio's own words, capped at 500 characters. */
  readonly detail?: string
  /** Address of Twilio's page about the code, capped at 500 characters. */
  readonly moreInfo?: string
  /** `Twilio-Request-Id` (`RQ…`): Twilio's support asks for it. */
  readonly requestId?: string
  /** The delay that the reply's `Retry-After` asked for, from the moment that the reply came; zero for a date in the past. */
  readonly retryAfter?: Duration.Duration
}

const sentence = (what: string, reply: ReplyFields): string => {
  const facts = [
    reply.detail === undefined ? undefined : `Twilio says ${JSON.stringify(reply.detail)}`,
    reply.status === undefined ? undefined : `HTTP ${reply.status}`,
    reply.code === undefined ? undefined : `code ${reply.code}`,
    reply.requestId === undefined ? undefined : `request ${reply.requestId}`,
    reply.retryAfter === undefined ? undefined : `try again after ${Duration.format(reply.retryAfter)}`,
    reply.moreInfo === undefined ? undefined : `see ${reply.moreInfo}`
  ].filter((fact) => fact !== undefined)
  return facts.length === 0 ? what : `${what} (${facts.join("; ")})`
}

/**
 * The input is wrong. With no `status` it was refused here, before any I/O; with one, by Twilio (400), or by a server in
 * front of it that does not take such a request (405, 411, 413, 415). Nothing was changed.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.InvalidRequest({ problem: "pageSize: expected a whole number from 1 to 1000" }).message // => "pageSize: expected a whole number from 1 to 1000"
 * ```
 */
export class InvalidRequest extends Schema.TaggedError<InvalidRequest>("@flex-interactions/core/InvalidRequest")(
  "InvalidRequest",
  { ...reply, problem: Schema.String }
) {
  override get message(): string {
    return sentence(this.problem, this)
  }
}

/**
 * Twilio does not accept the credentials (401). Right credentials of another region read the same.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.Unauthorized({ status: 401, code: 20003 }).message // => "Twilio does not accept the credentials: check that SID and secret belong together, and to this region (HTTP 401; code 20003)"
 * ```
 */
export class Unauthorized extends Schema.TaggedError<Unauthorized>("@flex-interactions/core/Unauthorized")(
  "Unauthorized",
  reply
) {
  override get message(): string {
    return sentence(
      "Twilio does not accept the credentials: check that SID and secret belong together, and to this region",
      this
    )
  }
}

/**
 * The credentials are good, but not for this (403). Test credentials and restricted API keys end here. With no `status`
 * nothing was sent: the API is turned off here, and `setting` names the setting that turns it on.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.Forbidden({ status: 403, code: 20008 }).message // => "these credentials are not allowed to do this: test credentials and restricted API keys are not (HTTP 403; code 20008)"
 * ```
 */
export class Forbidden extends Schema.TaggedError<Forbidden>("@flex-interactions/core/Forbidden")("Forbidden", {
  ...reply,
  /** The environment variable to set, where the API is turned off here. */
  setting: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return this.setting === undefined
      ? sentence("these credentials are not allowed to do this: test credentials and restricted API keys are not", this)
      : `TaskRouter is turned off, because FLEX_API_BASE_URL (option baseUrl) points elsewhere: nothing was sent. To turn it on, set ${this.setting} (option taskRouterBaseUrl) to the origin that serves TaskRouter there`
  }
}

/**
 * The account has no such thing (404); `problem` says what that means for the endpoint. Channels vanish after 180 idle days.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.NotFound({ problem: "this account has no such channel", status: 404, code: 20404 }).message // => "this account has no such channel (HTTP 404; code 20404)"
 * ```
 */
export class NotFound extends Schema.TaggedError<NotFound>("@flex-interactions/core/NotFound")("NotFound", {
  ...reply,
  problem: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return sentence(this.problem ?? "this account has nothing of that SID", this)
  }
}

/**
 * Twilio refused the change because of the state that things are in (409 or 422; which of them means what is assumed);
 * `problem` says what that means for the endpoint. With no `status` it was refused here, after a look at that state, and
 * nothing was sent.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.Conflict({ problem: "the agent has left", status: 422, code: 45008 }).message // => "Twilio refused the change: the agent has left (HTTP 422; code 45008)"
 * ```
 */
export class Conflict extends Schema.TaggedError<Conflict>("@flex-interactions/core/Conflict")("Conflict", {
  ...reply,
  problem: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    const problem = this.problem ?? "the state that things are in does not allow it"
    return this.status === undefined && this.problem !== undefined
      ? problem
      : sentence(`Twilio refused the change: ${problem}`, this)
  }
}

/**
 * Too many requests: refused by Twilio (429), or, with no `status`, held back by this client's own rate limit until the
 * time for the call was over. Nothing was processed: doing it again later is safe.
 *
 * @example
 * ```ts
 * import { Duration } from "effect"
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.RateLimited({ status: 429, code: 20429, retryAfter: Duration.seconds(90) }).message // => "too many requests at once: this one was not processed, and doing it again later is safe (HTTP 429; code 20429; try again after 1m 30s)"
 * ```
 */
export class RateLimited extends Schema.TaggedError<RateLimited>("@flex-interactions/core/RateLimited")(
  "RateLimited",
  reply
) {
  override get message(): string {
    return this.status === undefined
      ? "held back by this client's own rate limit until its time was over: nothing was sent, and doing it again later is safe"
      : sentence("too many requests at once: this one was not processed, and doing it again later is safe", this)
  }
}

/**
 * Twilio failed (5xx), and a write was certainly not carried out.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.ServerError({ status: 503, code: 20503 }).message // => "Twilio could not serve the request: nothing was changed, and doing it again later is safe (HTTP 503; code 20503)"
 * ```
 */
export class ServerError extends Schema.TaggedError<ServerError>("@flex-interactions/core/ServerError")(
  "ServerError",
  reply
) {
  override get message(): string {
    return sentence("Twilio could not serve the request: nothing was changed, and doing it again later is safe", this)
  }
}

/**
 * No reply: refused, unresolvable, reset, timed out. A write with this reason never left this machine.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.NetworkError({ problem: "no answer from https://flex-api.twilio.com (ENOTFOUND)" }).message // => "no answer from https://flex-api.twilio.com (ENOTFOUND)"
 * ```
 */
export class NetworkError extends Schema.TaggedError<NetworkError>("@flex-interactions/core/NetworkError")(
  "NetworkError",
  {
    ...reply,
    problem: Schema.String,
    /** `false`: the same will happen again, such as a proxy that refuses the host. */
    mayPass: Schema.optionalKey(Schema.Boolean),
    /** `true`: no reply within the time that an attempt, or the call, has; `problem` says how long that is, if it was an attempt. */
    timedOut: Schema.optionalKey(Schema.Boolean)
  }
) {
  override get message(): string {
    return sentence(this.problem, this)
  }
}

/**
 * A reply that is not what the API promises; `problem` has the path of the first mismatch. So is a page with a participant
 * of another channel. A write never has this reason: it is {@link OutcomeUnknown} then.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.UnexpectedResponse({ status: 200, problem: "expected JSON, got HTML" }).message // => "expected JSON, got HTML (HTTP 200)"
 * ```
 */
export class UnexpectedResponse extends Schema.TaggedError<UnexpectedResponse>(
  "@flex-interactions/core/UnexpectedResponse"
)("UnexpectedResponse", { ...reply, problem: Schema.String }) {
  override get message(): string {
    return sentence(this.problem, this)
  }
}

/**
 * A write left this machine, and no answer came back that tells what became of it: none at all; a success that is about
 * another participant, or about none; a 5xx, a redirect, or a 4xx of which neither Twilio nor HTTP says that the request
 * was not carried out (any but 400, 401, 403, 404, 405, 409, 411, 413, 415, 422 and 429). It may or may not have been
 * carried out. It is never sent again silently, and no operation of the API can tell. Repeating the same change is harmless as
 * far as is known (Twilio's warning 80906 says so for a duplicate): at worst it is a {@link Conflict}.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * new TwilioError.OutcomeUnknown({ problem: "no answer from https://flex-api.twilio.com (ECONNRESET)" }).message // => "it is not known whether the change was applied: no answer from https://flex-api.twilio.com (ECONNRESET)"
 * ```
 */
export class OutcomeUnknown extends Schema.TaggedError<OutcomeUnknown>("@flex-interactions/core/OutcomeUnknown")(
  "OutcomeUnknown",
  {
    ...reply,
    problem: Schema.String,
    /** What reading showed afterwards, if something was read and it did not settle the question. */
    seen: Schema.optionalKey(
      Schema.Struct({
        /** Of the agent who was to be moved. */
        standing: Schema.optionalKey(Standing),
        channelStatus: Schema.optionalKey(Schema.String),
        /** By Twilio's clock, if the reply told it. */
        at: Schema.DateTimeUtc
      })
    )
  }
) {
  override get message(): string {
    return `${sentence(`it is not known whether the change was applied: ${this.problem}`, this)}${this.seen === undefined ? "" : `. ${shown(this.seen)}`}`
  }
}

const shown = ({
  at,
  channelStatus,
  standing
}: {
  readonly at: DateTime.Utc
  readonly channelStatus?: string
  readonly standing?: Standing
}): string => {
  const what = [
    ...(standing === undefined ? [] : [`the agent as ${standing}`]),
    ...(channelStatus === undefined ? [] : [`the channel as ${JSON.stringify(channelStatus.slice(0, 50))}`])
  ]
  return `Reading showed ${what.join(" and ")} at ${DateTime.formatIso(at)}: what is not seen yet may still have happened`
}

/**
 * Any of the ten reasons.
 *
 * @example
 * ```ts
 * import { TwilioError } from "@flex-interactions/core"
 *
 * TwilioError.Reason.members.length // => 10
 * ```
 */
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
/** One of the reasons in {@link Reason}; `_tag` tells which. */
export type Reason = typeof Reason.Type

/**
 * The one error of this library.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { TwilioError } from "@flex-interactions/core"
 *
 * const failed: Effect.Effect<string, TwilioError.TwilioError> = new TwilioError.TwilioError({
 *   operation: "Participants.list",
 *   reason: new TwilioError.NotFound({ status: 404, code: 20404 })
 * })
 * const handled = failed.pipe(Effect.catchReason("TwilioError", "NotFound", () => Effect.succeed("no such channel")))
 * Effect.runSync(handled) // => "no such channel"
 * ```
 */
export class TwilioError extends Schema.TaggedError<TwilioError>("@flex-interactions/core/TwilioError")("TwilioError", {
  /**
   * What was being done: the name of the endpoint, such as `"Participants.list"` (a page, a stream, a list or a find) or
   * `"Participants.setStatus"`; `"reference"` for naming a channel or a participant, for which nothing is sent.
   */
  operation: Schema.String,
  reason: Reason
}) {
  override get message(): string {
    return `${this.operation}: ${this.reason.message}`
  }

  /** How loggers and `console` show it: with the message, which they would leave out as it is no field. */
  override toJSON() {
    const { _tag, message, operation, reason } = this
    return { _tag, message, operation, reason }
  }

  /** May the same call succeed later, and is repeating it safe? `false` for {@link OutcomeUnknown}: that is for the caller to decide. */
  get isRetryable(): boolean {
    const { reason } = this
    if (reason._tag === "NetworkError") return reason.mayPass !== false
    return reason._tag === "RateLimited" || reason._tag === "ServerError"
  }

  /** The delay that Twilio asked for, if it did. */
  get retryAfter(): Duration.Duration | undefined {
    return this.reason.retryAfter
  }

  /** HTTP status, if there was a reply. */
  get status(): number | undefined {
    return this.reason.status
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
