/** An agent is moved, nobody is left alone by accident, and what became of it is true. */
import { assert, describe, it } from "@effect/vitest"
import { Conversation, TwilioClient, type TwilioError } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Option, Schema, Stream, Tracer } from "effect"
import { agentOf, channelOf, type Name, onReadyMade } from "../../support/conversations.ts"

const { conversations: ready } = Sandbox.ready
const reasonOf = (error: TwilioError.TwilioError | Conversation.LastAgent) =>
  error._tag === "TwilioError" ? error.reason._tag : error._tag

describe("move", () => {
  const world = onReadyMade()
  type Parameters2 = Parameters<Parameters<Parameters<typeof world.run>[0]>[0]["move"]>
  const move = (...args: Parameters2) => world.run((conversations) => conversations.move(...args))

  it.live("to wrapup: confirmed, in at most six requests", () =>
    Effect.gen(function* () {
      const moved = yield* move(agentOf("one"), "wrapup")
      assert.strictEqual(moved.result, "confirmed")
      assert.deepInclude(moved.agent, { standing: "wrapping", worker: "alice", minutes: 0 })
      assert.strictEqual(moved.channelStatus, "active")
      assert.isAtMost(world.asked().length, 6)
      assert.strictEqual(world.statusOf("one"), "wrapup")
    })
  )

  it.live("to closed in a channel with two agents: confirmed, with who is left, in at most eight requests", () =>
    Effect.gen(function* () {
      const moved = yield* move(agentOf("two"), "closed")
      assert.strictEqual(moved.result, "confirmed")
      assert.strictEqual(moved.agent.standing, "left")
      assert.deepStrictEqual(
        moved.others.map(({ standing, worker }) => [worker, standing]),
        [["carla", "active"]]
      )
      assert.isFalse(moved.customerAlone)
      assert.isAtMost(world.asked().length, 8)
      assert.strictEqual(world.statusOf("two"), "closed")
    })
  )

  it.live("what a move gives, and a plan, is what their schemas say", () =>
    Effect.gen(function* () {
      const plan = yield* world.run((conversations) => conversations.plan(agentOf("two"), "closed"))
      const moved = yield* move(agentOf("two"), "closed")
      assert.isTrue(Schema.is(Conversation.Plan)(plan))
      assert.isTrue(Schema.is(Conversation.Moved)(moved))
      const ended = yield* world.run((conversations) => conversations.end(channelOf("two"), "closed"))
      assert.isTrue(Schema.is(Conversation.Ended)(ended))
      const roster = yield* world.run((conversations) => conversations.roster(channelOf("two")))
      assert.isTrue(Schema.is(Conversation.Roster)(roster))
    })
  )

  it.live("requests before the change are sent at the same time where they can be", () =>
    Effect.gen(function* () {
      // Neither is answered before both have come.
      let come = 0
      let open: () => void = () => {}
      const both = new Promise<void>((done) => {
        open = done
      })
      for (const request of [/GET .*\/Channels\/UO\w+$/u, /GET .*\/Participants$/u]) {
        world.on("before", request, () => {
          come += 1
          if (come === 2) open()
          return both
        })
      }
      assert.strictEqual((yield* move(agentOf("one"), "wrapup")).result, "confirmed")
    })
  )

  it.live("wrapup and then closed, in the same second: both are confirmed", () =>
    Effect.gen(function* () {
      const results = yield* world.run((conversations) =>
        Effect.gen(function* () {
          const first = yield* conversations.move(agentOf("two"), "wrapup")
          const second = yield* conversations.move(agentOf("two"), "closed")
          return [first.result, second.result]
        })
      )
      assert.deepStrictEqual(results, ["confirmed", "confirmed"])
    })
  )

  it.live("wrapup for an agent who is wrapping up: already, and nothing is sent", () =>
    Effect.gen(function* () {
      const moved = yield* move(agentOf("wrapping"), "wrapup")
      assert.strictEqual(moved.result, "already")
      assert.strictEqual(moved.agent.standing, "wrapping")
      assert.lengthOf(world.changes(), 0)
    })
  )

  it.live("wrapup for an agent who has left is refused, which says so and since when; nothing is sent", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(move(agentOf("queued"), "wrapup"))
      assert.strictEqual(reasonOf(error), "Conflict")
      assert.match(error.message, /the agent has left since 2\d{3}-.*: nothing was sent/u)
      assert.notInclude(error.message, "Twilio refused")
      assert.lengthOf(world.changes(), 0)
    })
  )

  it.live("an agent who is gone is never already there: the change is sent", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(move(agentOf("alone"), "wrapup"))
      assert.strictEqual(reasonOf(error), "Conflict")
      assert.lengthOf(world.changes(), 1)
      const moved = yield* move(agentOf("outlived"), "closed")
      assert.deepInclude(moved, { result: "accepted", customerAlone: false })
      assert.strictEqual(moved.agent.standing, "gone")
      assert.strictEqual(world.statusOf("outlived"), "closed")
    })
  )

  it.live("a customer, a stranger and a wrong status are refused, and nothing is sent", () =>
    Effect.gen(function* () {
      const nobody = { ...agentOf("one"), participantSid: `UT${"0".repeat(32)}` as never }
      for (const [agent, status, reason, words] of [
        [agentOf("one", 1), "wrapup", "Conflict", "only agents can be moved"],
        [nobody, "closed", "NotFound", "lists no participant with this SID"],
        [agentOf("one"), "active", "InvalidRequest", "expected wrapup or closed"],
        [channelOf("one"), "closed", "InvalidRequest", "participantSid"],
        [undefined, "closed", "InvalidRequest", "interactionSid"]
      ] as const) {
        const error = yield* Effect.flip(move(agent as never, status as never))
        assert.strictEqual(reasonOf(error), reason)
        assert.include(error.message, words)
      }
      assert.lengthOf(world.changes(), 0)
    })
  )

  it.live("the caller's OnAttempt hears of every request", () =>
    Effect.gen(function* () {
      const heard: Array<string> = []
      yield* Effect.provideService(move(agentOf("one"), "wrapup"), TwilioClient.OnAttempt, (operation) => {
        heard.push(operation)
        return () => {}
      })
      assert.strictEqual(heard.length, world.asked().length)
      assert.include(heard, "Participants.setStatus")
    })
  )
})

describe("traces", () => {
  const world = onReadyMade()

  it.live("one span for each method, and every request below it", () =>
    Effect.gen(function* () {
      const spans: Array<Tracer.NativeSpan> = []
      const tracer = Tracer.make({
        span: (options) => {
          const span = new Tracer.NativeSpan(options)
          spans.push(span)
          return span
        }
      })
      const above = (span: Tracer.NativeSpan): ReadonlyArray<string> =>
        Option.match(span.parent, {
          onNone: () => [span.name],
          onSome: (parent) => (parent instanceof Tracer.NativeSpan ? [...above(parent), span.name] : [span.name])
        })
      yield* world
        .run((conversations) =>
          Effect.gen(function* () {
            yield* Stream.runDrain(conversations.find({ worker: "alice" }))
            yield* conversations.findPage({ worker: "alice" })
            yield* conversations.roster(channelOf("two"))
            const plan = yield* conversations.plan(agentOf("two"), "wrapup")
            yield* conversations.move(agentOf("two"), "wrapup", { plan })
            yield* conversations.planEnd(channelOf("two"), "closed")
            yield* conversations.end(channelOf("two"), "closed")
          })
        )
        .pipe(Effect.withTracer(tracer))
      const methods = ["find", "findPage", "roster", "plan", "move", "planEnd", "end"].map(
        (method) => `Conversations.${method}`
      )
      assert.deepStrictEqual(
        spans.filter(({ name }) => name.startsWith("Conversations.")).map(({ name }) => name),
        methods
      )
      const requests = spans.filter(({ kind }) => kind === "client")
      assert.strictEqual(requests.length, world.asked().length)
      for (const request of requests) {
        const names = above(request)
        assert.include(methods, names[0])
        assert.lengthOf(
          names.filter((name) => name.startsWith("Conversations.")),
          1
        )
      }
    })
  )
})

describe("nobody is left alone by accident", () => {
  const world = onReadyMade()
  const close = (name: Name, options: { readonly ifLast?: "refuse" | "allow" } = {}, n = 2) =>
    world.run((conversations) => conversations.move(agentOf(name, n), "closed", options))

  it.live("the last agent is refused with LastAgent, and nothing is sent", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(close("one"))
      if (error._tag !== "LastAgent") return assert.fail(error.message)
      assert.deepInclude(error, { ...agentOf("one"), worker: "alice", others: 0 })
      assert.match(error.message, /"alice" is the last agent.*Nothing was sent.*ifLast: "allow"/u)
      assert.lengthOf(world.changes(), 0)
    })
  )

  it.live("with ifLast allow the agent goes, and it is told that the customer is alone", () =>
    Effect.gen(function* () {
      const moved = yield* close("one", { ifLast: "allow" })
      assert.deepInclude(moved, { result: "confirmed", customerAlone: true })
      assert.deepStrictEqual(moved.onTheWay, { queued: 0, offered: 0 })
    })
  )

  it.live("one who is wrapping up, has left or is gone is no company", () =>
    Effect.gen(function* () {
      const { sandbox } = world
      for (const other of [
        { type: "agent", worker: "bruno", status: "wrapup", minutes: 1 },
        { type: "agent", worker: "bruno", status: "closed", minutes: 1 },
        { type: "agent", worker: "bruno", status: "closed", minutes: 60 }
      ] as const) {
        const interaction = sandbox().add({
          channels: [{ participants: [{ type: "customer" }, { type: "agent", worker: "alice" }, other] }]
        })
        const [channel] = sandbox().state.get(interaction)?.values() ?? []
        const ref = { ...channel, participantSid: channel?.participants[1]?.sid }
        const error = yield* Effect.flip(world.run(({ move }) => move(ref as never, "closed")))
        assert.strictEqual(error._tag, "LastAgent")
      }
      assert.lengthOf(world.changes(), 0)
    })
  )

  it.live("somebody who was on the way and comes meanwhile is company, and is told of", () =>
    Effect.gen(function* () {
      const { sandbox } = world
      const { sid } = sandbox().invite(channelOf("one"))
      world.on("after", /^POST /u, () => sandbox().accept(sid, "bruno"))
      const moved = yield* close("one")
      assert.deepInclude(moved, { result: "confirmed", customerAlone: false })
      assert.deepStrictEqual(
        moved.others.map(({ standing, worker }) => [worker, standing]),
        [["bruno", "active"]]
      )
    })
  )

  it.live("somebody who was asked, or a task that waits, is on the way", () =>
    Effect.gen(function* () {
      const moved = yield* close("offered")
      assert.deepInclude(moved, { result: "confirmed", customerAlone: false })
      assert.deepStrictEqual(moved.onTheWay, { queued: 0, offered: 1 })
      world.sandbox().invite(channelOf("one"))
      const next = yield* close("one")
      assert.deepStrictEqual(next.onTheWay, { queued: 1, offered: 0 })
    })
  )

  it.live("wrapup is never refused for it", () =>
    Effect.gen(function* () {
      const wrapup = (company: boolean) =>
        world.run((conversations) => conversations.move(agentOf("one"), "wrapup", { company }))
      assert.deepInclude(yield* wrapup(true), { result: "confirmed", customerAlone: true })
    })
  )

  it.live("a channel that is closed has nobody to leave alone", () =>
    Effect.gen(function* () {
      assert.deepInclude(yield* close("ended"), { result: "confirmed", customerAlone: false, channelStatus: "closed" })
    })
  )

  it.live("a plan says it all before, and sends nothing", () =>
    Effect.gen(function* () {
      const plan = (name: Name, status: "wrapup" | "closed", options?: { readonly company: boolean }) =>
        world.run((conversations) => conversations.plan(agentOf(name), status, options))
      assert.deepInclude(yield* plan("one", "closed"), {
        lastAgent: true,
        customerAlone: true,
        customerAloneNow: false,
        alreadyThere: false
      })
      assert.deepInclude(yield* plan("two", "closed"), { lastAgent: false, customerAlone: false })
      assert.deepInclude(yield* plan("wrapping", "wrapup"), { lastAgent: false, alreadyThere: true })
      assert.deepInclude(yield* plan("one", "wrapup", { company: true }), {
        lastAgent: false,
        customerAlone: true,
        customerAloneNow: false
      })
      assert.lengthOf(world.changes(), 0)
    })
  )
})

describe("a plan and its move", () => {
  const world = onReadyMade()

  it.live("together read nothing twice", () =>
    Effect.gen(function* () {
      for (const [name, status, most] of [
        ["one", "wrapup", 6],
        ["two", "closed", 8]
      ] as const) {
        const before = world.asked().length
        yield* world.run((conversations) =>
          Effect.gen(function* () {
            const plan = yield* conversations.plan(agentOf(name), status)
            assert.strictEqual((yield* conversations.move(agentOf(name), status, { plan })).result, "confirmed")
          })
        )
        assert.isAtMost(world.asked().length - before, most)
      }
    })
  )

  it.live(
    "a plan is read again if another change touched the channel since, so that nobody is counted who has left",
    () =>
      Effect.gen(function* () {
        const error = yield* world.run((conversations) =>
          Effect.gen(function* () {
            const plan = yield* conversations.plan(agentOf("two"), "closed")
            assert.isFalse(plan.lastAgent)
            yield* conversations.move(agentOf("two", 3), "closed")
            return yield* Effect.flip(conversations.move(agentOf("two"), "closed", { plan }))
          })
        )
        assert.strictEqual(error._tag, "LastAgent")
      })
  )

  it.live("a plan of another change, or a copy of one, is read again", () =>
    Effect.gen(function* () {
      yield* world.run((conversations) =>
        Effect.gen(function* () {
          const plan = yield* conversations.plan(agentOf("one"), "wrapup")
          for (const given of [plan, { ...plan, lastAgent: false, customerAlone: false as const }]) {
            const error = yield* Effect.flip(conversations.move(agentOf("one"), "closed", { plan: given }))
            assert.strictEqual(error._tag, "LastAgent")
          }
        })
      )
      assert.lengthOf(world.changes(), 0)
    })
  )

  it.effect("a plan that is ten seconds old is read again", () =>
    Effect.gen(function* () {
      const error = yield* world.inNoTime(
        world.run((conversations) =>
          Effect.gen(function* () {
            const plan = yield* conversations.plan(agentOf("two"), "closed")
            yield* Effect.promise(() => world.send("POST", pathOf("two", 3), { Status: "closed" }))
            yield* Effect.sleep("11 seconds")
            return yield* Effect.flip(conversations.move(agentOf("two"), "closed", { plan }))
          })
        )
      )
      assert.strictEqual(error._tag, "LastAgent")
    })
  )
})

const pathOf = (name: Name, n: number) => {
  const { channelSid, interactionSid, participants } = ready[name]
  return `/v1/Interactions/${interactionSid}/Channels/${channelSid}/Participants/${participants[n - 1]?.participantSid}`
}
