/** Moving one agent: what it would meet, the change, and what became of it. */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { LastAgent, type Moved, type Plan, type Result, type Standing } from "../Conversation.ts"
import type { Participant, ParticipantRef, ParticipantStatus } from "../Participant.ts"
import type { Participants } from "../Participants.ts"
import { Conflict, NotFound, type Reason, TwilioError } from "../TwilioError.ts"
import * as Change from "./change.ts"
import * as Deadline from "./deadline.ts"
import {
  doubted,
  type Look,
  type Looked,
  notAsked,
  personAs,
  type Sight,
  unseenAs,
  unseenOf,
  type Way
} from "./look.ts"
import { ofMove, type Reading, standingIn, targetOf } from "./proof.ts"
import { dependsOnTheWay, isAlone } from "./standing.ts"

const operation = "Conversations.move"

export interface PlanOptions {
  /** For `wrapup` too: read where the others stand and who is on the way. */
  readonly company?: boolean | undefined
}

export interface MoveOptions extends PlanOptions {
  readonly ifLast?: "refuse" | "allow" | undefined
  readonly plan?: Plan | undefined
}

/** A plan, and the readings behind it. */
interface Prepared {
  readonly plan: Plan
  /** When reading began. */
  readonly since: number
  readonly own: Looked
  readonly others: ReadonlyArray<Looked>
  readonly hasCustomer: boolean
  /** The others, and who is on the way, were asked for. */
  readonly asks: boolean
}

interface After {
  readonly sight: Sight
  readonly channel?: string
  readonly unseen?: Reason
}

/** How long it is remembered that an agent was moved and reading did not show it. */
const memory = 10 * 60_000

export const make = (look: Look, participants: Participants["Service"], turns: Change.Turns) => {
  const prepared = new WeakMap<Plan, Prepared>()

  /**
   * Agents whose change Twilio accepted, or may have accepted, and whose reservation did not show it yet. As long as it has
   * the same date they are no company for a customer, or perhaps none.
   */
  const leaving = new Map<
    string,
    { readonly date: number | undefined; readonly isSure: boolean; readonly at: number }
  >()

  const remember = (participantSid: string, sight: Sight, isSure: boolean) =>
    Effect.map(Deadline.now, (now) => {
      for (const [sid, { at }] of leaving) {
        if (now - at > memory) leaving.delete(sid)
      }
      leaving.set(participantSid.toLowerCase(), { date: dateOf(sight), isSure, at: now })
    })

  const forget = (participantSid: string) => Effect.sync(() => leaving.delete(participantSid.toLowerCase()))

  /** Where an agent stands for the question whether a customer has company. */
  const companyOf = ({ participant, sight }: Looked): Standing => {
    const standing = standingIn(sight.read)
    const left = leaving.get(participant.sid?.toLowerCase() ?? "")
    if (standing !== "active" || left === undefined || left.date !== dateOf(sight)) return standing
    return left.isSure ? "left" : "unknown"
  }

  /** Who is on the way, if the answer depends on it. */
  const wayOf = (
    company: Parameters<typeof dependsOnTheWay>[0],
    own: Participant,
    ref: ParticipantRef,
    deadline: Deadline.Deadline
  ): Effect.Effect<Way> =>
    dependsOnTheWay(company) ? look.way(ref, own.routingProperties?.taskSid, deadline) : Effect.succeed({})

  const prepare = Effect.fnUntraced(function* (
    ref: ParticipantRef,
    status: ParticipantStatus,
    asks: boolean,
    deadline: Deadline.Deadline
  ) {
    const since = yield* Deadline.now
    const [everyone, { status: channelStatus }] = yield* Effect.all([look.everyone(ref), look.channel(ref, "fresh")], {
      concurrency: 2
    }).pipe(Deadline.within(deadline, () => Effect.fail(Deadline.tooLate(operation)), 0.5))
    const participant = yield* agentOf(everyone, ref)
    const colleagues = everyone.filter((other) => other.type === "agent" && other !== participant)
    const [mine, theirs] = yield* Effect.all(
      [
        // What proves the change rests on this reading too: it comes over a connection of its own.
        look.agents([participant], deadline, { connection: "fresh" }),
        asks ? look.agents(colleagues, deadline) : Effect.succeed(colleagues.map(notAsked))
      ],
      { concurrency: 2 }
    )
    const hasCustomer = everyone.some(({ type }) => type === "customer")
    const company = { channelStatus, hasCustomer, agents: theirs.map(companyOf) }
    const unseen = unseenOf([...mine, ...theirs])
    const way = asks && unseen === undefined ? yield* wayOf(company, participant, ref, deadline) : {}
    const [own = notAsked(participant)] = doubted(mine, way)
    const others = doubted(theirs, way)
    const customerAlone = isAlone({ ...company, onTheWay: way.onTheWay })
    const plan: Plan = {
      agent: { ...personAs(own), standing: standingIn(own.sight.read), sid: ref.participantSid },
      status,
      ...(channelStatus === undefined ? undefined : { channelStatus }),
      others: others.map(personAs),
      ...(way.onTheWay === undefined ? undefined : { onTheWay: way.onTheWay }),
      customerAlone,
      customerAloneNow: isAlone({
        ...company,
        agents: [companyOf(own), ...company.agents],
        onTheWay: way.onTheWay
      }),
      alreadyThere: status === "wrapup" && standingIn(own.sight.read) === "wrapping",
      lastAgent: status === "closed" && customerAlone === true,
      ...unseenAs(unseen ?? way.unseen)
    }
    const found: Prepared = { plan, since, own, others, hasCustomer, asks }
    prepared.set(plan, found)
    return found
  })

  /** What a plan was made of, if it is about this change and nothing was changed since. */
  const reuse = Effect.fnUntraced(function* (
    plan: Plan | undefined,
    ref: ParticipantRef,
    status: ParticipantStatus,
    asks: boolean
  ) {
    const found = plan === undefined ? undefined : prepared.get(plan)
    if (found === undefined || found.plan.status !== status || (asks && !found.asks)) return undefined
    const { channelSid, interactionSid, sid } = found.plan.agent
    const isSame = channelSid === ref.channelSid && interactionSid === ref.interactionSid && sid === ref.participantSid
    return isSame && (yield* turns.isFresh(ref.channelSid, found.since)) ? found : undefined
  })

  const readAfter = (ref: ParticipantRef, own: Looked): Effect.Effect<After> =>
    Effect.map(
      Effect.all([look.agent(own.participant, "fresh"), look.channelStatus(ref)], { concurrency: 2 }),
      ([sight, channel]) => ({ sight, ...channel })
    )

  const movedAs = (
    { hasCustomer, others, own, plan }: Prepared,
    result: Result,
    after: After | undefined,
    way: Way
  ): Moved => {
    // The name is there even where the last reading could not be read.
    const looked = after === undefined ? own : { ...own, sight: { worker: own.sight.worker, ...after.sight } }
    const channelStatus = after?.channel ?? plan.channelStatus
    const unseen = after?.sight.unseen ?? after?.unseen ?? unseenOf(others) ?? way.unseen ?? plan.unseen
    return {
      result,
      status: plan.status,
      agent: { ...personAs(looked), standing: standingIn(looked.sight.read), sid: plan.agent.sid },
      ...(channelStatus === undefined ? undefined : { channelStatus }),
      others: others.map(personAs),
      ...(way.onTheWay === undefined ? undefined : { onTheWay: way.onTheWay }),
      customerAlone: isAlone({ channelStatus, hasCustomer, agents: others.map(companyOf), onTheWay: way.onTheWay }),
      ...unseenAs(unseen)
    }
  }

  const seenAs = ({ channel, sight }: After): Change.Seen => ({
    standing: standingIn(sight.read),
    ...(channel === undefined ? undefined : { channelStatus: channel }),
    at: sight.at
  })

  /** Who is left, and who is on the way: somebody may have gone at the same time, in another process. */
  const lookAgain = Effect.fnUntraced(function* (
    found: Prepared,
    after: After | undefined,
    ref: ParticipantRef,
    deadline: Deadline.Deadline
  ) {
    const { hasCustomer, others, own, plan } = found
    const stay = others.filter(({ sight }) => !["left", "gone"].includes(standingIn(sight.read)))
    const again =
      plan.unseen === undefined
        ? yield* look.agents(
            stay.map(({ participant }) => participant),
            deadline
          )
        : stay
    const bySid = new Map(stay.map((other, index) => [other, again[index] ?? other]))
    const left = others.map((other) => bySid.get(other) ?? other)
    const company = { channelStatus: after?.channel ?? plan.channelStatus, hasCustomer, agents: left.map(companyOf) }
    const isNobody = plan.onTheWay !== undefined && plan.onTheWay.queued + plan.onTheWay.offered === 0
    const way =
      plan.unseen !== undefined || isNobody ? wayIn(plan) : yield* wayOf(company, own.participant, ref, deadline)
    // Somebody who was on the way may have come: then they are in the list, and the customer is not alone.
    const isCertain = plan.unseen !== undefined || isAlone({ ...company, onTheWay: way.onTheWay }) === false
    const joined = isCertain ? [] : yield* newcomers([own, ...others], ref, deadline)
    return { found: { ...found, others: [...left, ...joined] }, way }
  })

  /** Agents whom the channel lists now and did not list before. */
  const newcomers = Effect.fnUntraced(function* (
    known: ReadonlyArray<Looked>,
    ref: ParticipantRef,
    deadline: Deadline.Deadline
  ) {
    const sids = new Set(known.map(({ participant }) => participant.sid?.toLowerCase()))
    const everyone = yield* look.everyone(ref).pipe(
      Effect.orElseSucceed((): ReadonlyArray<Participant> => []),
      Deadline.within(deadline, () => Effect.succeed<ReadonlyArray<Participant>>([]), 0.5)
    )
    const joined = everyone.filter(({ sid, type }) => type === "agent" && !sids.has(sid?.toLowerCase()))
    return yield* look.agents(joined, deadline)
  })

  /** Twilio refused it for the state that things are in: does reading show why? */
  const afterRefusal = Effect.fnUntraced(function* (
    found: Prepared,
    before: Reading,
    error: TwilioError,
    ref: ParticipantRef,
    deadline: Deadline.Deadline
  ) {
    const { own, plan } = found
    const after = yield* readAfter(ref, own).pipe(Deadline.within(deadline, () => Effect.fail(error)))
    const { read } = after.sight
    // Nobody can tell from what is gone or unknown, before or after.
    const wasIn = before.reservation !== undefined && before.reservation !== "gone" && plan.agent.standing !== "left"
    const isThere = read !== undefined && read !== "gone" && read.status === targetOf[plan.status]
    if (!wasIn || (!isThere && standingIn(read) !== "left")) return yield* error
    return movedAs(found, isThere && after.channel === before.channel ? "already" : "wider", after, wayIn(plan))
  })

  const moveInTurn = Effect.fnUntraced(function* (
    ref: ParticipantRef,
    status: ParticipantStatus,
    options: MoveOptions,
    deadline: Deadline.Deadline
  ) {
    const asks = status === "closed" || options.company === true
    const found = (yield* reuse(options.plan, ref, status, asks)) ?? (yield* prepare(ref, status, asks, deadline))
    const { own, plan } = found
    if (plan.alreadyThere) return movedAs(found, "already", undefined, wayIn(plan))
    if (status === "wrapup" && plan.agent.standing === "left") return yield* hasLeft(plan)
    if (plan.lastAgent && options.ifLast !== "allow") return yield* lastAgent(plan)

    const before: Reading = { reservation: own.sight.read, channel: plan.channelStatus }
    yield* Change.nextSecond(own.sight)
    yield* turns.touch(ref.channelSid)
    // Until more is known; if the call is interrupted, that is all that ever will be.
    yield* remember(ref.participantSid, own.sight, false)
    const came = yield* Change.send(participants.setStatus(ref, status), operation, deadline)
    if (came.answer === "refused") {
      yield* forget(ref.participantSid)
      if (!Change.isForTheState(came.error)) return yield* came.error
      // A refusal without Twilio's code is a gateway's: the participant may be attached still.
      if (status === "closed" && plan.agent.standing === "left") {
        if (came.error.code === undefined) return yield* came.error
        return movedAs(found, "already", undefined, wayIn(plan))
      }
      return yield* afterRefusal(found, before, came.error, ref, deadline)
    }

    const { reading, verdict } = yield* Change.prove(
      readAfter(ref, own),
      {
        answer: came.answer,
        judge: ({ channel, sight }) => ofMove(status, before, { reservation: sight.read, channel }, came.answer),
        isBlind: ({ sight }) => sight.read === undefined,
        operation
      },
      deadline
    )
    yield* turns.touch(ref.channelSid)
    yield* verdict === "confirmed" || verdict === "wider"
      ? forget(ref.participantSid)
      : remember(ref.participantSid, own.sight, came.answer === "accepted")
    if (came.answer === "lost" && verdict === "unknown") {
      return yield* Change.unknown(came, reading === undefined ? undefined : seenAs(reading))
    }
    const result = verdict === "unknown" ? "accepted" : verdict
    if (status === "wrapup") return movedAs(found, result, reading, wayIn(plan))
    const soon = Math.min(deadline, yield* Deadline.after("5 seconds"))
    const again = yield* lookAgain(found, reading, ref, soon)
    return movedAs(again.found, result, reading, again.way)
  })

  return { prepare, moveInTurn }
}

const dateOf = ({ read }: Sight): number | undefined =>
  read === undefined || read === "gone" || read.updated === undefined ? undefined : DateTime.toEpochMillis(read.updated)

const wayIn = ({ onTheWay }: Plan): Way => (onTheWay === undefined ? {} : { onTheWay })

const refused = (reason: Reason) => new TwilioError({ operation, reason })

const agentOf = (everyone: ReadonlyArray<Participant>, { participantSid }: ParticipantRef) => {
  const found = everyone.find(({ sid }) => sid?.toLowerCase() === participantSid.toLowerCase())
  if (found === undefined) {
    return Effect.fail(
      refused(new NotFound({ problem: "the channel lists no participant with this SID: nothing was sent" }))
    )
  }
  if (found.type === "agent") return Effect.succeed(found)
  const type = JSON.stringify(found.type.slice(0, 50))
  const problem = `only agents can be moved, and this participant's type is ${type}: nothing was sent`
  return Effect.fail(refused(new Conflict({ problem })))
}

const hasLeft = ({ agent }: Plan) => {
  const since = agent.since === undefined ? "" : ` since ${DateTime.formatIso(agent.since)}`
  return refused(
    new Conflict({
      problem: `the agent has left${since}, and only one who is still there can wrap up: nothing was sent`
    })
  )
}

const lastAgent = ({ agent, onTheWay, others }: Plan) =>
  new LastAgent({
    interactionSid: agent.interactionSid,
    channelSid: agent.channelSid,
    participantSid: agent.sid,
    ...(agent.worker === undefined ? undefined : { worker: agent.worker }),
    others: others.length,
    ...(onTheWay === undefined ? undefined : { onTheWay })
  })
