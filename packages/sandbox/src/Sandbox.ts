/**
 * A stand-in for Twilio's Flex interaction channel participants: a web-standard handler, `Request` to `Response`, for use
 * in process and behind a port.
 */
import * as Control from "./Control.ts"
import * as Credentials from "./Credentials.ts"
import * as Fault from "./Fault.ts"
import { defaults, type Settings } from "./Settings.ts"
import * as State from "./State.ts"
import * as Twilio from "./Twilio.ts"

export type { Handled } from "./Control.ts"
export type { Credentials } from "./Credentials.ts"
export type { Fault, Faults } from "./Fault.ts"
export type { Settings } from "./Settings.ts"
export {
  type Channel,
  type ChannelName,
  type ChannelSeed,
  type Interactions,
  type InteractionSeed,
  type Participant,
  type ParticipantSeed,
  type ParticipantType,
  readyMade,
  type Seed,
  SeedError,
  type Status
} from "./State.ts"

export const defaultCredentials: Credentials.Credentials = Credentials.defaults

export interface Sandbox extends Control.Controlled {
  /** Answers a request as Twilio would. It rejects only as `fetch` itself would: where a fault drops the connection, or the request is aborted. */
  readonly fetch: (request: Request) => Promise<Response>
  readonly credentials: Credentials.Credentials
}

export interface Options {
  readonly credentials?: Credentials.Credentials
  /** What is there; by default three ready-made interactions. {@link seedFromJson} reads one. */
  readonly seed?: State.Seed
  readonly settings?: Partial<Settings>
  /** Is told of each request that is over, for a log. */
  readonly onRequest?: (handled: Control.Handled) => void
}

/** How many requests are remembered. */
const remembered = 100

/**
 * A new sandbox, with a state of its own. Throws a {@link State.SeedError} if a SID is twice in the seed.
 *
 * @example
 * ```ts
 * import * as Sandbox from "@flex-interactions/sandbox"
 *
 * const sandbox = Sandbox.make()
 * const { accountSid, authToken } = sandbox.credentials
 * sandbox.faults.add({ kind: "rate-limited", retryAfter: 1 })
 * const reply = sandbox.fetch(
 *   new Request(
 *     "https://flex-api.twilio.com/v1/Interactions/KD01000000000000000000000000000000/Channels/UO01000000000000000000000000000000/Participants",
 *     { headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` } }
 *   )
 * )
 * ```
 */
export const make = (options: Options = {}): Sandbox => {
  const seed = options.seed ?? State.readyMade
  const initial: Settings = { ...defaults, ...seed.settings, ...options.settings }
  const settings = { ...initial }
  const credentials = options.credentials ?? Credentials.defaults
  const state = State.make()
  const requests: Array<Control.Handled> = []
  const listeners = new Set<() => void>()
  const changed = () => listeners.forEach((listener) => listener())
  const faults = Fault.make(changed)
  const twilio = Twilio.make(credentials, state.interactions, settings)
  let inFlight = 0

  const fill = () => seed.interactions.forEach((interaction, index) => state.add(interaction, `interactions[${index}]`))
  fill()

  const record = (handled: Control.Handled) => {
    requests.push(handled)
    if (requests.length > remembered) requests.shift()
    options.onRequest?.(handled)
    changed()
  }

  const handle = async (
    request: Request,
    url: URL,
    answer: (noted: (note: string, fault?: Fault.Fault) => void) => Promise<Response>
  ): Promise<Response> => {
    const started = performance.now()
    const at = new Date().toISOString()
    let status: Control.Handled["status"] = "no reply"
    let note = ""
    let fault: Fault.Fault | undefined
    try {
      const response = await answer((text, met) => {
        if (text !== "") note = text
        fault = met ?? fault
      })
      status = response.status
      return response
    } finally {
      record({
        at,
        method: request.method,
        path: `${url.pathname}${url.search}`,
        status,
        note,
        ...(fault === undefined ? {} : { fault: fault.kind }),
        ms: performance.now() - started
      })
    }
  }

  /** Documented: each reply carries `Twilio-Request-Id`, and `Twilio-Concurrent-Requests`. */
  const reply = async (request: Request, url: URL): Promise<Response> => {
    inFlight += 1
    const concurrent = inFlight
    try {
      return await handle(request, url, async (noted) => {
        const refused = Control.refusal(request, url)
        if (refused !== undefined) {
          noted("from a web page, or for another host")
          return refused
        }
        const scripted = await Control.faultOf(request)
        if (scripted instanceof Response) {
          noted(`the ${Control.faultHeader} header is wrong`)
          return scripted
        }
        const found = twilio.find(request.method, url)
        const fault = scripted ?? faults.take(request.method, `${url.pathname}${url.search}`)
        noted("", fault)
        const answer = async () => {
          const { response, note } = await twilio.answer(request, url, found)
          noted(note)
          return response
        }
        const response = fault === undefined ? await answer() : await Fault.apply(fault, request, answer)
        if (settings.latency > 0) await Fault.delay(settings.latency, request.signal)
        response.headers.set("Twilio-Request-Id", `RQ${crypto.randomUUID().replaceAll("-", "")}`)
        response.headers.set("Twilio-Concurrent-Requests", `${concurrent}`)
        return response
      })
    } finally {
      inFlight -= 1
    }
  }

  const sandbox: Sandbox = {
    credentials,
    state: state.interactions,
    settings,
    faults,
    requests,
    add: (interaction) => {
      const sid = state.add(interaction, "interaction")
      changed()
      return sid
    },
    join: (channel, participant) => {
      const joined = state.join(channel, participant)
      changed()
      return joined
    },
    reset: () => {
      state.clear()
      fill()
      Object.assign(settings, initial)
      requests.length = 0
      faults.clear()
    },
    subscribe: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    fetch: (request) => {
      const url = new URL(request.url)
      if (!Control.isItsOwn(url)) return reply(request, url)
      if (request.method === "GET") return Control.answer(sandbox, request, url)
      return handle(request, url, () => Control.answer(sandbox, request, url))
    }
  }
  return sandbox
}

/**
 * Reads a seed file. Rejects with a {@link State.SeedError} that leads to the first mistake: not JSON, another shape.
 *
 * @example
 * ```ts
 * import * as Sandbox from "@flex-interactions/sandbox"
 *
 * const seed = Sandbox.seedFromJson('{ "interactions": [{ "channels": [{ "participants": [{ "type": "agent" }] }] }] }')
 * ```
 */
export const seedFromJson = async (json: string): Promise<State.Seed> => (await import("./Input.ts")).seed(json)
