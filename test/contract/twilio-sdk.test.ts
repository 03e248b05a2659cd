/**
 * Twilio's official SDK against the sandbox on a port: what it does with the two operations, it does here.
 *
 * It is pointed there by the public field `baseUrl` of its Flex API domain, and by nothing else: its HTTP client, paging and
 * errors are its own. Every reply is judged by Twilio's OpenAPI document, too.
 */
import * as Sandbox from "@flex-interactions/sandbox"
import twilio from "twilio"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { sid, statusOf } from "../support/requests.ts"
import { type Judged, judged } from "../support/openapi.ts"

const { accountSid, authToken, apiKey, apiSecret } = Sandbox.defaultCredentials

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

const channel = (group: number, client = twilio(accountSid, authToken)) => {
  client.flexApi.baseUrl = sandbox.url
  return client.flexApi.v1.interaction(sid(group, "KD")).channels(sid(group, "UO"))
}
const participants = (group: number) => channel(group).participants
const agent = (group: number, n: number) => channel(group).participants(sid(group, "UT", n))

const all = Array.from({ length: 120 }, (_, index) => sid(3, "UT", index + 1))

describe("the official SDK reads", () => {
  it("list: everybody, page by page", async () => {
    const listed = await participants(3).list()
    assert.deepStrictEqual(
      listed.map((participant) => participant.sid),
      all
    )
    assert.lengthOf(sandbox.requests, 3)
    const [customer, first] = listed
    assert.strictEqual(customer?.type, "customer")
    assert.isNull(customer?.routingProperties)
    assert.deepInclude(first?.toJSON(), {
      type: "agent",
      interactionSid: sid(3, "KD"),
      channelSid: sid(3, "UO"),
      routingProperties: { task_sid: sid(3, "WT", 2), worker_sid: sid(3, "WK", 2), reservation_sid: sid(3, "WR", 2) }
    })
  })

  it("list with a limit and a page size: no more than asked for", async () => {
    const listed = await participants(3).list({ limit: 7, pageSize: 3 })
    assert.deepStrictEqual(
      listed.map((participant) => participant.sid),
      all.slice(0, 7)
    )
    assert.lengthOf(sandbox.requests, 3)
    assert.match(sandbox.requests[0] ?? "", /\?PageSize=3$/u)
    assert.match(sandbox.requests[1] ?? "", /\?PageSize=3&Page=1&PageToken=PT/u)
  })

  it("each: one after the other, until it has enough", async () => {
    const seen: Array<string> = []
    await new Promise<void>((resolve, reject) => {
      participants(3).each({
        pageSize: 50,
        limit: 60,
        callback: (participant) => seen.push(participant.sid),
        done: (error?: Error) => (error === undefined ? resolve() : reject(error))
      })
    })
    assert.deepStrictEqual(seen, all.slice(0, 60))
  })

  it("page, nextPage, previousPage and getPage", async () => {
    const first = await participants(3).page({ pageSize: 50 })
    assert.lengthOf(first.instances, 50)
    assert.isUndefined(first.previousPageUrl)
    const second = await first.nextPage()
    assert.strictEqual(second?.instances[0]?.sid, all[50])
    const third = await participants(3).getPage(second?.nextPageUrl ?? "")
    assert.deepStrictEqual(
      third.instances.map((participant) => participant.sid),
      all.slice(100)
    )
    assert.isUndefined(third.nextPageUrl)
    const back = await (await third.previousPage())?.previousPage()
    assert.strictEqual(back?.instances[0]?.sid, all[0])
  })

  it("with an API key", async () => {
    const listed = await channel(1, twilio(apiKey, apiSecret, { accountSid })).participants.list()
    assert.lengthOf(listed, 2)
  })
})

describe("the official SDK writes", () => {
  it("update to wrapup, and to closed", async () => {
    for (const status of ["wrapup", "closed"] as const) {
      const updated = await agent(1, 2).update({ status })
      assert.strictEqual(updated.sid, sid(1, "UT", 2))
      assert.strictEqual(updated.type, "agent")
      assert.notProperty(updated.toJSON(), "status")
      assert.strictEqual(statusOf(sandbox.sandbox, 1, 2), status)
    }
  })
})

describe("the official SDK meets its errors", () => {
  const error = async (call: Promise<unknown>) => {
    const failure: unknown = await call.then(
      () => assert.fail("no error"),
      (error: unknown) => error
    )
    assert.instanceOf(failure, Error)
    const { name, status, code, moreInfo } = failure as Error & Record<"status" | "code" | "moreInfo", unknown>
    return { name: failure.constructor.name || name, status, code, moreInfo }
  }
  const refused = (status: number, code: number) => ({
    name: "RestException",
    status,
    code,
    moreInfo: `https://www.twilio.com/docs/errors/${code}`
  })

  it("401 with 20003 for credentials that are wrong", async () => {
    assert.deepStrictEqual(
      await error(channel(1, twilio(accountSid, "wrong")).participants.list()),
      refused(401, 20003)
    )
  })

  it("404 with 20404 for a channel and a participant that are not there", async () => {
    assert.deepStrictEqual(await error(participants(99).list()), refused(404, 20404))
    assert.deepStrictEqual(await error(agent(1, 9).update({ status: "closed" })), refused(404, 20404))
  })

  it("400 for a page size, a page token, a SID and a status that are not valid", async () => {
    assert.deepStrictEqual(await error(participants(1).list({ pageSize: 5000 })), refused(400, 45004))
    assert.deepStrictEqual(await error(participants(1).page({ pageToken: "nonsense" })), refused(400, 21481))
    assert.deepStrictEqual(
      await error(channel(1).participants("UT1").update({ status: "closed" })),
      refused(400, 45004)
    )
    assert.deepStrictEqual(await error(agent(1, 2).update({ status: "open" as "closed" })), refused(400, 45004))
  })

  it("409 for a repeat, 422 for a customer", async () => {
    await agent(1, 2).update({ status: "closed" })
    assert.deepStrictEqual(await error(agent(1, 2).update({ status: "closed" })), refused(409, 45008))
    assert.deepStrictEqual(await error(agent(1, 1).update({ status: "closed" })), refused(422, 45008))
  })

  it("429 with 20429, and with autoRetry continues after it", async () => {
    sandbox.sandbox.faults.add({ kind: "rate-limited", times: 2 })
    assert.deepStrictEqual(await error(participants(1).list()), refused(429, 20429))
    const patient = channel(1, twilio(accountSid, authToken, { autoRetry: true, maxRetryDelay: 1 }))
    assert.lengthOf(await patient.participants.list(), 2)
    assert.lengthOf(sandbox.requests, 3)
  })
})

describe("the official SDK and what else the sandbox can do", () => {
  it("reads errors of RFC 9457 as such", async () => {
    sandbox.sandbox.settings.errorBody = "rfc9457"
    const failure: unknown = await agent(1, 9)
      .update({ status: "closed" })
      .catch((error: unknown) => error)
    assert.deepInclude(failure as object, { status: 404, code: 20404 })
    assert.strictEqual((failure as Error).constructor.name, "TwilioServiceException")
  })

  it("meets a dropped connection, after which the write was applied", async () => {
    sandbox.sandbox.faults.add({ kind: "drop", when: "after" })
    const failure: unknown = await agent(1, 2)
      .update({ status: "wrapup" })
      .catch((error: unknown) => error)
    assert.deepInclude(failure as object, { code: "ECONNRESET" })
    assert.strictEqual(statusOf(sandbox.sandbox, 1, 2), "wrapup")
  })
})
