/** Lists, filters and errors of what is around the participants; and the two hosts. */
import * as Sandbox from "@flex-interactions/sandbox"
import { assert, describe, it, onTestFinished, vi } from "vitest"
import { account, ask, rowsOf, workspacePath } from "../support/requests.ts"

const { conversations, workers, workspaceSid } = Sandbox.ready
const minute = 60_000
const query = (parameters: Record<string, string>) => `?${new URLSearchParams(parameters).toString()}`

const backOffice = [...Sandbox.make().taskrouter.workspaces.keys()][1] ?? ""

describe("the hosts", () => {
  const at = async (url: string) => (await Sandbox.make().fetch(new Request(url, { headers: account }))).status

  it("have their own paths where a request names them, with edge and region too", async () => {
    for (const [host, own, other] of [
      ["flex-api", "/v1/Configuration", "/v1/Workspaces"],
      ["taskrouter", "/v1/Workspaces", "/v1/Configuration"]
    ]) {
      for (const name of [`${host}.twilio.com`, `${host}.dublin.ie1.twilio.com`]) {
        assert.strictEqual(await at(`https://${name}${own}`), 200)
        assert.strictEqual(await at(`https://${name}${other}`), 404)
      }
    }
  })

  it("share a port that names neither", async () => {
    for (const path of ["/v1/Configuration", "/v1/Workspaces"])
      assert.strictEqual(await at(`http://127.0.0.1${path}`), 200)
  })
})

describe("workspaces", () => {
  it("are listed with the oldest first, which need not be Flex's", async () => {
    const listed = rowsOf(await ask(Sandbox.make(), "/v1/Workspaces"))
    assert.deepStrictEqual(
      listed.map((workspace) => workspace["friendly_name"]),
      ["Back office", "Flex Task Assignment"]
    )
  })

  it("are found by their name; Flex's configuration names one of them", async () => {
    const sandbox = Sandbox.make()
    const [found] = rowsOf(await ask(sandbox, `/v1/Workspaces${query({ FriendlyName: "Flex Task Assignment" })}`))
    assert.strictEqual(found?.["sid"], workspaceSid)
    assert.strictEqual((await ask(sandbox, "/v1/Configuration")).body["taskrouter_workspace_sid"], workspaceSid)
    assert.isEmpty(rowsOf(await ask(sandbox, `/v1/Workspaces${query({ FriendlyName: "flex task assignment" })}`)))
  })

  it("do not share what is in them", async () => {
    const sandbox = Sandbox.make()
    const foreign = [...sandbox.taskrouter.tasks.values()].find((task) => task.workspaceSid === backOffice)
    assert.strictEqual((await ask(sandbox, `/v1/Workspaces/${backOffice}/Tasks/${foreign?.sid}`)).status, 200)
    for (const path of [
      `${workspacePath}/Tasks/${foreign?.sid}`,
      `${workspacePath}/Tasks/${foreign?.sid}/Reservations`,
      `/v1/Workspaces/${backOffice}/Workers/${workers.alice}`,
      `/v1/Workspaces/${backOffice}/Workers/${workers.alice}/Reservations`
    ]) {
      const refused = await ask(sandbox, path)
      assert.deepStrictEqual([refused.status, refused.body["code"]], [404, 20404])
    }
  })
})

describe("tasks", () => {
  const listed = async (parameters: Record<string, string>, sandbox = Sandbox.make()) =>
    rowsOf(await ask(sandbox, `${workspacePath}/Tasks${query(parameters)}`))
  const interactions = async (parameters: Record<string, string>) =>
    (await listed(parameters)).map(
      ({ attributes }) =>
        (JSON.parse(String(attributes)) as { readonly flexInteractionSid?: string }).flexInteractionSid
    )

  it("are found by interaction, by channel, and by any attribute", async () => {
    const { channelSid, interactionSid } = conversations.offered
    for (const expression of [
      `flexInteractionSid == '${interactionSid}'`,
      `flexInteractionChannelSid == "${channelSid}"`,
      `customers.name == "Aiko Tanaka" AND direction == 'inbound'`,
      `customerName CONTAINS 'Tanaka'`,
      `flexInteractionSid IN ['${interactionSid}', "KD"]`,
      `flexInteractionSid=='${interactionSid}' and (nothing == null)`
    ]) {
      assert.deepStrictEqual(
        await interactions({ EvaluateTaskAttributes: expression }),
        [interactionSid, interactionSid],
        expression
      )
    }
    assert.isEmpty(await listed({ EvaluateTaskAttributes: "flexInteractionSid == 'KD'" }))
    assert.lengthOf(await listed({ EvaluateTaskAttributes: "from == '+15550003344' OR from == '+15550001122'" }), 2)
  })

  for (const expression of [
    "",
    "a",
    "a ==",
    "a == 'b",
    "a-b == 'c'",
    "a == 'b' c == 'd'",
    "(a == 'b'",
    "a NOT HAS 'b'",
    "a == ['b'",
    "a ~ 'b'"
  ]) {
    it(`with the expression ${JSON.stringify(expression)} are a 400`, async () => {
      const refused = await ask(
        Sandbox.make(),
        `${workspacePath}/Tasks${query({ EvaluateTaskAttributes: expression })}`
      )
      assert.deepStrictEqual([refused.status, refused.body["code"]], [400, 20001])
    })
  }

  it("are found by statuses, given in one value or in several", async () => {
    const sandbox = Sandbox.make()
    const inOne = await ask(sandbox, `${workspacePath}/Tasks?AssignmentStatus=pending,reserved`)
    const inTwo = await ask(sandbox, `${workspacePath}/Tasks?AssignmentStatus=pending&AssignmentStatus=reserved`)
    assert.deepStrictEqual(
      rowsOf(inOne).map((task) => task["assignment_status"]),
      ["pending", "reserved", "pending"]
    )
    assert.deepStrictEqual(rowsOf(inTwo), rowsOf(inOne))
    assert.strictEqual((await ask(sandbox, `${workspacePath}/Tasks?AssignmentStatus=waiting`)).status, 400)
  })

  it("are found by queue, workflow, priority and target", async () => {
    const [first] = await listed({ TaskQueueName: "Billing" })
    for (const parameters of [
      { TaskQueueSid: String(first?.["task_queue_sid"]) },
      { TaskQueueName: "Billing", WorkflowSid: String(first?.["workflow_sid"]), Priority: "0", HasAddons: "false" }
    ]) {
      const found = await listed(parameters)
      assert.isNotEmpty(found)
      for (const task of found) assert.strictEqual(task["task_queue_friendly_name"], "Billing")
    }
    assert.isEmpty(await listed({ RoutingTarget: workers.alice }))
    assert.isEmpty(await listed({ HasAddons: "true" }))
  })

  it("come in the order that is asked for, the oldest first by default", async () => {
    const seed: Sandbox.Seed = {
      interactions: [],
      tasks: [3, 1, 2].map((priority) => ({ priority, minutes: priority, attributes: { priority } }))
    }
    const order = async (ordering?: string) =>
      (await listed(ordering === undefined ? {} : { Ordering: ordering }, Sandbox.make({ seed }))).map(
        ({ priority }) => priority
      )
    assert.deepStrictEqual(await order(), [3, 2, 1])
    assert.deepStrictEqual(await order("DateCreated:desc"), [1, 2, 3])
    assert.deepStrictEqual(await order("Priority:asc,DateCreated:asc"), [1, 2, 3])
    for (const wrong of ["Priority", "Age:asc", "DateCreated:asc,VirtualStartTime:asc"]) {
      assert.strictEqual((await ask(Sandbox.make(), `${workspacePath}/Tasks${query({ Ordering: wrong })}`)).status, 400)
    }
  })

  it("are the same pages with the same filters, though the task that a page starts with is gone", async () => {
    const sandbox = Sandbox.make()
    const first = await ask(sandbox, `${workspacePath}/Tasks?AssignmentStatus=assigned,completed&PageSize=2`)
    const { next_page_url: next } = first.body["meta"] as { readonly next_page_url: string }
    assert.match(next, /AssignmentStatus=assigned%2Ccompleted&PageSize=2&Page=1&PageToken=PT/u)
    const { pathname, search } = new URL(next)
    const [third, fourth] = rowsOf(await ask(sandbox, `${pathname}${search}`))
    const task = sandbox.taskrouter.tasks.get(String(third?.["sid"])) ?? assert.fail("no task")
    const [reservation] = task.reservations
    await ask(sandbox, `${workspacePath}/Tasks/${task.sid}/Reservations/${reservation?.sid}`, {
      ReservationStatus: "completed"
    })
    sandbox.clock.advance(6 * minute)
    const again = await ask(sandbox, `${pathname}${search}`)
    assert.strictEqual(rowsOf(again)[0]?.["sid"], fourth?.["sid"])
    const foreign = await ask(sandbox, `${workspacePath}/Workers${search}`)
    assert.deepStrictEqual([foreign.status, foreign.body["code"]], [400, 21481])
  })

  it("have attributes in a list, or null by setting; one alone always has them, JSON or not", async () => {
    const seed: Sandbox.Seed = { interactions: [], tasks: [{ attributes: "{ not JSON" }] }
    const sandbox = Sandbox.make({ seed })
    const [task] = await listed({}, sandbox)
    assert.strictEqual(task?.["attributes"], "{ not JSON")
    sandbox.settings.listAttributes = "null"
    assert.isNull((await listed({}, sandbox))[0]?.["attributes"])
    assert.strictEqual(
      (await ask(sandbox, `${workspacePath}/Tasks/${String(task?.["sid"])}`)).body["attributes"],
      "{ not JSON"
    )
    assert.isNull(
      rowsOf(await ask(Sandbox.make({ settings: { listAttributes: "null" } }), `${workspacePath}/Workers`))[0]?.[
        "attributes"
      ]
    )
  })
})

describe("reservations", () => {
  const of = (worker: string, status: string, sandbox = Sandbox.make()) =>
    ask(sandbox, `${workspacePath}/Workers/${worker}/Reservations${query({ ReservationStatus: status })}`)

  it("of a worker are found by status", async () => {
    for (const [worker, status, count] of [
      ["alice", "accepted", 4],
      ["alice", "wrapping", 1],
      ["bruno", "pending", 1],
      ["deepak", "wrapping", 1],
      ["emma", "accepted", 0]
    ] as const) {
      const found = rowsOf(await of(workers[worker], status))
      assert.lengthOf(found, count, `${worker} ${status}`)
      for (const reservation of found)
        assert.deepInclude(reservation, { reservation_status: status, worker_name: worker })
    }
    assert.strictEqual((await of(workers.alice, "onHold")).status, 400)
  })

  it("by wrapping are found, or all of them, or none, by setting", async () => {
    for (const [wrappingFilter, status, count] of [
      ["honoured", 200, 1],
      ["ignored", 200, 5],
      ["refused", 400, 0]
    ] as const) {
      const found = await of(workers.alice, "wrapping", Sandbox.make({ settings: { wrappingFilter } }))
      assert.strictEqual(found.status, status)
      if (status === 200) assert.lengthOf(rowsOf(found), count)
    }
  })

  it("of a task are found by worker", async () => {
    const tasks = `${workspacePath}/Tasks/${conversations.one.participants[1]?.taskSid}/Reservations`
    assert.lengthOf(rowsOf(await ask(Sandbox.make(), `${tasks}?WorkerSid=${workers.alice}`)), 1)
    assert.isEmpty(rowsOf(await ask(Sandbox.make(), `${tasks}?WorkerSid=${workers.bruno}`)))
  })
})

describe("workers", () => {
  const names = async (parameters: Record<string, string>) =>
    rowsOf(await ask(Sandbox.make(), `${workspacePath}/Workers${query(parameters)}`)).map(
      (worker) => worker["friendly_name"]
    )

  it("are found by name in any case, by activity, and by an expression", async () => {
    assert.deepStrictEqual(await names({ FriendlyName: "ALICE" }), ["alice"])
    assert.isEmpty(await names({ FriendlyName: "ali" }))
    assert.deepStrictEqual(await names({ ActivityName: "Offline" }), ["emma"])
    assert.deepStrictEqual(await names({ Available: "true" }), ["alice", "bruno", "deepak"])
    for (const [expression, found] of [
      ["email == 'bruno@example.com'", ["bruno"]],
      ["full_name CONTAINS 'Je'", ["carla"]],
      ["friendly_name == 'deepak' OR activity_name == 'Offline'", ["deepak", "emma"]],
      [`sid == '${workers.emma}'`, ["emma"]],
      ["routing.skills HAS 'chat' AND roles NOT IN ['x']", ["alice", "bruno", "carla", "deepak", "emma"]],
      ["routing.level > 3", []]
    ] as const) {
      assert.deepStrictEqual(await names({ TargetWorkersExpression: expression }), [...found], expression)
    }
    assert.strictEqual((await ask(Sandbox.make(), `${workspacePath}/Workers?TargetWorkersExpression=a`)).status, 400)
  })
})

describe("events", () => {
  const events = (parameters: Record<string, string>, sandbox = Sandbox.make()) =>
    ask(sandbox, `${workspacePath}/Events${query(parameters)}`)
  const types = async (parameters: Record<string, string>, sandbox?: Sandbox.Sandbox) =>
    rowsOf(await events(parameters, sandbox)).map((event) => event["event_type"])
  const { reservationSid = "", taskSid = "" } = conversations.stuck.participants[1] ?? {}

  it("are those of the last 15 minutes, unless minutes or dates are given", async () => {
    const sandbox = Sandbox.make()
    assert.isEmpty(await types({ ReservationSid: reservationSid }, sandbox))
    assert.deepStrictEqual(await types({ ReservationSid: reservationSid, Minutes: "200" }, sandbox), [
      "reservation.wrapup"
    ])
    const ago = (minutes: number) => new Date(sandbox.clock.now() - minutes * minute).toISOString()
    assert.deepStrictEqual(await types({ ReservationSid: reservationSid, StartDate: ago(400) }, sandbox), [
      "reservation.wrapup",
      "reservation.accepted",
      "reservation.created"
    ])
    assert.deepStrictEqual(
      await types({ ReservationSid: reservationSid, StartDate: ago(400), EndDate: ago(200) }, sandbox),
      ["reservation.accepted", "reservation.created"]
    )
  })

  it("are found by type, task, reservation and worker, the newest first", async () => {
    const long = { Minutes: "3000" }
    assert.deepStrictEqual(await types({ ...long, EventType: "task.wrapup" }), [
      "task.wrapup",
      "task.wrapup",
      "task.wrapup"
    ])
    assert.deepStrictEqual(await types({ ...long, TaskSid: taskSid }), [
      "task.wrapup",
      "reservation.wrapup",
      "reservation.accepted",
      "reservation.created",
      "task.created"
    ])
    const own = rowsOf(await events({ ...long, WorkerSid: workers.emma, EventType: "reservation.completed" }))
    assert.lengthOf(own, 1)
    assert.deepInclude(own[0]?.["event_data"], { worker_name: "emma", task_queue_name: "Support" })
    assert.include(JSON.stringify(own[0]?.["event_data"]), conversations.alone.interactionSid)
  })

  it("are kept for 30 days", async () => {
    const sandbox = Sandbox.make()
    const [event] = rowsOf(await events({ Minutes: "3000", TaskSid: taskSid }, sandbox))
    const own = `${workspacePath}/Events/${String(event?.["sid"])}`
    assert.strictEqual((await ask(sandbox, own)).status, 200)
    sandbox.clock.advance(30 * 24 * 60 * minute)
    assert.strictEqual((await ask(sandbox, own)).status, 404)
    assert.notInclude(await types({ StartDate: "2020-01-01", TaskSid: taskSid }, sandbox), "task.wrapup")
  })

  for (const parameters of [{ Minutes: "x" }, { StartDate: "yesterday" }, { EndDate: "2026-13-01T00:00:00Z" }]) {
    it(`refuse ${JSON.stringify(parameters)}`, async () => {
      assert.strictEqual((await events(parameters)).body["code"], 20001)
    })
  }
})

describe("an interaction", () => {
  it("has one channel, which it names", async () => {
    const { channelSid, interactionSid } = conversations.text
    const sandbox = Sandbox.make()
    const interaction = await ask(sandbox, `/v1/Interactions/${interactionSid}`)
    assert.deepStrictEqual(interaction.body["channel"], { type: "sms", sid: channelSid })
    const listed = rowsOf(await ask(sandbox, `/v1/Interactions/${interactionSid}/Channels`))
    assert.deepInclude(listed[0], { sid: channelSid, status: "active", error_code: null })
  })

  it("whose channel failed says why", async () => {
    const seed: Sandbox.Seed = {
      interactions: [{ channels: [{ status: "failed", participants: [{ type: "customer" }] }] }]
    }
    const sandbox = Sandbox.make({ seed })
    const path = `/v1/Interactions/${Sandbox.sid("KD", 1)}/Channels/${Sandbox.sid("UO", 1)}`
    assert.deepInclude((await ask(sandbox, path)).body, { status: "failed", error_code: 19025 })
    assert.strictEqual((await ask(sandbox, path, { Status: "closed" })).status, 409)
  })
})

describe("what is not there", () => {
  const [ws, wt, wk, wr, ev] = ["WS", "WT", "WK", "WR", "EV"].map((prefix) => Sandbox.sid(prefix, 99))
  const { interactionSid } = conversations.one
  for (const path of [
    `/v1/Interactions/${Sandbox.sid("KD", 99)}`,
    `/v1/Interactions/${Sandbox.sid("KD", 99)}/Channels`,
    `/v1/Interactions/${interactionSid}/Channels/${Sandbox.sid("UO", 99)}`,
    `/v1/Interactions/${interactionSid}/Channels/${Sandbox.sid("UO", 99)}/Invites`,
    `/v1/Workspaces/${ws}`,
    `/v1/Workspaces/${ws}/Tasks`,
    `/v1/Workspaces/${ws}/Workers`,
    `/v1/Workspaces/${ws}/Events`,
    `${workspacePath}/Tasks/${wt}`,
    `${workspacePath}/Tasks/${wt}/Reservations`,
    `${workspacePath}/Tasks/${conversations.one.participants[1]?.taskSid}/Reservations/${wr}`,
    `${workspacePath}/Workers/${wk}`,
    `${workspacePath}/Workers/${workers.alice}/Reservations/${wr}`,
    `${workspacePath}/Events/${ev}`,
    "/v1/Workspaces/",
    "/v1/TaskQueues"
  ]) {
    it(`${path.replaceAll(/([A-Z]{2}[0-9a-f]{2})[0-9a-f]{30}/gu, "$1…")} is 404 with 20404`, async () => {
      const refused = await ask(Sandbox.make(), path)
      assert.deepStrictEqual([refused.status, refused.body["code"]], [404, 20404])
    })
  }

  it("a malformed SID is 400, in the words of its host", async () => {
    for (const [path, code] of [
      ["/v1/Interactions/KD1", 45004],
      [`${workspacePath}/Tasks/WT1`, 20001],
      [`${workspacePath}/Tasks/${Sandbox.sid("WK", 1)}`, 20001],
      [`/v1/Workspaces/WS1/Workers/${workers.alice}`, 20001]
    ] as const) {
      const refused = await ask(Sandbox.make(), path)
      assert.deepStrictEqual([refused.status, refused.body["code"]], [400, code], path)
    }
  })
})

describe("faults", () => {
  const seen = (path: string, sandbox: Sandbox.Sandbox) =>
    ask(sandbox, path).then(
      ({ status }) => status,
      () => "no reply"
    )

  for (const [what, fault, seenAs] of [
    ["forbidden", { kind: "answer", status: 403, body: { code: 20403 } }, 403],
    ["rate-limited", { kind: "rate-limited" }, 429],
    ["down", { kind: "drop", when: "before" }, "no reply"],
    ["failing", { kind: "answer", status: 503, body: { code: 20503 } }, 503]
  ] as const) {
    for (const [host, own, other] of [
      ["taskrouter", `${workspacePath}/Tasks`, "/v1/Configuration"],
      ["flex", "/v1/Configuration", `${workspacePath}/Tasks`]
    ] as const) {
      it(`have ${host} ${what} while the other host works`, async () => {
        const sandbox = Sandbox.make()
        sandbox.faults.add({ ...fault, host, times: "always" })
        assert.strictEqual(await seen(own, sandbox), seenAs)
        assert.strictEqual(await seen(other, sandbox), 200)
      })
    }
  }

  it("have one host slow while the other works", async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const sandbox = Sandbox.make()
    sandbox.faults.add({ kind: "slow-headers", ms: 5000, host: "taskrouter", times: "always" })
    let answered = false
    const slow = ask(sandbox, `${workspacePath}/Tasks`).then(() => (answered = true))
    assert.strictEqual((await ask(sandbox, "/v1/Configuration")).status, 200)
    await vi.advanceTimersByTimeAsync(4999)
    assert.isFalse(answered)
    await vi.advanceTimersByTimeAsync(1)
    assert.isTrue(await slow)
  })

  it("of one resource leave the others alone, whatever is in the path", async () => {
    const sandbox = Sandbox.make()
    sandbox.faults.add({ kind: "answer", status: 500, body: {}, resource: "reservations", times: "always" })
    const { reservationSid, taskSid } = conversations.one.participants[1] ?? {}
    const task = `${workspacePath}/Tasks/${taskSid}`
    assert.strictEqual((await ask(sandbox, task)).status, 200)
    for (const path of [
      `${task}/Reservations`,
      `${task}/Reservations/${reservationSid}`,
      `${workspacePath}/Workers/${workers.alice}/Reservations`
    ]) {
      assert.strictEqual((await ask(sandbox, path)).status, 500)
    }
  })

  it("of lists meet lists alone, of whatever host", async () => {
    const sandbox = Sandbox.make()
    sandbox.faults.add({ kind: "next-page-loop" }, { kind: "next-page-elsewhere", origin: "https://attacker.example" })
    const task = `${workspacePath}/Tasks/${conversations.one.participants[1]?.taskSid}`
    assert.strictEqual((await ask(sandbox, task)).status, 200)
    const next = async (path: string) => (await ask(sandbox, path)).body["meta"] as Record<string, unknown>
    const looping = await next(`${task}/Reservations`)
    assert.strictEqual(looping["next_page_url"], looping["url"])
    assert.match(String((await next(`${workspacePath}/Workers`))["next_page_url"]), /^https:\/\/attacker\.example\//u)
    const scripted = await ask(sandbox, task, undefined, { "sandbox-fault": "next-page-loop" })
    assert.strictEqual(scripted.body["sid"], conversations.one.participants[1]?.taskSid)
  })

  it("after a change was applied: a channel that was closed, and whose reply is lost", async () => {
    const sandbox = Sandbox.make()
    const { channelSid, interactionSid } = conversations.one
    const channel = `/v1/Interactions/${interactionSid}/Channels/${channelSid}`
    sandbox.faults.add({ kind: "drop", when: "after", resource: "channels", method: "POST" })
    const lost: unknown = await ask(sandbox, channel, { Status: "closed" }).catch((error: unknown) => error)
    assert.instanceOf(lost, TypeError)
    assert.strictEqual((await ask(sandbox, channel)).body["status"], "closed")
  })

  it("are Twilio's published limits where one asks for them: three expressions a second, 20 for each endpoint of interactions", async () => {
    vi.useFakeTimers()
    onTestFinished(() => void vi.useRealTimers())
    const sandbox = Sandbox.make()
    sandbox.faults.add(...Sandbox.publishedLimits)
    const count = async (path: string) => {
      const statuses: Array<number> = []
      for (let n = 0; n < 22; n++) statuses.push((await ask(sandbox, path)).status)
      return statuses.filter((status) => status === 200).length
    }
    const { channelSid, interactionSid } = conversations.one
    const channel = `/v1/Interactions/${interactionSid}/Channels/${channelSid}`
    assert.strictEqual(await count(`${workspacePath}/Tasks${query({ EvaluateTaskAttributes: "a == 'b'" })}`), 3)
    assert.strictEqual(await count(`${workspacePath}/Workers${query({ TargetWorkersExpression: "a == 'b'" })}`), 3)
    assert.strictEqual(await count(`${workspacePath}/Tasks`), 22)
    assert.strictEqual(await count(channel), 20)
    assert.strictEqual(await count(`${channel}/Participants`), 20)
    assert.strictEqual((await ask(sandbox, channel, { Status: "closed" })).status, 200)
  })
})
