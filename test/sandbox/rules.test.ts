/** The rules that tie participants, channels, invites, reservations and tasks together, as a client of Twilio's operations sees them. */
import * as Sandbox from "@flex-interactions/sandbox"
import { assert, describe, it, vi } from "vitest"
import { ask, path, rowsOf, workspacePath } from "../support/requests.ts"

const { conversations, workers } = Sandbox.ready
const minute = 60_000

/** The nth participant of a conversation, from 1. */
const agentOf = (name: keyof typeof conversations, n = 2) => {
  const { channelSid, interactionSid, participants } = conversations[name]
  const agent = participants[n - 1]
  return {
    participant: `/v1/Interactions/${interactionSid}/Channels/${channelSid}/Participants/${agent?.participantSid}`,
    task: `${workspacePath}/Tasks/${agent?.taskSid}`,
    reservation: `${workspacePath}/Tasks/${agent?.taskSid}/Reservations/${agent?.reservationSid}`,
    reservationSid: agent?.reservationSid ?? ""
  }
}
const channelOf = (name: keyof typeof conversations) =>
  `/v1/Interactions/${conversations[name].interactionSid}/Channels/${conversations[name].channelSid}`

const status = async (sandbox: Sandbox.Sandbox, agent: ReturnType<typeof agentOf>) => {
  const [task, reservation] = [await ask(sandbox, agent.task), await ask(sandbox, agent.reservation)]
  return [reservation.body["reservation_status"] ?? reservation.status, task.body["assignment_status"] ?? task.status]
}
const channelStatus = async (sandbox: Sandbox.Sandbox, name: keyof typeof conversations) =>
  (await ask(sandbox, channelOf(name))).body["status"]
const live = async (sandbox: Sandbox.Sandbox, name: keyof typeof conversations) =>
  rowsOf(
    await ask(
      sandbox,
      `${workspacePath}/Tasks?AssignmentStatus=pending,reserved,assigned,wrapping&EvaluateTaskAttributes=${encodeURIComponent(
        `flexInteractionChannelSid == '${conversations[name].channelSid}'`
      )}`
    )
  ).map((task) => task["assignment_status"])

describe("a participant's status", () => {
  it("wrapup moves its reservation and its task to wrapping, and nothing else", async () => {
    const sandbox = Sandbox.make()
    const [agent, other] = [agentOf("two"), agentOf("two", 3)]
    assert.deepStrictEqual(await status(sandbox, agent), ["accepted", "assigned"])
    assert.strictEqual((await ask(sandbox, agent.participant, { Status: "wrapup" })).status, 200)
    assert.deepStrictEqual(await status(sandbox, agent), ["wrapping", "wrapping"])
    assert.deepStrictEqual(await status(sandbox, other), ["accepted", "assigned"])
    assert.strictEqual(await channelStatus(sandbox, "two"), "active")
  })

  it("closed completes both, and the channel stays active", async () => {
    const sandbox = Sandbox.make()
    for (const agent of [agentOf("two"), agentOf("two", 3)]) {
      await ask(sandbox, agent.participant, { Status: "closed" })
      assert.deepStrictEqual(await status(sandbox, agent), ["completed", "completed"])
    }
    assert.strictEqual(await channelStatus(sandbox, "two"), "active")
    assert.isEmpty(await live(sandbox, "two"))
  })

  it("shows in the reservation only after a while, where that is set", async () => {
    const sandbox = Sandbox.make({ settings: { reservationDelay: 3000 } })
    const agent = agentOf("one")
    await ask(sandbox, agent.participant, { Status: "wrapup" })
    await ask(sandbox, agent.participant, { Status: "closed" })
    assert.deepStrictEqual(await status(sandbox, agent), ["accepted", "assigned"])
    sandbox.clock.advance(2000)
    assert.deepStrictEqual(await status(sandbox, agent), ["accepted", "assigned"])
    sandbox.clock.advance(1000)
    assert.deepStrictEqual(await status(sandbox, agent), ["completed", "completed"])
  })

  it("can be closed though a supervisor has completed the reservation by hand; wrapup cannot", async () => {
    const sandbox = Sandbox.make()
    const agent = agentOf("one")
    const done = await ask(sandbox, agent.reservation, { ReservationStatus: "completed" })
    assert.strictEqual(done.body["reservation_status"], "completed")
    assert.deepStrictEqual(await status(sandbox, agent), ["completed", "completed"])
    assert.strictEqual((await ask(sandbox, agent.participant, { Status: "wrapup" })).status, 409)
    const before = (await ask(sandbox, agent.reservation)).headers.get("etag")
    assert.strictEqual((await ask(sandbox, agent.participant, { Status: "closed" })).status, 200)
    assert.strictEqual((await ask(sandbox, agent.reservation)).headers.get("etag"), before)
  })

  it("can be changed though TaskRouter has forgotten the task", async () => {
    const sandbox = Sandbox.make()
    const agent = agentOf("outlived")
    assert.deepStrictEqual(await status(sandbox, agent), [404, 404])
    assert.strictEqual((await ask(sandbox, agent.participant, { Status: "wrapup" })).status, 200)
    assert.strictEqual((await ask(sandbox, agent.participant, { Status: "closed" })).status, 200)
  })
})

describe("a channel's status", () => {
  const closed = JSON.stringify({ status: "closed" })
  const wrapup = JSON.stringify({ status: "wrapup" })

  for (const [form, becomes, agents] of [
    [{ Status: "closed" }, "closed", "wrapping"],
    [{ Status: "closed", Routing: closed }, "closed", "completed"],
    [{ Status: "closed", Routing: wrapup }, "closed", "wrapping"],
    [{ Status: "inactive", Routing: closed }, "inactive", "completed"]
  ] as const) {
    it(`${JSON.stringify(form)} sets it to ${becomes} and all its agents to ${agents}`, async () => {
      const sandbox = Sandbox.make()
      const done = await ask(sandbox, channelOf("two"), form)
      assert.deepStrictEqual([done.status, done.body["status"]], [200, becomes])
      for (const n of [2, 3]) assert.deepStrictEqual(await status(sandbox, agentOf("two", n)), [agents, agents])
      assert.deepStrictEqual(await status(sandbox, agentOf("one")), ["accepted", "assigned"])
    })
  }

  for (const [form, code] of [
    [{}, 45358],
    [{ Status: "active" }, 45359],
    [{ Status: "inactive" }, 45004],
    [{ Status: "inactive", Routing: wrapup }, 45004],
    [{ Status: "closed", Routing: "{" }, 45004],
    [{ Status: "closed", Routing: "null" }, 45004],
    [{ Status: "closed", Routing: JSON.stringify({ status: "wrapping" }) }, 45004]
  ] as const) {
    it(`refuses ${JSON.stringify(form)} with ${code}, and moves nothing`, async () => {
      const sandbox = Sandbox.make()
      const refused = await ask(sandbox, channelOf("one"), form)
      assert.deepStrictEqual([refused.status, refused.body["code"]], [400, code])
      assert.strictEqual(await channelStatus(sandbox, "one"), "active")
      assert.deepStrictEqual(await status(sandbox, agentOf("one")), ["accepted", "assigned"])
    })
  }

  it("closed once more completes who is still in wrap-up, and is a repeat when nobody is", async () => {
    const sandbox = Sandbox.make()
    assert.deepStrictEqual(await status(sandbox, agentOf("ended")), ["wrapping", "wrapping"])
    assert.strictEqual((await ask(sandbox, channelOf("ended"), { Status: "closed", Routing: closed })).status, 200)
    assert.deepStrictEqual(await status(sandbox, agentOf("ended")), ["completed", "completed"])
    const repeat = await ask(sandbox, channelOf("ended"), { Status: "closed", Routing: closed })
    assert.deepStrictEqual([repeat.status, repeat.body["code"]], [409, 45008])
    sandbox.settings.repeat = 200
    assert.strictEqual((await ask(sandbox, channelOf("ended"), { Status: "closed" })).status, 200)
  })

  it("does not go from closed to inactive", async () => {
    const sandbox = Sandbox.make({ settings: { repeat: 200 } })
    assert.strictEqual((await ask(sandbox, channelOf("ended"), { Status: "inactive", Routing: closed })).status, 409)
    assert.strictEqual(await channelStatus(sandbox, "ended"), "closed")
  })

  it("closed cancels who is on the way", async () => {
    const sandbox = Sandbox.make()
    assert.deepStrictEqual(await live(sandbox, "queued"), ["pending"])
    assert.deepStrictEqual(await live(sandbox, "offered"), ["assigned", "reserved"])
    for (const name of ["queued", "offered"] as const) {
      await ask(sandbox, channelOf(name), { Status: "closed", Routing: closed })
      assert.isEmpty(await live(sandbox, name))
    }
    const offers = rowsOf(await ask(sandbox, `${workspacePath}/Workers/${workers.bruno}/Reservations`))
    assert.include(
      offers.map((offer) => offer["reservation_status"]),
      "canceled"
    )
  })
})

describe("a customer who writes", () => {
  it("wakes an inactive channel: it is active, and a new task is in the queue", async () => {
    const sandbox = Sandbox.make()
    assert.strictEqual(await channelStatus(sandbox, "parked"), "inactive")
    assert.isEmpty(await live(sandbox, "parked"))
    assert.strictEqual(sandbox.message(conversations.parked).channel, "awake")
    assert.strictEqual(await channelStatus(sandbox, "parked"), "active")
    assert.deepStrictEqual(await live(sandbox, "parked"), ["pending"])
  })

  it("wakes it without a task where the account is set up so", async () => {
    const sandbox = Sandbox.make({ settings: { wakeUp: "no-task" } })
    assert.strictEqual(sandbox.message(conversations.parked).channel, "awake")
    assert.isEmpty(await live(sandbox, "parked"))
  })

  it("begins another interaction where the channel is closed", async () => {
    const sandbox = Sandbox.make()
    const { channel, channelSid, interactionSid } = sandbox.message(conversations.ended)
    assert.strictEqual(channel, "ended")
    assert.notStrictEqual(channelSid, conversations.ended.channelSid)
    const [customer] = rowsOf(
      await ask(sandbox, `/v1/Interactions/${interactionSid}/Channels/${channelSid}/Participants`)
    )
    assert.strictEqual(customer?.["type"], "customer")
    assert.strictEqual(await channelStatus(sandbox, "ended"), "closed")
  })

  it("is heard by nobody in a channel that everybody has left: no task is made", async () => {
    const sandbox = Sandbox.make()
    assert.strictEqual(sandbox.message(conversations.alone).channel, "active")
    assert.isEmpty(await live(sandbox, "alone"))
  })
})

describe("an invite", () => {
  const participants = async (sandbox: Sandbox.Sandbox, name: keyof typeof conversations) =>
    rowsOf(await ask(sandbox, `${channelOf(name)}/Participants`))

  it("makes a task, and becomes an agent when it is accepted", async () => {
    const sandbox = Sandbox.make()
    const task = sandbox.invite(conversations.alone, { queue: "Billing" })
    assert.deepStrictEqual(await live(sandbox, "alone"), ["pending"])
    const before = (await participants(sandbox, "alone")).length
    sandbox.accept(task.sid, "alice")
    const listed = await participants(sandbox, "alone")
    assert.lengthOf(listed, before + 1)
    const routing = listed.at(-1)?.["routing_properties"] as Record<string, string>
    assert.deepInclude(routing, { task_sid: task.sid, worker_sid: workers.alice })
    const reservation = await ask(
      sandbox,
      `${workspacePath}/Tasks/${task.sid}/Reservations/${routing["reservation_sid"]}`
    )
    assert.deepInclude(reservation.body, { reservation_status: "accepted", worker_name: "alice" })
    assert.deepStrictEqual(await live(sandbox, "alone"), ["assigned"])
  })

  it("is accepted through TaskRouter as well", async () => {
    const sandbox = Sandbox.make()
    const [offer] = rowsOf(
      await ask(sandbox, `${workspacePath}/Workers/${workers.bruno}/Reservations?ReservationStatus=pending`)
    )
    const own = `${workspacePath}/Tasks/${String(offer?.["task_sid"])}/Reservations/${String(offer?.["sid"])}`
    assert.strictEqual((await ask(sandbox, own, { ReservationStatus: "accepted" })).status, 200)
    assert.lengthOf(await participants(sandbox, "offered"), 3)
  })

  it("for a worker is canceled with its task when that one declines, and the channel stays", async () => {
    const sandbox = Sandbox.make()
    const task = sandbox.invite(conversations.alone, { worker: "bruno" })
    assert.strictEqual(task.status, "reserved")
    sandbox.decline(task.sid)
    assert.strictEqual((await ask(sandbox, `${workspacePath}/Tasks/${task.sid}`)).body["assignment_status"], "canceled")
    assert.strictEqual(await channelStatus(sandbox, "alone"), "active")
  })

  it("for a queue waits again when somebody declines", async () => {
    const sandbox = Sandbox.make()
    const offered = sandbox.taskrouter.workers
      .get(workers.bruno)
      ?.reservations.find(({ status }) => status === "pending")
    sandbox.decline(offered?.task.sid ?? "")
    assert.deepStrictEqual(await live(sandbox, "offered"), ["assigned", "pending"])
  })

  it("shows its task as it was; once answered it stays in the list, or leaves it", async () => {
    const sandbox = Sandbox.make()
    const task = sandbox.invite(conversations.alone)
    sandbox.accept(task.sid, "alice")
    const invites = async () => rowsOf(await ask(sandbox, `${channelOf("alone")}/Invites`))
    const routing = (await invites()).at(-1)?.["routing"] as
      | { readonly properties: Record<string, unknown> }
      | undefined
    assert.deepInclude(routing?.properties, {
      sid: task.sid,
      assignment_status: "pending",
      workspace_sid: Sandbox.ready.workspaceSid
    })
    sandbox.settings.answeredInvites = "leave"
    assert.isEmpty(await invites())
  })

  for (const [what, does, problem] of [
    [
      "a channel that is not there",
      (sandbox: Sandbox.Sandbox) => sandbox.invite({ interactionSid: "KD", channelSid: "UO" }),
      /no channel/u
    ],
    [
      "a worker who is not there",
      (sandbox: Sandbox.Sandbox) => sandbox.invite(conversations.alone, { worker: "zoe" }),
      /no worker zoe/u
    ],
    ["a task that is not there", (sandbox: Sandbox.Sandbox) => sandbox.accept("WT1"), /no task WT1/u],
    [
      "a task that is accepted already",
      (sandbox: Sandbox.Sandbox) => sandbox.accept(conversations.one.participants[1]?.taskSid ?? "", "bruno"),
      /is assigned/u
    ],
    [
      "a task that is offered to nobody",
      (sandbox: Sandbox.Sandbox) => sandbox.decline(conversations.one.participants[1]?.taskSid ?? ""),
      /offered to nobody/u
    ]
  ] as const) {
    it(`cannot be made or answered for ${what}`, () => {
      assert.throws(() => does(Sandbox.make()), Sandbox.SeedError, problem)
    })
  }
})

describe("the clock", () => {
  it("a task that has ended is gone after five minutes, with its reservations", async () => {
    const sandbox = Sandbox.make()
    const agent = agentOf("one")
    await ask(sandbox, agent.participant, { Status: "closed" })
    sandbox.clock.advance(5 * minute - 1000)
    assert.deepStrictEqual(await status(sandbox, agent), ["completed", "completed"])
    sandbox.clock.advance(1000)
    assert.deepStrictEqual(await status(sandbox, agent), [404, 404])
    const own = rowsOf(await ask(sandbox, `${workspacePath}/Workers/${workers.alice}/Reservations`))
    assert.notInclude(
      own.map(({ sid }) => sid),
      agent.reservationSid
    )
  })

  it("a task that has been assigned for 24 hours is deleted, which is an event; one in wrap-up stays", async () => {
    const sandbox = Sandbox.make()
    assert.deepStrictEqual(await status(sandbox, agentOf("one")), ["accepted", "assigned"])
    sandbox.clock.advance(24 * 60 * minute - 9 * minute - 1000)
    assert.deepStrictEqual(await status(sandbox, agentOf("one")), ["accepted", "assigned"])
    sandbox.clock.advance(1000)
    assert.deepStrictEqual(await status(sandbox, agentOf("one")), [404, 404])
    assert.deepStrictEqual(await status(sandbox, agentOf("stuck")), ["wrapping", "wrapping"])
    const task = conversations.one.participants[1]?.taskSid ?? ""
    const events = rowsOf(await ask(sandbox, `${workspacePath}/Events?TaskSid=${task}&Minutes=2880`))
    assert.deepInclude(events[0], { event_type: "task.system-deleted", resource_sid: task })
    // The channel and the agent in it outlive the task.
    assert.strictEqual(await channelStatus(sandbox, "one"), "active")
    assert.lengthOf(rowsOf(await ask(sandbox, path(1))), 2)
  })

  it("dates changes and replies: the difference says how long an agent has been where", async () => {
    const sandbox = Sandbox.make({ now: () => Date.UTC(2026, 10, 24, 12) })
    const reservation = await ask(sandbox, agentOf("stuck").reservation)
    assert.strictEqual(reservation.headers.get("date"), "Tue, 24 Nov 2026 12:00:00 GMT")
    assert.strictEqual(reservation.body["date_updated"], "2026-11-24T08:45:00Z")
    sandbox.clock.advance(minute)
    await ask(sandbox, agentOf("one").participant, { Status: "wrapup" })
    const changed = await ask(sandbox, agentOf("one").reservation)
    assert.strictEqual(changed.headers.get("date"), "Tue, 24 Nov 2026 12:01:00 GMT")
    assert.strictEqual(changed.body["date_updated"], "2026-11-24T12:01:00Z")
  })

  it("runs by itself: what is due in real time happens without a request", async () => {
    const sandbox = Sandbox.make({ settings: { reservationDelay: 5 } })
    const agent = agentOf("one")
    await ask(sandbox, agent.participant, { Status: "wrapup" })
    const { reservations } = sandbox.taskrouter
    await vi.waitUntil(() => reservations.get(agent.reservationSid)?.status === "wrapping", { timeout: 15_000 })
    assert.deepStrictEqual(await status(sandbox, agent), ["wrapping", "wrapping"])
  })

  it("is back where the machine's is after a reset", async () => {
    const sandbox = Sandbox.make({ now: () => 1_000_000_000_000 })
    sandbox.clock.advance(minute)
    assert.strictEqual(sandbox.clock.now(), 1_000_000_060_000)
    sandbox.reset()
    assert.strictEqual(sandbox.clock.now(), 1_000_000_000_000)
  })
})

describe("TaskRouter by hand", () => {
  it("takes a change only for the version that it has", async () => {
    const sandbox = Sandbox.make()
    const { reservation, task } = agentOf("one")
    for (const path of [reservation, task]) {
      const etag = (await ask(sandbox, path)).headers.get("etag") ?? ""
      const form = path === task ? { AssignmentStatus: "completed" } : { ReservationStatus: "wrapping" }
      const stale = await ask(sandbox, path, form, { "if-match": '"99"' })
      assert.deepStrictEqual([stale.status, stale.headers.get("etag")], [412, etag])
      const done = await ask(sandbox, path, form, { "if-match": etag })
      assert.strictEqual(done.status, 200)
      assert.notStrictEqual(done.headers.get("etag"), etag)
    }
  })

  for (const [what, path, form] of [
    ["a reservation that is wrapping to accepted", agentOf("stuck").reservation, { ReservationStatus: "accepted" }],
    ["a reservation to what it is", agentOf("stuck").reservation, { ReservationStatus: "wrapping" }],
    ["a task that is assigned to canceled", agentOf("one").task, { AssignmentStatus: "canceled" }],
    ["a task to what does not exist", agentOf("one").task, { AssignmentStatus: "done" }],
    [
      "a task's status and attributes at once",
      agentOf("one").task,
      { AssignmentStatus: "completed", Attributes: "{}" }
    ],
    ["a task's attributes to no JSON", agentOf("one").task, { Attributes: "{" }]
  ] as const) {
    it(`does not move ${what}: 20001`, async () => {
      const refused = await ask(Sandbox.make(), path, form)
      assert.deepStrictEqual([refused.status, refused.body["code"]], [400, 20001])
    })
  }
})
