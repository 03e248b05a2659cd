/** The exported handler, as it was built: in this process, without a port, and behind a server of another maker. */
import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { make, type WebHandler } from "@flex-interactions/mcp/http"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import { connectTo, namesOf, readOnlyNames, sid } from "../support/calls.ts"
import { type Served, start as startSandbox } from "../support/served.ts"

const token = "0123456789abcdef0123456789abcdef"
const url = "https://mcp.example.com/flex"
const credentials = { accountSid: `AC${"0".repeat(31)}1`, authToken: "sandbox-auth-token" }
const channel = { interaction_sid: sid(1, "KD"), channel_sid: sid(1, "UO") }

describe("the exported handler", () => {
  let served: Served
  let handler: WebHandler
  beforeAll(async () => {
    served = await startSandbox()
    handler = await make({ url, credentials, auth: { token }, apiBaseUrl: served.url, readOnly: true })
  })
  afterAll(async () => {
    await handler.close()
    await served.close()
  })

  for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
    it(`serves a client in this process (${typeof mode === "string" ? mode : mode.pin})`, async () => {
      const client = await connectTo(url, {
        mode,
        token,
        fetch: (input, init) => handler.fetch(new Request(input, init))
      })
      assert.deepStrictEqual(await namesOf(client), readOnlyNames)
      const listed = await client.callTool({ name: "list_participants", arguments: channel })
      assert.notStrictEqual(listed.isError, true)
      await client.close()
    })
  }

  it("by default refuses a write that nobody was asked about; confirm: when-possible sends it", async () => {
    for (const [confirm, text] of [
      [{}, /cannot be asked.*Nothing was changed/u],
      [{ confirm: "auto" }, /cannot be asked.*Nothing was changed/u],
      [{ confirm: "when-possible" }, /"accepted"/u]
    ] as const) {
      const writing = await make({ url, credentials, auth: "none", apiBaseUrl: served.url, ...confirm })
      const client = await connectTo(url, { fetch: (input, init) => writing.fetch(new Request(input, init)) })
      const { content } = await client.callTool({
        name: "set_participant_status",
        arguments: { ...channel, participant_sid: sid(1, "UT", 2), status: "wrapup" }
      })
      assert.match(content[0]?.type === "text" ? content[0].text : "", text)
      await client.close()
      await writing.close()
    }
  })

  it("refuses who has no token, and another host name", async () => {
    const post = (to: string) =>
      handler.fetch(new Request(to, { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }))
    assert.strictEqual((await post(url)).status, 401)
    assert.strictEqual((await post("https://evil.example/flex")).status, 403)
    assert.strictEqual((await post("https://mcp.example.com/other")).status, 404)
  })

  it("logs a defect as one line on console.error, with what others wrote in it escaped", async () => {
    const fetch = vi.spyOn(globalThis, "fetch").mockImplementation(() => {
      const broken = {
        get status() {
          throw new Error("x\ntime=2026 audit=set_participant_status\u202e")
        }
      }
      return Promise.resolve(broken as unknown as Response)
    })
    // Loaded again: it keeps the `fetch` that it finds at its first request.
    const http = new URL("../../packages/mcp/dist/http.js?again", import.meta.url).href
    const { make: makeAgain } = (await import(/* @vite-ignore */ http)) as { readonly make: typeof make }
    const handler = await makeAgain({ url, credentials, auth: "none", apiBaseUrl: served.url, readOnly: true })
    const lines: Array<unknown> = []
    const log = vi.spyOn(console, "error").mockImplementation((line) => void lines.push(line))
    const response = await handler.fetch(
      new Request(url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
        body: JSON.stringify({
          jsonrpc: "2.0",
          id: 1,
          method: "tools/call",
          params: { name: "list_participants", arguments: channel }
        })
      })
    )
    const answer = await response.text()
    log.mockRestore()
    fetch.mockRestore()
    await handler.close()
    assert.include(answer, "its log says why")
    assert.lengthOf(lines, 1)
    assert.match(String(lines[0]), /^level=error message="a tool failed unexpectedly [\x20-\x7e]*"$/u)
    assert.include(lines[0], String.raw`x\ntime=2026 audit=set_participant_status\u202e`)
  })

  it("rejects options that cannot work, by name", async () => {
    const problem = (options: Partial<Parameters<typeof make>[0]>) =>
      make({ url, credentials, auth: { token }, ...options }).then(
        () => "none",
        (error: Error) => error.message
      )
    assert.match(await problem({ auth: { token: "short" } }), /auth.token must have 32 characters/u)
    assert.match(await problem({ url: "https://user:secret@mcp.example.com/flex" }), /^url must have no user/u)
    assert.match(await problem({ url: "https://mcp.example.com/flex?a=b" }), /^url must have no query/u)
    const jwt = { issuer: "https://login.example.com", audience: "mcp" }
    assert.match(await problem({ auth: { ...jwt, jwksUrl: "nowhere" } }), /^auth.jwksUrl is not a URL/u)
    assert.match(await problem({ apiBaseUrl: "http://example.com" }), /baseUrl must be https/u)
  })

  it("asks nothing of Node, and of no other package", () => {
    const dist = fileURLToPath(new URL("../../packages/mcp/dist/", import.meta.url))
    const files = readdirSync(dist).filter((file) => /^http.*\.js$/u.test(file))
    assert.include(files, "http.js")
    for (const file of files) {
      const source = readFileSync(dist + file, "utf8")
      const imports = source.matchAll(/(?:^|[;}\n])(?:import|export)\b[^;'"`]*?(?:from)?\s*["'`]([^"'`]+)["'`]/gu)
      for (const [, from = ""] of imports) assert.match(from, /^\.\/http[\w-]*\.js$/u)
      assert.notMatch(source, /\b(?:import|require)\(["'`]/u)
    }
  })
})
