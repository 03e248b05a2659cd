/** What the sandbox knows: interactions, their channels, their participants, and the rules by which statuses change. */
import type { Settings } from "./Settings.ts"

/** Documented: the five types. */
export type ParticipantType = "agent" | "customer" | "supervisor" | "external" | "unknown"
export type Status = "active" | "wrapup" | "closed"
type Routing = Readonly<Record<string, unknown>>

export interface Participant {
  readonly sid: string
  readonly type: ParticipantType
  readonly routing: Routing | null
  /** When they joined, as a number that only grows within a channel: it orders the list. */
  readonly position: number
  /** Twilio never shows it, on any operation. */
  status: Status
}

export interface Channel {
  readonly interactionSid: string
  readonly channelSid: string
  /** What it is for, for people who look for something to try. */
  readonly about: string
  /** Everybody who ever joined, in that order. */
  readonly participants: ReadonlyArray<Participant>
  /** Those that Twilio would list, in the same order (assumed): an agent who is closed may have left it. */
  readonly listed: ReadonlyArray<Participant>
  readonly bySid: ReadonlyMap<string, Participant>
}

/** What names a channel; a {@link Channel} is one too. */
export type ChannelName = Pick<Channel, "interactionSid" | "channelSid">

/** All channels, by interaction SID and channel SID. */
export type Interactions = ReadonlyMap<string, ReadonlyMap<string, Channel>>

/** A participant as a seed names it. What is left out is made up: a SID, and for an agent the SIDs of its work. */
export interface ParticipantSeed {
  readonly sid?: string
  readonly type: ParticipantType
  /** Agents only; default `active`. */
  readonly status?: Status
  readonly routing_properties?: Routing | null
}

export interface ChannelSeed {
  readonly sid?: string
  readonly about?: string
  readonly participants: ReadonlyArray<ParticipantSeed>
}

export interface InteractionSeed {
  readonly sid?: string
  readonly channels: ReadonlyArray<ChannelSeed>
}

/** What a sandbox starts with: the shape of a seed file. */
export interface Seed {
  readonly settings?: Partial<Settings>
  readonly interactions: ReadonlyArray<InteractionSeed>
}

/** The ready-made interactions. */
export const readyMade: Seed = {
  interactions: [
    one("a customer and an agent", ["customer", "agent"]),
    one("a customer, two agents and a supervisor", ["customer", "agent", "agent", "supervisor"]),
    one("120 participants: three pages of 50", [
      "customer",
      ...Array.from({ length: 3 }, () => "agent" as const),
      ...Array.from({ length: 116 }, () => "external" as const)
    ])
  ]
}

function one(about: string, types: ReadonlyArray<ParticipantType>): InteractionSeed {
  return { channels: [{ about, participants: types.map((type) => ({ type })) }] }
}

/** A seed that contradicts itself. `path` leads to where, `problem` goes on from there. */
export class SeedError extends Error {
  readonly path: string
  readonly problem: string
  constructor(path: string, problem: string) {
    super(path === "" ? problem : `${path}: ${problem}`)
    this.name = "SeedError"
    this.path = path
    this.problem = problem
  }
}

interface OwnChannel extends Channel {
  readonly participants: Array<Participant>
  readonly listed: Array<Participant>
  readonly bySid: Map<string, Participant>
}

export interface State {
  readonly interactions: Interactions
  /** Adds an interaction, all of it or nothing. `path` is where it stands in its seed, for the error. */
  readonly add: (interaction: InteractionSeed, path: string) => string
  /** Someone joins a channel that is there, at its end. */
  readonly join: (channel: ChannelName, participant: ParticipantSeed) => Participant
  readonly clear: () => void
}

/** An empty state. */
export const make = (): State => {
  const interactions = new Map<string, Map<string, OwnChannel>>()
  const taken = new Set<string>()
  let group = 0

  /** Gives out SIDs, those that the seed names and made-up ones: the prefix, the number of the interaction, a counter. */
  const issuer = () => {
    group += 1
    const head = `${group}`.padStart(2, "0")
    const issued = new Set<string>()
    const counters = new Map<string, number>()
    const unique = (sid: string) => !taken.has(sid) && !issued.has(sid)
    const made = (prefix: string): string => {
      for (let n = counters.get(prefix) ?? (prefix === "UT" ? 1 : 0); ; n += 1) {
        const sid = `${prefix}${head}${`${n}`.padStart(32 - head.length, "0")}`
        counters.set(prefix, n + 1)
        if (unique(sid)) return sid
      }
    }
    const claim = (prefix: string, named: string | undefined, path: string): string => {
      if (named !== undefined && !unique(named)) throw new SeedError(`${path}.sid`, `${named} is there already`)
      const sid = named ?? made(prefix)
      issued.add(sid)
      return sid
    }
    const commit = () => issued.forEach((sid) => taken.add(sid))
    return { claim, commit }
  }

  const enter = (
    channel: OwnChannel,
    seed: ParticipantSeed,
    claim: ReturnType<typeof issuer>["claim"],
    path: string
  ): Participant => {
    if (seed.type !== "agent" && seed.status !== undefined) {
      throw new SeedError(`${path}.status`, `only an agent has a status, and this is type ${seed.type}`)
    }
    const sid = claim("UT", seed.sid, path)
    const participant: Participant = {
      sid,
      type: seed.type,
      routing: seed.routing_properties === undefined ? workOf(seed.type, sid) : seed.routing_properties,
      position: channel.participants.length,
      status: seed.status ?? "active"
    }
    channel.participants.push(participant)
    channel.listed.push(participant)
    channel.bySid.set(sid, participant)
    return participant
  }

  const add: State["add"] = (seed, path) => {
    const { claim, commit } = issuer()
    const interactionSid = claim("KD", seed.sid, path)
    const channels = new Map<string, OwnChannel>()
    for (const [index, channelSeed] of seed.channels.entries()) {
      const channelPath = `${path}.channels[${index}]`
      const channelSid = claim("UO", channelSeed.sid, channelPath)
      const about = channelSeed.about ?? ""
      const channel = { interactionSid, channelSid, about, participants: [], listed: [], bySid: new Map() }
      for (const [n, participant] of channelSeed.participants.entries()) {
        enter(channel, participant, claim, `${channelPath}.participants[${n}]`)
      }
      channels.set(channelSid, channel)
    }
    commit()
    interactions.set(interactionSid, channels)
    return interactionSid
  }

  return {
    interactions,
    add,
    join: ({ interactionSid, channelSid }, seed) => {
      const channel = interactions.get(interactionSid)?.get(channelSid)
      if (channel === undefined) throw new SeedError("", `there is no channel ${channelSid} in ${interactionSid}`)
      const { claim, commit } = issuer()
      const participant = enter(channel, seed, claim, "participant")
      commit()
      return participant
    },
    clear: () => {
      interactions.clear()
      taken.clear()
      group = 0
    }
  }
}

/** An agent works on a task, as a worker, by a reservation. Their SIDs end as its own does. */
const workOf = (type: ParticipantType, sid: string): Routing | null => {
  if (type !== "agent") return null
  const rest = sid.slice(2)
  return { task_sid: `WT${rest}`, worker_sid: `WK${rest}`, reservation_sid: `WR${rest}` }
}

/**
 * Where in the list the first stands who joined at `position` or later: so a page starts in logarithmic time, whoever
 * has left meanwhile.
 */
export const indexFrom = (channel: Channel, position: number): number => {
  let [low, high] = [0, channel.listed.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((channel.listed[middle]?.position ?? 0) < position) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * Moves a participant on. Documented: only agents, only to `wrapup` or `closed`; an agent that is closed leaves, and can
 * stay in the list all the same (by setting); the conversation stays open, whoever is left in it. Assumed: `closed` is the end, and going back to `wrapup` or repeating a status
 * is not a change.
 */
export const setStatus = (
  channel: Channel,
  participant: Participant,
  status: "wrapup" | "closed",
  closedAgents: Settings["closedAgents"]
): "done" | "not-an-agent" | "wrong-state" => {
  if (participant.type !== "agent") return "not-an-agent"
  if (participant.status === "closed" || participant.status === status) return "wrong-state"
  participant.status = status
  if (status === "closed" && closedAgents === "leave") {
    ;(channel.listed as Array<Participant>).splice(indexFrom(channel, participant.position), 1)
  }
  return "done"
}
