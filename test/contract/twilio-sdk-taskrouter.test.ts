/**
 * Twilio's official SDK drives every operation around the participants, on the sandbox behind a port: channels, invites, configuration,
 * workspaces, tasks, reservations, workers, events. Every request that was carried out and every reply is judged by Twilio's OpenAPI
 * documents.
 */
import * as Sandbox from "@flex-interactions/sandbox"
import twilio from "twilio"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { type Judged, judged } from "../support/openapi.ts"
import { sid } from "../support/requests.ts"

const { accountSid, authToken } = Sandbox.defaultCredentials

let sandbox: Judged
beforeAll(async () => {
  sandbox = await judged()
})
afterAll(() => sandbox.close())
beforeEach(() => {
  sandbox.reset()
  sandbox.requests.length = 0
  sandbox.verdict.length = 0
  sandbox.wrongly.length = 0
})
afterEach(() => {
  assert.isNotEmpty(sandbox.requests)
  assert.deepStrictEqual(sandbox.verdict, [])
  assert.deepStrictEqual(sandbox.wrongly, [])
})

const flex = () => {
  const client = twilio(accountSid, authToken)
  client.flexApi.baseUrl = sandbox.url
  return client.flexApi.v1
}
const workspace = () => {
  const client = twilio(accountSid, authToken)
  client.taskrouter.baseUrl = sandbox.url
  return client.taskrouter.v1.workspaces
}
const flexWorkspace = () => workspace()([...sandbox.sandbox.taskrouter.workspaces.keys()][0] ?? "")

describe("the official SDK reads", () => {
  it("an interaction, its channels, one of them, and its invites", async () => {
    const interaction = flex().interaction(sid(2, "KD"))
    assert.strictEqual((await interaction.fetch()).channel.sid, sid(2, "UO"))
    const [channel] = await interaction.channels.list()
    assert.deepInclude(channel?.toJSON(), { sid: sid(2, "UO"), type: "web", status: "active" })
    assert.strictEqual((await interaction.channels(sid(2, "UO")).fetch()).status, "active")
    const invites = await interaction.channels(sid(2, "UO")).invites.list()
    assert.deepStrictEqual(
      invites.map(({ routing }) => (routing as { properties: { sid: string } }).properties.sid),
      [sid(2, "WT", 2), sid(2, "WT", 3)]
    )
  })

  it("Flex's configuration, and the workspace that it names, by SID and by name", async () => {
    const { taskrouterWorkspaceSid } = await flex().configuration().fetch()
    const named = await workspace().list({ friendlyName: "Flex Task Assignment" })
    assert.deepStrictEqual(
      named.map(({ sid }) => sid),
      [taskrouterWorkspaceSid]
    )
    assert.strictEqual((await workspace()(taskrouterWorkspaceSid).fetch()).friendlyName, "Flex Task Assignment")
    assert.isEmpty(await workspace().list({ friendlyName: "Elsewhere" }))
  })

  it("task queues, by their exact name and page by page", async () => {
    const queues = await flexWorkspace().taskQueues.list({ pageSize: 1 })
    assert.include(
      queues.map(({ friendlyName }) => friendlyName),
      "Everyone"
    )
    assert.isNotEmpty(queues.filter(({ friendlyName }) => friendlyName !== "Everyone"))
    for (const { friendlyName, sid } of queues) {
      const named = await flexWorkspace().taskQueues.list({ friendlyName })
      assert.deepStrictEqual(
        named.map(({ sid }) => sid),
        [sid]
      )
    }
    assert.isEmpty(await flexWorkspace().taskQueues.list({ friendlyName: "everyone" }))
  })

  it("a task, its reservations and one of them, by task and by worker", async () => {
    const task = await flexWorkspace()
      .tasks(sid(1, "WT", 2))
      .fetch()
    assert.strictEqual(task.assignmentStatus, "assigned")
    assert.deepInclude(JSON.parse(task.attributes), {
      flexInteractionSid: sid(1, "KD"),
      flexInteractionChannelSid: sid(1, "UO")
    })
    const [reservation] = await flexWorkspace().tasks(task.sid).reservations.list()
    assert.deepInclude(reservation?.toJSON(), {
      sid: sid(1, "WR", 2),
      reservationStatus: "accepted",
      workerSid: sid(1, "WK", 2)
    })
    const one = await flexWorkspace()
      .tasks(task.sid)
      .reservations(sid(1, "WR", 2))
      .fetch()
    assert.strictEqual(one.dateUpdated.getTime(), reservation?.dateUpdated.getTime())
    const alice = flexWorkspace().workers(Sandbox.ready.workers.alice).reservations
    const own = await alice.list({ reservationStatus: "accepted" })
    assert.include(
      own.map(({ sid }) => sid),
      sid(1, "WR", 2)
    )
    assert.deepStrictEqual(
      (await alice.list({ reservationStatus: "wrapping" })).map(({ sid }) => sid),
      [sid(11, "WR", 2)]
    )
    assert.strictEqual((await alice(sid(11, "WR", 2)).fetch()).reservationStatus, "wrapping")
  })

  it("tasks by an expression and by statuses, in an order, page by page", async () => {
    const tasks = await flexWorkspace().tasks.list({
      evaluateTaskAttributes: `flexInteractionChannelSid == '${sid(2, "UO")}'`,
      assignmentStatus: ["pending", "reserved", "assigned"],
      ordering: "DateCreated:desc",
      pageSize: 1
    })
    assert.sameMembers(
      tasks.map(({ sid }) => sid),
      [sid(2, "WT", 2), sid(2, "WT", 3)]
    )
    assert.lengthOf(sandbox.requests, 2)
    assert.lengthOf(await flexWorkspace().tasks.list({ assignmentStatus: ["wrapping"] }), 3)
  })

  it("workers by name and by an expression", async () => {
    const name = (
      await flexWorkspace()
        .workers(sid(1, "WK", 2))
        .fetch()
    ).friendlyName
    const [byName] = await flexWorkspace().workers.list({ friendlyName: name.toUpperCase() })
    const [byExpression] = await flexWorkspace().workers.list({ targetWorkersExpression: `friendly_name == "${name}"` })
    assert.strictEqual(byName?.sid, sid(1, "WK", 2))
    assert.strictEqual(byExpression?.sid, sid(1, "WK", 2))
  })

  it("events of a reservation since a date, and one of them", async () => {
    const events = await flexWorkspace().events.list({
      startDate: new Date(Date.now() - 3_600_000),
      reservationSid: sid(1, "WR", 2)
    })
    assert.deepStrictEqual(
      events.map(({ eventType }) => eventType),
      ["reservation.accepted", "reservation.created"]
    )
    assert.strictEqual(
      (
        await flexWorkspace()
          .events(events[0]?.sid ?? "")
          .fetch()
      ).eventType,
      "reservation.accepted"
    )
  })
})

describe("the official SDK meets its errors", () => {
  const error = async (call: Promise<unknown>) => {
    const failure: unknown = await call.then(
      () => assert.fail("no error"),
      (error: unknown) => error
    )
    assert.instanceOf(failure, Error)
    const { status, code } = failure as Error & Record<"status" | "code", unknown>
    return [status, code]
  }

  it("404 for a task that has ended more than five minutes ago, and for one of another workspace", async () => {
    const task = flexWorkspace().tasks(sid(1, "WT", 2))
    await task.update({ assignmentStatus: "completed" })
    sandbox.sandbox.clock.advance(5 * 60_000)
    assert.deepStrictEqual(await error(task.fetch()), [404, 20404])
    const elsewhere = workspace()([...sandbox.sandbox.taskrouter.workspaces.keys()][1] ?? "")
    assert.deepStrictEqual(await error(elsewhere.tasks(sid(2, "WT", 2)).fetch()), [404, 20404])
  })

  it("400 for an expression, a status and a filter that are not valid", async () => {
    sandbox.sandbox.settings.wrappingFilter = "refused"
    const { reservations } = flexWorkspace().workers(Sandbox.ready.workers.alice)
    for (const call of [
      flexWorkspace().tasks.list({ evaluateTaskAttributes: "flex-interaction == 1" }),
      flexWorkspace()
        .tasks(sid(1, "WT", 2))
        .update({ assignmentStatus: "canceled" }),
      reservations.list({ reservationStatus: "wrapping" })
    ]) {
      assert.deepStrictEqual(await error(call), [400, 20001])
    }
  })

  it("412 for another version, 403 where TaskRouter is forbidden, 429 where it is limited", async () => {
    const task = flexWorkspace().tasks(sid(1, "WT", 2))
    assert.deepStrictEqual(await error(task.update({ assignmentStatus: "completed", ifMatch: '"9"' })), [412, 20412])
    const forbidden = {
      code: 20403,
      message: "Forbidden",
      more_info: "https://www.twilio.com/docs/errors/20403",
      status: 403
    }
    sandbox.sandbox.faults.add(
      { kind: "answer", status: 403, host: "taskrouter", body: forbidden },
      { kind: "rate-limited", host: "taskrouter" }
    )
    assert.deepStrictEqual(await error(task.fetch()), [403, 20403])
    assert.deepStrictEqual(await error(task.fetch()), [429, 20429])
    assert.isString((await flex().configuration().fetch()).taskrouterWorkspaceSid)
  })
})

describe("the official SDK writes", () => {
  it("a channel to inactive and to closed", async () => {
    const channel = flex().interaction(sid(1, "KD")).channels(sid(1, "UO"))
    const parked = await channel.update({ status: "inactive", routing: JSON.stringify({ status: "closed" }) })
    assert.strictEqual(parked.status, "inactive")
    assert.strictEqual((await channel.update({ status: "closed" })).status, "closed")
  })

  it("an invite", async () => {
    const properties = {
      workspace_sid: [...sandbox.sandbox.taskrouter.workspaces.keys()][0],
      queue_sid: `WQ${"a".repeat(32)}`
    }
    const invites = flex().interaction(sid(1, "KD")).channels(sid(1, "UO")).invites
    const made = await invites.create({ routing: JSON.stringify({ properties }) })
    assert.match(made.sid, /^KG/u)
    assert.lengthOf(await invites.list(), 2)
  })

  it("a reservation of a worker, by hand", async () => {
    const reservation = flexWorkspace()
      .workers(Sandbox.ready.workers.alice)
      .reservations(sid(1, "WR", 2))
    assert.strictEqual((await reservation.update({ reservationStatus: "completed" })).reservationStatus, "completed")
  })

  it("a reservation and a task, by hand", async () => {
    const reservation = flexWorkspace()
      .tasks(sid(1, "WT", 2))
      .reservations(sid(1, "WR", 2))
    assert.strictEqual((await reservation.update({ reservationStatus: "wrapping" })).reservationStatus, "wrapping")
    const task = flexWorkspace().tasks(sid(1, "WT", 2))
    assert.strictEqual(
      (await task.update({ assignmentStatus: "completed", reason: "done" })).assignmentStatus,
      "completed"
    )
    assert.strictEqual((await reservation.fetch()).reservationStatus, "completed")
  })
})
