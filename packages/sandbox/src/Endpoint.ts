/**
 * The two operations, as Twilio answers them. Written from the API's documents, sharing no code with any client of it.
 *
 * Each behaviour is marked *documented* or *assumed*; docs/sandbox.md has them in one table. Documented and left out on purpose:
 * CORS, so that no web page is a client, and the POST to the list that adds a participant.
 */
import type { Settings } from "./Settings.ts"
import { type Channel, indexFrom, type Interactions, type Participant, setStatus } from "./State.ts"

export interface Credentials {
  readonly accountSid: string
  readonly authToken: string
  readonly apiKey: string
  readonly apiSecret: string
}

/** A reply, and a word on what happened for those who watch. */
export interface Answer {
  readonly response: Response
  readonly note: string
}

/** The largest body that is read. Assumed: Twilio has a bound. */
export const maxBody = 1_000_000

export const make = (credentials: Credentials, interactions: Interactions, settings: Settings) => {
  const accepted = new Set([
    `${credentials.accountSid}:${credentials.authToken}`,
    `${credentials.apiKey}:${credentials.apiSecret}`
  ])

  /** Assumed: `code` for each status, and the words of `message`. Documented: the keys of either body. */
  const error = (status: number, code: number, message: string, headers: Record<string, string> = {}): Answer => {
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

  const notFound = (path: string) => error(404, 20404, `The requested resource ${path} was not found`)

  const malformed = (url: URL, name: string) =>
    settings.malformedSid === 404 ? notFound(url.pathname) : error(400, 45004, `${name} is not valid`)

  /** Documented: Basic auth, by account or API key, 401 with 20003. Assumed: it comes before everything else; the challenge. */
  const authenticated = (request: Request): boolean => {
    const [, encoded = ""] = /^basic +(\S+)$/iu.exec(request.headers.get("authorization") ?? "") ?? []
    return accepted.has(decode(encoded) ?? "")
  }

  return async (request: Request, url: URL): Promise<Answer> => {
    if (!authenticated(request)) {
      return error(401, 20003, "Authenticate", { "WWW-Authenticate": 'Basic realm="Twilio API"' })
    }
    // Assumed: paths are matched exactly, case and all; `..` is resolved before, as the URL standard has it; what is
    // percent-encoded is decoded within its segment, so that an encoded slash is part of a SID, and makes it malformed.
    const found = route.exec(url.pathname)
    if (found === null) return notFound(url.pathname)
    const [interactionSid = "", channelSid = "", participantSid] = found.slice(1).map(decodeSegment)
    const method = participantSid === undefined ? "GET" : "POST"
    // Assumed: 405, its code, and `Allow`.
    if (request.method !== method) return error(405, 20004, "Method not allowed", { Allow: method })
    if (!sids.KD.test(interactionSid)) return malformed(url, "InteractionSid")
    if (!sids.UO.test(channelSid)) return malformed(url, "ChannelSid")
    const channel = interactions.get(interactionSid)?.get(channelSid)
    if (participantSid === undefined) return channel === undefined ? notFound(url.pathname) : list(url, channel)
    if (!sids.UT.test(participantSid)) return malformed(url, "Sid")
    const participant = channel?.bySid.get(participantSid)
    if (channel === undefined || participant === undefined) return notFound(url.pathname)
    return modify(request, url, channel, participant)
  }

  /**
   * Documented: `PageSize` 1 to 1000, default 50; `Page` from 0, which is client state and chooses nothing; `PageToken`, opaque; the
   * seven fields of `meta`. Assumed: what is out of range is refused; a parameter that does not exist is ignored.
   */
  function list(url: URL, channel: Channel): Answer {
    const asked = integer(url.searchParams.get("PageSize") ?? "50")
    const pageSize = asked === undefined || settings.pageSize === "refuse" ? asked : Math.min(Math.max(asked, 1), 1000)
    if (pageSize === undefined || pageSize < 1 || pageSize > 1000) {
      return error(400, 45004, "PageSize must be a number from 1 to 1000")
    }
    const page = integer(url.searchParams.get("Page") ?? "0")
    if (page === undefined || page < 0) return error(400, 45004, "Page must be a number from 0")
    const token = url.searchParams.get("PageToken")
    const start = token === null ? 0 : fromToken(channel, token)
    if (start === undefined) return error(400, 21481, "Invalid PageToken")

    const end = Math.min(start + pageSize, channel.listed.length)
    const pageUrl = (page: number, first: number) => {
      const address = new URL(url.pathname, url.origin)
      address.searchParams.set("PageSize", `${pageSize}`)
      address.searchParams.set("Page", `${page}`)
      const participant = first > 0 ? channel.listed[first] : undefined
      if (participant !== undefined) address.searchParams.set("PageToken", toToken(participant))
      return address.href
    }
    return {
      response: Response.json({
        participants: channel.listed.slice(start, end).map((participant) => resource(url, channel, participant)),
        meta: {
          page,
          page_size: pageSize,
          first_page_url: pageUrl(0, 0),
          previous_page_url: start > 0 ? pageUrl(Math.max(page - 1, 0), Math.max(start - pageSize, 0)) : null,
          url: pageUrl(page, start),
          next_page_url: end < channel.listed.length ? pageUrl(page + 1, end) : null,
          key: "participants"
        }
      }),
      note: `listed ${end - start} of ${channel.listed.length}`
    }
  }

  /**
   * Documented: a form with `Status`, `closed` or `wrapup`, required; agents only. Assumed: the error for each violation; a
   * body that is not a form holds no `Status`.
   */
  async function modify(request: Request, url: URL, channel: Channel, participant: Participant): Promise<Answer> {
    const body = await text(request)
    if (body === undefined) return error(413, 20001, `The body is larger than ${maxBody} bytes`)
    const type = request.headers.get("content-type") ?? ""
    const form = new URLSearchParams(/^application\/x-www-form-urlencoded\b/iu.test(type) ? body : "")
    const status = form.get("Status")
    if (status === null) return error(400, 45004, "Missing required parameter Status in the post body")
    if (status !== "closed" && status !== "wrapup") return error(400, 45004, "Status must be one of: closed, wrapup")
    const before = participant.status
    const done = setStatus(channel, participant, status, settings.closedAgents)
    if (done === "not-an-agent") {
      return error(settings.nonAgent, refusals[settings.nonAgent], "Participant must be an agent")
    }
    if (done === "wrong-state" && settings.repeat !== 200) {
      const message = `Participant is in a state that does not allow ${status}`
      return error(settings.repeat, refusals[settings.repeat], message)
    }
    return { response: Response.json(resource(url, channel, participant)), note: `${before} -> ${participant.status}` }
  }
}

/** Documented by name, 45008 "resource in a state that does not allow"; assumed: which goes with which status. */
const refusals = { 400: 45004, 403: 45003, 409: 45008, 422: 45008 } as const

const route = /^\/v1\/Interactions\/([^/]+)\/Channels\/([^/]+)\/Participants(?:\/([^/]+))?$/u

const sids = { KD: /^KD[0-9a-fA-F]{32}$/u, UO: /^UO[0-9a-fA-F]{32}$/u, UT: /^UT[0-9a-fA-F]{32}$/u }

const decodeSegment = (segment: string | undefined): string | undefined => {
  if (segment === undefined || !segment.includes("%")) return segment
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** A participant as Twilio shows it (documented): no status, whatever the operation. */
const resource = (url: URL, channel: Channel, participant: Participant) => ({
  sid: participant.sid,
  channel_sid: channel.channelSid,
  interaction_sid: channel.interactionSid,
  type: participant.type,
  routing_properties: participant.routing,
  url: `${url.origin}/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}/Participants/${participant.sid}`
})

/**
 * Documented: a token is opaque. Assumed: it names the participant that its page starts with, so that it survives who joins and who
 * leaves; one that names nobody of this channel is refused.
 */
const toToken = (participant: Participant) => `PT${btoa(participant.sid)}`

const fromToken = (channel: Channel, token: string): number | undefined => {
  const sid = /^PT[A-Za-z0-9+/]+={0,2}$/u.test(token) ? decode(token.slice(2)) : undefined
  const participant = sid === undefined ? undefined : channel.bySid.get(sid)
  return participant === undefined ? undefined : indexFrom(channel, participant.position)
}

const decode = (base64: string): string | undefined => {
  try {
    return atob(base64)
  } catch {
    return undefined
  }
}

const integer = (text: string): number | undefined => (/^-?\d{1,9}$/u.test(text) ? Number(text) : undefined)

/** The body of a request, unless it is larger than {@link maxBody}: then no more of it is read. */
export const text = async (request: Request): Promise<string | undefined> => {
  const length = request.headers.get("content-length")
  if (length !== null) return Number(length) > maxBody ? undefined : request.text()
  const decoder = new TextDecoder()
  let [size, read] = [0, ""]
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maxBody) return undefined
    read += decoder.decode(chunk, { stream: true })
  }
  return read + decoder.decode()
}
