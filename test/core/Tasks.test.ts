/** Tasks and reservations: what is read out of them, and how they are found. */
import { assert, describe, it } from "@effect/vitest"
import { Channels, Events, Tasks, type TwilioError } from "@flex-interactions/core"
import { DateTime, Effect, Result, Schema, Stream } from "effect"
import { double, refused } from "../support/double.ts"
import { channel as first, onSandbox, services, sid } from "../support/services.ts"

const interactionSid = `KD${"a".repeat(32)}`
const channelSid = `UO${"b".repeat(32)}`
const channel = Result.succeed({ interactionSid, channelSid } as never)
const conversation = { flexInteractionSid: interactionSid, flexInteractionChannelSid: channelSid }
const task = (attributes: unknown) => Schema.decodeUnknownSync(Tasks.Task)({ attributes })

describe("attributes of a task", () => {
  it("have the two SIDs typed, and keep everything else under Twilio's names", () => {
    const other = { from: "+15551234", customers: { phone: null }, conversationSid: `UO${"c".repeat(32)}` }
    assert.deepStrictEqual(task(JSON.stringify({ ...other, ...conversation, channelType: "sms" })).attributes, {
      interactionSid,
      channelSid,
      channelType: "sms",
      other
    } as never)
  })

  it("keep what is no SID in the place of one, and a key that is called __proto__", () => {
    const { attributes } = task('{"flexInteractionSid":"KD1","flexInteractionChannelSid":null,"__proto__":{"x":1}}')
    assert.deepStrictEqual(Object.entries(attributes?.other ?? {}), [
      ["flexInteractionSid", "KD1"],
      ["flexInteractionChannelSid", null],
      ["__proto__", { x: 1 }]
    ])
    assert.isUndefined(attributes?.interactionSid)
    assert.isUndefined(Object.getPrototypeOf(attributes?.other)?.x)
  })

  for (const text of ["", "hello", "{", "[1]", "null", "5", '"{}"', "<xml/>"]) {
    it(`that are no JSON object are kept as they are: ${text}`, () => {
      assert.deepStrictEqual(task(text).attributes, { other: {}, text })
    })
  }
})

describe("a status", () => {
  for (const status of ["onHold", "pause", "transfer", "what Twilio adds tomorrow", ""]) {
    it(`that no document has is kept as it is: ${JSON.stringify(status)}`, () => {
      const decoded = [
        Schema.decodeUnknownSync(Tasks.Task)({ assignment_status: status }),
        Schema.decodeUnknownSync(Tasks.Reservation)({ reservation_status: status }),
        Schema.decodeUnknownSync(Channels.Channel)({ status })
      ]
      assert.deepStrictEqual(decoded, [{ status }, { status }, { status }])
    })
  }
})

describe("the conversation", () => {
  for (const [what, attributes, answer] of [
    ["with both SIDs is its channel", JSON.stringify(conversation), channel],
    ["whose attributes a list left out is not known", null, Result.fail("attributes not read")],
    ["whose attributes are not JSON is not known", "hello", Result.fail("attributes not JSON")],
    ["that has none, such as voice, does not exist", '{"call_sid":"CA1"}', Result.fail("no interaction")],
    ["with null for both does not exist", '{"flexInteractionSid":null}', Result.fail("no interaction")],
    ["without attributes does not exist", "{}", Result.fail("no interaction")],
    ["with one SID only is no reference", `{"flexInteractionSid":"${interactionSid}"}`, Result.fail("not SIDs")],
    [
      "with something else in their place is no reference",
      '{"flexInteractionSid":"../..","flexInteractionChannelSid":"x"}',
      Result.fail("not SIDs")
    ]
  ] as const) {
    it(`of a task ${what}`, () => assert.deepStrictEqual(Tasks.channelOf(task(attributes)), answer as never))
  }
})

describe("the conversation of an event", () => {
  const attributes = JSON.stringify(conversation)
  for (const [what, payload, answer] of [
    ["an Interactions webhook", { InteractionSid: interactionSid, ChannelSid: channelSid, EventType: "x" }, channel],
    ["TaskRouter's callback", { EventType: "task.completed", TaskAttributes: attributes }, channel],
    ["Event Streams", { specversion: "1.0", data: { payload: { task_attributes: attributes } } }, channel],
    ["TaskRouter's list", { event_type: "task.completed", event_data: { task_attributes: attributes } }, channel],
    ["an interaction that has no channel yet", { InteractionSid: interactionSid }, Result.fail("not SIDs")],
    ["a webhook with something else", { InteractionSid: "../..", ChannelSid: channelSid }, Result.fail("not SIDs")],
    ["a voice task", { TaskAttributes: '{"call_sid":"CA1"}' }, Result.fail("no interaction")],
    ["a worker", { EventType: "worker.activity.update" }, Result.fail("attributes not read")],
    ["nothing", null, Result.fail("attributes not read")],
    ["a text", attributes, Result.fail("attributes not read")]
  ] as const) {
    it(`is found in what is sent for ${what}, or why there is none`, () => {
      assert.deepStrictEqual(Events.channelOf(payload), answer as never)
    })
  }

  it("is that of its data, once it is decoded, whatever else is odd in them", () => {
    const event = Schema.decodeUnknownSync(Events.Event)({ event_data: { task_attributes: attributes, worker_sid: 5 } })
    assert.deepStrictEqual(Tasks.channelOf(event.data ?? {}), channel)
    const odd = Schema.decodeUnknownSync(Events.Event)({ event_data: "odd" })
    assert.deepStrictEqual(odd, {})
  })
})

const { asked, run, sandbox } = onSandbox()

const use = <A>(f: (tasks: Tasks.Tasks["Service"]) => Effect.Effect<A, TwilioError.TwilioError>) => Tasks.Tasks.use(f)
const collect = (filter?: Tasks.TaskFilter) => use((tasks) => Stream.runCollect(tasks.stream(filter)))
const sids = (tasks: ReadonlyArray<Tasks.Task>) => tasks.map((task) => task.sid)

const reasonOf = <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.flip(effect), (error) => (error instanceof Error && "reason" in error ? error.reason : error))

describe("a task", () => {
  it.effect("is read with its attributes, and with the time by Twilio's clock, not ours", () =>
    Effect.gen(function* () {
      sandbox().clock.advance(7 * 3_600_000)
      const task = yield* run(use((tasks) => tasks.get(sid("WT", 2))))
      assert.deepInclude(task, { status: "wrapping", taskQueueFriendlyName: "Sales", sid: sid("WT", 2) })
      const { asOf, dateUpdated } = task
      if (asOf === undefined || dateUpdated === undefined) return assert.fail("a date is missing")
      const minutes = (DateTime.toEpochMillis(asOf) - DateTime.toEpochMillis(dateUpdated)) / 60_000
      assert.closeTo(minutes, 7 * 60 + 20, 0.2)
    })
  )

  it.effect("that is gone, or of another workspace, is NotFound, and says what it can be", () =>
    Effect.gen(function* () {
      for (const task of [sid("WT", 9), sid("WT", 12)]) {
        const error = yield* Effect.flip(run(use((tasks) => tasks.get(task))))
        assert.match(error.message, /^Tasks\.get: this workspace has no such task.*five minutes.*another workspace/u)
      }
    })
  )

  it.effect("leads to its channel, or to why there is none", () =>
    Effect.gen(function* () {
      const channelOf = (n: number) => run(use((tasks) => tasks.channel(sid("WT", n))))
      assert.deepStrictEqual(yield* channelOf(1), Result.succeed(first))
      assert.deepStrictEqual(yield* channelOf(10), Result.fail("no interaction"))
      assert.deepStrictEqual(yield* channelOf(11), Result.fail("attributes not JSON"))
      assert.deepStrictEqual(
        asked(),
        [1, 10, 11].map((n) => `GET /Tasks/${sid("WT", n)}`)
      )
    })
  )
})

describe("tasks", () => {
  it.effect("are all listed without a filter, but for those of another workspace", () =>
    Effect.gen(function* () {
      const all = yield* run(collect())
      assert.strictEqual(all.length, 6)
      assert.isTrue(all.every(({ asOf }) => asOf !== undefined))
      assert.deepStrictEqual(asked(), ["GET /Tasks?PageSize=1000"])
    })
  )

  for (const [what, filter, found, query] of [
    [
      "of statuses",
      { statuses: ["wrapping", "assigned"] },
      [1, 2, 10],
      "AssignmentStatus=wrapping&AssignmentStatus=assigned"
    ],
    [
      "of a queue",
      { taskQueueName: "Sales", statuses: ["pending"] },
      [11],
      "AssignmentStatus=pending&TaskQueueName=Sales"
    ],
    [
      "of a channel",
      { channel: first, statuses: ["assigned"] },
      [1],
      `AssignmentStatus=assigned&EvaluateTaskAttributes=flexInteractionChannelSid+%3D%3D+%27${first.channelSid}%27`
    ],
    [
      "of an interaction",
      { interaction: first.interactionSid, statuses: ["wrapping"] },
      [2],
      `AssignmentStatus=wrapping&EvaluateTaskAttributes=flexInteractionSid+%3D%3D+%27${first.interactionSid}%27`
    ]
  ] as const) {
    it.effect(`${what} are found by one request`, () =>
      Effect.gen(function* () {
        const tasks = yield* run(collect(filter))
        const named = sids(tasks).filter((found) => found?.startsWith("WT000"))
        assert.deepStrictEqual(
          named,
          found.map((n) => sid("WT", n))
        )
        assert.deepStrictEqual(asked(), [`GET /Tasks?${query}&PageSize=1000`])
      })
    )
  }

  it.effect("of a channel are read alone where the list leaves their attributes out", () =>
    Effect.gen(function* () {
      sandbox().settings.listAttributes = "null"
      const tasks = yield* run(collect({ channel: first }))
      assert.strictEqual(tasks.length, 4)
      assert.isTrue(tasks.every(({ attributes }) => attributes?.channelSid === first.channelSid))
      assert.strictEqual(asked().length, 5)
    })
  )

  it.effect("of other filters are not: attributes stay out", () =>
    Effect.gen(function* () {
      sandbox().settings.listAttributes = "null"
      const tasks = yield* run(collect({ statuses: ["wrapping"] }))
      assert.deepStrictEqual([tasks.length, tasks[0]?.attributes], [1, undefined])
      assert.strictEqual(asked().length, 1)
    })
  )

  it.effect("are paged, and a page that the filter empties still has a next", () =>
    Effect.gen(function* () {
      const filter: Tasks.TaskFilter = { channel: first }
      const pages = yield* run(
        use(
          Effect.fnUntraced(function* (tasks) {
            const one = yield* tasks.page(filter, { pageSize: 3 })
            const two = yield* tasks.page(filter, { pageSize: 3, ...(one.next && { cursor: one.next }) })
            return [one, two]
          })
        )
      )
      assert.deepStrictEqual(
        pages.map(({ items, next }) => [items.length, next !== undefined]),
        [
          [3, true],
          [1, false]
        ]
      )
    })
  )

  it.effect("of a workspace that does not exist are NotFound, which names the setting", () =>
    Effect.gen(function* () {
      for (const filter of [{}, { channel: first }]) {
        const error = yield* Effect.flip(run(collect(filter), { workspaceSid: sid("WS", 9) }))
        assert.match(error.message, /this account has no such workspace: check TWILIO_WORKSPACE_SID/u)
      }
    })
  )

  for (const [problem, filter] of [
    ["statuses: expected pending, reserved, assigned, wrapping, completed, canceled", { statuses: ["paused"] }],
    ["statuses: expected at least one", { statuses: [] }],
    ["channel: expected UO followed by 32 hexadecimal digits, got undefined", { channel: {} }],
    ["interaction: expected KD followed by 32 hexadecimal digits, got 14 characters", { interaction: "KD' OR '1'=='1" }]
  ] as const) {
    it.effect(`are not asked for by a filter that is wrong: ${problem}`, () =>
      Effect.gen(function* () {
        for (const ask of [collect(filter as never), use((tasks) => tasks.page(filter as never))]) {
          const error = yield* Effect.flip(run(ask as Effect.Effect<unknown, TwilioError.TwilioError, Tasks.Tasks>))
          assert.match(error.message, /^Tasks\.(list|byAttributes): /u)
          assert.include(error.message, problem)
        }
        assert.deepStrictEqual(asked(), [])
      })
    )
  }
})

describe("what Twilio may not honour is applied here too:", () => {
  const row = (n: number, more: object) => ({ sid: sid("WT", n), assignment_status: "pending", ...more })
  const own = JSON.stringify({ flexInteractionSid: first.interactionSid, flexInteractionChannelSid: first.channelSid })
  const other = JSON.stringify({ flexInteractionSid: sid("KD", 2), flexInteractionChannelSid: sid("UO", 2) })

  const listed = (filter: Tasks.TaskFilter, rows: ReadonlyArray<object>, ...more: ReadonlyArray<Response>) => {
    const http = double(Response.json({ tasks: rows }), ...more)
    return Effect.map(
      Effect.provide(collect(filter), services(http.layer, { workspaceSid: sid("WS", 1) })),
      (tasks) => [sids(tasks), http.requests.length] as const
    )
  }

  it.effect("a status, and a queue in any case; one that is missing says nothing", () =>
    Effect.gen(function* () {
      const rows = [
        row(1, { task_queue_friendly_name: "sales" }),
        row(2, { task_queue_friendly_name: "Support" }),
        row(3, { assignment_status: "assigned", task_queue_friendly_name: "Sales" }),
        { sid: sid("WT", 4) }
      ]
      const [tasks] = yield* listed({ statuses: ["pending"], taskQueueName: "Sales" }, rows)
      assert.deepStrictEqual(tasks, [sid("WT", 1), sid("WT", 4)])
    })
  )

  it.effect("a channel and an interaction", () =>
    Effect.gen(function* () {
      const rows = [
        row(1, { attributes: own }),
        row(2, { attributes: other }),
        row(3, { attributes: "{}" }),
        row(4, { attributes: "x" })
      ]
      for (const filter of [{ channel: first }, { interaction: first.interactionSid }]) {
        assert.deepStrictEqual(yield* listed(filter, rows), [[sid("WT", 1)], 1])
      }
    })
  )

  it.effect("a channel, by the task itself if the list is silent; a task that has gone meanwhile is left out", () =>
    Effect.gen(function* () {
      const rows = [
        row(1, { attributes: null }),
        row(2, {}),
        row(3, {}),
        row(4, { attributes: null }),
        row(5, { attributes: null }),
        { attributes: null }
      ]
      const [tasks, requests] = yield* listed(
        { channel: first, statuses: ["pending"] },
        rows,
        Response.json(row(1, { attributes: own })),
        Response.json(row(2, { attributes: other })),
        refused(404, 20404),
        Response.json(row(4, { attributes: own, assignment_status: "canceled" })),
        Response.json(row(5, { attributes: null }))
      )
      assert.deepStrictEqual([tasks, requests], [[sid("WT", 1)], 6])
    })
  )

  it.effect("but a fault on the way is no answer", () =>
    Effect.gen(function* () {
      for (const [answer, tag] of [
        [refused(503, 20503), "ServerError"],
        [new Response("<html>", { status: 404 }), "NotFound"]
      ] as const) {
        assert.deepInclude(yield* reasonOf(listed({ channel: first }, [row(1, {})], answer)), { _tag: tag })
      }
    })
  )
})

describe("reservations of a task", () => {
  it.effect("have the worker's name, their status, and since when", () =>
    Effect.gen(function* () {
      const [reservation, ...others] = yield* run(use((tasks) => tasks.reservations(sid("WT", 2))))
      assert.deepStrictEqual(others, [])
      assert.deepInclude(reservation, {
        sid: sid("WR", 2),
        taskSid: sid("WT", 2),
        workerName: "Ben",
        status: "wrapping"
      })
    })
  )

  it.effect("are filtered here, by status and by worker", () =>
    Effect.gen(function* () {
      const rows = ["rejected", "timeout", "accepted", "onHold"].map((status, n) => ({
        sid: sid("WR", n),
        reservation_status: status,
        worker_sid: sid("WK", n % 2)
      }))
      const of = (filter: Tasks.ReservationFilter) =>
        Effect.map(
          Effect.provide(
            use((tasks) => tasks.reservations(sid("WT", 1), filter)),
            services(double(Response.json({ reservations: rows })).layer, { workspaceSid: sid("WS", 1) })
          ),
          (found) => found.map(({ status }) => status)
        )
      assert.deepStrictEqual(yield* of({ status: "onHold" }), ["onHold"])
      assert.deepStrictEqual(yield* of({ worker: sid("WK", 1) }), ["timeout", "onHold"])
      assert.deepStrictEqual(yield* of({ worker: sid("WK", 1), status: "accepted" }), [])
    })
  )

  it.effect("are read one by one, over a connection of its own where that is asked for", () =>
    Effect.gen(function* () {
      const http = double(
        Response.json(
          { workspace_sid: sid("WS", 1), reservation_status: "wrapping" },
          { headers: { date: "Tue, 24 Nov 2026 10:00:00 GMT" } }
        )
      )
      const both = use((tasks) =>
        Effect.all([
          tasks.reservation(sid("WT", 1), sid("WR", 1)),
          tasks.reservation(sid("WT", 1), sid("WR", 1), { connection: "fresh" }),
          tasks.get(sid("WT", 1), { connection: "fresh" })
        ])
      )
      const [reservation] = yield* Effect.provide(both, services(http.layer, { workspaceSid: sid("WS", 1) }))
      assert.deepStrictEqual(reservation, {
        sid: sid("WR", 1),
        taskSid: sid("WT", 1),
        workspaceSid: sid("WS", 1),
        status: "wrapping",
        asOf: DateTime.makeUnsafe("2026-11-24T10:00:00Z")
      } as never)
      assert.deepStrictEqual(
        http.requests.map(({ headers }) => headers.get("connection")),
        [null, "close", "close"]
      )
    })
  )

  it.effect("without a Date in the reply have no time, and are no worse for it", () =>
    Effect.gen(function* () {
      for (const headers of [{}, { date: "yesterday" }]) {
        const http = double(Response.json({ sid: sid("WR", 1), reservation_status: "accepted" }, { headers }))
        const reservation = yield* Effect.provide(
          use((tasks) => tasks.reservation(sid("WT", 1), sid("WR", 1))),
          services(http.layer, { workspaceSid: sid("WS", 1) })
        )
        assert.isFalse("asOf" in reservation)
      }
    })
  )

  it.effect("a reply that names nothing is no task: a list may have come twice", () =>
    Effect.gen(function* () {
      for (const body of [{ reservations: [{ task_sid: sid("WT", 1) }], meta: {} }, { sid: null }, {}]) {
        const found = yield* Effect.provide(
          Effect.flip(use((tasks) => tasks.get(sid("WT", 1)))),
          services(double(Response.json(body)).layer, { workspaceSid: sid("WS", 1) })
        )
        assert.strictEqual(found.reason._tag, "UnexpectedResponse")
        assert.match(found.message, /does not say what it is about/u)
      }
    })
  )

  for (const [what, ask] of [
    ["task", use((tasks) => tasks.get("WT1" as never))],
    ["task", use((tasks) => tasks.reservations("../.." as never))],
    ["task", use((tasks) => tasks.channel(undefined as never))],
    ["reservation", use((tasks) => tasks.reservation(sid("WT", 1), sid("WT", 1)))]
  ] as const) {
    it.effect(`are not asked for with something else than a ${what}'s SID, and no workspace is looked up`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(
          run(ask as Effect.Effect<unknown, TwilioError.TwilioError, Tasks.Tasks>, { workspaceSid: undefined })
        )
        assert.include(error.message, `${what}Sid: expected W`)
        assert.deepStrictEqual(asked(), [])
      })
    )
  }
})
