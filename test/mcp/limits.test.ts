/** Limits that the operator sets when the built server starts: what is taken, what is refused, and what is said of it. */
import { make } from "@flex-interactions/mcp/http"
import { assert, describe, it } from "vitest"
import * as Command from "../support/command.ts"
import * as Host from "../support/host.ts"

/** The queues that a server with these settings shows. */
const queuesOf = async (args: ReadonlyArray<string>, env: Record<string, string> = {}) => {
  const host = await Host.connect({ args: ["--sandbox", ...args], env })
  const { data } = await Host.call(host, "find_conversations", { worker: "alice" })
  await host.close()
  const rows = data?.["conversations"] as ReadonlyArray<{ readonly queue: string }>
  return { queues: [...new Set(rows.map(({ queue }) => queue))].toSorted(), log: host.stderr() }
}

describe("--max-writes", () => {
  it("is told when the server starts, and is in what print-config prints", async () => {
    const { code, stderr } = await Command.run(["--sandbox", "--max-writes=20"])
    assert.strictEqual(code, 0)
    assert.match(stderr, /^flex-interactions-mcp: serving over stdio; .*; at most 20 an hour \(--max-writes\)\n/u)
    const printed = await Command.run(["print-config", "cursor", "--max-writes", "20"])
    assert.include(printed.stdout, '"--max-writes=20"')
    // What hosts hand over for a setting that the user left empty.
    const empty = await Command.run(["--sandbox"], { FLEX_MCP_MAX_WRITES: "", FLEX_MCP_ONLY_QUEUE: "" })
    assert.notMatch(empty.stderr, /an hour|only tasks/u)
    assert.strictEqual(empty.code, 0)
  })

  for (const text of ["0", "-1", "1.5", "many", "1e3", " ", "1000001"]) {
    it(`${JSON.stringify(text)} is refused`, async () => {
      const { code, stderr } = await Command.run(["--sandbox", `--max-writes=${text}`])
      assert.strictEqual(code, 2)
      assert.match(stderr, /--max-writes \(FLEX_MCP_MAX_WRITES\) must be a whole number from 1 to 1000000/u)
    })
  }

  it("as an option of the handler too", async () => {
    const made = make({
      url: "https://mcp.example.com/mcp",
      credentials: { apiKey: `SK${"0".repeat(32)}`, apiSecret: "secret" },
      auth: "none",
      maxWrites: 0
    })
    const failure = await made.then(
      () => "it was made",
      (error: unknown) => String(error)
    )
    assert.match(failure, /maxWrites must be a whole number from 1 to 1000000/u)
  })
})

describe("--only-queue", () => {
  it("is taken from flags, each as it is, and from the environment by commas or lines", async () => {
    const everything = ["Billing", "Sales", "Support"]
    assert.deepStrictEqual((await queuesOf([])).queues, everything)
    const one = await queuesOf(["--only-queue", "Support"])
    assert.deepStrictEqual(one.queues, ["Support"])
    assert.match(one.log, /^flex-interactions-mcp: serving over stdio; .*; only tasks of "Support" \(--only-queue\)\n/u)
    assert.deepStrictEqual((await queuesOf(["--only-queue=Sales", "--only-queue=Billing"])).queues, [
      "Billing",
      "Sales"
    ])
    // A queue's name may have a comma: taken apart it would open two others.
    assert.deepStrictEqual((await queuesOf(["--only-queue", "Sales,Billing"])).queues, [])
    const env = (FLEX_MCP_ONLY_QUEUE: string) => queuesOf([], { FLEX_MCP_ONLY_QUEUE })
    assert.deepStrictEqual((await env("Sales, Billing")).queues, ["Billing", "Sales"])
    assert.deepStrictEqual((await env("Sales,Billing\n")).queues, [])
    assert.deepStrictEqual((await env("Sales\nBilling")).queues, ["Billing", "Sales"])
    assert.deepStrictEqual((await queuesOf(["--only-queue=Sales"], { FLEX_MCP_ONLY_QUEUE: "Billing" })).queues, [
      "Sales"
    ])
  })

  for (const [what, args, env] of [
    ["an empty flag", ["--only-queue="], {}],
    ["an empty flag among others", ["--only-queue=Support", "--only-queue="], {}],
    ["a blank", ["--only-queue= "], {}],
    ["an empty part", [], { FLEX_MCP_ONLY_QUEUE: "Support,," }],
    ["a control character", ["--only-queue=Sup\u0007port"], {}]
  ] as const) {
    it(`${what} is refused, and not taken for no limit`, async () => {
      const { code, stderr } = await Command.run(["--sandbox", ...args], env)
      assert.strictEqual(code, 2)
      assert.match(stderr, /--only-queue.*(?:has an empty value|must be the name of a queue, and not empty)/u)
    })
  }

  it("without TaskRouter the server does not start, over stdio, over HTTP, and as a handler", async () => {
    const env = Host.environment("http://127.0.0.1:9", { FLEX_MCP_ONLY_QUEUE: "Support" })
    for (const args of [[], ["--http=127.0.0.1:0"]]) {
      const { code, stderr } = await Command.run(args, env)
      assert.strictEqual(code, 2)
      assert.match(stderr, /--only-queue \(FLEX_MCP_ONLY_QUEUE\) needs TaskRouter.*set --taskrouter-base-url/u)
    }
    const options = {
      url: "https://mcp.example.com/mcp",
      credentials: { apiKey: `SK${"0".repeat(32)}`, apiSecret: "secret" },
      auth: "none"
    } as const
    const failure = (more: object) =>
      make({ ...options, ...more }).then(
        () => assert.fail("it was made"),
        (error: unknown) => String(error)
      )
    assert.match(
      await failure({ apiBaseUrl: "http://127.0.0.1:9", onlyQueue: ["Support"] }),
      /onlyQueue needs TaskRouter.*set taskRouterBaseUrl/u
    )
    assert.match(await failure({ onlyQueue: [] }), /onlyQueue must be the name of a queue/u)
    assert.match(await failure({ onlyQueue: [""] }), /onlyQueue must be the name of a queue/u)
  })

  it("print-config prints each name as a flag of its own, so that the host starts the same server", async () => {
    const { code, stdout } = await Command.run([
      "print-config",
      "cursor",
      "--sandbox",
      "--only-queue",
      "Sales, EMEA",
      "--only-queue=Support"
    ])
    assert.strictEqual(code, 0)
    const { mcpServers } = JSON.parse(stdout) as {
      readonly mcpServers: Record<string, { readonly args: ReadonlyArray<string> }>
    }
    const { args = [] } = mcpServers["flex-interactions"] ?? {}
    assert.deepStrictEqual(
      args.filter((arg) => arg.startsWith("--only-queue")),
      ["--only-queue=Sales, EMEA", "--only-queue=Support"]
    )
  })
})
