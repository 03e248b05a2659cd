/**
 * The built server judged by clients that others wrote: the official client 2.x in each of its modes, the client of
 * `@modelcontextprotocol/sdk` 1.x that most hosts still run, and a plain one that opens with each revision by name.
 */
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StdioClientTransport as StdioClientTransport1 } from "@modelcontextprotocol/sdk/client/stdio.js"
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import {
  type Action,
  channel,
  connect,
  environment,
  main,
  modern,
  raw,
  read,
  sid,
  write,
  toolNames
} from "../support/host.ts"
import { type Served, start } from "../support/served.ts"

let served: Served
beforeEach(async () => {
  served = await start()
})
afterEach(() => served.close())

interface Host {
  readonly listTools: () => Promise<{ readonly tools: ReadonlyArray<{ readonly name: string }> }>
  readonly callTool: (call: { name: string; arguments: Record<string, unknown> }) => Promise<unknown>
  readonly close: () => Promise<void>
}

/** A host on the client of SDK 1.x. */
const connect1 = async (answer?: Action): Promise<Host> => {
  const client = new Client1(
    { name: "test", version: "1.0.0" },
    { capabilities: answer === undefined ? {} : { elicitation: {} } }
  )
  if (answer !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, () =>
      answer === "accept" ? { action: answer, content: {} } : { action: answer }
    )
  }
  await client.connect(
    new StdioClientTransport1({ command: "node", args: [main], env: environment(served.url), stderr: "ignore" })
  )
  return client
}

const connect2 =
  (mode: "legacy" | "auto" | { readonly pin: string }) =>
  (answer?: Action): Promise<Host> =>
    connect({ mode, env: environment(served.url), ...(answer === undefined ? {} : { answer }) })

const posts = () => served.requests.filter((request) => request.startsWith("POST ")).length

for (const [name, open] of [
  ["@modelcontextprotocol/client 2.x, legacy", connect2("legacy")],
  ["@modelcontextprotocol/client 2.x, auto", connect2("auto")],
  [`@modelcontextprotocol/client 2.x, pinned to ${modern}`, connect2({ pin: modern })],
  ["@modelcontextprotocol/sdk 1.x", connect1]
] as const) {
  describe(`${name}`, () => {
    it("finds the tools, lists and continues with the cursor", async () => {
      const host = await open()
      assert.deepStrictEqual(
        (await host.listTools()).tools.map((tool) => tool.name),
        toolNames
      )
      const first = read(await host.callTool({ name: "list_participants", arguments: { ...channel(2), limit: 3 } }))
      assert.lengthOf(first.data?.["participants"] as ReadonlyArray<unknown>, 3)
      assert.deepStrictEqual(JSON.parse(first.text), first.data)
      const rest = read(
        await host.callTool({
          name: "list_participants",
          arguments: { ...channel(2), limit: 3, cursor: first.data?.["next_cursor"] }
        })
      )
      assert.deepStrictEqual(rest.data?.["participants"], [{ participant_sid: sid(2, "UT", 4), type: "supervisor" }])
      assert.isUndefined(rest.data?.["next_cursor"])
      await host.close()
    })

    for (const [what, answer, sent] of [
      ["accepts", "accept", 1],
      ["declines", "decline", 0],
      ["cancels", "cancel", 0],
      ["cannot ask", undefined, 1]
    ] as const) {
      it(`a host that ${what}: ${sent} write`, async () => {
        const host = await open(answer)
        const done = read(await host.callTool({ name: "set_participant_status", arguments: write(1, 2, "wrapup") }))
        assert.strictEqual(done.isError, sent === 0, done.text)
        assert.match(
          done.text,
          sent === 0
            ? /Nothing was changed/u
            : /"result":"accepted".*Twilio accepted it; nothing can be read that shows it/u
        )
        assert.strictEqual(posts(), sent)
        await host.close()
      })
    }

    it("a refusal is an error that the model reads, with no structured content", async () => {
      const host = await open()
      const refused = read(await host.callTool({ name: "set_participant_status", arguments: write(1, 1, "wrapup") }))
      assert.isTrue(refused.isError)
      assert.isUndefined(refused.data)
      assert.match(
        refused.text,
        /Only agents can be moved, and this participant's type is "customer".*Nothing was changed/u
      )
      await host.close()
    })
  })
}

describe("each revision by handshake", () => {
  for (const revision of ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"]) {
    it(`${revision}: is agreed on, lists and writes`, async () => {
      const host = raw([], environment(served.url))
      const { result } = await host.initialize(revision)
      assert.strictEqual(result?.["protocolVersion"], revision)
      const tools = await host.request("tools/list", {})
      assert.lengthOf(tools.result?.["tools"] as ReadonlyArray<unknown>, toolNames.length)
      const done = await host.request("tools/call", {
        name: "set_participant_status",
        arguments: write(1, 2, "wrapup")
      })
      const { data, text } = read(done.result)
      assert.strictEqual(data?.["result"], "accepted")
      // All that a host of before 2025-06-18 reads.
      assert.deepStrictEqual(JSON.parse(text), data)
      assert.deepStrictEqual(await host.end(), [0, null])
    })
  }

  it("one that does not exist: another is offered", async () => {
    const host = raw([], environment(served.url))
    const { result } = await host.initialize("2099-01-01")
    assert.strictEqual(result?.["protocolVersion"], "2025-11-25")
    await host.end()
  })
})

describe(`revision ${modern}`, () => {
  it("discovers, lists and writes without a handshake", async () => {
    const host = raw([], environment(served.url))
    const { result } = await host.modern("server/discover", {})
    assert.deepStrictEqual(result?.["supportedVersions"], [modern])
    assert.lengthOf((await host.modern("tools/list", {})).result?.["tools"] as ReadonlyArray<unknown>, toolNames.length)
    const done = await host.modern("tools/call", {
      name: "set_participant_status",
      arguments: write(1, 2, "wrapup")
    })
    assert.strictEqual(read(done.result).data?.["result"], "accepted")
    await host.end()
  })

  it("a tool that does not exist is a protocol error", async () => {
    const host = raw([], environment(served.url))
    const { error } = await host.modern("tools/call", { name: "close_everything", arguments: {} })
    assert.strictEqual(error?.code, -32602)
    await host.end()
  })
})
