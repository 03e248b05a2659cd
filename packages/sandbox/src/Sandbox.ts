/**
 * A stand-in for Twilio's Flex interaction channel participants: a web-standard handler, `Request` to `Response`, for use
 * in process and behind a port.
 */
import * as Clock from "./Clock.ts"
import * as Control from "./Control.ts"
import type { Controlled, Handled } from "./Controlled.ts"
import * as Credentials from "./Credentials.ts"
import * as Fault from "./Fault.ts"
import * as People from "./People.ts"
import { readyMade } from "./ReadyMade.ts"
import * as Seed from "./Seed.ts"
import { defaults, type Settings } from "./Assumptions.ts"
import * as Twilio from "./Twilio.ts"
import * as World from "./World.ts"

export type { Controlled, Handled } from "./Controlled.ts"
export type { Credentials } from "./Credentials.ts"
export type { Clock } from "./Clock.ts"
export { type Fault, type Faults, publishedLimits } from "./Fault.ts"
export type { Host } from "./Host.ts"
export type { People, Written } from "./People.ts"
export { ready, type ReadyConversation, readyMade, type ReadyParticipant } from "./ReadyMade.ts"
export {
  type ChannelSeed,
  type InteractionSeed,
  type ParticipantSeed,
  type Seed,
  SeedError,
  type TaskSeed,
  type WaitingSeed,
  type WorkerSeed,
  type WorkspaceSeed
} from "./Seed.ts"
export type { Settings } from "./Assumptions.ts"
export { sid } from "./Sid.ts"
export type {
  Channel,
  ChannelName,
  ChannelStatus,
  ChannelType,
  Event,
  Interactions,
  Invite,
  Participant,
  ParticipantType,
  Reservation,
  ReservationStatus,
  Status,
  Task,
  TaskStatus,
  Worker,
  Workspace
} from "./World.ts"

export const defaultCredentials: Credentials.Credentials = Credentials.defaults

export interface Sandbox extends Controlled {
  /** Answers a request as Twilio would. It rejects only as `fetch` itself would: where a fault drops the connection, or the request is aborted. */
  readonly fetch: (request: Request) => Promise<Response>
  readonly credentials: Credentials.Credentials
}

export interface Options {
  readonly credentials?: Credentials.Credentials
  /** What is there; by default three ready-made interactions. {@link seedFromJson} reads one. */
  readonly seed?: Seed.Seed
  readonly settings?: Partial<Settings>
  /** The time in milliseconds since 1970, to which the sandbox's clock adds how far it was moved; default: the machine's. */
  readonly now?: () => number
  /** Is told of each request that is over, for a log. */
  readonly onRequest?: (handled: Handled) => void
}

/** How many requests are remembered. */
const remembered = 100

/**
 * A new sandbox, with a state of its own. Throws a {@link Seed.SeedError} if a SID is twice in the seed.
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
 *     "https://flex-api.twilio.com/v1/Interactions/KD2c275fc218a40843aac60dae3a8ee467/Channels/UO18119c474d5fce784d7c6701a0f92f6f/Participants",
 *     { headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` } }
 *   )
 * )
 * ```
 */
export const make = (options: Options = {}): Sandbox => {
  const seed = options.seed ?? readyMade
  const initial: Settings = { ...defaults, ...seed.settings, ...options.settings }
  const settings = { ...initial }
  const credentials = options.credentials ?? Credentials.defaults
  const requests: Array<Handled> = []
  const listeners = new Set<() => void>()
  const changed = () => listeners.forEach((listener) => listener())
  const faults = Fault.make(changed)
  const clock = Clock.make(options.now ?? (() => Date.now()), changed)
  const world = World.make(credentials.accountSid, settings, clock)
  const twilio = Twilio.make(credentials, world)
  const people = People.make(world)
  let inFlight = 0

  Seed.fill(world, seed)

  /** Does what changes the world, and tells who watches. */
  const telling =
    <Arguments extends ReadonlyArray<unknown>, A>(change: (...given: Arguments) => A) =>
    (...given: Arguments): A => {
      clock.settle()
      const done = change(...given)
      changed()
      return done
    }

  const record = (handled: Handled) => {
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
    const at = new Date(clock.now()).toISOString()
    let status: Handled["status"] = "no reply"
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

  /** Documented: each reply carries `Twilio-Request-Id`, and `Twilio-Concurrent-Requests`; `Date`, as everywhere. */
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
        const { host, resource, route } = found
        const fault =
          scripted ??
          faults.take({
            method: request.method,
            path: `${url.pathname}${url.search}`,
            host,
            resource,
            isList: route?.isList ?? false
          })
        noted("", fault)
        const answer = async () => {
          clock.settle()
          const { response, note } = await twilio.answer(request, url, found)
          noted(note)
          return response
        }
        const response = fault === undefined ? await answer() : await Fault.apply(fault, request, answer, clock.now())
        if (settings.latency > 0) await Fault.delay(settings.latency, request.signal)
        response.headers.set("Date", new Date(clock.now()).toUTCString())
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
    state: world.interactions,
    taskrouter: world,
    settings,
    faults,
    clock: { now: clock.now, advance: telling(clock.advance) },
    requests,
    message: telling(people.message),
    invite: telling(people.invite),
    accept: telling(people.accept),
    decline: telling(people.decline),
    add: telling((interaction) => Seed.addInteraction(world, interaction, "interaction")),
    join: telling((channel, participant) => Seed.joinChannel(world, channel, participant)),
    reset: () => {
      clock.reset()
      World.clear(world)
      Object.assign(settings, initial)
      Seed.fill(world, seed)
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
 * Reads a seed file. Rejects with a {@link Seed.SeedError} that leads to the first mistake: not JSON, another shape.
 *
 * @example
 * ```ts
 * import * as Sandbox from "@flex-interactions/sandbox"
 *
 * const seed = Sandbox.seedFromJson('{ "interactions": [{ "channels": [{ "participants": [{ "type": "agent" }] }] }] }')
 * ```
 */
export const seedFromJson = async (json: string): Promise<Seed.Seed> => (await import("./Input.ts")).seed(json)
