/** What customers and agents do, for which Twilio has no operation: a customer writes, an agent is invited and accepts. */
import { accept, invite, isOver, message, reserve, setReservation } from "./Rules.ts"
import { addInteraction, SeedError } from "./Seed.ts"
import {
  type ChannelName,
  flexWorkspace,
  type OwnChannel,
  type OwnTask,
  type OwnWorker,
  type Participant,
  type Task,
  workerNamed,
  type World
} from "./World.ts"

/** What a customer's message did, and in which channel it is. */
export interface Written extends ChannelName {
  /** An inactive channel is `awake` again; a closed one has `ended`, and another interaction has begun; an active one just has it. */
  readonly channel: "awake" | "ended" | "active"
}

export interface People {
  /** A customer writes. */
  readonly message: (channel: ChannelName) => Written
  /** Somebody is invited: the next in the queue, or a worker by `friendly_name`, to whom it is offered at once. */
  readonly invite: (channel: ChannelName, whom?: { readonly worker?: string; readonly queue?: string }) => Task
  /** A task is accepted, by the worker to whom it is offered or by another one who is named. An agent joins its channel, if it has one. */
  readonly accept: (taskSid: string, worker?: string) => Participant | undefined
  /** The worker to whom a task is offered declines: it waits again, or is canceled if it was for nobody else. */
  readonly decline: (taskSid: string) => void
}

/** Each throws a {@link SeedError} that says what is not there, or not so. */
export const make = (world: World): People => {
  const channelOf = ({ channelSid, interactionSid }: ChannelName): OwnChannel => {
    const channel = world.interactions.get(interactionSid)?.get(channelSid)
    if (channel === undefined) throw new SeedError("", `there is no channel ${channelSid} in ${interactionSid}`)
    return channel
  }
  const workerOf = (name: string, workspaceSid = flexWorkspace(world).sid): OwnWorker => {
    const worker = workerNamed(world, workspaceSid, name)
    if (worker === undefined) throw new SeedError("worker", `there is no worker ${name}`)
    return worker
  }
  const taskOf = (taskSid: string): OwnTask => {
    const task = world.tasks.get(taskSid)
    if (task === undefined) throw new SeedError("task_sid", `there is no task ${taskSid}`)
    return task
  }
  const offerOf = (task: OwnTask) => task.reservations.find(({ status }) => status === "pending")

  return {
    message: (name) => {
      const channel = channelOf(name)
      const done = message(world, channel, world.clock.now())
      if (done !== "ended") {
        const { channelSid, interactionSid } = channel
        return { interactionSid, channelSid, channel: done === "awake" ? "awake" : "active" }
      }
      const customer = channel.participants.find(({ type }) => type === "customer")?.name ?? ""
      const { about, queue, type } = channel
      const participants = [{ type: "customer" as const, name: customer }]
      const again = { about, queue, type, participants, minutes: 0, waiting: [{ minutes: 0 }] }
      const interactionSid = addInteraction(world, { channels: [again] }, "interaction")
      const [channelSid = ""] = world.interactions.get(interactionSid)?.keys() ?? []
      return { interactionSid, channelSid, channel: "ended" }
    },
    invite: (name, { queue, worker } = {}) => {
      const channel = channelOf(name)
      const at = world.clock.now()
      const target = worker === undefined ? undefined : workerOf(worker)
      const task = invite(
        world,
        channel,
        { ...(queue === undefined ? {} : { queue }), ...(target === undefined ? {} : { worker: target }) },
        at
      )
      if (target !== undefined) reserve(world, task, target, at)
      return task
    },
    accept: (taskSid, worker) => {
      const task = taskOf(taskSid)
      const offer = offerOf(task)
      const target = worker === undefined ? undefined : workerOf(worker, task.workspaceSid)
      const at = world.clock.now()
      if (offer !== undefined && (target === undefined || offer.worker === target)) return accept(world, offer, at)
      if (task.status !== "pending" || target === undefined) {
        throw new SeedError("task_sid", `${taskSid} is ${task.status}, and cannot be accepted by ${worker ?? "nobody"}`)
      }
      return accept(world, reserve(world, task, target, at), at)
    },
    decline: (taskSid) => {
      const offer = offerOf(taskOf(taskSid))
      if (offer === undefined || isOver(offer.status))
        throw new SeedError("task_sid", `${taskSid} is offered to nobody`)
      setReservation(world, offer, "rejected", world.clock.now())
    }
  }
}
