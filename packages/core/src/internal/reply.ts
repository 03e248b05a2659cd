/** From a reply, or from the lack of one, to a reason. */
import * as Duration from "effect/Duration"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
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
} from "../FlexError.ts"
import { WireError } from "./wire.ts"

const detailLimit = 500
const decodeError = Schema.decodeUnknownOption(Schema.fromJsonString(WireError))

/** What every reason made from this reply carries. `now` (epoch milliseconds) is what a date in `Retry-After` is measured from. */
export const fields = (response: HttpClientResponse.HttpClientResponse, body: string, now: number): ReplyFields => {
  const error = Option.getOrUndefined(decodeError(body))
  const detail = error?.detail ?? error?.message ?? error?.title
  const moreInfo = error?.more_info ?? error?.type
  const requestId = response.headers["twilio-request-id"]
  const retryAfter = parseRetryAfter(response.headers["retry-after"], now)
  return {
    status: response.status,
    ...(error?.code == null ? undefined : { code: error.code }),
    ...(detail == null ? undefined : { detail: detail.slice(0, detailLimit) }),
    ...(moreInfo == null ? undefined : { moreInfo: moreInfo.slice(0, detailLimit) }),
    ...(requestId === undefined ? undefined : { requestId: requestId.slice(0, 64) }),
    ...(retryAfter === undefined ? undefined : { retryAfter })
  }
}

/** Seconds, or an HTTP date. What is neither, or lies in the past, is ignored. */
export const parseRetryAfter = (header: string | undefined, now: number): Duration.Duration | undefined => {
  if (header === undefined) return undefined
  const millis = /^\d{1,10}$/u.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isFinite(millis) && millis >= 0 ? Duration.millis(millis) : undefined
}

/** The reason for a status that is not 2xx. `code` tells whether it was Twilio that answered, and not a gateway. */
export const fromStatus = (reply: ReplyFields, isWrite: boolean): Reason => {
  const status = reply.status ?? 0
  switch (status) {
    case 400:
      return new InvalidRequest({ ...reply, problem: "Twilio refused the request as invalid" })
    case 401:
      return new Unauthorized(reply)
    case 403:
      return new Forbidden(reply)
    case 404:
      return new NotFound(reply)
    case 409:
    case 422:
      return new Conflict(reply)
    case 429:
      return new RateLimited(reply)
  }
  if (status < 500) {
    return new UnexpectedResponse({ ...reply, problem: `expected a 2xx or a documented error, got HTTP ${status}` })
  }
  return isWrite && !refused(reply)
    ? new OutcomeUnknown({ ...reply, problem: "the server failed after it had received the change" })
    : new ServerError(reply)
}

/** Does a 5xx say that the write was not carried out? Only a 503 that is Twilio's own, or that names a time to come back. */
const refused = (reply: ReplyFields): boolean =>
  reply.status === 503 && (reply.code !== undefined || reply.retryAfter !== undefined)

/** Failures that happen before a byte of the request has left. */
const neverSent = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EAI_FAIL",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_HAS_EXPIRED",
  "CERT_NOT_YET_VALID",
  "ERR_TLS_CERT_ALTNAME_INVALID"
])

/** The reason when no reply came. Only the error's code is kept: a cause can hold the request, and that the credentials. */
export const fromTransport = (error: HttpClientError.HttpClientError, origin: string, isWrite: boolean): Reason => {
  const code = errorCode(error)
  const problem = `no answer from ${origin}${code === undefined ? "" : ` (${code})`}`
  const tag = error.reason._tag
  const unsent = tag === "EncodeError" || tag === "InvalidUrlError" || (code !== undefined && neverSent.has(code))
  return isWrite && !unsent ? new OutcomeUnknown({ problem }) : new NetworkError({ problem })
}

/** The innermost `code`: fetch and node:http bury it at different depths. */
const errorCode = (error: unknown, depth = 0): string | undefined => {
  if (!Predicate.isObject(error) || depth > 8) return undefined
  const nested = Predicate.hasProperty(error, "reason") ? errorCode(error.reason, depth + 1) : undefined
  const inner = nested ?? (Predicate.hasProperty(error, "cause") ? errorCode(error.cause, depth + 1) : undefined)
  const first =
    inner ??
    (Predicate.hasProperty(error, "errors") && Array.isArray(error.errors)
      ? errorCode(error.errors[0], depth + 1)
      : undefined)
  if (first !== undefined) return first
  return Predicate.hasProperty(error, "code") && Predicate.isString(error.code) ? error.code : undefined
}

/** A 2xx whose body is not what was promised. A write is not failed by that: whether Twilio took it is what nobody knows. */
export const unexpected = (reply: ReplyFields, problem: string, isWrite: boolean): Reason =>
  isWrite ? new OutcomeUnknown({ ...reply, problem }) : new UnexpectedResponse({ ...reply, problem })
