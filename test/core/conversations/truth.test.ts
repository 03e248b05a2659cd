/** Whatever happens to a change and around it, what is told of it is true, and it is sent once. */
import { assert, describe, it } from "@effect/vitest"
import type { Conversation, TwilioError } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Fiber, Logger } from "effect"
import { agentOf, type Name, onReadyMade, type Service } from "../../support/conversations.ts"

type Status = "wrapup" | "closed"
type Options = Parameters<Service["move"]>[2]

const { conversations: ready, workspaceSid } = Sandbox.ready
const post = /^POST \/v1\/Interactions\/.*\/Participants\/UT/u

const pathOf = (name: Name, n = 2) => {
  const { channelSid, interactionSid, participants } = ready[name]
  return `/v1/Interactions/${interactionSid}/Channels/${channelSid}/Participants/${participants[n - 1]?.participantSid}`
}
const channelPath = (name: Name) => pathOf(name).replace(/\/Participants.*/u, "")
const reservationPath = (name: Name, n = 2) => {
  const { reservationSid, taskSid } = ready[name].participants[n - 1] ?? {}
  return `/v1/Workspaces/${workspaceSid}/Tasks/${taskSid}/Reservations/${reservationSid}`
}
const closeChannel = { Status: "closed", Routing: JSON.stringify({ status: "closed" }) }

/** What was told: a word of the design, or the reason of the error with what was seen. */
const told = (call: Effect.Effect<Conversation.Moved, TwilioError.TwilioError | Conversation.LastAgent>) =>
  Effect.match(call, {
    onSuccess: ({ agent, channelStatus, result }) => ({ result, standing: agent.standing, channelStatus }),
    onFailure: (error) => {
      if (error._tag === "LastAgent") return { result: "LastAgent" }
      const { reason } = error
      const { channelStatus, standing } = (reason._tag === "OutcomeUnknown" ? reason.seen : undefined) ?? {}
      return { result: reason._tag, standing, channelStatus }
    }
  })

const worldWith = (settings: Partial<Sandbox.Settings> = {}) => {
  const world = onReadyMade(settings)
  const move = (name: Name, status: Status, options: Options = {}, n = 2) =>
    world.run((conversations) => told(conversations.move(agentOf(name, n), status, { ifLast: "allow", ...options })))
  return { ...world, move }
}

describe("a lost answer is looked into, and never sent again", () => {
  const world = worldWith()

  for (const [what, fault] of [
    ["the connection breaks after the change was made", { kind: "drop", when: "after" }],
    ["half of the reply is missing", { kind: "truncated" }],
    ["a gateway answers 502 after the change was made", { kind: "html", status: 502, applied: true }],
    ["the reply is about something else", { kind: "answer", status: 200, body: {}, applied: true }],
    ["an answer that nobody knows", { kind: "answer", status: 418, body: {}, applied: true }]
  ] satisfies ReadonlyArray<readonly [string, Sandbox.Fault]>) {
    for (const [status, standing] of [
      ["wrapup", "wrapping"],
      ["closed", "left"]
    ] as const) {
      it.live(`${what}, ${status}: confirmed`, () =>
        Effect.gen(function* () {
          world.fault({ ...fault, method: "POST" })
          const result = yield* world.move("one", status)
          assert.deepStrictEqual(result, { result: "confirmed", standing, channelStatus: "active" })
          assert.lengthOf(world.changes(), 1)
        })
      )
    }
  }

  for (const [what, fault] of [
    ["the connection breaks before the change was made", { kind: "drop", when: "before" }],
    ["a gateway answers 502 and the change was not made", { kind: "html", status: 502 }],
    ["another reply, and the change was not made", { kind: "answer", status: 200, body: {} }]
  ] satisfies ReadonlyArray<readonly [string, Sandbox.Fault]>) {
    it.effect(`${what}: OutcomeUnknown after five seconds, with what was seen`, () =>
      Effect.gen(function* () {
        world.fault({ ...fault, method: "POST" })
        const result = yield* world.inNoTime(world.move("one", "wrapup"))
        assert.deepStrictEqual(result, { result: "OutcomeUnknown", standing: "active", channelStatus: "active" })
        assert.lengthOf(world.changes(), 1)
        assert.strictEqual(world.statusOf("one"), "active")
      })
    )
  }

  it.effect("and the error says in words what was seen, and that not seen is not undone", () =>
    Effect.gen(function* () {
      world.fault({ kind: "drop", when: "before", method: "POST" })
      const error = yield* Effect.flip(
        world.inNoTime(world.run((conversations) => conversations.move(agentOf("one"), "wrapup")))
      )
      assert.match(
        error.message,
        /^Participants\.setStatus: it is not known whether the change was applied: .*Reading showed the agent as active and the channel as "active" at 2\d{3}-.*: what is not seen yet may still have happened$/u
      )
    })
  )

  it.effect("nothing can be read afterwards: OutcomeUnknown, with what was seen of the channel", () =>
    Effect.gen(function* () {
      world.fault({ kind: "drop", when: "after", method: "POST" })
      world.on("after", post, () => world.fault({ kind: "html", status: 503, host: "taskrouter", times: "always" }))
      const result = yield* world.inNoTime(world.move("one", "wrapup"))
      assert.deepStrictEqual(result, { result: "OutcomeUnknown", standing: "unknown", channelStatus: "active" })
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("no answer in time: what was done meanwhile is seen", () =>
    Effect.gen(function* () {
      world.fault({ kind: "slow-headers", ms: 60_000, method: "POST" })
      const result = yield* world.move("one", "wrapup", { within: "4 seconds" })
      assert.deepStrictEqual(result, { result: "confirmed", standing: "wrapping", channelStatus: "active" })
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("closed for one who was completed by hand: whether the participant was detached can't be seen", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => world.send("POST", reservationPath("two"), { ReservationStatus: "completed" }))
      world.fault({ kind: "drop", when: "after", method: "POST" })
      const result = yield* world.move("two", "closed")
      assert.deepStrictEqual(result, { result: "OutcomeUnknown", standing: "left", channelStatus: "active" })
    })
  )
})

describe("what certainly was not carried out is told so", () => {
  const world = worldWith()
  const answer = (status: number, code: number) => ({
    kind: "answer" as const,
    status,
    body: { code, message: "no", more_info: "https://www.twilio.com/docs", status },
    method: "POST" as const
  })

  for (const [reason, fault] of [
    ["Forbidden", answer(403, 20403)],
    ["Unauthorized", answer(401, 20003)],
    ["ServerError", answer(503, 20503)],
    ["RateLimited", { kind: "rate-limited", retryAfter: 900, method: "POST" }],
    ["NotFound", answer(404, 20404)],
    ["Conflict", answer(409, 45008)],
    ["InvalidRequest", answer(400, 45004)]
  ] satisfies ReadonlyArray<readonly [string, Sandbox.Fault]>) {
    it.live(`${reason}`, () =>
      Effect.gen(function* () {
        world.fault(fault)
        assert.strictEqual((yield* world.move("one", "wrapup")).result, reason)
        assert.lengthOf(world.changes(), 1)
        assert.strictEqual(world.statusOf("one"), "active")
      })
    )
  }

  it.live("and is sent again by the client alone, within the time of the call", () =>
    Effect.gen(function* () {
      world.fault({ kind: "rate-limited", method: "POST", times: 2 })
      const moved = yield* world.run(
        (conversations) => told(conversations.move(agentOf("one"), "wrapup", { within: "20 seconds" })),
        { retry: { times: 3, base: "1 millis" } }
      )
      assert.strictEqual(moved.result, "confirmed")
      assert.lengthOf(world.changes(), 3)
    })
  )

  it.live("a retry that the time of the call cuts off was never carried out: nothing was changed", () =>
    Effect.gen(function* () {
      world.fault({ kind: "rate-limited", method: "POST", times: "always" })
      const error = yield* Effect.flip(
        world.run((conversations) => conversations.move(agentOf("one"), "wrapup", { within: "3 seconds" }), {
          retry: { times: 1, base: "30 seconds", maxDelay: "30 seconds" }
        })
      )
      assert.include(error.message, "nothing was changed")
      assert.strictEqual(world.statusOf("one"), "active")
    })
  )
})

describe("a change that is not shown at once", () => {
  const world = worldWith({ reservationDelay: 1500 })

  it.live("is confirmed when it is shown, within five seconds", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* world.move("one", "wrapup")).result, "confirmed")
      assert.lengthOf(world.changes(), 1)
    })
  )
})

describe("a change that is not shown within five seconds", () => {
  const world = worldWith({ reservationDelay: 60_000 })

  it.effect("is pending, and the agent is told as read", () =>
    Effect.gen(function* () {
      const result = yield* world.inNoTime(world.move("one", "wrapup"))
      assert.deepStrictEqual(result, { result: "pending", standing: "active", channelStatus: "active" })
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.effect("is pending, and the agent as seen last, though TaskRouter can't be read any more", () =>
    Effect.gen(function* () {
      const down = () => world.fault({ kind: "html", status: 503, host: "taskrouter", times: "always" })
      world.on("after", post, () => world.on("after", /^GET .*\/Reservations\//u, down))
      const result = yield* world.inNoTime(world.move("one", "wrapup"))
      assert.deepStrictEqual(result, { result: "pending", standing: "active", channelStatus: "active" })
    })
  )

  it.effect("the other agent, who goes next, does not count the one who goes already: LastAgent", () =>
    Effect.gen(function* () {
      const [first, second] = yield* world.inNoTime(
        world.run((conversations) =>
          Effect.all(
            [told(conversations.move(agentOf("two"), "closed")), told(conversations.move(agentOf("two", 3), "closed"))],
            { concurrency: 2 }
          )
        )
      )
      assert.sameMembers([first.result, second.result], ["pending", "LastAgent"])
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("nor for sure the one whose change was interrupted", () =>
    Effect.gen(function* () {
      world.fault({ kind: "slow-headers", ms: 10_000, method: "POST" })
      const plan = yield* world.run((conversations) =>
        Effect.gen(function* () {
          const first = yield* Effect.forkChild(conversations.move(agentOf("two"), "closed"))
          while (world.statusOf("two") === "active") yield* Effect.sleep("5 millis")
          yield* Fiber.interrupt(first)
          return yield* conversations.plan(agentOf("two", 3), "closed")
        })
      )
      assert.deepInclude(plan, { customerAlone: "unknown", lastAgent: false })
    })
  )

  it.effect("nor is it refused for sure, where the answer to the first was lost: nobody knows whether they go", () =>
    Effect.gen(function* () {
      world.fault({ kind: "drop", when: "after", method: "POST" })
      const [first, plan] = yield* world.inNoTime(
        world.run((conversations) =>
          Effect.gen(function* () {
            const first = yield* told(conversations.move(agentOf("two"), "closed"))
            return [first, yield* conversations.plan(agentOf("two", 3), "closed")] as const
          })
        )
      )
      assert.strictEqual(first.result, "OutcomeUnknown")
      assert.deepInclude(plan, { customerAlone: "unknown", lastAgent: false })
    })
  )
})

describe("things that happen in the middle", () => {
  const world = worldWith()

  it.live("the agent wraps up by hand before the change arrives: it is so, and it is not said who did it", () =>
    Effect.gen(function* () {
      world.on("before", post, () => world.send("POST", reservationPath("one"), { ReservationStatus: "wrapping" }))
      assert.deepStrictEqual(yield* world.move("one", "wrapup"), {
        result: "confirmed",
        standing: "wrapping",
        channelStatus: "active"
      })
    })
  )

  it.live("the agent is completed by hand before wrapup arrives: wider, and the agent has left", () =>
    Effect.gen(function* () {
      world.on("before", post, () => world.send("POST", reservationPath("one"), { ReservationStatus: "completed" }))
      assert.deepStrictEqual(yield* world.move("one", "wrapup"), {
        result: "wider",
        standing: "left",
        channelStatus: "active"
      })
    })
  )

  it.live("another program closes the same agent first: already, and not by this change", () =>
    Effect.gen(function* () {
      world.on("before", post, () => world.send("POST", pathOf("one"), { Status: "closed" }))
      assert.deepStrictEqual(yield* world.move("one", "closed"), {
        result: "already",
        standing: "left",
        channelStatus: "active"
      })
    })
  )

  for (const [status, standing] of [
    ["wrapup", "left"],
    ["closed", "left"]
  ] as const) {
    it.live(`the channel closes before ${status} arrives: wider`, () =>
      Effect.gen(function* () {
        world.on("before", post, () => world.send("POST", channelPath("one"), closeChannel))
        assert.deepStrictEqual(yield* world.move("one", status), { result: "wider", standing, channelStatus: "closed" })
      })
    )

    it.live(`the channel closes after ${status} was made, before it is read: wider`, () =>
      Effect.gen(function* () {
        world.on("after", post, () => world.send("POST", channelPath("one"), closeChannel))
        assert.deepStrictEqual(yield* world.move("one", status), { result: "wider", standing, channelStatus: "closed" })
      })
    )
  }

  it.live("the channel closes, with the agent in wrap-up, before wrapup arrives: wider", () =>
    Effect.gen(function* () {
      world.on("before", post, () => world.send("POST", channelPath("one"), { Status: "closed" }))
      assert.deepStrictEqual(yield* world.move("one", "wrapup"), {
        result: "wider",
        standing: "wrapping",
        channelStatus: "closed"
      })
    })
  )

  it.live("the reservation vanishes between two reads: accepted, and gone", () =>
    Effect.gen(function* () {
      world.on("after", post, () => world.sandbox().clock.advance(6 * 60_000))
      assert.deepStrictEqual(yield* world.move("one", "closed"), {
        result: "accepted",
        standing: "gone",
        channelStatus: "active"
      })
    })
  )

  it.live(
    "a supervisor completed the reservation while the participant is still attached: closed is sent, and accepted",
    () =>
      Effect.gen(function* () {
        yield* Effect.promise(() => world.send("POST", reservationPath("two"), { ReservationStatus: "completed" }))
        assert.deepStrictEqual(yield* world.move("two", "closed"), {
          result: "accepted",
          standing: "left",
          channelStatus: "active"
        })
        assert.strictEqual(world.statusOf("two"), "closed")
        assert.lengthOf(world.changes(), 2)
      })
  )

  it.live("closed for one who has left altogether: sent, refused by Twilio, already", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => world.send("POST", pathOf("two"), { Status: "closed" }))
      assert.strictEqual((yield* world.move("two", "closed")).result, "already")
      assert.lengthOf(world.changes(), 2)
    })
  )
})

describe("a refusal that is not Twilio's own", () => {
  const world = worldWith()

  for (const status of [400, 409, 422]) {
    it.live(
      `closed for one who has left, refused by a gateway with ${status}: not already, for nobody asked Twilio`,
      () =>
        Effect.gen(function* () {
          yield* Effect.promise(() => world.send("POST", pathOf("two"), { Status: "closed" }))
          world.fault({ kind: "html", status, method: "POST" })
          assert.strictEqual(
            (yield* world.move("two", "closed")).result,
            status === 400 ? "InvalidRequest" : "Conflict"
          )
        })
    )
  }
})

describe("where Twilio answers a repeat with 400, or with 200", () => {
  const refusing = worldWith({ repeat: 400 })
  const harmless = worldWith({ repeat: 200 })

  it.live("400: already", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => refusing.send("POST", pathOf("two"), { Status: "closed" }))
      assert.strictEqual((yield* refusing.move("two", "closed")).result, "already")
    })
  )

  it.live("200: accepted, as nothing shows whether anything was done", () =>
    Effect.gen(function* () {
      yield* Effect.promise(() => harmless.send("POST", pathOf("two"), { Status: "closed" }))
      assert.strictEqual((yield* harmless.move("two", "closed")).result, "accepted")
    })
  )
})

describe("two at once", () => {
  const world = worldWith()
  const close = (conversations: Service, n: number) => conversations.move(agentOf("two", n), "closed")

  it.live("the same agent, in one process: one confirmed, the other already", () =>
    Effect.gen(function* () {
      const results = yield* world.run((conversations) =>
        Effect.all([told(close(conversations, 2)), told(close(conversations, 2))], { concurrency: 2 })
      )
      assert.sameMembers(
        results.map(({ result }) => result),
        ["confirmed", "already"]
      )
    })
  )

  it.live("the same agent to wrapup, in one process: sent once", () =>
    Effect.gen(function* () {
      const wrapup = (conversations: Service) => told(conversations.move(agentOf("two"), "wrapup"))
      const results = yield* world.run((conversations) =>
        Effect.all([wrapup(conversations), wrapup(conversations)], { concurrency: 2 })
      )
      assert.sameMembers(
        results.map(({ result }) => result),
        ["confirmed", "already"]
      )
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("the two agents of one channel, in one process: the first goes, the second is LastAgent", () =>
    Effect.gen(function* () {
      const results = yield* world.run((conversations) =>
        Effect.all([told(close(conversations, 2)), told(close(conversations, 3))], { concurrency: 2 })
      )
      assert.sameMembers(
        results.map(({ result }) => result),
        ["confirmed", "LastAgent"]
      )
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("other channels do not wait for this one", () =>
    Effect.gen(function* () {
      world.on("before", post, () => new Promise((done) => setTimeout(done, 300)))
      const [slow, quick] = yield* world.run((conversations) =>
        Effect.gen(function* () {
          const order: Array<Name> = []
          const wrapup = (name: Name) =>
            Effect.tap(conversations.move(agentOf(name), "wrapup"), () => Effect.sync(() => order.push(name)))
          const slow = yield* Effect.forkChild(wrapup("two"))
          while (world.changes().length === 0) yield* Effect.sleep("5 millis")
          yield* wrapup("one")
          yield* Fiber.join(slow)
          return order
        })
      )
      assert.deepStrictEqual([slow, quick], ["one", "two"])
    })
  )

  /** Each waits with its change until the other has come as far. */
  const together = () => {
    let come = 0
    let open: () => void = () => {}
    const both = new Promise<void>((done) => {
      open = done
    })
    for (const _ of [1, 2]) {
      world.on("before", post, () => {
        come += 1
        if (come === 2) open()
        return both
      })
    }
  }

  it.live(
    "the two agents of one channel, in two processes: both go, and both are told that the customer is alone",
    () =>
      Effect.gen(function* () {
        together()
        const closed = (n: number) => world.run((conversations) => close(conversations, n))
        const [one, other] = yield* Effect.all([closed(2), closed(3)], { concurrency: 2 })
        for (const moved of [one, other]) {
          assert.deepInclude(moved, { result: "confirmed", customerAlone: true })
          assert.deepStrictEqual(
            moved.others.map(({ standing }) => standing),
            ["left"]
          )
        }
        assert.lengthOf(world.changes(), 2)
      })
  )

  it.live("the same agent, in two processes: it is so, each sent once, and only what reading shows is confirmed", () =>
    Effect.gen(function* () {
      together()
      const closed = () => world.run((conversations) => told(close(conversations, 2)))
      const results = yield* Effect.all([closed(), closed()], { concurrency: 2 })
      assert.sameMembers(
        results.map(({ result }) => result),
        ["confirmed", "already"]
      )
      assert.lengthOf(world.changes(), 2)
    })
  )
})

describe("time", () => {
  const world = worldWith()

  it.live("is up before anything was sent, because Flex is slow: nothing was changed", () =>
    Effect.gen(function* () {
      world.fault({ kind: "slow-headers", ms: 10_000, host: "flex", method: "GET", times: "always" })
      assert.strictEqual((yield* world.move("one", "wrapup", { within: "300 millis" })).result, "NetworkError")
      assert.lengthOf(world.changes(), 0)
    })
  )

  it.live("is up while another change of the channel has its turn: nothing was changed", () =>
    Effect.gen(function* () {
      world.on("before", post, () => new Promise((done) => setTimeout(done, 600)))
      const [first, second] = yield* world.run((conversations) =>
        Effect.gen(function* () {
          const first = yield* Effect.forkChild(told(conversations.move(agentOf("two"), "wrapup")))
          while (world.changes().length === 0) yield* Effect.sleep("5 millis")
          const second = yield* told(conversations.move(agentOf("two", 3), "wrapup", { within: "100 millis" }))
          return [yield* Fiber.join(first), second] as const
        })
      )
      assert.deepStrictEqual([first.result, second.result], ["confirmed", "NetworkError"])
      assert.lengthOf(world.changes(), 1)
    })
  )

  it.live("an interrupted change gives its turn back, and tells the log that it is not known what became of it", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const log = Logger.layer([Logger.map(Logger.formatStructured, (line) => lines.push(JSON.stringify(line)))])
      world.fault({ kind: "slow-headers", ms: 10_000, method: "POST" })
      const result = yield* world
        .run((conversations) =>
          Effect.gen(function* () {
            const first = yield* Effect.forkChild(conversations.move(agentOf("one"), "wrapup"))
            while (world.changes().length === 0) yield* Effect.sleep("5 millis")
            yield* Fiber.interrupt(first)
            return yield* told(conversations.move(agentOf("one"), "wrapup"))
          })
        )
        .pipe(Effect.provide(log))
      assert.strictEqual(result.result, "already")
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /Conversations\.move: interrupted after it was sent: it is not known whether/u)
      assert.include(lines[0], agentOf("one").participantSid)
      assert.include(lines[0], '"level":"WARN"')
    })
  )
})

describe("without TaskRouter an agent is moved all the same", () => {
  const world = worldWith()

  for (const [what, fault, reason] of [
    ["forbidden", { kind: "answer", status: 403, body: { code: 70051, status: 403 } }, "Forbidden"],
    ["down", { kind: "html", status: 503 }, "ServerError"],
    ["limited", { kind: "rate-limited", retryAfter: 3600 }, "RateLimited"]
  ] satisfies ReadonlyArray<readonly [string, Sandbox.Fault, string]>) {
    for (const status of ["wrapup", "closed"] as const) {
      it.live(`${what}, ${status}: accepted, standings unknown, and it says why`, () =>
        Effect.gen(function* () {
          world.fault({ ...fault, host: "taskrouter", times: "always" })
          const moved = yield* world.run((conversations) => conversations.move(agentOf("one"), status))
          assert.deepInclude(moved, { result: "accepted", customerAlone: "unknown", channelStatus: "active" })
          assert.strictEqual(moved.agent.standing, "unknown")
          assert.strictEqual(moved.unseen?._tag, reason)
          assert.strictEqual(world.statusOf("one"), status)
        })
      )
    }
  }

  it.live("turned off: accepted, with no request to it, and the plan says how many others are listed", () =>
    Effect.gen(function* () {
      const [plan, moved] = yield* world.run(
        (conversations) =>
          Effect.gen(function* () {
            const plan = yield* conversations.plan(agentOf("two"), "closed")
            return [plan, yield* conversations.move(agentOf("two"), "closed", { plan })] as const
          }),
        { without: "TaskRouter" }
      )
      assert.deepInclude(plan, { customerAlone: "unknown", lastAgent: false })
      assert.lengthOf(plan.others, 1)
      assert.include(plan.unseen?.message, "TASKROUTER_API_BASE_URL")
      assert.strictEqual(moved.result, "accepted")
      assert.isEmpty(world.asked().filter((request) => !request.includes("/Interactions/")))
    })
  )

  it.live("slow: it does not take the time that the change needs", () =>
    Effect.gen(function* () {
      world.fault({ kind: "slow-headers", ms: 20_000, host: "taskrouter", times: "always" })
      assert.deepStrictEqual(yield* world.move("one", "wrapup", { within: "4 seconds" }), {
        result: "accepted",
        standing: "unknown",
        channelStatus: "active"
      })
    })
  )

  it.live("a restricted key, and a lost answer: nobody knows", () =>
    Effect.gen(function* () {
      world.fault(
        { kind: "answer", status: 403, body: { code: 70051, status: 403 }, host: "taskrouter", times: "always" },
        { kind: "drop", when: "after", method: "POST" }
      )
      assert.deepStrictEqual(yield* world.move("one", "wrapup"), {
        result: "OutcomeUnknown",
        standing: "unknown",
        channelStatus: "active"
      })
    })
  )

  it.effect("the channel can't be read afterwards: the change can't be confirmed", () =>
    Effect.gen(function* () {
      world.on("after", post, () => world.fault({ kind: "html", status: 500, resource: "channels", times: "always" }))
      assert.deepInclude(yield* world.inNoTime(world.move("one", "wrapup")), {
        result: "accepted",
        standing: "wrapping"
      })
    })
  )
})
