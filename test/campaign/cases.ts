/** A case of the campaign: made at random from a seed, a plain value, and cut down to the smallest that still shows the same. */
import { clients } from "../support/clients.ts"
import { drawing } from "../support/drawing.ts"
import { type Call, isWrite, ofConversations, type Operation, services } from "./calls.ts"
import { shifted, toChanges, toReads } from "./misbehaviours.ts"
import type { Conversation, World } from "./twilio.ts"

/** Which way calls go: core on one of the clients, or the built server. */
export const throughServer = ["the server over stdio", "the server over HTTP"] as const
const usable = clients.filter(({ isSkipped }) => isSkipped !== true)
export const ways: ReadonlyArray<string> = [...usable.map(({ name }) => name), ...throughServer]

/** What goes wrong in a call: with which of its requests, and how. */
export interface Fault {
  /** Changes; what is read before one, or all that is read; what is read after one. */
  readonly on: "change" | "before" | "after"
  /** So many of those are answered as they should be. */
  readonly skip: number
  /** And then so many are not. */
  readonly times: number
  /** A name of one of the misbehaviours. */
  readonly name: string
}

export interface Step {
  /** Of the conversations of the case, from 0. */
  readonly call: Call
  readonly faults: ReadonlyArray<Fault>
}

export interface Case {
  readonly seed: number
  readonly way: string
  /** How often the client tries again. */
  readonly retries: number
  readonly world: Omit<World, "first">
  readonly steps: ReadonlyArray<Step>
}

const changeNames = Object.keys(toChanges)
const readNames = Object.keys(toReads)
const shiftedNames = Object.keys(shifted)

/** Of core's operations those of `Conversations` come as often as all others together. */
const operations: ReadonlyArray<Operation> = [
  ...services,
  ...ofConversations,
  ...ofConversations,
  "move",
  "move",
  "end"
]
const ofTools: ReadonlyArray<Operation> = ["roster", "find", "move", "move", "move", "end"]

/** The case of a seed; of one way, if one is given. */
export const draw = (seed: number, given?: string): Case => {
  const pick = drawing(seed)
  const way = given ?? pick([...ways, "node:http, core's own", "node:http, core's own"])
  const isServer = throughServer.some((name) => name === way)
  // The guide says which clients take a reply that comes late for the answer to the next request.
  const mayShift = isServer || usable.some(({ before, name }) => name === way && before === "nothing")
  const status = () => pick(["accepted", "accepted", "accepted", "wrapping", "completed"] as const)
  const conversation = (): Conversation => ({
    channel: pick(["active", "active", "active", "active", "active", "inactive", "closed"] as const),
    agents: { 2: status(), 3: status() },
    hasCustomer: pick([true, true, true, false]),
    waiting: pick([0, 0, 0, 1])
  })
  const steps: Array<Step> = []
  const length = pick([1, 1, 2, 3])
  for (let n = 0; n < length; n++) {
    const call: Call = {
      operation: pick(isServer ? ofTools : operations),
      // Some calls are about the same conversation as the one before.
      conversation: n > 0 && pick([true, false, false]) ? (steps.at(-1)?.call.conversation ?? n) : n,
      member: pick([2, 3] as const),
      status: pick(["wrapup", "closed"] as const),
      end: pick(["closed", "inactive"] as const),
      by: pick(["task", "interaction", "worker", "standing"] as const),
      standing: pick(["active", "wrapping"] as const),
      isAllowed: pick([true, false])
    }
    const faults = Array.from({ length: pick([0, 1, 1, 1, 2]) }, (): Fault => {
      const on = isWrite(call) ? pick(["change", "change", "before", "after"] as const) : "before"
      const names = on === "change" ? changeNames : readNames
      return {
        on,
        skip: pick([0, 0, 0, 1, 2, 3]),
        times: pick([1, 1, 2, 1000]),
        name: mayShift && pick([true, false, false, false, false, false, false]) ? pick(shiftedNames) : pick(names)
      }
    })
    steps.push({ call, faults })
  }
  return {
    seed,
    way,
    retries: pick([0, 1, 2]),
    world: {
      conversations: Array.from({ length }, conversation),
      delay: pick([0, 0, 0, 3, 1000]),
      isPaged: pick([false, false, true])
    },
    steps
  }
}

const plain: Conversation = {
  channel: "active",
  agents: { 2: "accepted", 3: "accepted" },
  hasCustomer: true,
  waiting: 0
}

const differs = (one: unknown, other: unknown) => JSON.stringify(one) !== JSON.stringify(other)

/** Cases that have a little less than this one. */
const smaller = (one: Case): ReadonlyArray<Case> => {
  const { steps, world } = one
  const replace = (index: number, step: Step) => ({ ...one, steps: steps.with(index, step) })
  return [
    ...(steps.length > 1 ? steps.map((_, index) => ({ ...one, steps: steps.toSpliced(index, 1) })) : []),
    ...steps.flatMap((step, index) =>
      step.faults.map((_, n) => replace(index, { ...step, faults: step.faults.toSpliced(n, 1) }))
    ),
    ...steps.flatMap((step, index) =>
      step.faults.flatMap((fault, n) =>
        [
          { ...fault, skip: 0 },
          { ...fault, times: 1 }
        ].map((less) => replace(index, { ...step, faults: step.faults.with(n, less) }))
      )
    ),
    { ...one, retries: 0 },
    { ...one, world: { ...world, delay: 0 } },
    { ...one, world: { ...world, isPaged: false } },
    ...world.conversations.map((_, index) => ({
      ...one,
      world: { ...world, conversations: world.conversations.with(index, plain) }
    }))
  ].filter((less) => differs(less, one))
}

/** The smallest case that still is so; `isSo` is asked again where the answer may depend on chance. */
export const shrink = async (one: Case, isSo: (one: Case) => Promise<boolean>): Promise<Case> => {
  for (const less of smaller(one)) {
    for (let times = 0; times < 2; times++) {
      if (await isSo(less)) return shrink(less, isSo)
    }
  }
  return one
}
