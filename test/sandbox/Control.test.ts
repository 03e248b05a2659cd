/** The control interface: what Twilio does not have, over a port. */
import { request } from "node:http"
import * as Sandbox from "@flex-interactions/sandbox"
import { serve, type Served } from "@flex-interactions/sandbox/serve"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { account, list, modify, path, sid } from "../support/requests.ts"

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(() => served.close())
beforeEach(() => served.reset())

interface Row {
  readonly sid: string
  readonly type: string
  readonly status: string
  readonly standing: string
  readonly listed: boolean
}

interface State {
  readonly now: string
  readonly interactions: ReadonlyArray<{
    readonly sid: string
    readonly channels: ReadonlyArray<{
      readonly sid: string
      readonly status: string
      readonly customer_alone: boolean
      readonly on_the_way: ReadonlyArray<object>
      readonly participant_count: number
      readonly participants: ReadonlyArray<Row>
    }>
  }>
  readonly settings: Sandbox.Settings
  readonly faults: ReadonlyArray<Sandbox.Fault>
  readonly requests: ReadonlyArray<Sandbox.Handled>
}

const control = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
  fetch(`${served.url}/_sandbox${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
  })

const state = async (query = "") => (await (await control("GET", `/state${query}`)).json()) as State
/** The status of the reply to a request whose headers, `Host` among them, are set by hand, as `fetch` does not let one. */
const statusFor = (target: string, headers: Record<string, string>, method = "GET") =>
  new Promise<number | undefined>((resolve, reject) => {
    const { hostname, port } = new URL(served.url)
    request({ hostname, port, path: target, method, headers }, (reply) => {
      resolve(reply.statusCode)
      reply.destroy()
    })
      .on("error", reject)
      .end()
  })

const problem = async (reply: Response) => [reply.status, ((await reply.json()) as { readonly error: string }).error]

describe("what Twilio hides", () => {
  it("shows where an agent stands, whether the list still has it, and the last requests", async () => {
    await control("POST", "/settings", { closedAgents: "leave" })
    await fetch(modify(served.url, 2, 2, "wrapup"))
    await fetch(modify(served.url, 2, 3, "closed"))
    const { interactions, settings, requests } = await state()
    assert.deepStrictEqual(
      interactions[1]?.channels[0]?.participants.map(({ status, listed }) => [status, listed]),
      [
        [null, true],
        ["wrapup", true],
        ["closed", false],
        [null, true]
      ]
    )
    assert.strictEqual(settings.closedAgents, "leave")
    assert.deepStrictEqual(
      requests.map(({ method, status, note }) => [method, status, note]),
      [
        ["POST", 200, ""],
        ["POST", 200, "active -> wrapup"],
        ["POST", 200, "active -> closed"]
      ]
    )
  })

  it("shows the first participants of a channel, where one asks for no more", async () => {
    const channel = (await state("?participants=2")).interactions[2]?.channels[0]
    assert.strictEqual(channel?.participant_count, 120)
    assert.lengthOf(channel?.participants ?? [], 2)
  })

  it("forgets the oldest of many requests", async () => {
    for (let n = 0; n < 105; n++) await (await fetch(list(served.url, 1, `?n=${n}`))).text()
    const { requests } = await state()
    assert.lengthOf(requests, 100)
    assert.match(requests.at(-1)?.path ?? "", /n=104$/u)
  })

  it("tells of each change as it happens", async () => {
    const reply = await control("GET", "/events")
    assert.strictEqual(reply.headers.get("content-type"), "text/event-stream")
    const reader = reply.body?.getReader()
    const next = async () => new TextDecoder().decode((await reader?.read())?.value)
    assert.strictEqual(await next(), "data: changed\n\n")
    await fetch(modify(served.url, 1, 2, "closed"))
    assert.strictEqual(await next(), "data: changed\n\n")
    await reader?.cancel()
    assert.strictEqual((await fetch(list(served.url, 1))).status, 200)
  })

  it("lists its own paths", async () => {
    assert.property(await (await control("GET", "")).json(), "POST /_sandbox/reset")
  })
})

describe("changes", () => {
  it("adds an interaction, which Twilio's operations then know", async () => {
    const reply = await control("POST", "/interactions", {
      sid: `KD${"a".repeat(32)}`,
      channels: [{ sid: `UO${"b".repeat(32)}`, about: "made on the fly", participants: [{ type: "agent" }] }]
    })
    assert.strictEqual(reply.status, 201)
    const added = (await reply.json()) as State["interactions"][number]
    const [agent] = added.channels[0]?.participants ?? []
    const path = `/v1/Interactions/${added.sid}/Channels/${added.channels[0]?.sid}/Participants/${agent?.sid}`
    const body = new URLSearchParams({ Status: "wrapup" })
    const done = await fetch(`${served.url}${path}`, { method: "POST", headers: account, body })
    assert.strictEqual(done.status, 200)
  })

  it("lets someone join a channel that is there, at its end", async () => {
    const channel = { interaction_sid: sid(2, "KD"), channel_sid: sid(2, "UO") }
    const reply = await control("POST", "/participants", { ...channel, type: "agent", status: "wrapup" })
    const { sid: joined, ...rest } = (await reply.json()) as Row
    assert.strictEqual(reply.status, 201)
    assert.deepInclude(rest, { type: "agent", status: "wrapup", listed: true })
    const listed = (await (await fetch(list(served.url, 2))).json()) as {
      readonly participants: ReadonlyArray<{ readonly sid: string }>
    }
    assert.lengthOf(listed.participants, 5)
    assert.strictEqual(listed.participants[4]?.sid, joined)
    for (const [body, expected] of [
      [{ ...channel, channel_sid: sid(1, "UO"), type: "agent" }, /^body: there is no channel UO/u],
      [{ ...channel, type: "agent", sid: joined }, /^body: participant\.sid: UT\w+ is there already$/u],
      [{ ...channel, type: "customer", status: "closed" }, /^body: participant\.status: only an agent has a status/u],
      [{ type: "agent" }, /^body: interaction_sid: /u]
    ] as const) {
      const [status, error] = await problem(await control("POST", "/participants", body))
      assert.strictEqual(status, 400)
      assert.match(String(error), expected)
    }
  })

  it("makes up what is left out", async () => {
    const reply = await control("POST", "/interactions", { channels: [{ participants: [{ type: "agent" }] }] })
    const added = (await reply.json()) as State["interactions"][number]
    assert.strictEqual(added.sid, sid(13, "KD"))
    assert.strictEqual(added.channels[0]?.participants[0]?.sid, sid(13, "UT", 1))
  })

  it("lets a customer write: an inactive channel wakes up, a closed one is followed by another", async () => {
    const write = async (group: number) =>
      (await (
        await control("POST", "/messages", { interaction_sid: sid(group, "KD"), channel_sid: sid(group, "UO") })
      ).json()) as Record<string, unknown>
    assert.deepStrictEqual(await write(9), {
      channel: "awake",
      interaction_sid: sid(9, "KD"),
      channel_sid: sid(9, "UO")
    })
    assert.deepStrictEqual(await write(8), {
      channel: "ended",
      interaction_sid: sid(13, "KD"),
      channel_sid: sid(13, "UO")
    })
    const { interactions } = await state()
    assert.lengthOf(interactions, 13)
    for (const interaction of [interactions[8], interactions[12]]) {
      assert.deepInclude(interaction?.channels[0], { status: "active", customer_alone: false })
      assert.lengthOf(interaction?.channels[0]?.on_the_way ?? [], 1)
    }
  })

  it("invites, and answers invites: who accepts is an agent of the channel", async () => {
    const channel = { interaction_sid: sid(5, "KD"), channel_sid: sid(5, "UO") }
    assert.strictEqual((await state()).interactions[4]?.channels[0]?.customer_alone, true)
    const invite = async (whom: object) => {
      const reply = await control("POST", "/invites", { ...channel, ...whom })
      assert.strictEqual(reply.status, 201)
      return (await reply.json()) as { readonly task_sid: string; readonly assignment_status: string }
    }
    const offered = await invite({ worker: "bruno" })
    assert.strictEqual(offered.assignment_status, "reserved")
    await control("POST", "/answers", { task_sid: offered.task_sid, answer: "decline" })
    const { task_sid } = await invite({ queue: "Billing" })
    const accepted = await control("POST", "/answers", { task_sid, answer: "accept", worker: "carla" })
    assert.deepInclude(await accepted.json(), { type: "agent", name: "Carla Jensen", standing: "active", minutes: 0 })
    assert.deepInclude((await state()).interactions[4]?.channels[0], { customer_alone: false, participant_count: 3 })
    const [status, error] = await problem(await control("POST", "/answers", { task_sid, answer: "decline" }))
    assert.strictEqual(status, 400)
    assert.match(String(error), /^body: task_sid: WT\w+ is offered to nobody$/u)
  })

  it("moves the clock: what is due by then has happened", async () => {
    await fetch(modify(served.url, 1, 2, "closed"))
    const standing = async () => (await state()).interactions[0]?.channels[0]?.participants[1]?.standing
    assert.strictEqual(await standing(), "left")
    const before = Date.parse((await state()).now)
    const reply = (await (await control("POST", "/clock", { minutes: 5 })).json()) as { readonly now: string }
    assert.isAtLeast(Date.parse(reply.now) - before, 5 * 60_000)
    assert.strictEqual(await standing(), "gone")
  })

  it("scripts faults and clears them", async () => {
    const added = await control("POST", "/faults", { kind: "html", times: 3 })
    assert.deepStrictEqual([added.status, await added.json()], [201, [{ kind: "html", times: 3 }]])
    assert.strictEqual((await fetch(list(served.url, 1))).status, 502)
    assert.deepStrictEqual((await state()).faults, [{ kind: "html", times: 2 }])
    assert.strictEqual((await control("DELETE", "/faults")).status, 200)
    assert.strictEqual((await fetch(list(served.url, 1))).status, 200)
  })

  it("goes back to the start", async () => {
    await fetch(modify(served.url, 1, 2, "closed"))
    await control("POST", "/interactions", { channels: [] })
    await control("POST", "/faults", { kind: "html" })
    await control("POST", "/settings", { repeat: 200, latency: 1 })
    await control("POST", "/reset")
    const { interactions, settings, faults, requests } = await state()
    assert.lengthOf(interactions, 12)
    assert.strictEqual(interactions[0]?.channels[0]?.participants[1]?.status, "active")
    assert.deepStrictEqual([settings.repeat, settings.latency], [409, 0])
    assert.isEmpty(faults)
    assert.deepStrictEqual(
      requests.map(({ path }) => path),
      ["/_sandbox/reset"]
    )
  })
})

describe("what it refuses, and says why", () => {
  for (const [method, path, body, status, error] of [
    ["POST", "/faults", "{", 400, /^body: not JSON: /u],
    ["POST", "/faults", { kind: "hmtl" }, 400, /^body: kind: .*"html"/u],
    ["POST", "/faults", { kind: "html", twice: true }, 400, /^body: twice: /u],
    ["POST", "/faults", { kind: "answer", status: 204.5 }, 400, /^body: status: /u],
    [
      "POST",
      "/faults",
      { kind: "answer", status: 200, headers: { "two words": "x" } },
      400,
      /^body: headers\.two words: /u
    ],
    [
      "POST",
      "/faults",
      { kind: "answer", status: 200, headers: { x: "a\nb" } },
      400,
      /^body: headers\.x: .*line breaks/u
    ],
    ["POST", "/faults", { kind: "next-page-elsewhere", origin: "x" }, 400, /^body: origin: .*https/u],
    ["POST", "/faults", { kind: "rate-limit", perSecond: 0 }, 400, /^body: perSecond: /u],
    ["POST", "/settings", { repeat: 418 }, 400, /^body: repeat: /u],
    ["POST", "/settings", { reservationDelay: -1 }, 400, /^body: reservationDelay: /u],
    ["POST", "/clock", { minutes: -1 }, 400, /^body: minutes: /u],
    ["POST", "/clock", { hours: 1 }, 400, /^body: minutes: Missing key|^body: hours/u],
    ["POST", "/messages", { interaction_sid: sid(1, "KD") }, 400, /^body: channel_sid: Missing key/u],
    [
      "POST",
      "/messages",
      { interaction_sid: sid(1, "KD"), channel_sid: sid(2, "UO") },
      400,
      /^body: there is no channel UO/u
    ],
    [
      "POST",
      "/invites",
      { interaction_sid: sid(1, "KD"), channel_sid: sid(1, "UO"), worker: "zoe" },
      400,
      /^body: worker: there is no worker zoe/u
    ],
    ["POST", "/answers", { task_sid: sid(1, "WT", 2), answer: "maybe" }, 400, /^body: answer: .*"decline"/u],
    ["POST", "/faults", { kind: "html", host: "studio" }, 400, /^body: host: .*"taskrouter"/u],
    ["POST", "/interactions", { channels: [{}] }, 400, /^body: channels\[0\]\.participants: Missing key/u],
    [
      "POST",
      "/interactions",
      { sid: sid(1, "KD"), channels: [] },
      400,
      /^body: interaction\.sid: KD.* is there already/u
    ],
    [
      "POST",
      "/interactions",
      `{"channels":[],"x":"${"x".repeat(1_000_000)}"}`,
      413,
      /larger than 1000000 bytes.*--seed/u
    ],
    ["GET", "/nothing", undefined, 404, /GET \/_sandbox lists/u],
    ["GET", "/reset", undefined, 405, /takes POST, not GET/u],
    ["PUT", "/faults", undefined, 405, /takes POST and DELETE, not PUT/u]
  ] as const) {
    it(`${method} ${path} ${JSON.stringify(body)?.slice(0, 60) ?? ""}`, async () => {
      const [code, text] = await problem(await control(method, path, body))
      assert.strictEqual(code, status)
      assert.match(String(text), error)
      const { interactions, faults } = await state()
      assert.lengthOf(interactions, 12)
      assert.isEmpty(faults)
    })
  }

  it("a write that a page of another origin sent", async () => {
    for (const origin of ["https://attacker.example", "null", served.url.replace("127.0.0.1", "localhost")]) {
      const [code, text] = await problem(await control("POST", "/reset", undefined, { origin }))
      assert.strictEqual(code, 403)
      assert.include(String(text), origin)
    }
    assert.strictEqual((await control("POST", "/reset", undefined, { origin: served.url })).status, 200)
  })

  it("anything at a name that is not loopback's, such as one that was rebound to it", async () => {
    for (const path of ["/_sandbox/state", "/_sandbox/reset"]) {
      const sandbox = Sandbox.make()
      const method = path.endsWith("reset") ? "POST" : "GET"
      const reply = await sandbox.fetch(new Request(`http://attacker.example${path}`, { method }))
      assert.strictEqual(reply.status, 403)
    }
    assert.strictEqual((await Sandbox.make().fetch(new Request("https://flex-api.twilio.com/"))).status, 401)
  })

  const page = "/"
  const operation = path(1)

  it("a Host that is not loopback's, for Twilio's operations too, even with a target that names loopback", async () => {
    for (const [target, host, status] of [
      ["/_sandbox/state", "127.0.0.1", 200],
      ["/_sandbox/state", "LOCALHOST:1", 200],
      ["/_sandbox/state", "[::1]:1", 200],
      ["/_sandbox/state", "attacker.example", 403],
      ["/_sandbox/state", "localhost.attacker.example", 403],
      ["/_sandbox/state", "flex-api.twilio.com", 403],
      [`${served.url}/_sandbox/state`, "attacker.example", 403],
      [operation, "localhost", 200],
      [operation, "attacker.example", 403],
      [operation, "attacker.example:80", 403],
      [operation, "twilio.com.attacker.example", 403],
      [operation, "127.0.0.1.attacker.example", 403],
      [`${served.url}${operation}`, "attacker.example", 403],
      // A client whose requests were redirected here sends the Host that it meant.
      [operation, "flex-api.twilio.com", 200]
    ] as const) {
      assert.strictEqual(await statusFor(target, { host, ...account }), status, `${host} ${target}`)
    }
    assert.deepStrictEqual((await state()).requests.filter(({ status }) => status === 403).length, 5)
  })

  it("what a page of another site sends, whatever it is, but for somebody who follows a link to the page", async () => {
    const visit = { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }
    for (const site of ["cross-site", "same-site"]) {
      for (const [method, target, headers, status] of [
        ["GET", page, visit, 200],
        ["GET", page, { ...visit, "sec-fetch-dest": "iframe" }, 403],
        ["GET", page, {}, 403],
        ["GET", "/_sandbox/state", visit, 403],
        ["GET", "/_sandbox/events", {}, 403],
        ["POST", "/_sandbox/reset", {}, 403],
        ["POST", "/_sandbox/reset", { ...visit, origin: served.url }, 403],
        ["DELETE", "/_sandbox/faults", {}, 403],
        ["GET", operation, account, 403]
      ] as const) {
        const sent = { ...headers, "sec-fetch-site": site }
        assert.strictEqual(await statusFor(target, sent, method), status, `${site} ${method} ${target}`)
      }
    }
    for (const site of ["same-origin", "none"]) {
      assert.strictEqual(await statusFor("/_sandbox/reset", { "sec-fetch-site": site }, "POST"), 200)
    }
  })

  it("no use of a fault by a web page", async () => {
    await control("POST", "/faults", { kind: "html" })
    await statusFor(operation, { ...account, "sec-fetch-site": "cross-site" })
    assert.deepStrictEqual((await state()).faults, [{ kind: "html", times: 1 }])
  })
})
