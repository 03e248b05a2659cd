/** Scripted misbehaviour: what a network, a gateway, or a hostile server does to a request for a Twilio operation. */
import type { Host } from "./Host.ts"

/** Which requests a fault meets. */
interface Meets {
  /** All of one host's, while the other works. */
  readonly host?: Host
  /** Those of one resource: `participants`, `channels`, `tasks` and so on. */
  readonly resource?: string
  readonly method?: "GET" | "POST"
  /** A part of the path with its query: a SID, or `PageToken=` for every page but the first. */
  readonly path?: string
  /** How many requests; default 1. */
  readonly times?: number | "always"
}

export type Fault = Meets &
  (
    | {
        /** Any status (200 to 599) with any body: a string is sent as it is, anything else as JSON. */
        readonly kind: "answer"
        readonly status: number
        readonly headers?: Readonly<Record<string, string>>
        readonly body?: unknown
        /** Whether the request is carried out before; default false. */
        readonly applied?: boolean
      }
    | {
        /** Documented: 429 with code 20429; not carried out. Assumed: `Retry-After`. */
        readonly kind: "rate-limited"
        /** Seconds; default: no `Retry-After`. */
        readonly retryAfter?: number
        /** `Retry-After` in seconds (default) or as an HTTP date. */
        readonly as?: "seconds" | "date"
      }
    /** A gateway's HTML, with 502 unless another status is given. */
    | { readonly kind: "html"; readonly status?: number; readonly applied?: boolean }
    /** The reply, carried out, of whose JSON the second half is missing. */
    | { readonly kind: "truncated" }
    /** Carried out at once; the reply begins after so many milliseconds. */
    | { readonly kind: "slow-headers"; readonly ms: number }
    /** Carried out at once; the reply begins at once, and its body takes so many milliseconds. */
    | { readonly kind: "slow-body"; readonly ms: number }
    /** The connection ends without a reply, before or after the request is carried out. */
    | { readonly kind: "drop"; readonly when: "before" | "after" }
    /** A list whose `next_page_url` is at another origin. */
    | { readonly kind: "next-page-elsewhere"; readonly origin: string }
    /** A list whose `next_page_url` is itself. */
    | { readonly kind: "next-page-loop" }
    /** At most so many requests in any second, of those that it meets; the others get a 429. Until it is cleared. */
    | { readonly kind: "rate-limit"; readonly perSecond: number }
  )

/** The faults to come. A request meets the first that fits; those of kind `rate-limit` are counted in addition. */
export interface Faults {
  readonly add: (...faults: ReadonlyArray<Fault>) => void
  readonly clear: () => void
  readonly list: () => ReadonlyArray<Fault>
  /** The fault that this request meets, if any; used up by it. */
  readonly take: (request: Asked) => Fault | undefined
}

/** What of a request decides which faults it meets. */
export interface Asked {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly host: Host | undefined
  readonly resource: string | undefined
  /** Whether the reply is a page of a list. */
  readonly isList: boolean
}

/** The limits that Twilio publishes: 20 requests a second for each Interactions endpoint, three for lists by an expression. */
export const publishedLimits: ReadonlyArray<Fault> = [
  ...["interactions", "channels", "participants", "invites"].flatMap((resource) =>
    (["GET", "POST"] as const).map((method): Fault => ({
      kind: "rate-limit",
      perSecond: 20,
      host: "flex",
      resource,
      method
    }))
  ),
  { kind: "rate-limit", perSecond: 3, resource: "tasks", path: "EvaluateTaskAttributes=" },
  { kind: "rate-limit", perSecond: 3, resource: "workers", path: "TargetWorkersExpression=" }
]

/** No faults yet. `changed` is told when there are others. */
export const make = (changed: () => void): Faults => {
  let pending: Array<{ readonly fault: Fault; left: number; admitted: Array<number> }> = []

  const take: Faults["take"] = ({ host, isList, method, path, resource }) => {
    const met = pending.filter(
      ({ fault }) =>
        (fault.method ?? method) === method &&
        (isList || !isOfLists(fault)) &&
        (fault.host ?? host) === host &&
        (fault.resource ?? resource) === resource &&
        (fault.path === undefined || path.includes(fault.path))
    )
    for (const limit of met) {
      if (limit.fault.kind !== "rate-limit") continue
      const now = performance.now()
      limit.admitted = limit.admitted.filter((time) => now - time < 1000)
      const oldest = limit.admitted[limit.admitted.length - limit.fault.perSecond]
      if (oldest !== undefined) return { kind: "rate-limited", retryAfter: Math.ceil((oldest + 1000 - now) / 1000) }
      limit.admitted.push(now)
    }
    const first = met.find(({ fault }) => fault.kind !== "rate-limit")
    if (first === undefined) return undefined
    first.left -= 1
    if (first.left <= 0) pending = pending.filter((entry) => entry !== first)
    return first.fault
  }

  return {
    add: (...faults) => {
      pending.push(
        ...faults.map((fault) => ({
          fault,
          left: fault.times === "always" ? Number.POSITIVE_INFINITY : (fault.times ?? 1),
          admitted: []
        }))
      )
      changed()
    },
    clear: () => {
      pending = []
      changed()
    },
    list: () =>
      pending.map(({ fault, left }) =>
        fault.kind === "rate-limit" ? fault : { ...fault, times: Number.isFinite(left) ? left : "always" }
      ),
    take
  }
}

/** What is done to a list only. */
const isOfLists = (fault: Fault) => fault.kind.startsWith("next-page")

/** Answers `request` as the fault has it. `answer` carries the request out. Rejects as `fetch` does where the fault is a lost connection. */
export const apply = async (
  fault: Fault,
  request: Request,
  answer: () => Promise<Response>,
  now: number
): Promise<Response> => {
  switch (fault.kind) {
    case "answer": {
      if (fault.applied === true) await answer()
      return reply(fault.status, fault.headers ?? {}, fault.body)
    }
    case "rate-limited": {
      const body = {
        code: 20429,
        message: "Too Many Requests",
        more_info: "https://www.twilio.com/docs/errors/20429",
        status: 429
      }
      return reply(
        429,
        fault.retryAfter === undefined ? {} : { "Retry-After": retryAfter(fault.retryAfter, now, fault.as) },
        body
      )
    }
    case "html": {
      if (fault.applied === true) await answer()
      const text =
        "<html>\n<head><title>502 Bad Gateway</title></head>\n<body><h1>502 Bad Gateway</h1></body>\n</html>\n"
      return reply(
        fault.status ?? 502,
        { "Content-Type": "text/html" },
        text.replaceAll("502", `${fault.status ?? 502}`)
      )
    }
    case "truncated": {
      const response = await answer()
      const text = await response.text()
      return new Response(text.slice(0, Math.ceil(text.length / 2)), response)
    }
    case "slow-headers": {
      const response = await answer()
      await delay(fault.ms, request.signal)
      return response
    }
    case "slow-body": {
      const response = await answer()
      return new Response(slowly(new Uint8Array(await response.arrayBuffer()), fault.ms, request.signal), response)
    }
    case "drop": {
      if (fault.when === "after") await answer()
      throw dropped()
    }
    case "next-page-elsewhere":
    case "next-page-loop": {
      const response = await answer()
      if (!response.ok) return response
      const list = (await response.json()) as {
        readonly meta?: { readonly url: string; readonly next_page_url: string | null }
      }
      if (list.meta === undefined) return Response.json(list, response)
      const { url, next_page_url } = list.meta
      const { pathname, search } = new URL(next_page_url ?? url)
      const next = fault.kind === "next-page-loop" ? url : new URL(`${pathname}${search}`, fault.origin).href
      return Response.json({ ...list, meta: { ...list.meta, next_page_url: next } }, response)
    }
    case "rate-limit":
      return answer()
  }
}

const reply = (status: number, headers: Readonly<Record<string, string>>, body: unknown): Response => {
  // The protocol knows no body for these.
  if (status === 204 || status === 205 || status === 304) return new Response(null, { status, headers })
  if (typeof body !== "object" || body === null) {
    return new Response(body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body), {
      status,
      headers
    })
  }
  return Response.json(body, { status, headers })
}

const retryAfter = (seconds: number, now: number, as: "seconds" | "date" = "seconds"): string =>
  as === "seconds" ? `${seconds}` : new Date(now + seconds * 1000).toUTCString()

/** What `fetch` of Node rejects with when the other side ends the connection. */
const dropped = () =>
  new TypeError("fetch failed", { cause: Object.assign(new Error("other side closed"), { code: "UND_ERR_SOCKET" }) })

/** Waits; rejects as `fetch` does when the one who asks gives up. */
export const delay = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const giveUp = () => {
      clearTimeout(timer)
      reject(signal.reason instanceof Error ? signal.reason : new Error("aborted"))
    }
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", giveUp)
      resolve()
    }, ms)
    if (signal.aborted) giveUp()
    else signal.addEventListener("abort", giveUp, { once: true })
  })

/** The bytes in ten pieces, spread over so many milliseconds. */
const slowly = (bytes: Uint8Array, ms: number, signal: AbortSignal): ReadableStream<Uint8Array> => {
  const size = Math.max(1, Math.ceil(bytes.length / 10))
  let sent = 0
  return new ReadableStream({
    pull: async (controller) => {
      if (sent >= bytes.length) return controller.close()
      await delay(ms / 10, signal)
      controller.enqueue(bytes.slice(sent, sent + size))
      sent += size
    }
  })
}
