/** What a sandbox starts with, in the shape of a seed file; and how that becomes a world with a past. */
import {
  accept,
  activities,
  createTask,
  fresh,
  invite,
  isOver,
  join,
  reserve,
  setReservation,
  setTask
} from "./Rules.ts"
import type { Settings } from "./Assumptions.ts"
import { sid as made } from "./Sid.ts"
import {
  type ChannelName,
  type ChannelStatus,
  type ChannelType,
  enterWorker,
  flexWorkspace,
  next,
  type OwnChannel,
  type OwnWorker,
  type Participant,
  type ParticipantType,
  type Routing,
  type Status,
  type TaskStatus,
  workerNamed,
  type World
} from "./World.ts"

/** A participant as a seed names it. What is left out is made up: a SID, and for an agent a worker, a task and a reservation. */
export interface ParticipantSeed {
  readonly sid?: string
  readonly type: ParticipantType
  /** Of who is not an agent. */
  readonly name?: string
  /** Agents only: the `friendly_name` of a worker. */
  readonly worker?: string
  /** Agents only; default `active`. */
  readonly status?: Status
  /** Agents only: how many minutes ago they got that status. */
  readonly minutes?: number
  /** What Twilio shows of an agent's work, instead of what is made up. TaskRouter has it only if all three SIDs are there. */
  readonly routing_properties?: Routing | null
}

/** Someone who was invited and has not accepted. */
export interface WaitingSeed {
  /** The `friendly_name` of the worker to whom it is offered; without, it is in the queue. */
  readonly worker?: string
  readonly queue?: string
  readonly minutes?: number
}

export interface ChannelSeed {
  readonly sid?: string
  readonly about?: string
  /** Default `web`. */
  readonly type?: ChannelType
  /** Default `active`. */
  readonly status?: ChannelStatus
  /** The name of the queue of its tasks; default `Everyone`. */
  readonly queue?: string
  /** How many minutes ago it began; default: a little before what happened in it. */
  readonly minutes?: number
  readonly participants: ReadonlyArray<ParticipantSeed>
  readonly waiting?: ReadonlyArray<WaitingSeed>
}

export interface InteractionSeed {
  readonly sid?: string
  readonly channels: ReadonlyArray<ChannelSeed>
}

export interface WorkspaceSeed {
  readonly sid?: string
  readonly friendly_name: string
}

export interface WorkerSeed {
  readonly sid?: string
  readonly friendly_name: string
  readonly attributes?: Readonly<Record<string, unknown>>
  /** Default `Available`. */
  readonly activity_name?: string
  /** The `friendly_name` of a workspace; default: Flex's. */
  readonly workspace?: string
}

/** A task that no interaction made: a call, or one of TaskRouter's own. */
export interface TaskSeed {
  readonly sid?: string
  /** An object, or text that may be no JSON; default `{}`. */
  readonly attributes?: Readonly<Record<string, unknown>> | string
  /** Default `pending`. */
  readonly assignment_status?: TaskStatus
  /** The `friendly_name` of the worker who has, or had, it. */
  readonly worker?: string
  readonly queue?: string
  readonly task_channel?: string
  readonly priority?: number
  /** How many minutes ago it got that status; default 1. */
  readonly minutes?: number
  /** The `friendly_name` of a workspace; default: Flex's. */
  readonly workspace?: string
}

/** What a sandbox starts with: the shape of a seed file. */
export interface Seed {
  readonly settings?: Partial<Settings>
  /** The first is Flex's; default: one, called `Flex Task Assignment`. */
  readonly workspaces?: ReadonlyArray<WorkspaceSeed>
  readonly workers?: ReadonlyArray<WorkerSeed>
  readonly interactions: ReadonlyArray<InteractionSeed>
  readonly tasks?: ReadonlyArray<TaskSeed>
}

/** A seed that contradicts itself. `path` leads to where, `problem` says what. */
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

const minute = 60_000
const defaultQueue = "Everyone"

/** Puts all of a seed into an empty world. */
export const fill = (world: World, seed: Seed): void => {
  const workspaces = seed.workspaces ?? []
  for (const [index, workspace] of (workspaces.length === 0
    ? [{ friendly_name: "Flex Task Assignment" }]
    : workspaces
  ).entries()) {
    addWorkspace(world, workspace, `workspaces[${index}]`)
  }
  seed.workers?.forEach((worker, index) => addWorker(world, worker, `workers[${index}]`))
  seed.interactions.forEach((interaction, index) => addInteraction(world, interaction, `interactions[${index}]`))
  seed.tasks?.forEach((task, index) => addTask(world, task, `tasks[${index}]`))
  world.clock.settle()
}

/** Takes a SID that a seed names. */
const claim = (world: World, sid: string | undefined, path: string): string | undefined => {
  if (sid === undefined) return undefined
  if (world.taken.has(sid)) throw new SeedError(`${path}.sid`, `${sid} is there already`)
  world.taken.add(sid)
  return sid
}

const addWorkspace = (world: World, { friendly_name: name, sid }: WorkspaceSeed, path: string): void => {
  const workspace = {
    sid: claim(world, sid, path) ?? fresh(world, "WS"),
    name,
    // Flex's is not the oldest, which a list has first.
    created: world.clock.now() - (400 + 100 * world.workspaces.size) * 24 * 60 * minute
  }
  world.workspaces.set(workspace.sid, workspace)
}

const workspaceNamed = (world: World, name: string | undefined, path: string): string => {
  if (name === undefined) return flexWorkspace(world).sid
  const found = [...world.workspaces.values()].find((workspace) => workspace.name === name)
  if (found === undefined) throw new SeedError(`${path}.workspace`, `there is no workspace ${name}`)
  return found.sid
}

const addWorker = (world: World, seed: WorkerSeed, path: string): OwnWorker => {
  const workspaceSid = workspaceNamed(world, seed.workspace, path)
  const name = seed.friendly_name
  if (workerNamed(world, workspaceSid, name) !== undefined) {
    throw new SeedError(`${path}.friendly_name`, `there is a worker ${name} already`)
  }
  const activity = seed.activity_name ?? "Available"
  if (!(activity in activities)) {
    throw new SeedError(`${path}.activity_name`, `must be one of ${Object.keys(activities).join(", ")}`)
  }
  const worker: OwnWorker = {
    sid: claim(world, seed.sid, path) ?? fresh(world, "WK"),
    workspaceSid,
    name,
    attributes: seed.attributes ?? { full_name: name },
    activity,
    created: world.clock.now() - 200 * 24 * 60 * minute,
    reservations: []
  }
  enterWorker(world, worker)
  return worker
}

const workerOf = (world: World, name: string, path: string, workspaceSid = flexWorkspace(world).sid): OwnWorker => {
  const found = workerNamed(world, workspaceSid, name)
  if (found === undefined) throw new SeedError(`${path}.worker`, `there is no worker ${name}`)
  return found
}

/** Adds an interaction, all of it or nothing. `path` is its place in the seed, for the error. */
export const addInteraction = (world: World, seed: InteractionSeed, path: string): string => {
  check(world, seed, path)
  const group = next(world, "interaction")
  const claimed = (prefix: string, n: number, named: string | undefined) => claimOf(world, prefix, group, n, named)
  const interactionSid = claimed("KD", 0, seed.sid)
  const channels = new Map<string, OwnChannel>()
  world.interactions.set(interactionSid, channels)
  let joined = 0
  for (const [index, channelSeed] of seed.channels.entries()) {
    const now = world.clock.now()
    let last = 4
    for (const { minutes = 0 } of channelSeed.participants) last = Math.max(last, minutes)
    for (const { minutes = 0 } of channelSeed.waiting ?? []) last = Math.max(last, minutes)
    const began = now - (channelSeed.minutes ?? last + 1) * minute
    const channel: OwnChannel = {
      interactionSid,
      channelSid: claimed("UO", index, channelSeed.sid),
      about: channelSeed.about ?? "",
      type: channelSeed.type ?? "web",
      status: channelSeed.status ?? "active",
      queue: channelSeed.queue ?? defaultQueue,
      participants: [],
      listed: [],
      bySid: new Map(),
      invites: []
    }
    channels.set(channel.channelSid, channel)
    for (const participant of channelSeed.participants) {
      joined += 1
      enter(world, channel, participant, { group, n: joined, began, path })
    }
    for (const { minutes = 1, queue, worker } of channelSeed.waiting ?? []) {
      const task = invite(world, channel, queue === undefined ? {} : { queue }, now - minutes * minute)
      if (worker !== undefined) reserve(world, task, workerOf(world, worker, path), now - minutes * minute)
    }
  }
  return interactionSid
}

const claimOf = (world: World, prefix: string, group: number, n: number, named: string | undefined): string => {
  let sid = named
  for (let next = n; sid === undefined; next += 1000) {
    const candidate = made(prefix, group, next)
    if (!world.taken.has(candidate)) sid = candidate
  }
  world.taken.add(sid)
  return sid
}

/** Finds every contradiction before anything is added. */
const check = (world: World, seed: InteractionSeed, path: string): void => {
  const seen = new Set<string>()
  const see = (sid: string | undefined, path: () => string) => {
    if (sid === undefined) return
    if (world.taken.has(sid) || seen.has(sid)) throw new SeedError(`${path()}.sid`, `${sid} is there already`)
    seen.add(sid)
  }
  see(seed.sid, () => path)
  for (const [index, channel] of seed.channels.entries()) {
    const channelPath = `${path}.channels[${index}]`
    see(channel.sid, () => channelPath)
    for (const [n, participant] of channel.participants.entries()) {
      const participantPath = () => `${channelPath}.participants[${n}]`
      see(participant.sid, participantPath)
      checkParticipant(world, participant, participantPath)
    }
    for (const [n, { worker }] of (channel.waiting ?? []).entries()) {
      if (worker !== undefined) workerOf(world, worker, `${channelPath}.waiting[${n}]`)
    }
  }
}

const ofAgents = ["status", "worker", "minutes"] as const

const checkParticipant = (world: World, seed: ParticipantSeed, path: () => string): void => {
  if (seed.type !== "agent") {
    const wrong = ofAgents.find((key) => seed[key] !== undefined)
    if (wrong === undefined) return
    throw new SeedError(`${path()}.${wrong}`, `only an agent has a ${wrong}, and this is type ${seed.type}`)
  }
  if (seed.worker === undefined) return
  workerOf(world, seed.worker, path())
  if (seed.routing_properties !== undefined) {
    throw new SeedError(`${path()}.worker`, "cannot be combined with routing_properties")
  }
}

/** The place of a participant in its seed: the number of its interaction, its own, and when the channel began. */
interface Place {
  readonly group: number
  readonly n: number
  readonly began: number
  readonly path: string
}

const enter = (
  world: World,
  channel: OwnChannel,
  seed: ParticipantSeed,
  { began, group, n, path }: Place
): Participant => {
  const sid = claimOf(world, "UT", group, n, seed.sid)
  const work = seed.type === "agent" ? workOf(world, seed, { group, n, path }) : undefined
  if (work === undefined) {
    const { name = "", routing_properties: routing = null, type } = seed
    return join(channel, { sid, type, name, routing }, seed.status)
  }
  const now = world.clock.now()
  const { minutes, status = "active" } = seed
  const since = now - (minutes ?? (status === "active" ? (now - began) / minute : 1)) * minute
  const accepted = status === "active" ? since : Math.max(began, since - 30 * minute)
  const task = invite(world, channel, { sid: work.task }, Math.min(began, accepted))
  const reservation = reserve(world, task, work.worker, accepted, work.reservation)
  const participant = accept(world, reservation, accepted, sid)
  if (participant === undefined) throw new Error("an invite without a channel")
  if (status === "active") return participant
  participant.status = status
  setReservation(world, reservation, status === "wrapup" ? "wrapping" : "completed", since)
  return participant
}

/** The worker of an agent and the SIDs of its work, if TaskRouter is to have them. */
const workOf = (world: World, seed: ParticipantSeed, { group, n, path }: Omit<Place, "began">) => {
  const { routing_properties: routing } = seed
  if (routing === undefined) {
    const worker =
      seed.worker === undefined
        ? unnamed(world, made("WK", group, n), `${group}-${n}`, path)
        : workerOf(world, seed.worker, path)
    return {
      worker,
      task: claimOf(world, "WT", group, n, undefined),
      reservation: claimOf(world, "WR", group, n, undefined)
    }
  }
  const { reservation_sid: reservation, task_sid: task, worker_sid: workerSid } = routing ?? {}
  if (typeof reservation !== "string" || typeof task !== "string" || typeof workerSid !== "string") return undefined
  if (world.taken.has(reservation) || world.taken.has(task)) return undefined
  const worker = world.workers.get(workerSid) ?? unnamed(world, workerSid, `${group}-${n}`, path)
  return {
    worker,
    task: claimOf(world, "WT", group, n, task),
    reservation: claimOf(world, "WR", group, n, reservation)
  }
}

/** A worker whom a seed does not name. */
const unnamed = (world: World, sid: string, number: string, path: string): OwnWorker => {
  const name = `agent-${number}`
  return (
    workerNamed(world, flexWorkspace(world).sid, name) ??
    addWorker(world, { sid, friendly_name: name, attributes: { full_name: `Agent ${number}` } }, path)
  )
}

/** Someone joins a channel that is there, at its end. */
export const joinChannel = (
  world: World,
  { channelSid, interactionSid }: ChannelName,
  seed: ParticipantSeed
): Participant => {
  const channel = world.interactions.get(interactionSid)?.get(channelSid)
  if (channel === undefined) throw new SeedError("", `there is no channel ${channelSid} in ${interactionSid}`)
  if (seed.sid !== undefined && world.taken.has(seed.sid))
    throw new SeedError("participant.sid", `${seed.sid} is there already`)
  checkParticipant(world, seed, () => "participant")
  return enter(world, channel, seed, {
    group: next(world, "interaction"),
    n: 1,
    began: world.clock.now(),
    path: "participant"
  })
}

const addTask = (world: World, seed: TaskSeed, path: string): void => {
  const workspaceSid = workspaceNamed(world, seed.workspace, path)
  const { assignment_status: status = "pending", attributes = {}, minutes = 1, queue = defaultQueue } = seed
  const at = world.clock.now() - minutes * minute
  const sid = claim(world, seed.sid, path)
  const task = createTask(
    world,
    {
      ...(sid === undefined ? {} : { sid }),
      workspaceSid,
      attributes: typeof attributes === "string" ? attributes : JSON.stringify(attributes),
      queue,
      taskChannel: seed.task_channel ?? "voice",
      ...(seed.priority === undefined ? {} : { priority: seed.priority })
    },
    at
  )
  if (seed.worker === undefined) {
    if (status !== "pending" && status !== "canceled")
      throw new SeedError(`${path}.worker`, `a task that is ${status} has one`)
    return setTask(world, task, status, at)
  }
  const reservation = reserve(world, task, workerOf(world, seed.worker, path, workspaceSid), at)
  if (status === "pending" || status === "canceled")
    throw new SeedError(`${path}.worker`, `a task that is ${status} has none`)
  if (status === "reserved") return
  setReservation(world, reservation, "accepted", at)
  if (status === "assigned" || isOver(reservation.status)) return
  setReservation(world, reservation, status === "wrapping" ? "wrapping" : "completed", at)
}
