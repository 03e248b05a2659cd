/** Everyone in a channel, and whether the customer is alone. */
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Person, Roster } from "../Conversation.ts"
import type { ChannelRef, Participant } from "../Participant.ts"
import type * as Sid from "../Sid.ts"
import type { TwilioError } from "../TwilioError.ts"
import type { Workers } from "../Workers.ts"
import * as Deadline from "./deadline.ts"
import { doubted, type Look, personAs, unseenAs, unseenOf } from "./look.ts"
import { standingIn } from "./proof.ts"
import { isAlone } from "./standing.ts"

const operation = "Conversations.roster"

export interface RosterOptions {
  /** Look up who is on the way, even where an agent is active. */
  readonly onTheWay?: boolean | undefined
  /** Ask where each agent stands, however many there are. */
  readonly everyStanding?: boolean | undefined
  /** Look up the full name and the e-mail address of each agent: a request for each worker who is not known yet. */
  readonly fullNames?: boolean | undefined
}

/** More names than a contact centre has agents at work. */
const names = 10_000

type Names = Pick<Person, "email" | "fullName">

export const make = Effect.fnUntraced(function* (look: Look, workers: Workers["Service"]) {
  /** A name that could not be read is asked for again; that there is none is remembered. */
  const fullNames = yield* Cache.makeWith(
    (worker: Sid.WorkerSid) =>
      Effect.map(workers.get(worker), ({ attributes: { email, fullName } = {} }): Names => ({
        ...(fullName === undefined ? undefined : { fullName }),
        ...(email === undefined ? undefined : { email })
      })),
    {
      capacity: names,
      timeToLive: (exit: Exit.Exit<Names, TwilioError>) => (Exit.isSuccess(exit) ? Duration.infinity : Duration.zero)
    }
  )

  /** The names of these workers: asked for, or as far as they are known. */
  const namesOf = Effect.fnUntraced(function* (workerSids: ReadonlySet<Sid.WorkerSid>, isAsked: boolean) {
    const found = new Map<Sid.WorkerSid | undefined, Names>()
    yield* Effect.forEach(
      workerSids,
      (worker) =>
        Effect.map(
          isAsked ? Effect.option(Cache.get(fullNames, worker)) : Cache.getSuccess(fullNames, worker),
          Option.map((names) => found.set(worker, names))
        ),
      { concurrency: isAsked ? 5 : 1, discard: true }
    )
    return found
  })

  const roster = Effect.fnUntraced(function* (
    ref: ChannelRef,
    options: RosterOptions,
    deadline: Deadline.Deadline
  ): Effect.fn.Return<Roster, TwilioError> {
    const [everyone, { status }] = yield* Effect.all([look.everyone(ref), look.channel(ref)], { concurrency: 2 }).pipe(
      Deadline.within(deadline, () => Effect.fail(Deadline.tooLateToRead(operation)), 0.75)
    )
    const looked = yield* look.agents(
      everyone.filter(({ type }) => type === "agent"),
      deadline,
      { every: options.everyStanding === true }
    )
    const hasCustomer = everyone.some(({ type }) => type === "customer")
    const company = { channelStatus: status, hasCustomer, agents: looked.map(({ sight }) => standingIn(sight.read)) }
    const unseen = unseenOf(looked)
    const isActive = company.agents.includes("active")
    const isAsked =
      options.onTheWay === true || (!isActive && unseen === undefined && (status ?? "active") === "active")
    const way = isAsked ? yield* look.way(ref, undefined, deadline) : {}
    const agents = doubted(looked, way)
    const workerSids = agents.flatMap(({ participant }) => participant.routingProperties?.workerSid ?? [])
    const names = yield* namesOf(new Set(workerSids), options.fullNames === true)
    const byParticipant = new Map(
      agents.map((agent): [Participant, Person] => {
        const { participant } = agent
        return [participant, { ...personAs(agent), ...names.get(participant.routingProperties?.workerSid) }]
      })
    )
    return {
      interactionSid: ref.interactionSid,
      channelSid: ref.channelSid,
      ...(status === undefined ? undefined : { status }),
      participants: everyone.map((participant) => byParticipant.get(participant) ?? participant),
      ...(way.onTheWay === undefined ? undefined : { onTheWay: way.onTheWay }),
      customerAlone: isAlone({ ...company, onTheWay: way.onTheWay }),
      complete: agents.every(({ sight }) => sight.isAsked),
      ...unseenAs(unseen ?? way.unseen)
    }
  })

  return roster
})
