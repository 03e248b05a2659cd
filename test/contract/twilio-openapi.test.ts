/** Replies of every kind, judged by Twilio's OpenAPI documents; and the judge itself. */
import * as Sandbox from "@flex-interactions/sandbox"
import { assert, it } from "vitest"
import { list, modify, path, sid, workspacePath } from "../support/requests.ts"
import { judge, judgeRequest } from "../support/openapi.ts"

const origin = "https://flex-api.twilio.com"

it("every reply is what Twilio's OpenAPI document says", async () => {
  const sandbox = Sandbox.make({ settings: { closedAgents: "leave" } })
  const statuses: Array<number> = []
  for (const request of [
    list(origin, 1),
    list(origin, 2),
    list(origin, 3),
    list(origin, 3, "?PageSize=1"),
    list(origin, 3, `?PageSize=50&Page=1&PageToken=PT${btoa(`${sid(3, "UT", 60)} 59`)}`),
    list(origin, 3, "?PageSize=1000"),
    modify(origin, 2, 2, "wrapup"),
    modify(origin, 2, 2, "closed"),
    list(origin, 2),
    modify(origin, 2, 2, "closed"),
    modify(origin, 2, 1, "closed"),
    modify(origin, 2, 3, "open"),
    modify(origin, 2, 9, "closed"),
    list(origin, 99),
    list(origin, 1, "?PageSize=0"),
    list(origin, 1, "?PageToken=x"),
    list(origin, 1, "", { authorization: "Basic eDp5" }),
    list(origin, 1, "", { "sandbox-fault": "rate-limited" }),
    new Request(`${origin}/v2/elsewhere`, { headers: list(origin, 1).headers }),
    new Request(list(origin, 1), { method: "DELETE" })
  ]) {
    const sent = request.clone()
    const response = await sandbox.fetch(request)
    statuses.push(response.status)
    if (response.ok) assert.deepStrictEqual(await judgeRequest(sent), [])
    assert.deepStrictEqual(await judge(sent, response), [])
  }
  assert.deepStrictEqual(
    statuses,
    [200, 200, 200, 200, 200, 200, 200, 200, 200, 409, 422, 400, 404, 404, 400, 400, 401, 429, 404, 405]
  )
})

it("the judge finds what is wrong", async () => {
  const headers = {
    "Twilio-Request-Id": `RQ${"0".repeat(32)}`,
    "Twilio-Concurrent-Requests": "1",
    Date: "Tue, 24 Nov 2026 08:00:00 GMT"
  }
  const good = (await (await Sandbox.make().fetch(list(origin, 1))).json()) as {
    readonly participants: ReadonlyArray<Record<string, unknown>>
    readonly meta: Record<string, unknown>
  }
  const [first] = good.participants
  for (const [body, wrong] of [
    [{}, /must have required property 'participants'/u],
    [{ ...good, extra: 1 }, /must NOT have additional properties/u],
    [{ ...good, participants: [{ ...first, type: "robot" }] }, /participants\/0\/type must be equal to one of/u],
    [{ ...good, participants: [{ ...first, sid: "UT1" }] }, /participants\/0\/sid/u],
    [{ ...good, participants: [{ ...first, status: "active" }] }, /participants\/0 must NOT have additional/u],
    [{ ...good, meta: { ...good.meta, next_page_url: "nowhere" } }, /meta\/next_page_url must match format/u],
    [{ ...good, meta: { ...good.meta, page_size: "50" } }, /meta\/page_size must be integer/u]
  ] as const) {
    assert.match((await judge(list(origin, 1), Response.json(body, { headers }))).join("\n"), wrong)
  }
  assert.match((await judge(list(origin, 1), Response.json(good))).join("\n"), /no Twilio-Request-Id/u)
})

it("the judge finds what is wrong with a request", async () => {
  const tasks = `https://taskrouter.twilio.com${workspacePath}/Tasks`
  for (const [request, wrong] of [
    [list(origin, 1, "?PageSize=0"), /query\/PageSize must be >= 1/u],
    [list(origin, 1, "?Limit=1"), /query must NOT have additional properties/u],
    [modify(origin, 1, 2, "open"), /body\/Status must be equal to one of/u],
    [
      new Request(`${origin}${path(1, 2)}`, { method: "POST", body: new URLSearchParams() }),
      /body must have required/u
    ],
    [new Request(`${origin}${path(1, 2)}`, { method: "POST", body: "{}" }), /the body is not application/u],
    [new Request(tasks.replace("taskrouter", "flex-api")), /not at https:\/\/flex-api/u],
    [new Request(tasks.replace("Tasks", "Task")), /no such operation/u],
    [new Request(`${tasks}?WorkflowSid=WW1`), /query\/WorkflowSid/u]
  ] as const) {
    assert.match((await judgeRequest(request)).join("\n"), wrong)
  }
  assert.deepStrictEqual(
    await judgeRequest(new Request(`${tasks}?AssignmentStatus=pending&AssignmentStatus=reserved`)),
    []
  )
})
