/** Everyone in a channel, and whether the customer is alone. */
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Person, Roster } from "../Conversation.ts"
import type { ChannelRef } from "../Participant.ts"
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

  const named = Effect.fnUntraced(function* (person: Person, isAsked: boolean) {
    const workerSid = person.type === "agent" ? person.routingProperties?.workerSid : undefined
    if (workerSid === undefined) return person
    const names = isAsked
      ? yield* Effect.orElseSucceed(Cache.get(fullNames, workerSid), () => undefined)
      : yield* Effect.map(Cache.getSuccess(fullNames, workerSid), Option.getOrUndefined)
    return { ...person, ...names }
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
    const byParticipant = new Map(agents.map((agent) => [agent.participant, personAs(agent)]))
    const people = yield* Effect.forEach(
      everyone,
      (participant) => named(byParticipant.get(participant) ?? participant, options.fullNames === true),
      { concurrency: 5 }
    )
    return {
      interactionSid: ref.interactionSid,
      channelSid: ref.channelSid,
      ...(status === undefined ? undefined : { status }),
      participants: people,
      ...(way.onTheWay === undefined ? undefined : { onTheWay: way.onTheWay }),
      customerAlone: isAlone({ ...company, onTheWay: way.onTheWay }),
      complete: agents.every(({ sight }) => sight.isAsked),
      ...unseenAs(unseen ?? way.unseen)
    }
  })

  return roster
})
