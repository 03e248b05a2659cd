import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import * as Sandbox from "@flex-participants/sandbox"
import { assert, describe, it } from "vitest"

const sid = (group: number, prefix: string, n = 0) => `${prefix}0${group}${`${n}`.padStart(30, "0")}`
const path = (group: number) =>
  `https://flex-api.twilio.com/v1/Interactions/${sid(group, "KD")}/Channels/${sid(group, "UO")}/Participants`

const basic = (user: string, password: string) => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` })
const { accountSid, authToken, apiKey, apiSecret } = Sandbox.defaultCredentials
const account = basic(accountSid, authToken)

interface Body {
  readonly code: number
  readonly status: number
  readonly participants: ReadonlyArray<{ readonly sid: string }>
  readonly meta: { readonly next_page_url: string | null; readonly [key: string]: unknown }
}

const send = async (sandbox: Sandbox.Sandbox, url: string, init: RequestInit = {}) => {
  const response = await sandbox.fetch(new Request(url, { headers: account, ...init }))
  return { response, body: (await response.json()) as Body }
}

const modify = (sandbox: Sandbox.Sandbox, group: number, n: number, status: string) =>
  send(sandbox, `${path(group)}/${sid(group, "UT", n)}`, {
    method: "POST",
    body: new URLSearchParams({ Status: status })
  })

describe("listing", () => {
  it("answers with the documented keys, and absolute URLs of the origin in use", async () => {
    const { response, body } = await send(Sandbox.make(), path(1))
    assert.strictEqual(response.status, 200)
    assert.match(response.headers.get("twilio-request-id") ?? "", /^RQ[0-9a-f]{32}$/u)
    assert.deepStrictEqual(body.participants[1] as unknown, {
      sid: sid(1, "UT", 2),
      channel_sid: sid(1, "UO"),
      interaction_sid: sid(1, "KD"),
      type: "agent",
      routing_properties: {
        task_sid: sid(1, "WT", 2),
        worker_sid: sid(1, "WK", 2),
        reservation_sid: sid(1, "WR", 2)
      },
      url: `${path(1)}/${sid(1, "UT", 2)}`
    })
    assert.deepStrictEqual(body.meta, {
      page: 0,
      page_size: 50,
      first_page_url: `${path(1)}?PageSize=50&Page=0`,
      previous_page_url: null,
      url: `${path(1)}?PageSize=50&Page=0`,
      next_page_url: null,
      key: "participants"
    })
  })

  it("pages through 120 participants by 50", async () => {
    const sandbox = Sandbox.make()
    const seen: Array<string> = []
    let url: string | null = path(3)
    const sizes: Array<number> = []
    while (url !== null) {
      const { body }: { body: Body } = await send(sandbox, url)
      seen.push(...body.participants.map((participant) => participant.sid))
      sizes.push(body.participants.length)
      url = body.meta.next_page_url
    }
    assert.deepStrictEqual(sizes, [50, 50, 20])
    assert.strictEqual(new Set(seen).size, 120)
  })

  for (const [query, code] of [
    ["PageSize=0", 45004],
    ["PageSize=1001", 45004],
    ["PageSize=x", 45004],
    ["Page=-1", 45004],
    ["PageToken=nonsense", 21481],
    ["PageToken=PT%00", 21481]
  ] as const) {
    it(`refuses ${query}`, async () => {
      const { response, body } = await send(Sandbox.make(), `${path(1)}?${query}`)
      assert.strictEqual(response.status, 400)
      assert.strictEqual(body.code, code)
    })
  }
})

describe("modifying", () => {
  it("moves an agent to wrapup and closed, and shows no status", async () => {
    const sandbox = Sandbox.make()
    const { response, body } = await modify(sandbox, 1, 2, "wrapup")
    assert.strictEqual(response.status, 200)
    assert.notProperty(body, "status")
    assert.strictEqual((await modify(sandbox, 1, 2, "closed")).response.status, 200)
    assert.strictEqual((await modify(sandbox, 1, 2, "closed")).response.status, 409)
    assert.strictEqual((await modify(sandbox, 1, 2, "wrapup")).response.status, 409)
  })

  it("refuses who is not an agent, a status that does not exist, and a body that is not a form", async () => {
    const sandbox = Sandbox.make()
    assert.strictEqual((await modify(sandbox, 1, 1, "closed")).body.code, 45008)
    assert.strictEqual((await modify(sandbox, 1, 2, "open")).body.code, 45004)
    const json = await send(sandbox, `${path(1)}/${sid(1, "UT", 2)}`, {
      method: "POST",
      headers: { ...account, "content-type": "application/json" },
      body: JSON.stringify({ Status: "closed" })
    })
    assert.strictEqual(json.response.status, 400)
  })
})

describe("everything else", () => {
  it("takes the account's credentials and the API key's, and no others", async () => {
    const status = async (headers: Record<string, string>) =>
      (await Sandbox.make().fetch(new Request(path(1), { headers }))).status
    assert.strictEqual(await status(account), 200)
    assert.strictEqual(await status(basic(apiKey, apiSecret)), 200)
    assert.strictEqual(await status(basic(accountSid, "wrong")), 401)
    assert.strictEqual(await status({}), 401)
  })

  it("answers 404 for what is not there, 405 for another method, 400 for a malformed SID", async () => {
    const sandbox = Sandbox.make()
    assert.strictEqual((await send(sandbox, path(9))).body.code, 20404)
    assert.strictEqual((await send(sandbox, "https://flex-api.twilio.com/v1/Interactions")).response.status, 404)
    assert.strictEqual((await modify(sandbox, 1, 9, "closed")).response.status, 404)
    assert.strictEqual((await send(sandbox, path(1), { method: "DELETE" })).response.status, 405)
    assert.strictEqual((await send(sandbox, path(1).replace("KD01", "KD0"))).response.status, 400)
  })
})

describe("the command", () => {
  const main = fileURLToPath(new URL("../../packages/sandbox/dist/main.js", import.meta.url))

  it("prints its URL first, then credentials and SIDs that work", async () => {
    const child = spawn("node", [main, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] })
    const [chunk] = (await once(child.stdout, "data")) as [Buffer]
    const lines = chunk.toString().split("\n")
    const setting = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? ""
    const [interaction, channel] = lines.find((line) => line.startsWith("KD"))?.split(" ") ?? []
    const response = await fetch(`${lines[0]}/v1/Interactions/${interaction}/Channels/${channel}/Participants`, {
      headers: basic(setting("TWILIO_ACCOUNT_SID"), setting("TWILIO_AUTH_TOKEN"))
    })
    assert.strictEqual(response.status, 200)
    child.kill()
    await once(child, "exit")
  })

  it("says what is wrong with its arguments", async () => {
    const child = spawn("node", [main, "--port", "x"], { stdio: ["ignore", "ignore", "pipe"] })
    const [chunk] = (await once(child.stderr, "data")) as [Buffer]
    assert.match(chunk.toString(), /--port: expected a number/u)
    const [code] = (await once(child, "exit")) as [number]
    assert.strictEqual(code, 2)
  })
})
