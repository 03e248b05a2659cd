/**
 * Which Twilio operation a request is: by host, method and path. One port serves both hosts, because their paths differ
 * (`/v1/Interactions`, `/v1/Configuration`; `/v1/Workspaces`); a request that names one of Twilio's hosts finds nothing of the
 * other.
 */
import { type Host, hostOf } from "./Host.ts"
import type { Answer, Replies } from "./Reply.ts"

/** What a route answers with. */
export interface Call {
  readonly request: Request
  readonly url: URL
  /** The SID that the path has under this name. */
  readonly sid: (name: string) => string
  readonly reply: Replies
}

export interface Route {
  readonly host: Host
  /** What it is about, such as `participants`: by this name a fault finds it. */
  readonly resource: string
  readonly method: "GET" | "POST"
  /** As Twilio's OpenAPI document has it. */
  readonly path: string
  /** The two letters of the SID that the path calls `Sid`. */
  readonly sid?: string
  /** Whether it answers with a page of a list. */
  readonly isList?: true
  readonly answer: (call: Call) => Answer | Promise<Answer>
}

/** What a request asks for: the route, or why there is none. */
export interface Found {
  readonly host?: Host
  readonly resource?: string
  readonly route?: Route
  /** The methods that this path has. */
  readonly allowed: ReadonlyArray<string>
  readonly sids: Readonly<Record<string, string>>
  /** The name of the first SID that is malformed. */
  readonly malformed?: string
}

/** Documented: the letters of each SID in a path. */
const prefixes: Readonly<Record<string, string>> = {
  InteractionSid: "KD",
  ChannelSid: "UO",
  WorkspaceSid: "WS",
  TaskSid: "WT",
  WorkerSid: "WK"
}

/**
 * Assumed: paths are matched exactly, case and all; `..` is resolved before, as the URL standard has it; what is percent-encoded
 * is decoded within its segment, so that an encoded slash is part of a SID, and makes it malformed.
 */
export const make = (routes: ReadonlyArray<Route>): ((method: string, url: URL) => Found) => {
  const known = routes.map((route) => ({
    route,
    segments: route.path.split("/"),
    names: [...route.path.matchAll(/\{(\w+)\}/gu)].map(([, name = ""]) => ({
      name,
      wellFormed: new RegExp(`^${name === "Sid" ? route.sid : prefixes[name]}[0-9a-fA-F]{32}$`, "u")
    }))
  }))
  return (method, url) => {
    const host = hostOf(url)
    const given = url.pathname.split("/")
    const fitting = known.filter(
      ({ route, segments }) =>
        (host ?? route.host) === route.host &&
        segments.length === given.length &&
        segments.every((segment, index) => (segment.startsWith("{") ? given[index] !== "" : segment === given[index]))
    )
    const [first] = fitting
    if (first === undefined) return { ...(host === undefined ? {} : { host }), allowed: [], sids: {} }
    const values = given.filter((_, index) => first.segments[index]?.startsWith("{")).map(decodeSegment)
    const named = first.names.map(({ name, wellFormed }, index) => ({ name, sid: values[index] ?? "", wellFormed }))
    const malformed = named.find(({ sid, wellFormed }) => !wellFormed.test(sid))
    const found = fitting.find(({ route }) => route.method === method)
    return {
      host: first.route.host,
      resource: first.route.resource,
      allowed: fitting.map(({ route }) => route.method),
      sids: Object.fromEntries(named.map(({ name, sid }) => [name, sid])),
      ...(found === undefined ? {} : { route: found.route }),
      ...(malformed === undefined ? {} : { malformed: malformed.name })
    }
  }
}

const decodeSegment = (segment: string): string => {
  if (!segment.includes("%")) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
