/** The built server, started as a host starts it, judged by the official client. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Client } from "@modelcontextprotocol/client"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { run } from "../support/command.ts"
import { type Served, start } from "../support/served.ts"
import { call, channel, connect, environment, eras, namesOf, sid, toolNames } from "../support/host.ts"

for (const [era, mode] of eras) {
  describe(`the main job, ${era}`, () => {
    let client: Client
    beforeAll(async () => {
      client = await connect({ mode, args: ["--sandbox"] })
    })
    afterAll(() => client.close())

    it("has the tools that the sources have", async () => {
      assert.deepStrictEqual(await namesOf(client), toolNames)
    })

    it("lists, sets an agent to wrapup and closed, and says the same in text and structure", async () => {
      const listed = await call(client, "list_participants", channel(2))
      assert.isFalse(listed.isError)
      assert.deepStrictEqual(JSON.parse(listed.text), listed.data)
      const rows = listed.data?.["participants"] as ReadonlyArray<{ participant_sid: string; type: string }>
      assert.deepStrictEqual(
        rows.map(({ type }) => type),
        ["customer", "agent", "agent", "supervisor"]
      )
      for (const status of ["wrapup", "closed"]) {
        const done = await call(client, "set_participant_status", {
          ...channel(2),
          participant_sid: rows[1]?.participant_sid,
          status
        })
        assert.isFalse(done.isError)
        assert.strictEqual(done.data?.["result"], "confirmed")
        assert.strictEqual(done.data?.["worker"], "bruno")
        assert.strictEqual(done.data?.["standing"], status === "wrapup" ? "wrapping" : "left")
        assert.isFalse(done.data?.["customer_alone"])
      }
    })

    it("continues where an answer ended, with and without a filter", async () => {
      for (const filter of [{}, { type: "external" }]) {
        const seen: Array<string> = []
        let cursor: string | undefined
        do {
          const page: Awaited<ReturnType<typeof call>> = await call(client, "list_participants", {
            ...channel(3),
            ...filter,
            limit: 50,
            ...(cursor === undefined ? {} : { cursor })
          })
          assert.isFalse(page.isError, page.text)
          const rows = page.data?.["participants"] as ReadonlyArray<{ participant_sid: string }>
          assert.isAtMost(rows.length, 50)
          seen.push(...rows.map((row) => row.participant_sid))
          cursor = page.data?.["next_cursor"] as string | undefined
        } while (cursor !== undefined)
        assert.strictEqual(seen.length, new Set(seen).size)
        assert.lengthOf(seen, "type" in filter ? 116 : 120)
      }
    })
  })
}

describe("refusals", () => {
  let client: Client
  let served: Served
  beforeAll(async () => {
    served = await start()
    client = await connect({ env: environment(served.url) })
  })
  afterAll(async () => {
    await client.close()
    await served.close()
  })
  beforeEach(() => {
    served.requests.length = 0
  })

  const agent = { ...channel(1), participant_sid: sid(1, "UT", 2), status: "wrapup" }

  for (const [what, args, text] of [
    ["a malformed interaction SID", { interaction_sid: "KD1" }, /interaction_sid: expected KD.*got 3 characters/u],
    ["a malformed channel SID", { channel_sid: "../.." }, /channel_sid: expected UO/u],
    ["a malformed participant SID", { participant_sid: sid(1, "ut", 2) }, /participant_sid: expected UT.*upper case/u],
    ["a status that does not exist", { status: "open" }, /status: Expected "wrapup" \| "closed"/u],
    ["an argument that does not exist", { force: true }, /force: this tool has no such argument/u],
    ["a dry_run that is not a boolean", { dry_run: "yes" }, /dry_run: Expected boolean/u]
  ] as const) {
    it(`${what}: nothing is sent`, async () => {
      const refused = await call(client, "set_participant_status", { ...agent, ...args })
      assert.isTrue(refused.isError)
      assert.match(refused.text, text)
      assert.isEmpty(served.requests)
    })
  }

  for (const [what, args, text] of [
    [
      "a customer",
      { participant_sid: sid(1, "UT", 1) },
      /^Only agents can be moved, and this participant's type is "customer".*Nothing was changed/u
    ],
    [
      "a stranger",
      { participant_sid: sid(1, "UT", 9) },
      /^The channel lists no participant with this SID.*Nothing was changed/u
    ],
    ["an unknown interaction", { interaction_sid: sid(99, "KD") }, /no such interaction.*Nothing was changed.*20404/u],
    ["an unknown channel", { channel_sid: sid(99, "UO") }, /no such interaction.*Nothing was changed.*20404/u]
  ] as const) {
    it(`${what}: looked up, and no write is sent`, async () => {
      const refused = await call(client, "set_participant_status", { ...agent, ...args })
      assert.isTrue(refused.isError)
      assert.match(refused.text, text)
      assert.isUndefined(refused.data)
      assert.isTrue(served.requests.every((request) => request.startsWith("GET ")))
    })
  }

  it("dry_run looks up, sends no write, and says what would be sent", async () => {
    const done = await call(client, "set_participant_status", { ...agent, dry_run: true })
    assert.strictEqual(done.data?.["result"], "dry_run")
    assert.match(done.text, /Nothing was sent.*Status=wrapup/u)
    assert.isNotEmpty(served.requests)
    assert.isTrue(served.requests.every((request) => request.startsWith("GET ")))
  })

  it("a cursor of another channel, and a made-up one", async () => {
    const { data } = await call(client, "list_participants", { ...channel(3), limit: 10 })
    for (const cursor of [data?.["next_cursor"], "made-up"]) {
      const refused = await call(client, "list_participants", { ...channel(1), cursor })
      assert.isTrue(refused.isError)
      assert.match(refused.text, /cursor: not one that list_participants gave/u)
    }
  })

  it("wrong credentials", async () => {
    const stranger = await connect({ env: { ...environment(served.url), TWILIO_AUTH_TOKEN: "wrong-secret" } })
    const refused = await call(stranger, "list_participants", channel(1))
    assert.isTrue(refused.isError)
    assert.match(refused.text, /does not accept this server's credentials/u)
    assert.notInclude(refused.text, "wrong-secret")
    await stranger.close()
  })

  it("an unreachable host", async () => {
    const gone = await start()
    await gone.close()
    const cut = await connect({ env: environment(gone.url) })
    const refused = await call(cut, "set_participant_status", agent)
    assert.match(refused.text, /could not be reached.*Nothing was changed/u)
    await cut.close()
  })

  it("a reply that is not JSON", async () => {
    served.answerWith(() => new Response("<html>maintenance</html>"))
    const refused = await call(client, "list_participants", channel(1))
    served.answerWith(undefined)
    assert.isTrue(refused.isError)
    assert.match(refused.text, /could not be understood.*seen: "expected JSON, got HTML"/u)
  })

  it("a write whose answer is lost is neither a success nor a failure", async () => {
    served.answerWith((request) =>
      request.method === "POST" ? new Response("<html>", { status: 502 }) : served.sandbox.fetch(request)
    )
    const unknown = await call(client, "set_participant_status", agent)
    served.answerWith(undefined)
    assert.isTrue(unknown.isError)
    assert.match(
      unknown.text,
      /not known whether the change was applied.*not sent again by itself.*list_participants in a minute.*only if it is still wanted/u
    )
  })
})

describe("the process", () => {
  it("without credentials says in two lines what to set, and fails", async () => {
    const { code, stdout, stderr } = await run([])
    assert.notStrictEqual(code, 0)
    assert.strictEqual(stdout, "")
    assert.lengthOf(stderr.trimEnd().split("\n"), 2)
    assert.match(stderr, /TWILIO_API_KEY and TWILIO_API_SECRET \(or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN\)/u)
  })

  it("names the half of a pair that is missing, never a value", async () => {
    const { stderr } = await run([], { TWILIO_API_SECRET: "half-a-secret" })
    assert.match(stderr, /TWILIO_API_KEY is not set, but TWILIO_API_SECRET is/u)
    assert.notInclude(stderr, "half-a-secret")
  })

  it("ends with 0 at the end of stdin, and writes nothing but the protocol to stdout", async () => {
    const request = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2024-11-05", capabilities: {}, clientInfo: { name: "test", version: "1" } }
    })
    const { code, stdout } = await run(["--sandbox"], {}, `${request}\n`)
    assert.strictEqual(code, 0)
    for (const line of stdout.trimEnd().split("\n").filter(Boolean)) {
      assert.strictEqual((JSON.parse(line) as { jsonrpc: string }).jsonrpc, "2.0")
    }
  })

  it("prefers the API key where both pairs are set", async () => {
    const served = await start()
    const env = { ...environment(served.url), TWILIO_API_KEY: `SK${"0".repeat(31)}1`, TWILIO_API_SECRET: "wrong" }
    const client = await connect({ env })
    const refused = await call(client, "list_participants", channel(1))
    assert.match(refused.text, /does not accept this server's credentials/u)
    await client.close()
    await served.close()
  })

  it("reads a secret from the file that a variable names, and says of one that it cannot read why", async () => {
    const folder = mkdtempSync(join(tmpdir(), "secret-"))
    const file = join(folder, "auth-token")
    const served = await start()
    const { TWILIO_AUTH_TOKEN = "", ...rest } = environment(served.url)
    writeFileSync(file, `${TWILIO_AUTH_TOKEN}\n`)
    const client = await connect({ env: { ...rest, TWILIO_AUTH_TOKEN_FILE: file } })
    const { isError, text } = await call(client, "list_participants", channel(1))
    assert.notStrictEqual(isError, true, text)
    await client.close()
    const { code, stderr } = await run([], { ...rest, TWILIO_AUTH_TOKEN_FILE: join(folder, "nowhere") })
    assert.strictEqual(code, 2)
    assert.match(stderr, /TWILIO_AUTH_TOKEN_FILE names a file that could not be read \(NotFound\)/u)
    await served.close()
    rmSync(folder, { recursive: true })
  })

  it("refuses an argument that it does not know", async () => {
    const { code, stderr } = await run(["--sandbx"])
    assert.strictEqual(code, 2)
    assert.match(stderr, /--sandbx/u)
  })
})
