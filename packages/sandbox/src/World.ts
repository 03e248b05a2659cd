/** What the sandbox knows: interactions with their channels and participants, and TaskRouter's workers, tasks, reservations, events. */
import type { Schedule } from "./Clock.ts"
import type { Settings } from "./Assumptions.ts"

/** Documented: the five types. */
export type ParticipantType = "agent" | "customer" | "supervisor" | "external" | "unknown"
export type Status = "active" | "wrapup" | "closed"
/** Documented: the eight types. */
export type ChannelType = "voice" | "sms" | "email" | "web" | "whatsapp" | "chat" | "messenger" | "gbm"
/** Documented: the first five in the OpenAPI document, `pause` and `transfer` elsewhere. */
export type ChannelStatus = "setup" | "active" | "failed" | "closed" | "inactive" | "pause" | "transfer"
/** Documented. */
export type TaskStatus = "pending" | "reserved" | "assigned" | "wrapping" | "completed" | "canceled"
/** Documented, but for `onHold`, which error texts show. */
export type ReservationStatus =
  | "pending"
  | "accepted"
  | "rejected"
  | "timeout"
  | "canceled"
  | "rescinded"
  | "wrapping"
  | "completed"
  | "onHold"

export type Routing = Readonly<Record<string, unknown>>

export interface Participant {
  readonly sid: string
  readonly type: ParticipantType
  /** Of who is not an agent, and nowhere in what Twilio answers. */
  readonly name: string
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
  readonly type: ChannelType
  status: ChannelStatus
  /** The name of the queue of its tasks. */
  readonly queue: string
  /** Everybody who ever joined, in that order. */
  readonly participants: ReadonlyArray<Participant>
  /** Those that Twilio would list, in the same order (assumed): an agent who is closed may have left it. */
  readonly listed: ReadonlyArray<Participant>
  readonly bySid: ReadonlyMap<string, Participant>
  readonly invites: ReadonlyArray<Invite>
}

/** What names a channel; a {@link Channel} is one too. */
export type ChannelName = Pick<Channel, "interactionSid" | "channelSid">

/** All channels, by interaction SID and channel SID. */
export type Interactions = ReadonlyMap<string, ReadonlyMap<string, Channel>>

export interface Invite {
  readonly sid: string
  readonly taskSid: string
  /** The task as it was when the invite was made: documented to be there, assumed to be frozen. */
  readonly properties: Readonly<Record<string, unknown>>
}

export interface Workspace {
  readonly sid: string
  readonly name: string
  readonly created: number
}

export interface Worker {
  readonly sid: string
  readonly workspaceSid: string
  /** In Flex usually the login. */
  readonly name: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly activity: string
  readonly created: number
  readonly reservations: ReadonlyArray<Reservation>
}

export interface Task {
  readonly sid: string
  readonly workspaceSid: string
  /** JSON, as Twilio has it; a seed may have put anything here. */
  attributes: string
  status: TaskStatus
  reason: string | null
  readonly priority: number
  /** The name of its queue. */
  readonly queue: string
  /** The unique name of its task channel, such as `chat`. */
  readonly taskChannel: string
  /** The worker whom an invite named. */
  readonly routingTarget: string | null
  readonly created: number
  updated: number
  /** Goes up with each change. */
  version: number
  /** The newest last. */
  readonly reservations: ReadonlyArray<Reservation>
  /** Of its interaction, if it has one. */
  readonly channel: Channel | undefined
}

export interface Reservation {
  readonly sid: string
  readonly task: Task
  readonly worker: Worker
  status: ReservationStatus
  readonly created: number
  updated: number
  version: number
}

/** What happened to a task, or to a reservation of it. */
export interface Event {
  readonly sid: string
  readonly at: number
  /** Such as `reservation.wrapup`. */
  readonly type: string
  readonly task: Task
  /** The one whose event it is, or because of which the task changed. */
  readonly reservation: Reservation | undefined
  /** What of the task may be another now. */
  readonly was: Pick<Task, "attributes" | "status" | "reason">
}

/** The same, as those see it who change it. */
export interface OwnChannel extends Channel {
  readonly participants: Array<Participant>
  readonly listed: Array<Participant>
  readonly bySid: Map<string, Participant>
  readonly invites: Array<Invite>
}
export interface OwnWorker extends Worker {
  readonly reservations: Array<Reservation>
}
export interface OwnTask extends Task {
  readonly reservations: Array<Reservation>
  readonly channel: OwnChannel | undefined
}

export interface World {
  readonly accountSid: string
  readonly settings: Settings
  readonly clock: Schedule
  readonly interactions: Map<string, Map<string, OwnChannel>>
  /** The first is Flex's. */
  readonly workspaces: Map<string, Workspace>
  readonly workers: Map<string, OwnWorker>
  /** The same by workspace and name. Documented: a name is there once in a workspace, whatever its case. */
  readonly workersByName: Map<string, OwnWorker>
  readonly tasks: Map<string, OwnTask>
  readonly reservations: Map<string, Reservation>
  /** In the order in which they were written down; seeds write down the past. */
  readonly events: Array<Event>
  /** Every SID that is or was something, so that none is given twice. */
  readonly taken: Set<string>
  /** How many there were so far of what has no name of its own: interactions, and others by the letters of their SID. */
  readonly counters: Map<string, number>
}

export const make = (accountSid: string, settings: Settings, clock: Schedule): World => ({
  accountSid,
  settings,
  clock,
  interactions: new Map(),
  workspaces: new Map(),
  workers: new Map(),
  workersByName: new Map(),
  tasks: new Map(),
  reservations: new Map(),
  events: [],
  taken: new Set(),
  counters: new Map()
})

export const clear = (world: World): void => {
  world.interactions.clear()
  world.workspaces.clear()
  world.workers.clear()
  world.workersByName.clear()
  world.tasks.clear()
  world.reservations.clear()
  world.events.length = 0
  world.taken.clear()
  world.counters.clear()
}

/** The next number of its kind, from 1. */
export const next = (world: World, kind: string): number => {
  const n = (world.counters.get(kind) ?? 0) + 1
  world.counters.set(kind, n)
  return n
}

/**
 * The index in the list of the first who joined at `position` or later: so a page starts in logarithmic time, even if somebody
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

const nameOf = (workspaceSid: string, name: string) => `${workspaceSid} ${name.toLowerCase()}`

/** The worker of this name in a workspace. */
export const workerNamed = (world: World, workspaceSid: string, name: string): OwnWorker | undefined =>
  world.workersByName.get(nameOf(workspaceSid, name))

export const enterWorker = (world: World, worker: OwnWorker): void => {
  world.workers.set(worker.sid, worker)
  world.workersByName.set(nameOf(worker.workspaceSid, worker.name), worker)
}

/** The reservation that an agent's routing properties name, as long as TaskRouter has it. */
export const reservationOf = (world: World, { routing }: Participant): Reservation | undefined =>
  world.reservations.get(String(routing?.["reservation_sid"]))

/** Flex's workspace. */
export const flexWorkspace = (world: World): Workspace => {
  const [first] = world.workspaces.values()
  if (first === undefined) throw new Error("a sandbox without a workspace")
  return first
}
