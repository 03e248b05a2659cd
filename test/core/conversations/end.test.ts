/** A conversation is ended, for all its agents, and what became of it is true. */
import { assert, describe, it } from "@effect/vitest"
import { Conversation, type TwilioError } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Schema } from "effect"
import { agentOf, channelOf, type Name, onReadyMade, type Service } from "../../support/conversations.ts"

const { conversations: ready } = Sandbox.ready
const post = /^POST \/v1\/Interactions\/.*\/Channels\/UO\w+$/u
const channelPath = (name: Name) => `/v1/Interactions/${ready[name].interactionSid}/Channels/${ready[name].channelSid}`
const closed = { Status: "closed", Routing: JSON.stringify({ status: "closed" }) }

const told = (call: Effect.Effect<Conversation.Ended, TwilioError.TwilioError>) =>
  Effect.match(call, {
    onSuccess: ({ agents, channelStatus, result }) => ({
      result,
      channelStatus,
      agents: agents.map(({ standing }) => standing)
    }),
    onFailure: ({ reason }) => ({
      result: reason._tag,
      ...(reason._tag === "OutcomeUnknown" ? { channelStatus: reason.seen?.channelStatus } : undefined)
    })
  })

const worldWith = (settings: Partial<Sandbox.Settings> = {}) => {
  const world = onReadyMade(settings)
  const end = (name: Name, status: Conversation.EndStatus, options: Parameters<Service["end"]>[2] = {}) =>
    world.run((conversations) => told(conversations.end(channelOf(name), status, options)))
  const stateOf = (name: Name) =>
    world.sandbox().state.get(ready[name].interactionSid)?.get(ready[name].channelSid)?.status
  return { ...world, end, stateOf }
}

describe("end", () => {
  const world = worldWith()

  for (const status of ["closed", "inactive"] as const) {
    it.live(`${status}: confirmed, and everybody has left`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* world.end("two", status), {
          result: "confirmed",
          channelStatus: status,
          agents: ["left", "left"]
        })
        assert.lengthOf(world.changes(), 1)
        assert.strictEqual(world.stateOf("two"), status)
      })
    )
  }

  it.live("closed already, with an agent in wrap-up: closed once more, and the agent has left", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* world.end("ended", "closed"), {
        result: "confirmed",
        channelStatus: "closed",
        agents: ["left"]
      })
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("closed already, and nobody is left in it: already, and nothing is sent", () =>
    Effect.gen(function* () {
      yield* world.end("two", "closed")
      const before = world.changes().length
      assert.strictEqual((yield* world.end("two", "closed")).result, "already")
      assert.lengthOf(world.changes(), before)
    })
  )

  it.live(
    "closed already, and whether anybody is left can't be told: sent, and already only if Twilio refuses it",
    () =>
      Effect.gen(function* () {
        yield* world.end("two", "closed")
        world.sandbox().clock.advance(6 * 60_000)
        assert.deepStrictEqual(yield* world.end("two", "closed"), {
          result: "already",
          channelStatus: "closed",
          agents: ["gone", "gone"]
        })
        assert.lengthOf(world.changes(), 2)
      })
  )

  it.live(
    "closed already, refused by Twilio, and where the agents stand can't be read: the refusal, and not already",
    () =>
      Effect.gen(function* () {
        yield* world.end("two", "closed")
        world.fault({ kind: "html", status: 500, resource: "reservations", times: "always" })
        const answer = yield* world.run((conversations) => told(conversations.end(channelOf("two"), "closed")), {
          retry: { times: 0 }
        })
        assert.strictEqual(answer.result, "Conflict")
        assert.lengthOf(world.changes(), 2)
      })
  )

  it.live("inactive already, and closed by another program between two readings: not already", () =>
    Effect.gen(function* () {
      yield* world.end("two", "inactive")
      world.on("after", /^GET .*\/Channels\/UO\w+$/u, () => world.send("POST", channelPath("two"), closed))
      assert.strictEqual((yield* world.end("two", "inactive")).result, "Conflict")
      assert.strictEqual(world.stateOf("two"), "closed")
    })
  )

  it.live("an inactive conversation can be closed; a closed one can't become inactive", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.end("parked", "closed")).result, "confirmed")
      assert.strictEqual((yield* world.end("ended", "inactive")).result, "Conflict")
      assert.strictEqual(world.stateOf("ended"), "closed")
    })
  )

  it.live("a plan says what it would meet, sends nothing, and is not read twice", () =>
    Effect.gen(function* () {
      const [plan, ended] = yield* world.run((conversations) =>
        Effect.gen(function* () {
          const plan = yield* conversations.planEnd(channelOf("stuck"), "closed")
          assert.lengthOf(world.changes(), 0)
          return [plan, yield* conversations.end(channelOf("stuck"), "closed", { plan })] as const
        })
      )
      assert.deepInclude(plan, { channelStatus: "active", alreadyThere: false, status: "closed" })
      assert.deepStrictEqual(
        plan.agents.map(({ standing, worker }) => [worker, standing]),
        [
          ["deepak", "wrapping"],
          ["alice", "active"]
        ]
      )
      assert.strictEqual(ended.result, "confirmed")
      // List, channel, two agents; the change; two agents and channel.
      assert.isAtMost(world.asked().length, 8)
      assert.isTrue(Schema.is(Conversation.EndPlan)(plan))
    })
  )

  it.live("a plan that another change has overtaken is read again", () =>
    Effect.gen(function* () {
      const ended = yield* world.run((conversations) =>
        Effect.gen(function* () {
          const plan = yield* conversations.planEnd(channelOf("two"), "closed")
          yield* conversations.end(channelOf("two"), "closed")
          return yield* conversations.end(channelOf("two"), "closed", { plan })
        })
      )
      assert.strictEqual(ended.result, "already")
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("and a move at the same time have their turns", () =>
    Effect.gen(function* () {
      const [moved, ended] = yield* world.run((conversations) =>
        Effect.all([conversations.move(agentOf("two"), "wrapup"), conversations.end(channelOf("two"), "closed")], {
          concurrency: 2
        })
      )
      assert.strictEqual(moved.result, "confirmed")
      assert.strictEqual(ended.result, "confirmed")
    })
  )

  it.live("what is no channel, or no status, is refused before anything is sent", () =>
    Effect.gen(function* () {
      for (const [channel, status] of [
        [channelOf("one"), "wrapup"],
        [{}, "closed"],
        [undefined, "closed"]
      ]) {
        const error = yield* Effect.flip(world.run(({ end }) => end(channel as never, status as never)))
        assert.strictEqual(error.reason._tag, "InvalidRequest")
      }
      assert.lengthOf(world.asked(), 0)
    })
  )
})

describe("a lost answer to the end", () => {
  const world = worldWith()

  it.live("is looked into: confirmed if it is seen", () =>
    Effect.gen(function* () {
      world.fault({ kind: "drop", when: "after", method: "POST" })
      assert.strictEqual((yield* world.end("two", "closed")).result, "confirmed")
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.effect("is OutcomeUnknown if it is not seen within five seconds, and is not sent again", () =>
    Effect.gen(function* () {
      world.fault({ kind: "drop", when: "before", method: "POST" })
      assert.deepStrictEqual(yield* world.inNoTime(world.end("two", "closed")), {
        result: "OutcomeUnknown",
        channelStatus: "active"
      })
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("is OutcomeUnknown where it was closed before, and nobody can be seen", () =>
    Effect.gen(function* () {
      world.fault(
        { kind: "answer", status: 403, body: { code: 70051, status: 403 }, host: "taskrouter", times: "always" },
        { kind: "drop", when: "after", method: "POST" }
      )
      assert.deepStrictEqual(yield* world.end("ended", "closed"), {
        result: "OutcomeUnknown",
        channelStatus: "closed"
      })
    })
  )
})

describe("things that happen around the end", () => {
  const world = worldWith()

  it.live("it closes for good while it was to be inactive: wider", () =>
    Effect.gen(function* () {
      world.on("before", post, () => world.send("POST", channelPath("one"), closed))
      assert.deepStrictEqual(yield* world.end("one", "inactive"), {
        result: "wider",
        channelStatus: "closed",
        agents: ["left"]
      })
    })
  )

  it.live("the customer writes at once, and wakes it: wider", () =>
    Effect.gen(function* () {
      world.on("after", post, () => world.sandbox().message(channelOf("one")))
      assert.deepStrictEqual(yield* world.end("one", "inactive"), {
        result: "wider",
        channelStatus: "active",
        agents: ["left"]
      })
    })
  )

  it.live("another program closes it first: already, and not by this change", () =>
    Effect.gen(function* () {
      world.on("before", post, () => world.send("POST", channelPath("one"), closed))
      assert.strictEqual((yield* world.end("one", "closed")).result, "already")
    })
  )

  it.live("it is refused for another reason: told as it is", () =>
    Effect.gen(function* () {
      world.fault({ kind: "answer", status: 409, body: { code: 45008, status: 409 }, method: "POST" })
      assert.strictEqual((yield* world.end("one", "closed")).result, "Conflict")
      assert.strictEqual(world.stateOf("one"), "active")
    })
  )
})

describe("an agent who is not shown to have left", () => {
  const world = worldWith({ reservationDelay: 60_000 })

  it.effect("makes it pending, though the channel shows the status", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* world.inNoTime(world.end("one", "closed")), {
        result: "pending",
        channelStatus: "closed",
        agents: ["active"]
      })
    })
  )
})

describe("without TaskRouter", () => {
  const world = worldWith()

  it.live("the channel's own change is confirmed, agents are unknown, and it says why", () =>
    Effect.gen(function* () {
      const ended = yield* world.run((conversations) => conversations.end(channelOf("two"), "closed"), {
        without: "TaskRouter"
      })
      assert.deepInclude(ended, { result: "confirmed", channelStatus: "closed" })
      assert.deepStrictEqual(
        ended.agents.map(({ standing }) => standing),
        ["unknown", "unknown"]
      )
      assert.include(ended.unseen?.message, "TASKROUTER_API_BASE_URL")
    })
  )

  it.live(
    "a channel that was closed before is closed again, and only accepted: nothing shows whether anybody left",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          yield* world.run((conversations) => told(conversations.end(channelOf("ended"), "closed")), {
            without: "TaskRouter"
          }),
          { result: "accepted", channelStatus: "closed", agents: ["unknown"] }
        )
      })
  )
})
