/** Conversations are found: by task, interaction, worker, or standing and age. */
import { assert, describe, it } from "@effect/vitest"
import { type Conversation, Sid } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Result, Stream } from "effect"
import { channelOf, onReadyMade, type Service } from "../../support/conversations.ts"

const { conversations: ready, workers } = Sandbox.ready
const taskOf = (name: keyof typeof ready, n = 2): Sid.TaskSid =>
  Result.getOrThrow(Sid.parse("WT", ready[name].participants[n - 1]?.taskSid))
const unknownTask = Result.getOrThrow(Sid.parse("WT", `WT${"0".repeat(32)}`))

const all = (query: Conversation.Query) => (conversations: Service) => Stream.runCollect(conversations.find(query))
const names = (found: ReadonlyArray<Conversation.Involvement>) =>
  found.map(
    ({ channelSid }) => Object.entries(ready).find(([, conversation]) => conversation.channelSid === channelSid)?.[0]
  )

describe("by task", () => {
  const world = onReadyMade()

  it.live("all that leads to the conversation, in at most four requests", () =>
    Effect.gen(function* () {
      const [found, ...others] = yield* world.run(all({ task: taskOf("stuck") }))
      assert.lengthOf(others, 0)
      assert.deepInclude(found, {
        ...channelOf("stuck"),
        taskSid: taskOf("stuck"),
        participantSid: ready.stuck.participants[1]?.participantSid as never,
        workerSid: workers.deepak as never,
        worker: "deepak",
        standing: "wrapping",
        minutes: 195,
        taskStatus: "wrapping",
        channelType: "web",
        queue: "Support"
      })
      assert.isAtMost(world.asked().length, 4)
    })
  )

  it.live("one that waits in the queue has its conversation, and no agent", () =>
    Effect.gen(function* () {
      const task = world.sandbox().invite(channelOf("one"))
      const [found] = yield* world.run(all({ task: task.sid as never }))
      assert.deepInclude(found, { ...channelOf("one"), taskStatus: "pending" })
      assert.notProperty(found, "standing")
      assert.notProperty(found, "worker")
    })
  )

  it.live("one that was declined is not told as the part of the agent who declined", () =>
    Effect.gen(function* () {
      const sandbox = world.sandbox()
      const task = [...sandbox.taskrouter.tasks.values()].find(
        ({ channel, status }) => channel?.channelSid === ready.offered.channelSid && status === "reserved"
      )
      if (task === undefined) return assert.fail("nothing is offered")
      sandbox.decline(task.sid)
      sandbox.accept(task.sid, "carla")
      const [found, ...others] = yield* world.run(all({ task: task.sid as never }))
      assert.deepInclude(found, { worker: "carla", standing: "active" })
      assert.lengthOf(others, 0)
    })
  )

  it.live("one without an interaction is an answer, and not an error", () =>
    Effect.gen(function* () {
      const voice = yield* world.run(all({ worker: "deepak", standing: "active" }))
      const call = voice.find(({ channelSid }) => channelSid === undefined)
      assert.deepInclude(call, { worker: "deepak", standing: "active", queue: "Support" })
      const [same] = yield* world.run(all({ task: call?.taskSid }))
      assert.notProperty(same, "interactionSid")
    })
  )

  it.live("one that does not exist, or is of another workspace, is NotFound", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(world.run(all({ task: unknownTask })))
      assert.deepInclude(error, { _tag: "TwilioError" })
      assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : "", "NotFound")
    })
  )

  it.live("where Flex is down there is an error, and no row that says that nobody is there", () =>
    Effect.gen(function* () {
      world.fault({ kind: "html", status: 500, host: "flex", times: "always" })
      const error = yield* Effect.flip(world.run(all({ task: taskOf("one") })))
      assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : "", "ServerError")
    })
  )
})

describe("by interaction", () => {
  const world = onReadyMade()
  const interaction = channelOf("two").interactionSid

  it.live("each agent's part in it", () =>
    Effect.gen(function* () {
      const found = yield* world.run(all({ interaction }))
      assert.deepStrictEqual(
        found.map(({ queue, standing, worker }) => [worker, standing, queue]),
        [
          ["bruno", "active", "Billing"],
          ["carla", "active", "Billing"]
        ]
      )
    })
  )

  it.live("without TaskRouter the agents are there, and their standing is unknown", () =>
    Effect.gen(function* () {
      world.fault({ kind: "answer", status: 403, body: { code: 70051 }, host: "taskrouter", times: "always" })
      const found = yield* world.run(all({ interaction }))
      assert.deepStrictEqual(
        found.map(({ standing }) => standing),
        ["unknown", "unknown"]
      )
    })
  )

  it.live(
    "with a filter that needs TaskRouter, and without TaskRouter, there is an error and no answer that leaves some out",
    () =>
      Effect.gen(function* () {
        world.fault({ kind: "answer", status: 403, body: { code: 70051 }, host: "taskrouter", times: "always" })
        for (const filter of [{ standing: "active" }, { queues: ["Billing"] }] as const) {
          const error = yield* Effect.flip(world.run(all({ interaction, ...filter })))
          assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : "", "Forbidden")
        }
      })
  )
})

describe("by worker", () => {
  const world = onReadyMade()

  for (const [what, worker] of [
    ["SID", workers.alice],
    ["friendly name", "alice"],
    ["e-mail address", "alice@example.com"],
    ["full name", "Alice Moreau"]
  ] as const) {
    it.live(`known by ${what}: where the agent is active or wrapping up`, () =>
      Effect.gen(function* () {
        const found = yield* world.run(all({ worker }))
        assert.sameMembers(names(found), ["one", "stuck", "offered", "text", "wrapping"])
        assert.deepStrictEqual([...new Set(found.map(({ worker }) => worker))], ["alice"])
      })
    )
  }

  it.live("a name that nobody has is NotFound, so that it is not taken for somebody who has nothing to do", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(world.run(all({ worker: "Alcie" })))
      assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : "", "NotFound")
      assert.include(error.message, '"Alcie"')
    })
  )

  it.live("with other filters: only what fits all of them", () =>
    Effect.gen(function* () {
      const find = (query: Conversation.Query) => Effect.map(world.run(all({ worker: "alice", ...query })), names)
      assert.deepStrictEqual(yield* find({ standing: "wrapping" }), ["wrapping"])
      assert.deepStrictEqual(yield* find({ longerThan: "1 hour" }), ["stuck"])
      assert.deepStrictEqual(yield* find({ queues: ["Sales", "Billing"] }), ["offered", "wrapping"])
      assert.deepStrictEqual(yield* find({ interaction: channelOf("one").interactionSid }), ["one"])
      assert.deepStrictEqual(yield* find({ interaction: channelOf("two").interactionSid }), [])
      assert.deepStrictEqual(yield* find({ task: taskOf("one") }), ["one"])
      assert.deepStrictEqual(yield* find({ task: taskOf("two") }), [])
    })
  )
})

describe("two workers with one name", () => {
  const world = onReadyMade(
    {},
    {
      ...Sandbox.readyMade,
      workers: [
        ...(Sandbox.readyMade.workers ?? []),
        ...Array.from({ length: 11 }, (_, n) => ({ friendly_name: `sam${n}`, attributes: { full_name: "Sam Smith" } }))
      ]
    }
  )

  it.live("are Ambiguous: the first ten candidates are named, and how many there are", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(world.run(all({ worker: "Sam Smith" })))
      if (error._tag !== "Ambiguous") return assert.fail(error.message)
      assert.lengthOf(error.candidates, 10)
      assert.strictEqual(error.total, 11)
      assert.deepInclude(error.candidates[0], { friendlyName: "sam0", fullName: "Sam Smith" })
      assert.match(error.message, /"Sam Smith" fits 11 workers/u)
    })
  )
})

for (const settings of [
  { listAttributes: "null" },
  { wrappingFilter: "ignored" },
  { wrappingFilter: "refused" }
] satisfies ReadonlyArray<Partial<Sandbox.Settings>>) {
  describe(`by standing, where Twilio does ${JSON.stringify(settings)}`, () => {
    const world = onReadyMade(settings)

    it.live("who is in wrap-up, and for how long", () =>
      Effect.gen(function* () {
        assert.sameMembers(names(yield* world.run(all({ standing: "wrapping" }))), ["stuck", "ended", "wrapping"])
        assert.sameMembers(names(yield* world.run(all({ standing: "wrapping", longerThan: "1 hour" }))), [
          "stuck",
          "ended"
        ])
        assert.sameMembers(names(yield* world.run(all({ worker: "alice", standing: "wrapping" }))), ["wrapping"])
      })
    )
  })
}

describe("by standing", () => {
  const world = onReadyMade()

  it.live("the first row costs a few requests, however many there are", () =>
    Effect.gen(function* () {
      yield* world.run((conversations) =>
        conversations.find({ standing: "active" }).pipe(Stream.take(1), Stream.runCollect)
      )
      const all = world.asked().length
      // One list, and what four rows that are read ahead take.
      assert.isAtMost(all, 1 + 2 * 5)
    })
  )

  it.live("of queues, Twilio is asked for theirs, and for each once", () =>
    Effect.gen(function* () {
      const found = yield* world.run(all({ standing: "active", queues: ["Billing", "No such", "Billing", "billing"] }))
      assert.deepStrictEqual([...new Set(found.map(({ queue }) => queue))], ["Billing"])
      assert.deepStrictEqual(names(found), ["two", "two", "wrapping"])
      const asked = world.asked().flatMap((request) => /TaskQueueName=([^&]+)/u.exec(request)?.[1] ?? [])
      assert.deepStrictEqual(asked, ["Billing", "No+such", "billing"])
    })
  )

  it.live("tasks that are younger than what is looked for are not read", () =>
    Effect.gen(function* () {
      const found = yield* world.run((conversations) =>
        conversations.findPage({ standing: "active", longerThan: "1 hour" }, { limit: 2 })
      )
      assert.deepStrictEqual(names(found.conversations), ["stuck"])
      assert.notProperty(found, "next")
      assert.isAtMost(world.asked().filter((request) => request.startsWith("GET /Tasks?")).length, 2)
    })
  )
})

describe("page by page", () => {
  const world = onReadyMade()

  /** The limits in turn, again and again. */
  const pages =
    (query: Conversation.Query, ...limits: ReadonlyArray<number>) =>
    (conversations: Service) =>
      Effect.gen(function* () {
        const found: Array<Conversation.Involvement> = []
        let cursor: Conversation.Cursor | undefined
        let calls = 0
        do {
          const limit = limits[calls++ % limits.length] ?? 1
          const page: Conversation.Page = yield* conversations.findPage(query, {
            limit,
            ...(cursor === undefined
              ? undefined
              : { cursor: JSON.parse(JSON.stringify(cursor)) as Conversation.Cursor })
          })
          assert.isAtMost(page.conversations.length, limit)
          found.push(...page.conversations)
          cursor = page.next
        } while (cursor !== undefined)
        return found
      })

  for (const [what, query] of [
    ["a worker's, of which some are active and some in wrap-up", { worker: "alice" }],
    ["an interaction's", { interaction: channelOf("crowd").interactionSid }],
    ["all that are active", { standing: "active" }],
    ["all that are active, of two queues", { standing: "active", queues: ["Sales", "Billing"] }],
    ["a task's", { task: taskOf("one") }]
  ] satisfies ReadonlyArray<readonly [string, Conversation.Query]>) {
    it.live(`${what}: the same rows in the same order as all at once, and each once`, () =>
      Effect.gen(function* () {
        const expected = yield* world.run(all(query))
        assert.isAbove(expected.length, 0)
        for (const limit of [1, 2, 20]) {
          const found = yield* world.run(pages(query, limit))
          assert.deepStrictEqual(
            found.map(({ reservationSid }) => reservationSid),
            expected.map(({ reservationSid }) => reservationSid)
          )
        }
      })
    )
  }

  it.live("the pages of a walk have one size, however few rows fit and whatever the limit of each call is", () =>
    Effect.gen(function* () {
      const query: Conversation.Query = { standing: "active", queues: ["Sales", "Billing"] }
      const expected = yield* world.run(all(query))
      const before = world.asked().length
      const found = yield* world.run(pages(query, 2, 1, 3))
      assert.deepStrictEqual(
        found.map(({ reservationSid }) => reservationSid),
        expected.map(({ reservationSid }) => reservationSid)
      )
      const lists = world
        .asked()
        .slice(before)
        .filter((request) => request.startsWith("GET /Tasks?"))
      assert.isAbove(lists.length, 2)
      for (const list of lists) assert.include(list, "PageSize=2")
    })
  )

  it.live("pages that go round in a circle end, across calls too", () =>
    Effect.gen(function* () {
      world.fault({ kind: "next-page-loop", resource: "tasks", times: "always" })
      const error = yield* Effect.flip(world.run(pages({ standing: "active" }, 1)))
      assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : "", "UnexpectedResponse")
    })
  )
})

describe("what makes no sense is refused before anything is sent", () => {
  const world = onReadyMade()

  for (const [problem, query] of [
    ["at least one of task, interaction, worker and standing", {}],
    ["at least one of task, interaction, worker and standing", { longerThan: "1 hour", queues: ["Sales"] }],
    ["task: expected WT", { task: channelOf("one").channelSid }],
    ["interaction: expected KD", { interaction: "../.." }],
    ["worker: expected a SID or a name", { worker: " " }],
    ["standing: expected active or wrapping", { standing: "left" }],
    ["longerThan: expected a duration", { standing: "wrapping", longerThan: "soon" }],
    ["longerThan: expected a duration", { standing: "wrapping", longerThan: -1 }],
    ["queues: expected the name of at least one", { standing: "wrapping", queues: [] }]
  ] as const) {
    it.live(`${JSON.stringify(query)}: ${problem}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(world.run(all(query as never)))
        assert.include(error.message, problem)
        assert.lengthOf(world.asked(), 0)
      })
    )
  }

  it.live("a limit out of 1 to 1000", () =>
    Effect.gen(function* () {
      for (const limit of [0, 1001, 1.5]) {
        const error = yield* Effect.flip(world.run((found) => found.findPage({ worker: "alice" }, { limit })))
        assert.include(error.message, "limit: expected a whole number from 1 to 1000")
      }
    })
  )
})

describe("what is no conversation, or not ours", () => {
  const world = onReadyMade(
    {},
    {
      ...Sandbox.readyMade,
      tasks: [
        { sid: `WT${"1".repeat(32)}`, attributes: "not JSON", assignment_status: "assigned", worker: "alice" },
        { sid: `WT${"2".repeat(32)}`, workspace: "Back office" }
      ]
    }
  )

  it.live("a task whose attributes are not JSON is told without a conversation", () =>
    Effect.gen(function* () {
      const [found] = yield* world.run(all({ task: `WT${"1".repeat(32)}` as never }))
      assert.deepInclude(found, { worker: "alice", standing: "active" })
      assert.notProperty(found, "channelSid")
    })
  )

  it.live("a task of another workspace is NotFound", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(world.run(all({ task: `WT${"2".repeat(32)}` as never })))
      assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : "", "NotFound")
    })
  )

  it.live("an interaction that does not exist is NotFound", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(world.run(all({ interaction: `KD${"0".repeat(32)}` as never })))
      assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : "", "NotFound")
    })
  )

  it.live("a worker's SID that nobody has is NotFound", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(world.run(all({ worker: `WK${"0".repeat(32)}` })))
      assert.strictEqual(error._tag === "TwilioError" ? error.reason._tag : "", "NotFound")
    })
  )
})
