/** What is read of a channel: who is in it, where each agent stands, who is on the way. Nothing here changes anything. */
import type * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Channels } from "../Channels.ts"
import type { AgentSeen, OnTheWay, Person } from "../Conversation.ts"
import type { ChannelRef, Participant } from "../Participant.ts"
import type { Participants } from "../Participants.ts"
import type * as Sid from "../Sid.ts"
import type { Reservation, Tasks } from "../Tasks.ts"
import { type Reason, TwilioError, UnexpectedResponse } from "../TwilioError.ts"
import * as Deadline from "./deadline.ts"
import { type Read, standingIn } from "./proof.ts"
import { minutesBetween } from "./standing.ts"

/** So many reservations are read at the same time. */
const concurrency = 5

/** Of more agents than this the standing is asked for only on request. */
export const fewAgents = 20

/** No channel has so many participants: a list of more is a mistake, or has no end. */
const manyPeople = 10_000
const tooMany = `the channel lists more than ${manyPeople} participants; nothing was sent`

/** A reservation as it was read, with the name that came with it, and by Twilio's clock when; or why it could not be read. */
export interface Sight {
  /** False: nobody asked. */
  readonly isAsked: boolean
  readonly read: Read
  readonly worker?: string | undefined
  readonly at?: DateTime.Utc | undefined
  readonly unseen?: Reason
}

/** An agent, and what was read. */
export interface Looked {
  readonly participant: Participant
  readonly sight: Sight
}

const isTurnedOff = ({ unseen }: Sight): boolean => unseen?._tag === "Forbidden" && unseen.setting !== undefined

const nothing: Sight = { isAsked: true, read: undefined }
const late: Sight = { ...nothing, unseen: Deadline.late }

/** Who is on the way, or why that could not be read. */
export interface Way {
  readonly onTheWay?: OnTheWay
  readonly unseen?: Reason
}

/** A reservation that was read. */
export const sightOf = ({ asOf, dateUpdated, status, workerName }: Reservation): Sight => ({
  isAsked: true,
  read: status === undefined ? undefined : { status, updated: dateUpdated },
  worker: workerName,
  at: asOf
})

/** Nothing, for an agent of whom it was not asked. */
export const seenAs = ({ at, isAsked, read, worker }: Sight) => {
  if (!isAsked) return undefined
  const since = read === undefined || read === "gone" ? undefined : read.updated
  return {
    standing: standingIn(read),
    ...(since === undefined ? undefined : { since }),
    ...(since === undefined || at === undefined ? undefined : { minutes: minutesBetween(since, at) }),
    ...(worker === undefined ? undefined : { worker })
  }
}

export const personAs = ({ participant, sight }: Looked): Person => ({ ...participant, ...seenAs(sight) })

export const agentAs = (looked: Looked): AgentSeen => ({
  ...personAs(looked),
  standing: standingIn(looked.sight.read)
})

export const unseenOf = (agents: ReadonlyArray<Looked>): Reason | undefined =>
  agents.find(({ sight }) => sight.unseen !== undefined)?.sight.unseen

/**
 * In a workspace that does not exist everybody would be gone. The list of its tasks, which is never missing where the
 * workspace is there, tells: then nobody knows.
 */
export const doubted = (agents: ReadonlyArray<Looked>, { unseen }: Way): ReadonlyArray<Looked> =>
  unseen?._tag !== "NotFound"
    ? agents
    : agents.map((looked) => (looked.sight.read === "gone" ? { ...looked, sight: { ...nothing, unseen } } : looked))

export const unseenAs = (unseen: Reason | undefined) => (unseen === undefined ? undefined : { unseen })

export const notAsked = (participant: Participant): Looked => ({
  participant,
  sight: { isAsked: false, read: undefined }
})

export const make = (services: {
  readonly channels: Channels["Service"]
  readonly participants: Participants["Service"]
  readonly tasks: Tasks["Service"]
}) => {
  const { channels, participants, tasks } = services

  /** Never fails: what can't be read is unknown, and says why. A reply that proves a change comes over a connection of its own. */
  const reservation = (
    taskSid: Sid.TaskSid,
    reservationSid: Sid.ReservationSid,
    connection?: "fresh"
  ): Effect.Effect<Sight> =>
    tasks.reservation(taskSid, reservationSid, connection === undefined ? {} : { connection }).pipe(
      Effect.map(sightOf),
      Effect.catch(({ operation, reason }): Effect.Effect<Sight> =>
        // Not the 404 of the workspace, without which nothing is known of any task; nor that of a gateway, which has no code.
        Effect.succeed(
          reason._tag === "NotFound" && reason.code !== undefined && operation === "Tasks.reservation"
            ? { isAsked: true, read: "gone" }
            : { ...nothing, unseen: reason }
        )
      )
    )

  const agent = (participant: Participant, connection?: "fresh"): Effect.Effect<Sight> => {
    const { reservationSid, taskSid } = participant.routingProperties ?? {}
    return taskSid === undefined || reservationSid === undefined
      ? Effect.succeed(nothing)
      : reservation(taskSid, reservationSid, connection)
  }

  /**
   * Where agents stand: a few at a time, and of many only the last who came, who are the likeliest to be in it still. Half of
   * the time that is left is for this, unless `share` says otherwise; those who are not read by then are unknown.
   */
  const agents = Effect.fnUntraced(function* (
    everyone: ReadonlyArray<Participant>,
    deadline: Deadline.Deadline,
    options: { readonly every?: boolean; readonly connection?: "fresh"; readonly share?: number } = {}
  ) {
    const first = options.every === true ? 0 : Math.max(0, everyone.length - fewAgents)
    const found = everyone.map((participant, index): Looked =>
      index < first ? notAsked(participant) : { participant, sight: late }
    )
    // What is turned off for one is so for all: the others are not asked.
    let off: Sight | undefined
    yield* Effect.forEach(
      everyone.slice(first),
      (participant, index) => {
        const see = (sight: Sight) => {
          if (isTurnedOff(sight)) off = sight
          found[first + index] = { participant, sight }
        }
        if (off === undefined) return Effect.map(agent(participant, options.connection), see)
        see(off)
        return Effect.void
      },
      { concurrency, discard: true }
    ).pipe(Deadline.within(deadline, () => Effect.void, options.share ?? 0.5))
    return found as ReadonlyArray<Looked>
  })

  /** Tasks of the channel that wait for an agent, or for an agent's answer; not this one. */
  const onTheWay = (channel: ChannelRef, except: Sid.TaskSid | undefined): Effect.Effect<OnTheWay, TwilioError> =>
    tasks.stream({ channel, statuses: ["pending", "reserved"] }).pipe(
      Stream.filter(({ sid }) => sid === undefined || sid !== except),
      Stream.runFold(
        () => ({ queued: 0, offered: 0 }),
        ({ offered, queued }, { status }) => ({
          queued: queued + (status === "pending" ? 1 : 0),
          offered: offered + (status === "reserved" ? 1 : 0)
        })
      )
    )

  /** Never fails: {@link onTheWay}, in half of the time that is left, or why it could not be read. */
  const way = (channel: ChannelRef, except: Sid.TaskSid | undefined, deadline: Deadline.Deadline): Effect.Effect<Way> =>
    onTheWay(channel, except).pipe(
      Effect.map((onTheWay): Way => ({ onTheWay })),
      Effect.catch(({ reason }) => Effect.succeed<Way>({ unseen: reason })),
      Deadline.within(deadline, () => Effect.succeed<Way>({ unseen: Deadline.late }), 0.5)
    )

  /** The channel's status, or why it could not be read. */
  const channelStatus = (channel: ChannelRef): Effect.Effect<{ readonly channel?: string; readonly unseen?: Reason }> =>
    channels.get(channel, { connection: "fresh" }).pipe(
      Effect.map(({ status }) => (status === undefined ? {} : { channel: status })),
      Effect.catch(({ reason }) => Effect.succeed({ unseen: reason }))
    )

  return {
    agent,
    agents,
    way,
    channelStatus,
    channel: (channel: ChannelRef, connection?: "fresh") =>
      channels.get(channel, connection === undefined ? {} : { connection }),
    /** Everybody whom the channel lists; a list that does not end is none. */
    everyone: (channel: ChannelRef): Effect.Effect<ReadonlyArray<Participant>, TwilioError> =>
      participants.list(channel, { limit: manyPeople + 1 }).pipe(
        Effect.filterOrFail(
          (everyone) => everyone.length <= manyPeople,
          () =>
            new TwilioError({ operation: "Participants.list", reason: new UnexpectedResponse({ problem: tooMany }) })
        )
      )
  }
}

export type Look = ReturnType<typeof make>
