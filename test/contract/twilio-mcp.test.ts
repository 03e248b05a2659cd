/**
 * Twilio's own MCP server, `@twilio-alpha/mcp`, over stdio, with its participant tools on the sandbox.
 *
 * It has no setting for where Twilio is: to-sandbox.cjs, loaded before it, sends to the sandbox what goes to flex-api.twilio.com,
 * and is all that is changed. Every reply is judged by the OpenAPI document from which it made its tools.
 */
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import * as Sandbox from "@flex-interactions/sandbox"
import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { sid, statusOf } from "../support/requests.ts"
import { type Judged, judged } from "../support/openapi.ts"

const command = createRequire(import.meta.url).resolve("@twilio-alpha/mcp")
const preload = fileURLToPath(new URL("../support/to-sandbox.cjs", import.meta.url))
const { accountSid, apiKey, apiSecret } = Sandbox.defaultCredentials

const connect = async (url: string, secret = apiSecret) => {
  const client = new Client({ name: "test", version: "1.0.0" })
  const tools = ["--services", "twilio_flex_v1", "--tags", "FlexV1InteractionChannelParticipant"]
  await client.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: ["--require", preload, command, `${accountSid}/${apiKey}:${secret}`, ...tools],
      env: { SANDBOX_URL: url },
      stderr: "ignore"
    })
  )
  return client
}

describe("Twilio's own MCP server", () => {
  let sandbox: Judged
  let client: Client
  beforeAll(async () => {
    sandbox = await judged()
    client = await connect(sandbox.url)
  }, 60_000)
  afterAll(async () => {
    await client.close()
    await sandbox.close()
  })
  beforeEach(() => {
    sandbox.reset()
    sandbox.verdict.length = 0
    sandbox.requests.length = 0
  })
  afterEach(() => assert.deepStrictEqual(sandbox.verdict, []))

  const channel = (group: number) => ({ InteractionSid: sid(group, "KD"), ChannelSid: sid(group, "UO") })

  const call = async (name: string, args: Record<string, string>, caller = client) => {
    const { content } = await caller.callTool({
      name: `TwilioFlexV1--${name}InteractionChannelParticipant`,
      arguments: args
    })
    const [first] = content
    return JSON.parse(first?.type === "text" ? first.text : "") as Record<string, unknown>
  }

  it("has its tools for participants", async () => {
    const { tools } = await client.listTools()
    assert.includeMembers(
      tools.map(({ name }) => name),
      ["TwilioFlexV1--ListInteractionChannelParticipant", "TwilioFlexV1--UpdateInteractionChannelParticipant"]
    )
  })

  it("lists", async () => {
    const { participants, meta } = await call("List", channel(2))
    assert.deepStrictEqual(
      (participants as ReadonlyArray<{ readonly type: string }>).map(({ type }) => type),
      ["customer", "agent", "agent", "supervisor"]
    )
    assert.strictEqual((meta as { readonly key: string }).key, "participants")
    assert.lengthOf(sandbox.requests, 1)
  })

  it("updates to wrapup, and to closed", async () => {
    for (const Status of ["wrapup", "closed"]) {
      const updated = await call("Update", { ...channel(1), Sid: sid(1, "UT", 2), Status })
      assert.strictEqual(updated["sid"], sid(1, "UT", 2))
      assert.strictEqual(statusOf(sandbox.sandbox, 1, 2), Status)
    }
  })

  it("hands on the errors that it meets", async () => {
    const error = async (failing: Promise<unknown>) => String(await failing.catch((error: unknown) => error))
    assert.match(await error(call("List", channel(99))), /20404/u)
    assert.match(await error(call("Update", { ...channel(1), Sid: sid(1, "UT", 1), Status: "closed" })), /45008/u)
    sandbox.sandbox.faults.add({ kind: "rate-limited" })
    assert.match(await error(call("List", channel(1))), /20429/u)
    const stranger = await connect(sandbox.url, "wrong")
    assert.match(await error(call("List", channel(1), stranger)), /20003/u)
    await stranger.close()
  })
})
