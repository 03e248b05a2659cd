/** Who is in a channel, where each agent stands, and whether the customer is alone. */
import { assert, describe, it } from "@effect/vitest"
import { type Conversation, Conversations, Tasks } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Layer } from "effect"
import { agentOf, channelOf, onReadyMade } from "../../support/conversations.ts"

const agents = ({ participants }: Conversation.Roster) =>
  participants.filter(({ type }) => type === "agent").map(({ standing, worker }) => [worker, standing])

describe("the ready-made conversations", () => {
  const world = onReadyMade()

  for (const [name, expected] of [
    ["one", { status: "active", agents: [["alice", "active"]], onTheWay: undefined, customerAlone: false }],
    [
      "stuck",
      {
        status: "active",
        agents: [
          ["deepak", "wrapping"],
          ["alice", "active"]
        ],
        onTheWay: undefined,
        customerAlone: false
      }
    ],
    // The task of the agent who left 40 minutes ago is gone, and the worker's name with it.
    [
      "alone",
      { status: "active", agents: [[undefined, "gone"]], onTheWay: { queued: 0, offered: 0 }, customerAlone: true }
    ],
    [
      "queued",
      { status: "active", agents: [["carla", "left"]], onTheWay: { queued: 1, offered: 0 }, customerAlone: false }
    ],
    [
      "wrapping",
      {
        status: "active",
        agents: [
          ["alice", "wrapping"],
          ["bruno", "active"]
        ],
        onTheWay: undefined,
        customerAlone: false
      }
    ],
    ["ended", { status: "closed", agents: [["emma", "wrapping"]], onTheWay: undefined, customerAlone: false }],
    ["parked", { status: "inactive", agents: [[undefined, "gone"]], onTheWay: undefined, customerAlone: false }]
  ] as const) {
    it.live(`${name}: ${Sandbox.ready.conversations[name].about}`, () =>
      Effect.gen(function* () {
        const roster = yield* world.run((conversations) => conversations.roster(channelOf(name)))
        const { complete, customerAlone, onTheWay, status } = roster
        assert.deepStrictEqual(
          { status, agents: agents(roster), onTheWay, customerAlone } as unknown,
          expected as unknown
        )
        assert.isTrue(complete)
        assert.notProperty(roster, "unseen")
      })
    )
  }

  it.live("where an agent is active, who is on the way is looked up only when asked for", () =>
    Effect.gen(function* () {
      const look = (options?: { readonly onTheWay: boolean }) =>
        world.run((conversations) => conversations.roster(channelOf("offered"), options))
      assert.notProperty(yield* look(), "onTheWay")
      assert.deepStrictEqual((yield* look({ onTheWay: true })).onTheWay, { queued: 0, offered: 1 })
    })
  )

  it.live("a customer and everybody else has no standing; all are listed", () =>
    Effect.gen(function* () {
      const { participants } = yield* world.run((conversations) => conversations.roster(channelOf("crowd")))
      assert.lengthOf(participants, 120)
      assert.lengthOf(
        participants.filter(({ standing }) => standing !== undefined),
        3
      )
    })
  )

  it.live("minutes are by Twilio's clock, and not by ours", () =>
    Effect.gen(function* () {
      world.sandbox().clock.advance(60 * 60_000)
      const { participants } = yield* world.run((conversations) => conversations.roster(channelOf("stuck")))
      assert.deepStrictEqual(
        participants.map(({ minutes }) => minutes),
        [undefined, 195 + 60, 190 + 60]
      )
    })
  )

  it.live("three agents cost at most six requests, and the workspace one in a process", () =>
    Effect.gen(function* () {
      yield* world.run((conversations) => conversations.roster(channelOf("crowd")))
      assert.isAtMost(world.asked().length, 6)
      const before = world.asked().length
      yield* world.run(
        (conversations) =>
          Effect.all([conversations.roster(channelOf("crowd")), conversations.roster(channelOf("one"))], {
            concurrency: 2
          }),
        { without: "workspace" }
      )
      const asked = world.asked().slice(before)
      assert.lengthOf(
        asked.filter((request) => request === "GET /Configuration"),
        1
      )
      assert.isAtMost(asked.length, 6 + 6 + 1)
    })
  )

  it.live("three agents of whom none is active cost at most six requests too", () =>
    Effect.gen(function* () {
      const { sandbox } = world
      const interaction = sandbox().add({
        channels: [
          {
            participants: [
              { type: "customer" },
              { type: "agent", worker: "alice", status: "wrapup", minutes: 3 },
              { type: "agent", worker: "bruno", status: "closed", minutes: 2 },
              { type: "agent", worker: "carla", status: "wrapup", minutes: 1 }
            ]
          }
        ]
      })
      const [channel] = sandbox().state.get(interaction)?.values() ?? []
      const { customerAlone } = yield* world.run((conversations) => conversations.roster(channel as never))
      assert.isTrue(customerAlone)
      assert.isAtMost(world.asked().length, 6)
    })
  )

  it.live("the full name is read once for each worker, and only when asked for", () =>
    Effect.gen(function* () {
      yield* world.run((conversations) =>
        Effect.gen(function* () {
          const names = (options: { readonly fullNames?: boolean }) =>
            Effect.map(conversations.roster(channelOf("stuck"), options), ({ participants }) =>
              participants.map(({ fullName }) => fullName)
            )
          assert.deepStrictEqual(yield* names({}), [undefined, undefined, undefined])
          assert.deepStrictEqual(yield* names({ fullNames: true }), [undefined, "Deepak Rao", "Alice Moreau"])
          assert.deepStrictEqual(yield* names({ fullNames: true }), [undefined, "Deepak Rao", "Alice Moreau"])
          assert.deepStrictEqual(yield* names({}), [undefined, "Deepak Rao", "Alice Moreau"])
        })
      )
      assert.lengthOf(
        world.asked().filter((request) => request.startsWith("GET /Workers/")),
        2
      )
    })
  )

  it.live("a channel that does not exist is NotFound", () =>
    Effect.gen(function* () {
      const nowhere = { ...channelOf("one"), channelSid: `UO${"0".repeat(32)}` as never }
      const error = yield* Effect.flip(world.run((conversations) => conversations.roster(nowhere)))
      assert.strictEqual(error.reason._tag, "NotFound")
    })
  )

  it.live("what is no reference is refused before anything is sent", () =>
    Effect.gen(function* () {
      for (const channel of [undefined, {}, { ...channelOf("one"), channelSid: "../.." }]) {
        const error = yield* Effect.flip(world.run((conversations) => conversations.roster(channel as never)))
        assert.strictEqual(error.reason._tag, "InvalidRequest")
      }
      assert.lengthOf(world.asked(), 0)
    })
  )
})

describe("without TaskRouter", () => {
  const world = onReadyMade()

  const look = (options: Parameters<typeof world.run>[1] = {}) =>
    world.run((conversations) => conversations.roster(channelOf("stuck")), options)

  it.live("turned off: everybody is listed, standings are unknown, and it says which setting turns it on", () =>
    Effect.gen(function* () {
      const roster = yield* look({ without: "TaskRouter" })
      assert.deepStrictEqual(
        roster.participants.map(({ standing }) => standing),
        [undefined, "unknown", "unknown"]
      )
      assert.strictEqual(roster.customerAlone, "unknown")
      assert.include(roster.unseen?.message, "TASKROUTER_API_BASE_URL")
      assert.isEmpty(world.asked().filter((request) => !request.startsWith("GET /Interactions/")))
    })
  )

  it.live("turned off: after one agent the others are not asked for", () =>
    Effect.gen(function* () {
      let asked = 0
      const counting = Layer.effect(
        Tasks.Tasks,
        Effect.map(Tasks.Tasks, (tasks) =>
          Tasks.Tasks.of({
            ...tasks,
            reservation: (...args) =>
              Effect.suspend(() => {
                asked += 1
                return tasks.reservation(...args)
              })
          })
        )
      ).pipe(Layer.provideMerge(world.layer({ without: "TaskRouter", workspaceSid: Sandbox.ready.workspaceSid })))
      const roster = yield* Conversations.Conversations.use((conversations) =>
        conversations.roster(channelOf("crowd"))
      ).pipe(Effect.provide(Layer.provide(Layer.fresh(Conversations.layer), counting)))
      assert.lengthOf(agents(roster), 3)
      assert.strictEqual(asked, 1)
    })
  )

  for (const [what, reason, status, code] of [
    ["a key that is not accepted", "Unauthorized", 401, 20003],
    ["a key that may not", "Forbidden", 403, 20403],
    ["a restricted key", "Forbidden", 403, 70051],
    ["TaskRouter down", "ServerError", 503, 20503],
    ["too many requests", "RateLimited", 429, 20429]
  ] as const) {
    it.live(`${what}: everybody is listed, standings are unknown, and it says why`, () =>
      Effect.gen(function* () {
        const body = { code, message: "no", more_info: "https://www.twilio.com/docs", status }
        world.fault({ kind: "answer", status, body, host: "taskrouter", times: "always" })
        const roster = yield* look()
        assert.deepStrictEqual(agents(roster), [
          [undefined, "unknown"],
          [undefined, "unknown"]
        ])
        assert.strictEqual(roster.customerAlone, "unknown")
        assert.strictEqual(roster.unseen?._tag, reason)
        assert.isTrue(roster.complete)
      })
    )
  }

  it.live("a fault that passes is tried again before anything counts as unknown", () =>
    Effect.gen(function* () {
      world.fault(
        { kind: "html", status: 502, host: "taskrouter", times: 1 },
        { kind: "rate-limited", host: "taskrouter", times: 1 }
      )
      const roster = yield* look({ retry: { times: 3, base: "1 millis" } })
      assert.deepStrictEqual(agents(roster), [
        ["deepak", "wrapping"],
        ["alice", "active"]
      ])
      assert.notProperty(roster, "unseen")
    })
  )

  it.live("a workspace that nobody finds makes standings unknown, and nobody gone", () =>
    Effect.gen(function* () {
      world.fault(
        { kind: "answer", status: 404, body: { code: 20404, status: 404 }, resource: "configuration", times: "always" },
        { kind: "answer", status: 404, body: { code: 20404, status: 404 }, resource: "workspaces", times: "always" }
      )
      const roster = yield* look({ without: "workspace" })
      const { agent } = yield* world.run((conversations) => conversations.plan(agentOf("one"), "wrapup"), {
        without: "workspace"
      })
      assert.strictEqual(agent.standing, "unknown")
      assert.deepStrictEqual(agents(roster), [
        [undefined, "unknown"],
        [undefined, "unknown"]
      ])
      assert.strictEqual(roster.unseen?._tag, "NotFound")
    })
  )

  it.live("a 404 that is not Twilio's own makes nobody gone", () =>
    Effect.gen(function* () {
      world.fault({ kind: "html", status: 404, resource: "reservations", times: "always" })
      const roster = yield* look()
      assert.deepStrictEqual(agents(roster), [
        [undefined, "unknown"],
        [undefined, "unknown"]
      ])
      assert.strictEqual(roster.unseen?._tag, "NotFound")
    })
  )

  it.live("in a workspace that does not exist nobody is gone: nobody knows", () =>
    Effect.gen(function* () {
      const roster = yield* look({ workspaceSid: `WS${"0".repeat(32)}` })
      assert.deepStrictEqual(agents(roster), [
        [undefined, "unknown"],
        [undefined, "unknown"]
      ])
      assert.deepInclude(roster, { customerAlone: "unknown" })
      assert.strictEqual(roster.unseen?._tag, "NotFound")
      const plan = yield* world.run((conversations) => conversations.plan(agentOf("one"), "closed"), {
        workspaceSid: `WS${"0".repeat(32)}`
      })
      assert.deepInclude(plan, { customerAlone: "unknown", lastAgent: false })
      assert.strictEqual(plan.agent.standing, "unknown")
    })
  )

  it.live("slow: what is known by the end of the time is told, and why the rest is not", () =>
    Effect.gen(function* () {
      world.fault({ kind: "slow-headers", ms: 20_000, host: "taskrouter", times: "always" })
      const roster = yield* world.run((conversations) =>
        conversations.roster(channelOf("stuck"), { within: "3 seconds" })
      )
      assert.lengthOf(roster.participants, 3)
      assert.strictEqual(roster.customerAlone, "unknown")
      assert.strictEqual(roster.unseen?._tag, "NetworkError")
    })
  )

  it.live("the other way round, Flex down and TaskRouter up: there is no roster, but an error", () =>
    Effect.gen(function* () {
      world.fault({ kind: "html", status: 500, host: "flex", times: "always" })
      const error = yield* Effect.flip(look())
      assert.strictEqual(error.reason._tag, "ServerError")
    })
  )
})

describe("a channel with many agents", () => {
  const world = onReadyMade(
    {},
    {
      interactions: [
        {
          channels: [
            { participants: [{ type: "customer" }, ...Array.from({ length: 30 }, () => ({ type: "agent" as const }))] }
          ]
        }
      ]
    }
  )
  const only = () => [...([...world.sandbox().state.values()][0] ?? new Map()).values()][0] as never

  it.live("the last 20 who came are asked for, and it says that it is not complete", () =>
    Effect.gen(function* () {
      const roster = yield* world.run((conversations) => conversations.roster(only()))
      assert.lengthOf(
        agents(roster).filter(([, standing]) => standing === "active"),
        20
      )
      assert.isUndefined(agents(roster)[0]?.[1])
      assert.isFalse(roster.complete)
    })
  )

  it.live("all of them, when that is asked for", () =>
    Effect.gen(function* () {
      const roster = yield* world.run((conversations) => conversations.roster(only(), { everyStanding: true }))
      assert.lengthOf(
        agents(roster).filter(([, standing]) => standing === "active"),
        30
      )
      assert.isTrue(roster.complete)
    })
  )
})
