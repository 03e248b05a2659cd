/** `--only-queue`: what is of other queues does not exist for an assistant, whatever it tries. */
import * as Sandbox from "@flex-interactions/sandbox"
import type { Client } from "@modelcontextprotocol/client"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { call, channel, sid, write } from "../support/calls.ts"
import { onReadyMade } from "../support/conversations.ts"
import { open } from "../support/inProcess.ts"
import { ask, rowsOf, workspacePath } from "../support/requests.ts"

const { conversations, workers } = Sandbox.ready
type Name = keyof typeof conversations

/** The ready-made world, and after it a conversation into which an agent of another queue is invited. */
const mixed = Object.keys(conversations).length + 1
const seed: Sandbox.Seed = {
  ...Sandbox.readyMade,
  interactions: [
    ...Sandbox.readyMade.interactions,
    {
      channels: [
        {
          queue: "Support",
          minutes: 20,
          participants: [{ type: "customer" }, { type: "agent", worker: "alice" }],
          waiting: [{ worker: "bruno", queue: "Billing" }]
        }
      ]
    }
  ]
}

const all = { allowEnd: true, confirm: "never" } as const
const numberOf = (name: Name) => Object.keys(conversations).indexOf(name) + 1
const of = (name: Name) => ({ ...channel(numberOf(name)) })
const taskOf = (name: Name, n = 2) => conversations[name].participants[n - 1]?.taskSid
const moving = (name: Name | number, n: number, status: "wrapup" | "closed") =>
  write(typeof name === "number" ? name : numberOf(name), n, status)

/** A SID of the right form that nobody has. */
const nobodys = (prefix: string) => `${prefix}${"ab".repeat(16)}`

const world = onReadyMade({}, seed)
let close: Array<() => Promise<void>> = []
beforeEach(() => {
  close = []
})
afterEach(() => Promise.all(close.map((close) => close())))

/** What was sent that changes a conversation; an agent who accepts is no change of ours. */
const changes = () => world.changes().filter((request) => request.includes("/Interactions/"))

/** A host of a server that is for these queues. */
const host = async (...onlyQueue: ReadonlyArray<string>): Promise<Client> => {
  const opened = await open(world.layer() as never, { ...all, onlyQueue })
  close.push(opened.close)
  return opened.client
}

/** Everything by which somebody could tell what is in a conversation. */
const traces = (name: Name): ReadonlyArray<string> => {
  const { channelSid, interactionSid, participants } = conversations[name]
  const work = participants.flatMap(({ reservationSid = "", taskSid = "" }) => [reservationSid, taskSid])
  return [interactionSid, channelSid, ...participants.map(({ participantSid }) => participantSid), ...work].filter(
    (sid) => sid !== ""
  )
}

/** Every row that a search gives, page by page, and every word. */
const search = async (client: Client, args: Record<string, unknown>) => {
  const rows: Array<Record<string, unknown>> = []
  let words = ""
  let cursor: unknown
  do {
    const { data, isError, text } = await call(client, "find_conversations", {
      ...args,
      details: true,
      ...(cursor === undefined ? {} : { cursor })
    })
    assert.isFalse(isError, text)
    rows.push(...(data?.["conversations"] as typeof rows))
    words += text
    cursor = data?.["next_cursor"]
  } while (cursor !== undefined)
  return { rows, words }
}

/** The agent of the other queue accepts, and is in the conversation. */
const join = async () => {
  const sandbox = world.sandbox()
  const [task] = rowsOf(await ask(sandbox, `${workspacePath}/Tasks?TaskQueueName=Billing&AssignmentStatus=reserved`))
  const path = `${workspacePath}/Tasks/${String(task?.["sid"])}/Reservations`
  const [reservation] = rowsOf(await ask(sandbox, path))
  const reservationPath = `${path}/${String(reservation?.["sid"])}`
  assert.strictEqual((await ask(sandbox, reservationPath, { ReservationStatus: "accepted" })).status, 200)
  const [kd, uo] = [sid(mixed, "KD"), sid(mixed, "UO")]
  const participants = [...(sandbox.state.get(kd)?.get(uo)?.bySid.values() ?? [])]
  const participantSid = participants.at(-1)?.sid ?? assert.fail("nobody came")
  return {
    participantSid,
    traces: [participantSid, String(task?.["sid"]), String(reservation?.["sid"]), "bruno"],
    leave: () =>
      world.send("POST", `/v1/Interactions/${kd}/Channels/${uo}/Participants/${participantSid}`, { Status: "closed" })
  }
}

const tools: ReadonlyArray<readonly [string, Record<string, unknown>]> = [
  ["list_participants", {}],
  ["list_participants", { standing: "active", details: true }],
  ["set_participant_status", { status: "wrapup" }],
  ["set_participant_status", { status: "closed", if_last_agent: "allow" }],
  ["set_participant_status", { status: "closed", dry_run: true }],
  ["end_conversation", { status: "closed" }],
  ["end_conversation", { status: "inactive" }],
  ["end_conversation", { status: "closed", dry_run: true }]
]

describe("what is outside answers in the very words of what does not exist", () => {
  for (const [tool, more] of tools) {
    const of = (interaction_sid: string, channel_sid: string, participant_sid: string) => ({
      interaction_sid,
      channel_sid,
      ...more,
      ...(tool === "set_participant_status" ? { participant_sid } : {})
    })

    it(`${tool} ${JSON.stringify(more)}`, async () => {
      const client = await host("Support")
      const [, agent] = conversations.two.participants
      const [customer] = conversations.two.participants
      const { channelSid, interactionSid } = conversations.two
      const nothing = await call(client, tool, of(nobodys("KD"), nobodys("UO"), nobodys("UT")))
      assert.isTrue(nothing.isError)
      assert.match(nothing.text, /no conversation with these SIDs.*"Support".*Nothing was changed/u)
      for (const args of [
        of(interactionSid, channelSid, agent?.participantSid ?? ""),
        of(interactionSid, channelSid, customer?.participantSid ?? ""),
        of(interactionSid, channelSid, nobodys("UT")),
        // In part of a conversation that is inside.
        of(conversations.one.interactionSid, channelSid, agent?.participantSid ?? ""),
        of(interactionSid, conversations.one.channelSid, agent?.participantSid ?? "")
      ]) {
        assert.deepStrictEqual(await call(client, tool, args), nothing)
      }
      assert.deepStrictEqual(changes(), [])
    })
  }

  for (const more of [{}, { standing: "active" }, { worker: "bruno" }, { older_than_minutes: 0, details: true }]) {
    it(`find_conversations by task and by interaction ${JSON.stringify(more)}`, async () => {
      const client = await host("Support")
      for (const [key, prefix, outside] of [
        ["task_sid", "WT", taskOf("two")],
        ["interaction_sid", "KD", conversations.two.interactionSid]
      ] as const) {
        const nothing = await call(client, "find_conversations", { [key]: nobodys(prefix), ...more })
        assert.isTrue(nothing.isError, nothing.text)
        assert.deepStrictEqual(await call(client, "find_conversations", { [key]: outside, ...more }), nothing)
      }
    })
  }

  it("a queue that nobody has, another spelling of one, and a task that is gone are outside too", async () => {
    for (const queue of ["No such queue", "support", "Support "]) {
      const client = await host(queue)
      assert.isTrue((await call(client, "list_participants", of("one"))).isError)
      assert.isTrue((await call(client, "find_conversations", { task_sid: taskOf("one") })).isError)
      assert.deepStrictEqual((await search(client, { standing: "active" })).rows, [])
    }
    // Its only task ended long ago: nobody can tell its queue.
    const client = await host("Support")
    assert.deepStrictEqual(
      await call(client, "list_participants", of("alone")),
      await call(client, "list_participants", { interaction_sid: nobodys("KD"), channel_sid: nobodys("UO") })
    )
  })
})

describe("what is inside works as it does without a scope", () => {
  it("find, list, move, end", async () => {
    const client = await host("Support", "Refunds")
    const { rows } = await search(client, { task_sid: taskOf("one") })
    assert.deepStrictEqual(
      rows.map(({ channel_sid, queue, worker }) => [channel_sid, queue, worker]),
      [[conversations.one.channelSid, "Support", "alice"]]
    )
    const listed = await call(client, "list_participants", of("one"))
    assert.deepInclude(listed.data, { customer_alone: false, complete: true })
    assert.notInclude(listed.text, "Not shown")
    const moved = await call(client, "set_participant_status", moving("stuck", 2, "closed"))
    assert.deepInclude(moved.data, { result: "confirmed", customer_alone: false })
    const last = await call(client, "set_participant_status", moving("one", 2, "closed"))
    assert.match(last.text, /"alice" is the last agent/u)
    const ended = await call(client, "end_conversation", { ...of("one"), status: "closed" })
    assert.deepInclude(ended.data, { result: "confirmed", channel_status: "closed" })
  })

  it("by agent, by standing, by interaction: only rows of the queues, and no trace of others on any page", async () => {
    const client = await host("Support")
    for (const args of [
      { standing: "active", limit: 1 },
      { standing: "active" },
      { standing: "wrapping" },
      { worker: "alice", limit: 2 },
      { worker: workers.bruno },
      { worker: "alice", standing: "wrapping" },
      { interaction_sid: conversations.one.interactionSid }
    ]) {
      const { rows, words } = await search(client, args)
      for (const { queue } of rows) assert.strictEqual(queue, "Support")
      // Who reads the answer must not take it for all that there is.
      assert.include(words, 'Only what is of \\"Support\\" is shown here.')
      for (const name of ["two", "crowd", "offered", "wrapping", "outlived"] as const) {
        for (const trace of traces(name)) assert.notInclude(words, trace)
      }
    }
    const { rows } = await search(client, { worker: "alice" })
    assert.sameMembers(
      rows.map(({ channel_sid }) => channel_sid),
      [conversations.one, conversations.stuck, conversations.text]
        .map(({ channelSid }) => channelSid)
        .concat(sid(mixed, "UO"))
    )
  })
})

describe("a conversation with agents of two queues", () => {
  it("shows those inside, and of the others a number; the customer's company counts everybody", async () => {
    const client = await host("Support")
    const other = await join()
    const listed = await call(client, "list_participants", { ...channel(mixed), details: true })
    assert.deepStrictEqual(
      ((listed.data?.["participants"] ?? []) as ReadonlyArray<Record<string, unknown>>).map(({ type, worker }) => [
        type,
        worker
      ]),
      [
        ["customer", undefined],
        ["agent", "alice"]
      ]
    )
    assert.deepInclude(listed.data, { customer_alone: false, complete: false })
    assert.match(
      listed.text,
      /Not shown: 1 agent who is listed too, of another queue or of one that is no longer known\./u
    )

    const dry = await call(client, "set_participant_status", { ...moving(mixed, 2, "closed"), dry_run: true })
    assert.deepInclude(dry.data, { result: "dry_run", customer_alone: false, others: [] })
    for (const trace of other.traces) assert.notInclude(listed.text + dry.text, trace)

    for (const filter of [{ worker: "bruno" }, { worker: workers.bruno }]) {
      const found = await call(client, "list_participants", { ...channel(mixed), ...filter })
      assert.deepStrictEqual(found.data?.["participants"], [])
    }
    const moved = await call(client, "set_participant_status", moving(mixed, 2, "closed"))
    assert.deepInclude(moved.data, { result: "confirmed", customer_alone: false, others: [] })
    for (const trace of other.traces) assert.notInclude(moved.text, trace)
  })

  it("an agent of another queue can't be moved, and answers as one who is not in it", async () => {
    const client = await host("Support")
    const other = await join()
    for (const more of [
      { status: "wrapup" },
      { status: "closed", if_last_agent: "allow" },
      { status: "closed", dry_run: true }
    ]) {
      const nobody = await call(client, "set_participant_status", {
        ...channel(mixed),
        participant_sid: nobodys("UT"),
        ...more
      })
      assert.match(nobody.text, /The channel lists no participant with this SID/u)
      const foreign = { ...channel(mixed), participant_sid: other.participantSid, ...more }
      assert.deepStrictEqual(await call(client, "set_participant_status", foreign), nobody)
    }
    assert.deepStrictEqual(changes(), [])
  })

  it("can't be ended while a task of another queue is open: offered, with an agent, or in wrap-up", async () => {
    const client = await host("Support")
    const end = (more: object = {}) =>
      call(client, "end_conversation", { ...channel(mixed), status: "closed", ...more })
    const refused = /In this conversation a task is open that this server does not show.*Nothing was changed/u
    const listed = await call(client, "list_participants", channel(mixed))
    assert.notProperty(listed.data, "hidden")
    assert.match((await end()).text, refused)
    const other = await join()
    assert.match((await end()).text, refused)
    assert.match((await end({ dry_run: true })).text, refused)
    assert.match((await call(client, "end_conversation", { ...channel(mixed), status: "inactive" })).text, refused)
    assert.deepStrictEqual(changes(), [])
    await other.leave()
    assert.deepInclude((await end()).data, { result: "confirmed", channel_status: "closed" })
  })

  it("a list of tasks that is late leaves nobody out: the tasks of listed agents are read by themselves", async () => {
    const client = await host("Support")
    const other = await join()
    world.fault({
      kind: "answer",
      status: 200,
      body: { tasks: [], meta: { key: "tasks", next_page_url: null } },
      path: "EvaluateTaskAttributes",
      times: "always"
    })
    const listed = await call(client, "list_participants", channel(mixed))
    assert.include(listed.text, "alice")
    for (const trace of other.traces) assert.notInclude(listed.text, trace)
    const ended = await call(client, "end_conversation", { ...channel(mixed), status: "closed" })
    assert.match(ended.text, /a task is open that this server does not show.*Nothing was changed/u)
    const foreign = { ...channel(mixed), participant_sid: other.participantSid, status: "closed" }
    assert.match((await call(client, "set_participant_status", foreign)).text, /lists no participant with this SID/u)
    assert.isTrue((await call(client, "list_participants", of("two"))).isError)
    assert.deepStrictEqual(changes(), [])
  })

  it("the other queue's server sees its own agent, and can't move the first", async () => {
    const client = await host("Billing")
    const other = await join()
    const listed = await call(client, "list_participants", channel(mixed))
    assert.include(listed.text, "bruno")
    assert.notInclude(listed.text, "alice")
    assert.isTrue((await call(client, "set_participant_status", moving(mixed, 2, "wrapup"))).isError)
    const own = { ...channel(mixed), participant_sid: other.participantSid, status: "wrapup" }
    assert.deepInclude((await call(client, "set_participant_status", own)).data, {
      result: "confirmed",
      worker: "bruno"
    })
  })

  it("an agent whose task is gone is hidden, and can't be moved", async () => {
    const client = await host("Sales")
    const listed = await call(client, "list_participants", of("outlived"))
    const agents = ((listed.data?.["participants"] ?? []) as ReadonlyArray<Record<string, unknown>>).filter(
      ({ type }) => type === "agent"
    )
    assert.deepStrictEqual(
      agents.map(({ worker }) => worker),
      ["deepak"]
    )
    assert.deepStrictEqual(
      await call(client, "set_participant_status", moving("outlived", 2, "closed")),
      await call(client, "set_participant_status", {
        ...of("outlived"),
        participant_sid: nobodys("UT"),
        status: "closed"
      })
    )
    // A task that is gone is not open: it keeps nobody from ending the conversation.
    const ended = await call(client, "end_conversation", { ...of("outlived"), status: "closed" })
    assert.deepInclude(ended.data, { result: "confirmed" })
  })
})

describe("cursors", () => {
  it("of another scope, or of none, are none here", async () => {
    const [support, both, open] = [await host("Support"), await host("Support", "Billing"), await host()]
    for (const [tool, args] of [
      ["find_conversations", { standing: "active", limit: 1 }],
      ["list_participants", { ...of("stuck"), limit: 1 }]
    ] as const) {
      for (const [from, to] of [
        [open, support],
        [both, support],
        [support, both]
      ] as const) {
        const cursor = (await call(from, tool, args)).data?.["next_cursor"]
        assert.isString(cursor)
        const { isError, text } = await call(to, tool, { ...args, cursor })
        assert.isTrue(isError)
        assert.match(text, /cursor: not one that/u)
      }
    }
  })

  it("one that is made by hand finds nothing more", async () => {
    const client = await host("Support")
    const args = { standing: "active", limit: 1 }
    const cursor = String((await call(client, "find_conversations", args)).data?.["next_cursor"])
    const read = JSON.parse(Buffer.from(cursor, "base64url").toString()) as { about: string; place: object }
    for (const place of [{}, { list: 0 }, { list: 1 }, { list: 7 }, { ...read.place, list: 1 }]) {
      const forged = Buffer.from(JSON.stringify({ ...read, place })).toString("base64url")
      const { data } = await call(client, "find_conversations", { ...args, cursor: forged })
      for (const { queue } of (data?.["conversations"] ?? []) as ReadonlyArray<{ readonly queue: string }>) {
        assert.strictEqual(queue, "Support")
      }
    }
  })
})

describe("while TaskRouter fails", () => {
  for (const [what, fault] of [
    ["does not allow it", { kind: "answer", status: 403, body: { code: 70051 } }],
    ["fails", { kind: "html", status: 500 }]
  ] as const) {
    it(`(${what}): every call is refused and says why, the same for what is inside, outside, and nowhere`, async () => {
      const client = await host("Support")
      world.fault({ ...fault, host: "taskrouter", times: "always" })
      for (const [tool, more] of tools) {
        const answers = []
        for (const [interaction_sid, channel_sid, participant_sid] of [
          [sid(1, "KD"), sid(1, "UO"), sid(1, "UT", 2)],
          [sid(2, "KD"), sid(2, "UO"), sid(2, "UT", 2)],
          [nobodys("KD"), nobodys("UO"), nobodys("UT")]
        ] as const) {
          const args = {
            interaction_sid,
            channel_sid,
            ...more,
            ...(tool === "set_participant_status" ? { participant_sid } : {})
          }
          answers.push(await call(client, tool, args))
        }
        const [inside, outside, nowhere] = answers
        assert.match(
          inside?.text ?? "",
          /for some queues only \("Support"\), and can't see what is of them\. TaskRouter can't be read: .*Nothing was changed/u
        )
        assert.deepStrictEqual(outside, inside)
        assert.deepStrictEqual(nowhere, inside)
      }
      for (const args of [
        { task_sid: taskOf("one") },
        { interaction_sid: sid(1, "KD") },
        { interaction_sid: sid(2, "KD") },
        { worker: "alice" },
        { standing: "active" }
      ]) {
        assert.isTrue((await call(client, "find_conversations", args)).isError)
      }
      assert.deepStrictEqual(changes(), [])
    })
  }

  it("only in reading the reservation: the agent's standing is unknown, and the scope holds", async () => {
    const client = await host("Support")
    world.fault({ kind: "html", status: 500, resource: "reservations", times: "always" })
    const listed = await call(client, "list_participants", of("one"))
    assert.deepInclude(listed.data, { customer_alone: "unknown" })
    assert.isTrue((await call(client, "list_participants", of("two"))).isError)
  })
})
