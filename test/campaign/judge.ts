/** Is what was told true? What was told of a call is held against every state that its conversation was in meanwhile. */
import type { Applied, Asked } from "../support/rawServer.ts"
import { type Call, isWrite, type Person, type Told } from "./calls.ts"
import {
  channelPath,
  type Member,
  memberPath,
  members,
  numberOf,
  sid,
  type State,
  states,
  type World
} from "./twilio.ts"

/** A call that is over, and what the server knows of it. */
export interface Over {
  readonly call: Call
  readonly told: Told
  /** The requests of this call. */
  readonly asked: ReadonlyArray<Asked>
  /** What was carried out before the call. */
  readonly before: ReadonlyArray<Applied>
  /** What was carried out in all, at the end of the run. */
  readonly applied: ReadonlyArray<Applied>
  readonly promised: ReadonlyArray<Applied>
  /** A client that sends by itself once more after a 421, as the standard of fetch says. */
  readonly sendsAgain: boolean
  /** Nothing went wrong in this run, and the call did not take so long that somebody may have stopped waiting. */
  readonly isClean: boolean
  /** Replies came twice: over a kept connection one that is about the same may be older than the call. */
  readonly isShifted: boolean
}

const standings = { accepted: "active", wrapping: "wrapping", completed: "left" } as const

/**
 * May it be told that the customer is alone, without this agent or as it is, and that the customer is not? Facts are read one after the
 * other: each must have been so at some moment of the call, and not all of them at the same one.
 */
const mayBeAlone = (possible: ReadonlyArray<State>, without?: Member) => {
  const others = members.filter((member) => member !== without)
  const some = (is: (state: State) => boolean) => possible.some(is)
  const hasCustomer = some(({ hasCustomer }) => hasCustomer)
  return {
    alone:
      hasCustomer &&
      some(({ channel }) => channel === "active") &&
      some(({ waiting }) => waiting === 0) &&
      others.every((member) => some(({ agents }) => agents[member] !== "accepted")),
    company:
      !hasCustomer ||
      some(({ channel }) => channel !== "active") ||
      some(({ waiting }) => waiting > 0) ||
      others.some((member) => some(({ agents }) => agents[member] === "accepted"))
  }
}

const pathOf = ({ conversation, member, operation }: Call) =>
  operation === "move" || operation === "Participants.setStatus"
    ? memberPath(conversation, member)
    : channelPath(conversation)
const statusOf = ({ end, operation, status }: Call) =>
  operation === "move" || operation === "Participants.setStatus" ? status : end

/** All that is wrong with what was told. */
export const lies = (world: World, over: Over): ReadonlyArray<string> => {
  const { applied, asked, before, call, promised, told } = over
  const numbers = new Set(asked.map(({ number }) => number))
  const isOwn = ({ isAnothers, path, request, body }: Applied) =>
    isAnothers !== true && numbers.has(request) && path === pathOf(call) && body.includes(`Status=${statusOf(call)}`)
  const isApplied = applied.some(isOwn)
  const isPromised = promised.some(isOwn)
  const from = states(world, call.conversation, before)
  const whole = states(world, call.conversation, applied)
  // A reading may show what was before the call.
  const possible = world.delay > 0 || over.isShifted ? whole : whole.slice(Math.max(0, from.length - 1))
  const first = from.at(-1)
  const last = whole.at(-1)
  if (first === undefined || last === undefined) return []
  const found: Array<string> = []
  const must = (isSo: boolean, what: string) => {
    if (!isSo) found.push(`${call.operation}: ${what}`)
  }
  const some = (is: (state: State) => boolean) => possible.some(is)

  // What is sent. A request of the call before, which nobody waits for any more, may come late.
  const changes = asked.filter((request) => request.method !== "GET" && numberOf(request) === call.conversation)
  if (!isWrite(call)) must(changes.length === 0, "a reading sent a change")
  must(
    changes.every(({ body, path }) => path === pathOf(call) && body.includes(`Status=${statusOf(call)}`)),
    "another change was sent than was asked for"
  )
  must(
    applied.filter(isOwn).length <= (over.sendsAgain ? 2 : 1),
    "a change was carried out twice: it was sent again although it may have been carried out"
  )

  if (isWrite(call)) {
    const isMove = call.operation === "move"
    const target = call.status === "wrapup" ? "wrapping" : "completed"
    const isThere = (state: State) =>
      isMove
        ? state.agents[call.member] === target
        : state.channel === call.end && members.every((member) => state.agents[member] === "completed")
    const was = isMove ? first.agents[call.member] : first.channel
    switch (told.as) {
      case "not changed":
        must(!isApplied, `told that nothing was changed (${told.word}), and it was`)
        break
      case "success":
        switch (told.word) {
          case "done":
          case "accepted":
          case "pending":
            must(isApplied || isPromised, `told ${told.word}, and Twilio never consented`)
            break
          case "confirmed":
            must(some(isThere) && !(isThere(first) && whole.length === from.length), `told confirmed, from ${was}`)
            break
          case "already":
            must(some(isThere), `told already, from ${was}`)
            break
          case "wider":
            must(possible.length > 1, "told wider, and nothing else happened")
            must(
              isMove
                ? last.agents[call.member] === "completed" || last.channel !== "active"
                : last.channel !== "active" || isApplied,
              "told wider, and all is as it was"
            )
            break
          default:
            must(false, `told ${told.word}`)
        }
    }
    if (told.word === "LastAgent") {
      must(changes.length === 0, "told LastAgent, and the change was sent")
      must(promised.length > 0 || mayBeAlone(possible, call.member).alone, "told LastAgent, and there was company")
    }
    if (over.isClean && world.delay === 0 && isMove && call.status === "closed" && !call.isAllowed) {
      must(changes.length === 0 || !mayBeAlone([first], call.member).alone, "the customer was left alone")
    }
  }

  if (told.as === "success") {
    if (told.channel !== undefined)
      must(
        some(({ channel }) => channel === told.channel),
        `the channel was never ${told.channel}`
      )
    if (told.waiting !== undefined)
      must(
        some(({ waiting }) => waiting === told.waiting),
        `never did ${told.waiting} tasks wait`
      )
    if (typeof told.isAlone === "boolean" && promised.length === 0) {
      const without = call.operation === "move" ? call.member : undefined
      const { alone, company } = mayBeAlone(possible, without)
      must(told.isAlone ? alone : company, `told that the customer is ${told.isAlone ? "" : "not "}alone`)
    }
    for (const problem of peopleOf(world, over, possible)) must(false, problem)
    const rows = told.rows
    if (rows !== undefined) {
      must(
        some(
          (state) =>
            rowsOf(call, state).every((row, index) => (rows[index] ?? row) === row) &&
            rowsOf(call, state).length === rows.length
        ),
        `told the rows ${rows.join()}`
      )
    }
  }
  return found
}

const rowsOf = ({ conversation, member, operation, standing }: Call, state: State): ReadonlyArray<string> => {
  const status = state.agents[member]
  switch (operation) {
    case "Channels.list":
      return [state.channel]
    case "Tasks.get":
      return [status === "accepted" ? "assigned" : status]
    case "Workers.reservations":
      return standings[status] === standing ? [sid("WR", conversation, member)] : []
    default:
      return [status]
  }
}

/** Everybody who must be told of, with the standing; only those who were there all the time. */
const peopleOf = (world: World, over: Over, possible: ReadonlyArray<State>): ReadonlyArray<string> => {
  const { call } = over
  const { people = [] } = over.told
  if (over.told.people === undefined || isWrite(call)) return standingsOf(call, people, possible)
  const { conversation } = call
  if (call.operation === "find" && call.by === "standing") return ofStanding(world, over)
  const expected = (state: State): ReadonlyArray<string> => {
    const agents = members.map((member) => sid("UT", conversation, member))
    if (call.operation === "find") {
      if (call.by === "interaction") return agents
      const isAtWork = state.agents[call.member] !== "completed"
      return call.by === "task" || isAtWork ? [sid("UT", conversation, call.member)] : []
    }
    return [...(state.hasCustomer ? [sid("UT", conversation, 1)] : []), ...agents]
  }
  // Who moved from one list to the other between two readings is in both, and was.
  const told = [...new Set(people.map(({ sid }) => sid))]
  const isComplete = possible.some((state) => expected(state).join() === told.join())
  return [...(isComplete ? [] : [`told of ${told.join()}`]), ...standingsOf(call, people, possible)]
}

const standingsOf = (
  { conversation, member: of, operation, status }: Call,
  people: ReadonlyArray<Person>,
  possible: ReadonlyArray<State>
): ReadonlyArray<string> =>
  people.flatMap(({ sid: told, standing = "unknown" }) => {
    const member = members.find((member) => told === sid("UT", conversation, member))
    if (standing === "unknown" || member === undefined) return []
    return possible.some((state) => standings[state.agents[member]] === standing)
      ? []
      : [`told that ${member} is ${standing}${operation === "move" && member === of ? ` (to be ${status})` : ""}`]
  })

/** Of all conversations: those who stand so. If something changed meanwhile, nobody can say who must be among them. */
const ofStanding = (world: World, { applied, before, call, told }: Over): ReadonlyArray<string> => {
  if (world.delay > 0 || applied.length > before.length) return []
  const expected = world.conversations.flatMap((_, index) => {
    const n = world.first + index
    const state = states(world, n, before).at(-1)
    return members
      .filter((member) => state !== undefined && standings[state.agents[member]] === call.standing)
      .map((member) => sid("UT", n, member))
  })
  const people = told.people?.map(({ sid }) => sid) ?? []
  return people.join() === expected.join() ? [] : [`told of ${people.join()} as ${call.standing}`]
}
