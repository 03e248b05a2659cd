/**
 * The control interface, under `/_sandbox`: what Twilio does not have. And the page that shows all of it, at `/`.
 *
 * It has no password. So it answers only at a loopback name, where a port serves it, and refuses what a web page of
 * another origin sent.
 */
import type { Controlled } from "./Controlled.ts"
import { text } from "./Form.ts"
import type { Fault } from "./Fault.ts"
import { page } from "./Page.ts"
import { maxBody } from "./Reply.ts"
import { SeedError } from "./Seed.ts"
import * as View from "./View.ts"
import type { ChannelName } from "./World.ts"

/** The header that scripts a fault for the request that carries it: the name of its kind, or the fault as JSON. */
export const faultHeader = "Sandbox-Fault"

const root = "/_sandbox"

const paths = {
  "GET /": "a page that shows all of this, live",
  [`GET ${root}/state?interactions=N&participants=N`]:
    "interactions with what Twilio hides, settings, faults, the last requests; at most so many interactions, and participants of each channel",
  [`GET ${root}/events`]: "server-sent events: one for each change",
  [`POST ${root}/interactions`]: "adds an interaction, in the shape of a seed file",
  [`POST ${root}/participants`]:
    "someone joins: interaction_sid, channel_sid, and the participant in the shape of a seed file",
  [`POST ${root}/messages`]: "a customer writes: interaction_sid, channel_sid",
  [`POST ${root}/invites`]: "somebody is invited: interaction_sid, channel_sid, and a worker or a queue by name",
  [`POST ${root}/answers`]:
    "an invite is answered: task_sid, answer (accept or decline), and a worker by name where it was offered to nobody",
  [`POST ${root}/clock`]: "moves the clock forward: minutes",
  [`POST ${root}/faults`]: "adds a fault",
  [`DELETE ${root}/faults`]: "clears all faults",
  [`POST ${root}/settings`]: "changes the settings that it names",
  [`POST ${root}/reset`]: "back to the seed: no faults, no requests"
}

export const isItsOwn = (url: URL): boolean =>
  url.pathname === root || url.pathname.startsWith(`${root}/`) || (url.pathname === "/" && isLoopback(url))

const isLoopback = ({ hostname }: URL) => /^(localhost|127(\.\d+){3}|\[::1\])$/u.test(hostname)

/**
 * The reply to a request that a web page of another site sent, Twilio's operations included: by a name that was rebound to
 * this machine, or by a form, which may carry credentials in its address. A request in process has no `Host`. One that
 * was redirected to the sandbox may have Twilio's.
 */
export const refusal = (request: Request, url: URL): Response | undefined => {
  const host = request.headers.get("host")
  if (host !== null) {
    const named = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined
    if (named === undefined || !(isLoopback(named) || (!isItsOwn(url) && named.hostname.endsWith(".twilio.com")))) {
      return problem(403, `The sandbox answers at a loopback name only, such as 127.0.0.1, not at ${host}.`)
    }
  }
  const site = request.headers.get("sec-fetch-site")
  const isOther = site === "cross-site" || site === "same-site"
  return isOther && !isVisit(request, url)
    ? problem(403, `A web page may not use the sandbox (Sec-Fetch-Site: ${site}).`)
    : undefined
}

/** Whether somebody follows a link to the page, which shows itself in no frame. */
const isVisit = ({ headers, method }: Request, { pathname }: URL) =>
  method === "GET" &&
  pathname === "/" &&
  headers.get("sec-fetch-mode") === "navigate" &&
  headers.get("sec-fetch-dest") === "document"

const json = (value: unknown, status = 200) =>
  Response.json(value, { status, headers: { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } })

const problem = (status: number, error: string) => json({ error }, status)

/** The fault that the request itself asks for, or a reply that says why it can't be. */
export const faultOf = async (request: Request): Promise<Fault | Response | undefined> => {
  const asked = request.headers.get(faultHeader)
  if (asked === null) return undefined
  return attempt(
    async () => (await import("./Input.ts")).fault(asked.startsWith("{") ? asked : JSON.stringify({ kind: asked })),
    faultHeader
  )
}

const attempt = async <A>(f: () => Promise<A>, what: string): Promise<A | Response> => {
  try {
    return await f()
  } catch (error) {
    if (error instanceof SeedError) return problem(400, `${what}: ${error.message}`)
    throw error
  }
}

export const answer = async (sandbox: Controlled, request: Request, url: URL): Promise<Response> => {
  if (!isLoopback(url)) return problem(403, "The control interface answers at a loopback name only, such as 127.0.0.1.")
  const refused = refusal(request, url)
  if (refused !== undefined) return refused
  const origin = request.headers.get("origin")
  if (request.method !== "GET" && origin !== null && origin !== url.origin) {
    return problem(403, `A page of ${origin} may not control the sandbox.`)
  }
  const operation = `${request.method} ${url.pathname}`
  switch (operation) {
    case "GET /":
      return page()
    case `GET ${root}`:
      return json(paths)
    case `GET ${root}/state`:
      return json(View.state(sandbox, limit(url, "interactions"), limit(url, "participants")))
    case `GET ${root}/events`:
      return events(sandbox)
    case `POST ${root}/reset`:
      sandbox.reset()
      return json({})
    case `DELETE ${root}/faults`:
      sandbox.faults.clear()
      return json({})
    case `POST ${root}/interactions`:
    case `POST ${root}/participants`:
    case `POST ${root}/messages`:
    case `POST ${root}/invites`:
    case `POST ${root}/answers`:
    case `POST ${root}/clock`:
    case `POST ${root}/faults`:
    case `POST ${root}/settings`:
      return change(sandbox, request, url.pathname)
  }
  const allowed = Object.keys(paths).filter((known) => known.split("?")[0]?.endsWith(` ${url.pathname}`))
  return allowed.length === 0
    ? problem(404, `There is no ${url.pathname}. GET ${root} lists what there is.`)
    : problem(
        405,
        `${url.pathname} takes ${allowed.map((known) => known.split(" ")[0]).join(" and ")}, not ${request.method}.`
      )
}

const change = async (sandbox: Controlled, request: Request, path: string): Promise<Response> => {
  const body = await text(request)
  if (body === undefined)
    return problem(413, `The body is larger than ${maxBody} bytes. Give a large seed to the command with --seed.`)
  return attempt(async () => {
    const input = await import("./Input.ts")
    switch (path) {
      case `${root}/faults`:
        sandbox.faults.add(input.fault(body))
        return json(sandbox.faults.list(), 201)
      case `${root}/settings`:
        Object.assign(sandbox.settings, input.settings(body))
        return json(sandbox.settings)
      case `${root}/messages`: {
        const { channel, channelSid, interactionSid } = sandbox.message(named(input.message(body)))
        return json({ channel, interaction_sid: interactionSid, channel_sid: channelSid })
      }
      case `${root}/invites`: {
        const { channel_sid, interaction_sid, ...whom } = input.inviting(body)
        const task = sandbox.invite(named({ interaction_sid, channel_sid }), whom)
        return json({ task_sid: task.sid, assignment_status: task.status }, 201)
      }
      case `${root}/answers`: {
        const { answer, task_sid: taskSid, worker } = input.answering(body)
        const joined = answer === "accept" ? sandbox.accept(taskSid, worker) : sandbox.decline(taskSid)
        return json(joined === undefined ? {} : View.participant(sandbox, joined, true))
      }
      case `${root}/clock`:
        sandbox.clock.advance(input.moving(body).minutes * 60_000)
        return json({ now: new Date(sandbox.clock.now()).toISOString() })
      case `${root}/participants`: {
        const { channel_sid: channelSid, interaction_sid: interactionSid, ...participant } = input.joining(body)
        const joined = sandbox.join({ interactionSid, channelSid }, participant)
        return json(View.participant(sandbox, joined, true), 201)
      }
      default: {
        const sid = sandbox.add(input.interaction(body))
        return json(View.interaction(sandbox, sid), 201)
      }
    }
  }, "body")
}

const named = (name: { readonly interaction_sid: string; readonly channel_sid: string }): ChannelName => ({
  interactionSid: name.interaction_sid,
  channelSid: name.channel_sid
})

/** The value of a parameter that says how many at most; a missing one and nonsense mean all. */
const limit = (url: URL, name: string): number | undefined => {
  const value = url.searchParams.get(name) ?? ""
  return /^\d{1,9}$/u.test(value) ? Number(value) : undefined
}

/** One event at once and one for each change; changes that nobody has read yet are one. */
const events = (sandbox: Controlled): Response => {
  const event = new TextEncoder().encode("data: changed\n\n")
  let stop = () => {}
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => {
      const tell = () => {
        if ((controller.desiredSize ?? 0) > 0) controller.enqueue(event)
      }
      stop = sandbox.subscribe(tell)
      tell()
    },
    cancel: () => stop()
  })
  return new Response(stream, { headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" } })
}
