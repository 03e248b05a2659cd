/**
 * How one thing moves another: a status moves reservation and task, a channel that closes moves all, an invite becomes an agent.
 *
 * Each function takes the time `at` which it happens, so that a seed can tell a past and the clock can jump.
 */
import { named, sid as made } from "./Sid.ts"
import {
  type Channel,
  flexWorkspace,
  indexFrom,
  next,
  type OwnChannel,
  type OwnTask,
  type OwnWorker,
  type Participant,
  type ParticipantType,
  type Reservation,
  reservationOf,
  type ReservationStatus,
  type Routing,
  type Task,
  type TaskStatus,
  type World
} from "./World.ts"

const minutes = 60_000
/** Documented: a task is removed five minutes after its end, and one that has been assigned for 24 hours is deleted. */
const afterItsEnd = 5 * minutes
const assignedForLong = 24 * 60 * minutes

/** A SID for what has no name of its own. */
export const fresh = (world: World, prefix: string): string => {
  for (;;) {
    const sid = made(prefix, 0, next(world, prefix))
    if (world.taken.has(sid)) continue
    world.taken.add(sid)
    return sid
  }
}

export const workflow = "Assign to Anyone"
export const activities: Readonly<Record<string, boolean>> = {
  Offline: false,
  Available: true,
  Unavailable: false,
  Break: false
}

/** Documented: the types. */
const tell = (world: World, at: number, type: string, task: Task, reservation?: Reservation): void => {
  const { attributes, reason, status } = task
  world.events.push({ sid: fresh(world, "EV"), at, type, task, reservation, was: { attributes, status, reason } })
}

interface NewTask {
  readonly sid?: string
  readonly workspaceSid: string
  readonly attributes: string
  readonly queue: string
  readonly taskChannel: string
  readonly priority?: number
  readonly routingTarget?: string | null
  readonly channel?: OwnChannel
}

export const createTask = (world: World, seed: NewTask, at: number): OwnTask => {
  const task: OwnTask = {
    sid: seed.sid ?? fresh(world, "WT"),
    workspaceSid: seed.workspaceSid,
    attributes: seed.attributes,
    status: "pending",
    reason: null,
    priority: seed.priority ?? 0,
    queue: seed.queue,
    taskChannel: seed.taskChannel,
    routingTarget: seed.routingTarget ?? null,
    created: at,
    updated: at,
    version: 0,
    reservations: [],
    channel: seed.channel
  }
  world.tasks.set(task.sid, task)
  tell(world, at, "task.created", task)
  return task
}

const removeTask = (world: World, task: OwnTask): void => {
  world.tasks.delete(task.sid)
  for (const reservation of task.reservations) {
    world.reservations.delete(reservation.sid)
    const { reservations } = reservation.worker as OwnWorker
    reservations.splice(reservations.indexOf(reservation), 1)
  }
}

/** Moves a task, and has TaskRouter remove it when its time has come. */
export const setTask = (world: World, task: OwnTask, status: TaskStatus, at: number, reason?: string): void => {
  if (task.status === status) return
  task.status = status
  task.updated = at
  task.version += 1
  if (reason !== undefined) task.reason = reason
  const { version } = task
  if (status === "assigned") {
    world.clock.at(at + assignedForLong, (at) => {
      if (task.status !== "assigned" || task.version !== version || !world.tasks.has(task.sid)) return
      tell(world, at, "task.system-deleted", task)
      removeTask(world, task)
    })
  } else if (status === "completed" || status === "canceled") {
    world.clock.at(at + afterItsEnd, () => removeTask(world, task))
  }
  if (status === "wrapping") tell(world, at, "task.wrapup", task)
  if (status === "completed" || status === "canceled") tell(world, at, `task.${status}`, task)
}

/** Offers a task to a worker. */
export const reserve = (world: World, task: OwnTask, worker: OwnWorker, at: number, sid?: string): Reservation => {
  const reservation: Reservation = {
    sid: sid ?? fresh(world, "WR"),
    task,
    worker,
    status: "pending",
    created: at,
    updated: at,
    version: 0
  }
  world.reservations.set(reservation.sid, reservation)
  task.reservations.push(reservation)
  worker.reservations.push(reservation)
  setTask(world, task, "reserved", at)
  tell(world, at, "reservation.created", reservation.task, reservation)
  return reservation
}

/** Documented: what becomes of a task whose reservation gets a status. */
const follows: Partial<Record<ReservationStatus, TaskStatus>> = {
  accepted: "assigned",
  wrapping: "wrapping",
  completed: "completed",
  rejected: "pending",
  timeout: "pending"
}

/** Moves a reservation; its task follows, if it is the newest of that task. */
export const setReservation = (world: World, reservation: Reservation, status: ReservationStatus, at: number): void => {
  if (reservation.status === status || !world.reservations.has(reservation.sid)) return
  reservation.status = status
  reservation.updated = at
  reservation.version += 1
  tell(world, at, `reservation.${status === "wrapping" ? "wrapup" : status}`, reservation.task, reservation)
  const task = reservation.task as OwnTask
  const follow = follows[status]
  if (follow === undefined || task.reservations.at(-1) !== reservation) return
  // Documented: if the worker whom an invite names declines, the task is canceled, and the conversation stays.
  const declined = follow === "pending" && task.routingTarget !== null
  setTask(world, task, declined ? "canceled" : follow, at)
}

/** Later, if it takes its time: {@link setReservation}. */
const moveReservation = (world: World, participant: Participant, status: "wrapping" | "completed", at: number) => {
  const reservation = reservationOf(world, participant)
  if (reservation === undefined) return
  const move = (at: number) => {
    if (isOver(reservation.status) || reservation.status === status) return
    setReservation(world, reservation, status, at)
  }
  const { reservationDelay } = world.settings
  if (reservationDelay === 0) move(at)
  else world.clock.at(at + reservationDelay, move)
}

/** Documented: no way leads from these. */
export const isOver = (status: ReservationStatus): boolean =>
  ["completed", "rejected", "timeout", "canceled", "rescinded"].includes(status)

/** Someone joins a channel, at its end. */
export const join = (
  channel: OwnChannel,
  person: {
    readonly sid: string
    readonly type: ParticipantType
    readonly name: string
    readonly routing: Routing | null
  },
  status: Participant["status"] = "active"
): Participant => {
  const { name, routing, sid, type } = person
  const participant: Participant = { sid, type, name, routing, position: channel.participants.length, status }
  channel.participants.push(participant)
  channel.listed.push(participant)
  channel.bySid.set(participant.sid, participant)
  return participant
}

const leave = (world: World, channel: Channel, participant: Participant): void => {
  participant.status = "closed"
  if (world.settings.closedAgents === "stay") return
  const listed = channel.listed as Array<Participant>
  const index = indexFrom(channel, participant.position)
  if (listed[index] === participant) listed.splice(index, 1)
}

/**
 * Moves a participant. Documented: only agents, only to `wrapup` or `closed`; the agent's reservation and its task follow;
 * an agent that is closed leaves, and can stay in the list all the same (by setting); the conversation stays open, even if
 * nobody is left in it. Assumed: `closed` is the end; going back to `wrapup`, repeating a status, or wrapping up what TaskRouter has ended already
 * is not a change; an agent whose reservation is gone can still be moved.
 */
export const setStatus = (
  world: World,
  channel: Channel,
  participant: Participant,
  status: "wrapup" | "closed",
  at: number
): "done" | "not-an-agent" | "wrong-state" => {
  if (participant.type !== "agent") return "not-an-agent"
  if (participant.status === "closed" || participant.status === status) return "wrong-state"
  const reservation = reservationOf(world, participant)
  if (status === "wrapup" && reservation !== undefined && isOver(reservation.status)) return "wrong-state"
  if (status === "closed") leave(world, channel, participant)
  else participant.status = status
  moveReservation(world, participant, status === "closed" ? "completed" : "wrapping", at)
  return "done"
}

/** The tasks of a channel that nobody has accepted yet. */
const waiting = (world: World, channel: Channel): ReadonlyArray<OwnTask> =>
  [...world.tasks.values()].filter(
    (task) => task.channel === channel && (task.status === "pending" || task.status === "reserved")
  )

/**
 * Moves a channel, and with it all its agents. Documented: `closed` sets them to wrapping, or to completed where that is asked for;
 * `inactive` to completed; closing a channel once more completes those that are wrapping (as Twilio's own Complete does). Assumed:
 * the tasks of who is on the way are canceled; a channel that is closed does not become inactive; one on which nothing changes is a repeat.
 */
export const setChannel = (
  world: World,
  channel: OwnChannel,
  status: "closed" | "inactive",
  agents: "wrapup" | "closed",
  at: number
): "done" | "wrong-state" => {
  if (channel.status === "setup" || channel.status === "failed") return "wrong-state"
  if (channel.status === "closed" && status === "inactive") return "wrong-state"
  const moving = channel.participants.filter(
    (participant) =>
      participant.type === "agent" &&
      participant.status !== "closed" &&
      (agents === "closed" || participant.status === "active")
  )
  const coming = waiting(world, channel)
  if (channel.status === status && moving.length === 0 && coming.length === 0) return "wrong-state"
  channel.status = status
  for (const participant of moving) {
    if (agents === "closed") leave(world, channel, participant)
    else participant.status = "wrapup"
    moveReservation(world, participant, agents === "closed" ? "completed" : "wrapping", at)
  }
  for (const task of coming) {
    for (const reservation of task.reservations) {
      if (!isOver(reservation.status)) setReservation(world, reservation, "canceled", at)
    }
    setTask(world, task, "canceled", at, `The channel is ${status}`)
  }
  return "done"
}

/** The attributes that Interactions gives to a task (documented: the keys), as JSON. */
const attributesOf = (channel: Channel, invite: string): string => {
  const customer = channel.participants.find(({ type }) => type === "customer")?.name ?? ""
  const address = `+1555${channel.interactionSid.slice(-7).replaceAll(/\D/gu, "0")}`
  return JSON.stringify({
    channelType: channel.type,
    customerName: customer,
    customerAddress: address,
    customers: { phone: address, name: customer },
    conversationSid: `CH${channel.channelSid.slice(2)}`,
    conversations: {
      conversation_id: channel.interactionSid,
      media: [{ type: "ChatTranscript", sid: `CH${channel.channelSid.slice(2)}` }]
    },
    direction: "inbound",
    initiatedBy: "customer",
    flexChannelInviteSid: invite,
    flexInteractionSid: channel.interactionSid,
    flexInteractionChannelSid: channel.channelSid
  })
}

const taskChannels: Partial<Record<Channel["type"], string>> = { voice: "voice", sms: "sms", email: "email" }

interface NewInvite {
  readonly queue?: string
  /** Whom it names; then nobody else is offered its task. */
  readonly worker?: OwnWorker
  readonly attributes?: string
  readonly priority?: number
  /** Of the task. */
  readonly sid?: string
}

/** Invites an agent into a channel. Documented: each invite makes a task of its own. */
export const invite = (world: World, channel: OwnChannel, seed: NewInvite, at: number): OwnTask => {
  const sid = fresh(world, "KG")
  const task = createTask(
    world,
    {
      ...(seed.sid === undefined ? {} : { sid: seed.sid }),
      workspaceSid: flexWorkspace(world).sid,
      attributes: seed.attributes ?? attributesOf(channel, sid),
      queue: seed.queue ?? channel.queue,
      taskChannel: taskChannels[channel.type] ?? "chat",
      routingTarget: seed.worker?.sid ?? null,
      ...(seed.priority === undefined ? {} : { priority: seed.priority }),
      channel
    },
    at
  )
  channel.invites.push({ sid, taskSid: task.sid, properties: snapshot(world, task) })
  return task
}

/** A task as an invite shows it (documented: the example's keys, and numbers for dates). */
const snapshot = (world: World, task: Task) => ({
  account_sid: world.accountSid,
  workspace_sid: task.workspaceSid,
  sid: task.sid,
  date_created: Math.floor(task.created / 1000),
  date_updated: Math.floor(task.created / 1000),
  attributes: task.attributes,
  assignment_status: "pending",
  workflow_sid: named("WW", workflow),
  workflow_name: workflow,
  queue_sid: named("WQ", task.queue),
  queue_name: task.queue,
  priority: task.priority,
  age: 0,
  reason: "",
  timeout: 86_400,
  assignmentCounter: 0,
  task_channel_sid: named("TC", task.taskChannel),
  task_channel_unique_name: task.taskChannel,
  routing_target: task.routingTarget,
  task_queue_entered_date: Math.floor(task.created / 1000),
  age_in_queue: 0,
  addons: "{}"
})

/** What an agent's routing properties say. */
export const routingOf = ({ sid, task, worker }: Reservation): Routing => ({
  task_sid: task.sid,
  worker_sid: worker.sid,
  reservation_sid: sid
})

/** A worker takes a task. Documented: if an interaction invited, an agent joins its channel. */
export const accept = (
  world: World,
  reservation: Reservation,
  at: number,
  participantSid = fresh(world, "UT")
): Participant | undefined => {
  setReservation(world, reservation, "accepted", at)
  const channel = (reservation.task as OwnTask).channel
  if (channel === undefined) return undefined
  return join(channel, { sid: participantSid, type: "agent", name: "", routing: routingOf(reservation) })
}

/**
 * A customer writes. Documented: an inactive channel wakes up, with a new task where the account is set up so; on a closed one the
 * message starts another interaction; on an active one it changes nothing, even if nobody is there to read it.
 */
export const message = (world: World, channel: OwnChannel, at: number): "nothing" | "awake" | "ended" => {
  if (channel.status === "closed") return "ended"
  if (channel.status !== "inactive") return "nothing"
  channel.status = "active"
  if (world.settings.wakeUp === "new-task") invite(world, channel, {}, at)
  return "awake"
}
