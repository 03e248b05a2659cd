/**
 * The operations by hand, step by step, as a good script does them: what does not depend on each other at once, and the rest in turn. No
 * timeout, no retry, no check of what came.
 */
import { wrapping } from "../operations.ts"
import type { Operations } from "./operating.ts"

export interface Participant {
  readonly sid: string
  readonly type: string
  readonly routing: { readonly task: string; readonly reservation: string } | undefined
}

interface Reservation {
  readonly status: string
  readonly worker: string
}

interface Channel {
  readonly interactionSid: string
  readonly channelSid: string
}

/** The requests, by whatever client. */
export interface Client {
  readonly list: (channel: Channel) => Promise<number>
  readonly participants: (channel: Channel) => Promise<ReadonlyArray<Participant>>
  readonly channelStatus: (channel: Channel) => Promise<string>
  readonly reservation: (task: string, reservation: string) => Promise<Reservation>
  readonly reservations: (task: string) => Promise<ReadonlyArray<Reservation & { readonly sid: string }>>
  readonly tasks: (filter: {
    readonly status: ReadonlyArray<string>
    readonly expression?: string
  }) => Promise<ReadonlyArray<{ readonly sid: string; readonly channel: Channel }>>
  readonly setStatus: (channel: Channel, participant: string, status: string) => Promise<unknown>
  readonly close: (channel: Channel) => Promise<unknown>
}

const isAgent = ({ type }: Participant) => type === "agent"

export const byHand = (client: Client): Operations => {
  const roster = async (channel: Channel) => {
    const [participants, status] = await Promise.all([client.participants(channel), client.channelStatus(channel)])
    const agents = await Promise.all(
      participants.filter(isAgent).map(async ({ routing, sid }) => ({
        sid,
        routing: { task: "", reservation: "", ...routing },
        seen: await client.reservation(routing?.task ?? "", routing?.reservation ?? "")
      }))
    )
    return { status, agents }
  }

  return {
    list: client.list,
    roster,
    find: async () => {
      const found: Array<unknown> = []
      for (const { channel, sid } of await client.tasks({ status: ["wrapping"] })) {
        const [reservations, participants] = await Promise.all([client.reservations(sid), client.participants(channel)])
        const wrapping = reservations.filter(({ status }) => status === "wrapping")
        for (const { sid: reservation, worker } of wrapping) {
          const participant = participants.find(({ routing }) => routing?.reservation === reservation)
          found.push({ worker, channel, participant: participant?.sid })
        }
      }
      if (found.length !== wrapping) throw new Error(`${found.length} in wrap-up`)
    },
    move: async (ref) => {
      const [participants, status] = await Promise.all([client.participants(ref), client.channelStatus(ref)])
      const agent = participants.find(({ sid }) => sid === ref.participantSid)
      const { task, reservation } = agent?.routing ?? { task: "", reservation: "" }
      const before = await client.reservation(task, reservation)
      if (status !== "active" || before.status !== "accepted") throw new Error(`not active: ${before.status}`)
      await client.setStatus(ref, ref.participantSid, "wrapup")
      const [after] = await Promise.all([client.reservation(task, reservation), client.channelStatus(ref)])
      if (after.status !== "wrapping") throw new Error(`not moved: ${after.status}`)
    },
    end: async (channel) => {
      const { agents } = await roster(channel)
      await client.close(channel)
      const [status, ...after] = await Promise.all([
        client.channelStatus(channel),
        ...agents.map(async ({ routing }) => (await client.reservation(routing.task, routing.reservation)).status)
      ])
      if (status !== "closed" || after.includes("accepted")) throw new Error(`not ended: ${status}, ${after.join()}`)
    }
  }
}
