/** What a supervisor would want to see, as JSON: conversations, where each agent stands, who is alone, who is on the way. */
import type { Controlled } from "./Controlled.ts"
import { type Channel, indexFrom, type Participant, type Reservation, type Task, type Worker } from "./World.ts"

/** Where an agent stands, by the reservation. */
export type Standing = "invited" | "active" | "wrapping" | "left" | "gone"

type Shown = Pick<Controlled, "clock" | "faults" | "requests" | "settings" | "state" | "taskrouter">

export const state = (sandbox: Shown, interactions?: number, participants?: number) => {
  const waiting = waitingIn(sandbox)
  return {
    now: new Date(sandbox.clock.now()).toISOString(),
    interaction_count: sandbox.state.size,
    interactions: [...sandbox.state.keys()]
      .slice(0, interactions)
      .map((sid) => interaction(sandbox, sid, participants, waiting)),
    workers: workers(sandbox),
    settings: sandbox.settings,
    faults: sandbox.faults.list(),
    requests: sandbox.requests
  }
}

export const interaction = (sandbox: Shown, sid: string, participants?: number, waiting = waitingIn(sandbox)) => ({
  sid,
  channels: [...(sandbox.state.get(sid)?.values() ?? [])].map((each) =>
    channel(sandbox, each, waiting.get(each) ?? [], participants)
  )
})

const channel = (sandbox: Shown, channel: Channel, waiting: ReadonlyArray<Task>, limit?: number) => {
  const isListed = (participant: Participant) =>
    channel.listed[indexFrom(channel, participant.position)] === participant
  return {
    sid: channel.channelSid,
    about: channel.about,
    type: channel.type,
    status: channel.status,
    queue: channel.queue,
    customer_alone:
      channel.status === "active" &&
      waiting.length === 0 &&
      channel.participants.some(({ type }) => type === "customer") &&
      !channel.participants.some((participant) => standingOf(sandbox, participant) === "active"),
    on_the_way: waiting.map((task) => ({
      task_sid: task.sid,
      queue: task.queue,
      worker: offeredTo(task),
      minutes: minutesSince(sandbox, task.updated)
    })),
    participant_count: channel.participants.length,
    participants: channel.participants.slice(0, limit).map((each) => participant(sandbox, each, isListed(each)))
  }
}

export const participant = (sandbox: Shown, participant: Participant, listed: boolean) => {
  const { name, routing, sid, status, type } = participant
  const reservation = reservationOf(sandbox, participant)
  return {
    sid,
    type,
    name: type === "agent" ? fullName(sandbox, participant) : name,
    status: type === "agent" ? status : null,
    standing: standingOf(sandbox, participant),
    minutes: reservation === undefined ? null : minutesSince(sandbox, reservation.updated),
    listed,
    routing_properties: routing
  }
}

const workers = ({ taskrouter }: Shown) => {
  const [flex] = taskrouter.workspaces.keys()
  return [...taskrouter.workers.values()]
    .filter(({ workspaceSid }) => workspaceSid === flex)
    .map((worker) => {
      const { activity, name, reservations, sid } = worker
      const count = (wanted: Reservation["status"]) => reservations.filter(({ status }) => status === wanted).length
      return {
        sid,
        friendly_name: name,
        full_name: fullNameOf(worker),
        activity_name: activity,
        active: count("accepted"),
        wrapping: count("wrapping")
      }
    })
}

const fullNameOf = ({ attributes, name }: Worker): string => String(attributes["full_name"] ?? name)

const offeredTo = ({ reservations }: Task): string | null => {
  const offer = reservations.find(({ status }) => status === "pending")
  return offer === undefined ? null : fullNameOf(offer.worker)
}

/** The tasks that nobody has accepted yet, by channel. */
const waitingIn = ({ taskrouter }: Shown): ReadonlyMap<Channel, ReadonlyArray<Task>> => {
  const found = new Map<Channel, Array<Task>>()
  for (const task of taskrouter.tasks.values()) {
    if (task.channel === undefined || (task.status !== "pending" && task.status !== "reserved")) continue
    const tasks = found.get(task.channel) ?? []
    tasks.push(task)
    found.set(task.channel, tasks)
  }
  return found
}

const reservationOf = ({ taskrouter }: Shown, { routing }: Participant): Reservation | undefined =>
  taskrouter.reservations.get(String(routing?.["reservation_sid"]))

const standingOf = (sandbox: Shown, participant: Participant): Standing | null => {
  if (participant.type !== "agent") return null
  switch (reservationOf(sandbox, participant)?.status) {
    case undefined:
      return "gone"
    case "pending":
    case "onHold":
      return "invited"
    case "accepted":
      return "active"
    case "wrapping":
      return "wrapping"
    default:
      return "left"
  }
}

const fullName = ({ taskrouter }: Shown, { routing }: Participant): string => {
  const worker = taskrouter.workers.get(String(routing?.["worker_sid"]))
  return worker === undefined ? "" : fullNameOf(worker)
}

const minutesSince = ({ clock }: Shown, at: number): number => Math.floor((clock.now() - at) / 60_000)
