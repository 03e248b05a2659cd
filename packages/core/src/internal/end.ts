/** Ending a channel: what it would meet, the change, and what became of it. */
import * as Effect from "effect/Effect"
import type { Channels } from "../Channels.ts"
import type { Ended, EndPlan, EndStatus, Result } from "../Conversation.ts"
import type { ChannelRef } from "../Participant.ts"
import type { Reason } from "../TwilioError.ts"
import * as Change from "./change.ts"
import * as Deadline from "./deadline.ts"
import { type Look, type Looked, agentAs, unseenAs, unseenOf } from "./look.ts"
import { type ChannelReading, ofEnd, standingIn } from "./proof.ts"

const operation = "Conversations.end"

export interface EndOptions {
  readonly plan?: EndPlan | undefined
}

/** A plan, and the readings behind it. */
interface Prepared {
  readonly plan: EndPlan
  /** When reading began. */
  readonly since: number
  readonly agents: ReadonlyArray<Looked>
}

interface After {
  readonly channel?: string
  readonly unseen?: Reason
  readonly agents: ReadonlyArray<Looked>
}

const hasLeft = ({ sight }: Looked) => standingIn(sight.read) === "left"

export const make = (look: Look, channels: Channels["Service"], turns: Change.Turns) => {
  const prepared = new WeakMap<EndPlan, Prepared>()

  const prepare = Effect.fnUntraced(function* (ref: ChannelRef, status: EndStatus, deadline: Deadline.Deadline) {
    const since = yield* Deadline.now
    const [everyone, channel] = yield* Effect.all([look.everyone(ref), look.channel(ref)], { concurrency: 2 }).pipe(
      Deadline.within(deadline, () => Effect.fail(Deadline.tooLate(operation)), 0.5)
    )
    const agents = yield* look.agents(
      everyone.filter(({ type }) => type === "agent"),
      deadline
    )
    // Agents who have left stay so; the channel was read before them, and may be another's change further by now.
    const mayBeThere = channel.status === status && agents.every(hasLeft)
    const again: { readonly channel?: string } = mayBeThere
      ? yield* look.channelStatus(ref).pipe(Deadline.within(deadline, () => Effect.succeed({}), 0.5))
      : {}
    const channelStatus = again.channel ?? channel.status
    const plan: EndPlan = {
      interactionSid: ref.interactionSid,
      channelSid: ref.channelSid,
      status,
      ...(channelStatus === undefined ? undefined : { channelStatus }),
      agents: agents.map(agentAs),
      alreadyThere: mayBeThere && channelStatus === status,
      ...unseenAs(unseenOf(agents))
    }
    const found: Prepared = { plan, since, agents }
    prepared.set(plan, found)
    return found
  })

  const reuse = Effect.fnUntraced(function* (plan: EndPlan | undefined, ref: ChannelRef, status: EndStatus) {
    const found = plan === undefined ? undefined : prepared.get(plan)
    if (found === undefined || found.plan.status !== status) return undefined
    const isSame = found.plan.channelSid === ref.channelSid && found.plan.interactionSid === ref.interactionSid
    return isSame && (yield* turns.isFresh(ref.channelSid, found.since)) ? found : undefined
  })

  const endedAs = ({ agents, plan }: Prepared, result: Result, after?: After): Ended => {
    const { agents: _, alreadyThere: __, unseen, channelStatus, ...channel } = plan
    const now = after?.agents ?? agents
    const status = after?.channel ?? channelStatus
    return {
      ...channel,
      result,
      ...(status === undefined ? undefined : { channelStatus: status }),
      agents: now.map(agentAs),
      ...unseenAs(unseenOf(now) ?? after?.unseen ?? unseen)
    }
  }

  /** Those who had left before have not come back. */
  const readAfter = (
    ref: ChannelRef,
    agents: ReadonlyArray<Looked>,
    deadline: Deadline.Deadline
  ): Effect.Effect<After> => {
    const stay = agents.filter((agent) => !hasLeft(agent))
    return Effect.map(
      Effect.all(
        [
          look.agents(
            stay.map(({ participant }) => participant),
            deadline,
            { connection: "fresh", share: 1 }
          ),
          look.channelStatus(ref)
        ],
        { concurrency: 2 }
      ),
      ([again, channel]) => {
        const now = new Map(stay.map((agent, index) => [agent, again[index] ?? agent]))
        return { ...channel, agents: agents.map((agent) => now.get(agent) ?? agent) }
      }
    )
  }

  const readingOf = (channel: string | undefined, agents: ReadonlyArray<Looked>): ChannelReading => ({
    channel,
    agents: agents.map(({ sight }) => sight.read)
  })

  const seenAs = ({ channel }: After): Change.Seen => ({
    ...(channel === undefined ? undefined : { channelStatus: channel }),
    at: undefined
  })

  const endInTurn = Effect.fnUntraced(function* (
    ref: ChannelRef,
    status: EndStatus,
    options: EndOptions,
    deadline: Deadline.Deadline
  ) {
    const found = (yield* reuse(options.plan, ref, status)) ?? (yield* prepare(ref, status, deadline))
    const { agents, plan } = found
    if (plan.alreadyThere) return endedAs(found, "already")

    yield* Effect.forEach(agents, ({ sight }) => Change.nextSecond(sight), { concurrency: "unbounded", discard: true })
    yield* turns.touch(ref.channelSid)
    const came = yield* Change.send(channels.update(ref, { status, agents: "completed" }), operation, deadline)
    const before = readingOf(plan.channelStatus, agents)
    if (came.answer === "refused") {
      if (!Change.isForTheState(came.error)) return yield* came.error
      const after = yield* readAfter(ref, agents, deadline).pipe(
        Deadline.within(deadline, () => Effect.fail(came.error))
      )
      // Where nobody can tell who is left, it is not said that nobody is.
      const stays = after.agents.some(({ sight }) => !["left", "gone"].includes(standingIn(sight.read)))
      if (after.channel === status && !stays) return endedAs(found, "already", after)
      // It was closed meanwhile, and can't become inactive any more.
      const isWider = after.channel === "closed" && plan.channelStatus !== "closed" && !stays
      return isWider ? endedAs(found, "wider", after) : yield* came.error
    }
    const { reading, verdict } = yield* Change.prove(
      readAfter(ref, agents, deadline),
      {
        answer: came.answer,
        operation,
        judge: (after) => ofEnd(status, before, readingOf(after.channel, after.agents), came.answer),
        isBlind: ({ channel }) => channel === undefined
      },
      deadline
    )
    yield* turns.touch(ref.channelSid)
    if (came.answer === "lost" && verdict === "unknown") {
      return yield* Change.unknown(came, reading === undefined ? undefined : seenAs(reading))
    }
    return endedAs(found, verdict === "unknown" ? "accepted" : verdict, reading)
  })

  return { prepare, endInTurn }
}
