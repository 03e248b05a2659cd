/**
 * A stand-in for Twilio's Flex interaction channel participants: a web-standard handler, `Request` to `Response`, for use
 * in process and behind a port. It is written from the API's documents and shares no code with any client of it.
 *
 * Each behaviour below is marked *documented* or *assumed*.
 */
import { type Channel, type Participant, seed, setStatus, type State } from "./State.ts"

export interface Credentials {
  readonly accountSid: string
  readonly authToken: string
  readonly apiKey: string
  readonly apiSecret: string
}

/** What a sandbox accepts unless told otherwise. Not secrets: they open nothing but a sandbox. */
export const defaultCredentials: Credentials = {
  accountSid: `AC${"0".repeat(31)}1`,
  authToken: "sandbox-auth-token",
  apiKey: `SK${"0".repeat(31)}1`,
  apiSecret: "sandbox-api-secret"
}

export interface Sandbox {
  /** Answers a request as Twilio would. Never rejects. */
  readonly fetch: (request: Request) => Promise<Response>
  readonly credentials: Credentials
  readonly state: State
}

export interface Options {
  readonly credentials?: Credentials
  /** The interactions; by default ready-made ones. */
  readonly state?: State
}

/**
 * A new sandbox, with a state of its own.
 *
 * @example
 * ```ts
 * import * as Sandbox from "@flex-participants/sandbox"
 *
 * const sandbox = Sandbox.make()
 * const { accountSid, authToken } = sandbox.credentials
 * const reply = sandbox.fetch(
 *   new Request(
 *     "https://flex-api.twilio.com/v1/Interactions/KD01000000000000000000000000000000/Channels/UO01000000000000000000000000000000/Participants",
 *     { headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` } }
 *   )
 * )
 * ```
 */
export const make = (options: Options = {}): Sandbox => {
  const credentials = options.credentials ?? defaultCredentials
  const state = options.state ?? seed()
  const accepted = new Set([
    basic(credentials.accountSid, credentials.authToken),
    basic(credentials.apiKey, credentials.apiSecret)
  ])

  const answer = async (request: Request): Promise<Response> => {
    if (!accepted.has(request.headers.get("authorization") ?? "")) return error(401, 20003, "Authenticate")
    const url = new URL(request.url)
    const found = route.exec(url.pathname)
    if (found === null) return notFound(url.pathname)
    const [, interactionSid = "", channelSid = "", participantSid] = found
    const method = participantSid === undefined ? "GET" : "POST"
    if (request.method !== method) return error(405, 20004, "Method not allowed")
    // Assumed: a malformed SID is a validation error and not merely unknown.
    if (!sids.KD.test(interactionSid)) return error(400, 45004, "InteractionSid is not valid")
    if (!sids.UO.test(channelSid)) return error(400, 45004, "ChannelSid is not valid")
    const channel = state.get(interactionSid)?.get(channelSid)
    if (participantSid === undefined) return channel === undefined ? notFound(url.pathname) : list(url, channel)
    if (!sids.UT.test(participantSid)) return error(400, 45004, "Sid is not valid")
    const participant = channel?.participants[channel.positions.get(participantSid) ?? -1]
    if (channel === undefined || participant === undefined) return notFound(url.pathname)
    return modify(request, url, channel, participant)
  }

  return {
    credentials,
    state,
    fetch: async (request) => {
      const response = await answer(request)
      response.headers.set("Twilio-Request-Id", `RQ${crypto.randomUUID().replaceAll("-", "")}`)
      return response
    }
  }
}

const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`

const route = /^\/v1\/Interactions\/([^/]+)\/Channels\/([^/]+)\/Participants(?:\/([^/]+))?$/u

const sids = { KD: /^KD[0-9a-fA-F]{32}$/u, UO: /^UO[0-9a-fA-F]{32}$/u, UT: /^UT[0-9a-fA-F]{32}$/u }

/** Documented: `PageSize` 1 to 1000, default 50; `Page` from 0; `PageToken`. Assumed: a value out of range is refused. */
const list = (url: URL, channel: Channel): Response => {
  const pageSize = integer(url.searchParams.get("PageSize") ?? "50")
  if (pageSize === undefined || pageSize < 1 || pageSize > 1000) {
    return error(400, 45004, "PageSize must be a number from 1 to 1000")
  }
  const page = integer(url.searchParams.get("Page") ?? "0")
  if (page === undefined) return error(400, 45004, "Page must be a number from 0")
  const token = url.searchParams.get("PageToken")
  const start = token === null ? 0 : fromToken(channel, token)
  if (start === undefined) return error(400, 21481, "Invalid PageToken")

  const participants = channel.participants.slice(start, start + pageSize)
  const pageUrl = (page: number, first: number) => {
    const address = new URL(url.pathname, url.origin)
    address.searchParams.set("PageSize", `${pageSize}`)
    address.searchParams.set("Page", `${page}`)
    if (first > 0) address.searchParams.set("PageToken", toToken(channel, first))
    return address.href
  }
  const next = start + pageSize < channel.participants.length ? pageUrl(page + 1, start + pageSize) : null
  const previous = start > 0 ? pageUrl(Math.max(page - 1, 0), Math.max(start - pageSize, 0)) : null
  return Response.json({
    participants: participants.map((participant) => resource(url, channel, participant)),
    meta: {
      page,
      page_size: pageSize,
      first_page_url: pageUrl(0, 0),
      previous_page_url: previous,
      url: pageUrl(page, start),
      next_page_url: next,
      key: "participants"
    }
  })
}

/** Documented: a form with `Status`, `closed` or `wrapup`; agents only. Assumed: the error for each violation. */
const modify = async (request: Request, url: URL, channel: Channel, participant: Participant): Promise<Response> => {
  const type = request.headers.get("content-type") ?? ""
  const form = new URLSearchParams(type.startsWith("application/x-www-form-urlencoded") ? await request.text() : "")
  const status = form.get("Status")
  if (status === null) return error(400, 45004, "Missing required parameter Status in the post body")
  if (status !== "closed" && status !== "wrapup") return error(400, 45004, "Status must be one of: closed, wrapup")
  switch (setStatus(participant, status)) {
    case "not-an-agent":
      return error(422, 45008, "Participant must be an agent")
    case "wrong-state":
      return error(409, 45008, `Participant is in a state that does not allow ${status}`)
    case "done":
      return Response.json(resource(url, channel, participant))
  }
}

/** A participant as Twilio shows it (documented): no status, whatever the operation. */
const resource = (url: URL, channel: Channel, participant: Participant) => ({
  sid: participant.sid,
  channel_sid: channel.channelSid,
  interaction_sid: channel.interactionSid,
  type: participant.type,
  routing_properties: participant.routing ?? null,
  url: `${url.origin}/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}/Participants/${participant.sid}`
})

/** Assumed: a token names the participant that its page starts with, so that it survives inserts at the end. */
const toToken = (channel: Channel, position: number) => `PT${btoa(channel.participants[position]?.sid ?? "")}`

const fromToken = (channel: Channel, token: string): number | undefined => {
  const sid = /^PT[A-Za-z0-9+/]+={0,2}$/u.test(token) ? decode(token.slice(2)) : undefined
  return sid === undefined ? undefined : channel.positions.get(sid)
}

const decode = (base64: string): string | undefined => {
  try {
    return atob(base64)
  } catch {
    return undefined
  }
}

const integer = (text: string): number | undefined => (/^\d{1,9}$/u.test(text) ? Number(text) : undefined)

const notFound = (path: string) => error(404, 20404, `The requested resource ${path} was not found`)

/** Documented: the four keys of Twilio's error body. */
const error = (status: number, code: number, message: string): Response =>
  Response.json({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }, { status })
