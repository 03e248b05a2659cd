/** What Twilio answers with: JSON, and errors with a code. */
import type { Host } from "./Host.ts"
import type { Settings } from "./Assumptions.ts"

/** A reply, and a word on what happened for those who watch. */
export interface Answer {
  readonly response: Response
  readonly note: string
}

/** How a resource answers, in the words of its host. */
export interface Replies {
  readonly error: (status: number, code: number, message: string, headers?: Record<string, string>) => Answer
  /** A parameter that is not valid. */
  readonly invalid: (message: string) => Answer
  readonly notFound: () => Answer
  /** A body over the limit. */
  readonly tooLarge: () => Answer
}

/** The largest body that is read. Assumed: Twilio has a bound. */
export const maxBody = 1_000_000

/**
 * Documented: the keys of either body, and 20404. Assumed: the other codes for each status, and the words of `message`. A parameter that
 * is not valid is 45004 at Flex (documented), and 20001 at TaskRouter (assumed; seen for updates).
 */
export const replies = (settings: Settings, url: URL, host: Host = "flex"): Replies => {
  const error: Replies["error"] = (status, code, message, headers = {}) => {
    const more_info = `https://www.twilio.com/docs/errors/${code}`
    const body =
      settings.errorBody === "twilio"
        ? { code, message, more_info, status }
        : { type: more_info, title: message, status, code, detail: message }
    const type = settings.errorBody === "twilio" ? "application/json" : "application/problem+json"
    return {
      response: Response.json(body, { status, headers: { "Content-Type": type, ...headers } }),
      note: `${code} ${message}`
    }
  }
  return {
    error,
    invalid: (message) => error(400, host === "flex" ? 45004 : 20001, message),
    notFound: () => error(404, 20404, `The requested resource ${url.pathname} was not found`),
    tooLarge: () => error(413, 20001, `The body is larger than ${maxBody} bytes`)
  }
}
