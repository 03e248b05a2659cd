/** From a reply, or from the lack of one, to a reason. */
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import type * as HttpClientError from "effect/http/HttpClientError"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import {
  Conflict,
  Forbidden,
  InvalidRequest,
  NetworkError,
  NotFound,
  OutcomeUnknown,
  RateLimited,
  ServerError,
  Unauthorized,
  UnexpectedResponse,
  type Reason,
  type ReplyFields
} from "../TwilioError.ts"

const textLimit = 500

/**
 * What every reason made from this reply carries. `body` is Twilio's own error body, RFC 9457's, which newer endpoints
 * send, or anything else: what has not the right type is ignored. `now` (epoch milliseconds) is what a date in
 * `Retry-After` is measured from; `hide` takes secrets out of a text.
 */
export const fields = (
  status: number,
  headers: Headers.Headers,
  body: unknown,
  now: number,
  hide: (text: string) => string
): ReplyFields => {
  const error = Predicate.isObject(body) ? (body as Record<string, unknown>) : {}
  const code = Number.isSafeInteger(error["code"]) ? (error["code"] as number) : undefined
  const detail = text(error["detail"]) ?? text(error["message"]) ?? text(error["title"])
  const moreInfo = text(error["more_info"]) ?? text(error["type"])
  const requestId = headers["twilio-request-id"]
  const retryAfter = parseRetryAfter(headers["retry-after"], now)
  return {
    status,
    ...(code === undefined ? undefined : { code }),
    ...(detail === undefined
      ? undefined
      : { detail: hide([detail, ...details(error["errors"])].join("; ")).slice(0, textLimit) }),
    ...(moreInfo === undefined || !/^https?:/u.test(moreInfo)
      ? undefined
      : { moreInfo: hide(moreInfo).slice(0, textLimit) }),
    ...(requestId === undefined || !/^RQ[0-9a-fA-F]{32}$/u.test(requestId)
      ? undefined
      : { requestId: hide(requestId) }),
    ...(retryAfter === undefined ? undefined : { retryAfter })
  }
}

const text = (value: unknown): string | undefined => (Predicate.isString(value) && value !== "" ? value : undefined)

/** RFC 9457's `errors`: what is wrong, one by one. */
const details = (errors: unknown): ReadonlyArray<string> =>
  Array.isArray(errors)
    ? errors.flatMap((error: unknown) => (Predicate.hasProperty(error, "detail") ? (text(error.detail) ?? []) : []))
    : []

/** Seconds, or an HTTP date; zero for one in the past. What is neither is ignored, a negative number too. */
export const parseRetryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined) return undefined
  return Headers.parseRetryAfter(header).pipe(
    Result.map((retryAfter) => Headers.retryAfterDelay(retryAfter, now)),
    Result.getOrUndefined
  )
}

/**
 * The statuses of which Twilio or HTTP (RFC 9110) says that the request was not carried out, other than those that have a
 * reason of their own, with what they say.
 */
const refusals: { readonly [status: number]: string } = {
  400: "Twilio refused the request as invalid",
  405: "the server does not take requests of this method here",
  411: "the server does not take a request without a length",
  413: "the server does not take a request of this size",
  415: "the server does not take a request of this content type"
}

/** What an endpoint says of its errors. */
interface Meaning {
  readonly access: "read" | "write"
  readonly notFound: string | undefined
  readonly conflict: string | undefined
}

/** The reason for a status that is not 2xx. `code` tells whether it was Twilio that answered, and not a gateway. */
export const fromStatus = (reply: ReplyFields, { access, conflict, notFound }: Meaning): Reason => {
  const isWrite = access === "write"
  const status = reply.status ?? 0
  const problem = refusals[status]
  if (problem !== undefined) return new InvalidRequest({ ...reply, problem })
  switch (status) {
    case 401:
      return new Unauthorized(reply)
    case 403:
      return new Forbidden(reply)
    case 404:
      return new NotFound({ ...reply, ...(notFound === undefined ? undefined : { problem: notFound }) })
    case 409:
    case 422:
      return new Conflict({ ...reply, ...(conflict === undefined ? undefined : { problem: conflict }) })
    case 429:
      return new RateLimited(reply)
  }
  if (status < 400) {
    const problem = "the reply is a redirect, and none is followed: the credentials go to the configured origin only"
    return unexpected(reply, problem, isWrite)
  }
  if (status === 408) return unexpected(reply, "the server gave up waiting for the request", isWrite)
  if (status < 500) {
    return unexpected(reply, `expected a 2xx or a documented error, got HTTP ${status}`, isWrite)
  }
  return isWrite && !refused(reply)
    ? new OutcomeUnknown({ ...reply, problem: "the server failed after it had received the change" })
    : new ServerError(reply)
}

/** Does a 5xx say that the write was not carried out? Only a 503 that is Twilio's own, or that names a time to come back. */
const refused = (reply: ReplyFields): boolean =>
  reply.status === 503 && (reply.code !== undefined || reply.retryAfter !== undefined)

/** Failures of name resolution and of TLS: they happen before a byte of the request has left. */
const beforeSending = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "ERR_TLS_CERT_ALTNAME_INVALID"
])

/**
 * What an HTTP client says of a request that never left; see {@link neverSent}.
 *
 * @example
 * ```ts
 * import type { TwilioClient } from "@flex-interactions/core"
 *
 * const refused: TwilioClient.NeverSent = { problem: "the proxy refuses this host (HTTP 403)", mayPass: false }
 * ```
 */
export interface NeverSent {
  /** What is in the way and what to do about it, in words of the client's own: no secret, nothing that others wrote. */
  readonly problem?: string
  /** `false`: the same will happen again, and asking again can do harm. */
  readonly mayPass?: boolean
}

/**
 * Under this key the cause of a `TransportError` of your `HttpClient` may hold a {@link NeverSent}: nothing of the request
 * has left this machine. A change then fails with `NetworkError` and not with `OutcomeUnknown`. Without it that is known
 * only of failures to connect, which have Node's error codes.
 *
 * @example
 * ```ts
 * import { HttpClientError, type HttpClientRequest } from "effect/http"
 * import { TwilioClient } from "@flex-interactions/core"
 *
 * const offline = (request: HttpClientRequest.HttpClientRequest) =>
 *   new HttpClientError.TransportError({
 *     request,
 *     cause: { [TwilioClient.neverSent]: { problem: "this machine is in flight mode", mayPass: false } }
 *   })
 * ```
 */
export const neverSent: unique symbol = Symbol.for("@flex-interactions/core/TwilioClient/neverSent")

/** The reason when no reply came. Only the error's code is kept: a cause can hold the request, and that the credentials. */
export const fromTransport = (error: HttpClientError.HttpClientError, origin: string, isWrite: boolean): Reason => {
  const mark = markOf(error)
  const { code, syscall } = innermost(error) ?? {}
  const tag = error.reason._tag
  const unsent =
    mark !== undefined ||
    tag === "EncodeError" ||
    tag === "InvalidUrlError" ||
    syscall === "connect" ||
    (code !== undefined && beforeSending.has(code))
  const what = unsent ? "could not connect to" : tag === "DecodeError" ? "a broken answer from" : "no answer from"
  const why = mark?.problem !== undefined ? `: ${mark.problem}` : code === undefined ? "" : ` (${code})`
  const problem = `${what} ${origin}${why}`
  return isWrite && !unsent
    ? new OutcomeUnknown({ problem })
    : new NetworkError({ problem, ...(mark?.mayPass === false ? { mayPass: false } : undefined) })
}

const markOf = ({ reason }: HttpClientError.HttpClientError): NeverSent | undefined =>
  Predicate.hasProperty(reason.cause, neverSent) ? (reason.cause[neverSent] as NeverSent) : undefined

/** The reason when a request left and nothing came back in time. */
export const lost = (problem: string, isWrite: boolean): Reason =>
  isWrite ? new OutcomeUnknown({ problem }) : new NetworkError({ problem, timedOut: true })

/** Node's description of the failure: fetch and node:http bury it at different depths. */
const innermost = (
  error: unknown,
  depth = 0
): { readonly code: string; readonly syscall: string | undefined } | undefined => {
  if (!Predicate.isObject(error) || depth > 8) return undefined
  const { cause, code, errors, reason, syscall } = error as Record<string, unknown>
  for (const inner of [reason, cause, Array.isArray(errors) ? errors[0] : undefined]) {
    const found = innermost(inner, depth + 1)
    if (found !== undefined) return found
  }
  return Predicate.isString(code) && /^\w{1,64}$/u.test(code)
    ? { code, syscall: Predicate.isString(syscall) ? syscall : undefined }
    : undefined
}

/** A reply that does not tell what was promised: a 2xx with another body, a redirect. A write is not failed by that: whether Twilio took it is what nobody knows. */
export const unexpected = (reply: ReplyFields, problem: string, isWrite: boolean): Reason =>
  isWrite ? new OutcomeUnknown({ ...reply, problem }) : new UnexpectedResponse({ ...reply, problem })
