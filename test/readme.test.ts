/**
 * What the README says is so: its program runs, its configuration starts the server, the demo prints the transcript, its sentences do what
 * they should, and the others do what its table says.
 */
import { execFile } from "node:child_process"
import { createRequire } from "node:module"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { TwilioClient, Participants } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import { Effect, Layer, Logger, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { countTokens } from "gpt-tokenizer"
import twilio from "twilio"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { wrapUpAgents } from "../examples/wrap-up-agents.ts"
import { call, connect, environment, main, namesOf, sid, toolNames } from "./support/host.ts"
import { type Served, start } from "./support/served.ts"

const root = fileURLToPath(new URL("../", import.meta.url))
const read = (path: string) => readFileSync(`${root}${path}`, "utf8")
const block = (language: string) =>
  new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, "u").exec(read("README.md"))?.[1] ?? ""

it("the program in the README is the example, to the letter", () => {
  const program = block("ts")
  assert.isNotEmpty(program)
  for (const part of program.trim().split("\n\n")) assert.include(read("examples/wrap-up-agents.ts"), part)
})

it("the example wraps up both agents", async () => {
  const sandbox = Sandbox.make()
  const lines: Array<unknown> = []
  const layer = Participants.layer.pipe(
    Layer.provide(
      TwilioClient.layer({
        credentials: { apiKey: sandbox.credentials.apiKey, apiSecret: Redacted.make(sandbox.credentials.apiSecret) }
      })
    ),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, (input, init) => sandbox.fetch(new Request(input, init)))),
    Layer.merge(Logger.layer([Logger.make(({ message }) => lines.push(message))]))
  )
  await Effect.runPromise(Effect.provide(wrapUpAgents, layer))
  const channel = sandbox.state.get("KD99eb9408b59ba7e1aa743ccf578ecb7e")?.get("UOf5b09471d41a251023cea2698c6322c9")
  assert.deepStrictEqual(
    channel?.participants.map(({ status }) => status),
    ["active", "wrapup", "wrapup", "active"]
  )
  assert.deepStrictEqual(lines.flat(), ["2 of 4 participants are agents; they are wrapping up"])
})

it("the configuration in the README starts the server that was built", async () => {
  const { mcpServers } = JSON.parse(block("json")) as {
    readonly mcpServers: Record<string, { readonly command: string; readonly args: ReadonlyArray<string> }>
  }
  const { command, args } = mcpServers["flex-interactions"] ?? { command: "", args: [] }
  const [program = "", ...more] = args.map((arg) => arg.replace("/path/to/flex-interactions/", root))
  // The README leaves the values out; the shape of a SID is checked at the start.
  const env = { TWILIO_API_KEY: `SK${"0".repeat(32)}`, TWILIO_API_SECRET: "secret" }
  const client = await connect({ command, program, args: more, env })
  assert.deepStrictEqual(await namesOf(client), toolNames)
  await client.close()
})

it("the demo prints what the README shows of it", async () => {
  const { stdout } = await promisify(execFile)("node", ["--import", "tsx", "examples/demo.ts"], { cwd: root })
  const printed = stdout.split("\n").map((line) => line.trimEnd())
  for (const line of block("text").split("\n")) assert.include(printed, line)
  assert.lengthOf(stdout.match(/^confirmed +Done: /gmu) ?? [], 2)
  assert.lengthOf(stdout.match(/^audit +time=.*$/gmu) ?? [], 2)
  assert.lengthOf(stdout.match(/^refused /gmu) ?? [], 1)
})

describe("the lines for hosts", () => {
  const readme = read("README.md")
  const path = "/path/to/flex-interactions/packages/mcp/dist/main.cjs"

  it("start the server that was built, on the sandbox", async () => {
    const lines = [...readme.matchAll(/^\| [\w ]+ \| `(?:claude|codex) mcp add flex-interactions -- (.+)` \|$/gmu)]
    const [, added = ""] = /`code --add-mcp '(.+)'`/u.exec(readme) ?? []
    const { args, command, name } = JSON.parse(added) as { readonly [key: string]: string & ReadonlyArray<string> }
    assert.strictEqual(name, "flex-interactions")
    const all = [...lines.map(([, line = ""]) => line), [command, ...(args ?? [])].join(" ")]
    assert.lengthOf(all, 3)
    for (const line of all) assert.strictEqual(line, `node ${path} --sandbox`)
    const client = await connect({ program: main, args: ["--sandbox"] })
    assert.deepStrictEqual(await namesOf(client), toolNames)
    await client.close()
  })

  it("the buttons carry what npx will start, on the sandbox", () => {
    const { name } = JSON.parse(read("packages/mcp/package.json")) as { readonly name: string }
    const expected = { command: "npx", args: ["-y", name, "--sandbox"] }
    const configOf = (label: string) => {
      const [, link = ""] = new RegExp(`\\[${label}\\]\\((.+)\\)`, "u").exec(readme) ?? []
      assert.strictEqual(new URL(link).searchParams.get("name"), "flex-interactions")
      return new URL(link).searchParams.get("config") ?? ""
    }
    assert.deepStrictEqual(JSON.parse(configOf("Install in VS Code")), expected)
    assert.deepStrictEqual(JSON.parse(Buffer.from(configOf("Install in Cursor"), "base64").toString()), expected)
  })
})

it("its pictures are there, and small", () => {
  for (const page of ["README.md", "docs/tools.md"]) {
    const pictures = [...read(page).matchAll(/(?:src|srcset)="(.+?)"/gu)].map(([, path = ""]) => path)
    assert.lengthOf(pictures, 2)
    for (const path of pictures) assert.isBelow(statSync(new URL(path, `file://${root}${page}`)).size, 60_000)
  }
})

type Row = Readonly<Record<string, string | number>>
const rows = (data: Record<string, unknown> | undefined) => (data?.["conversations"] ?? []) as ReadonlyArray<Row>
const refOf = ({ channel_sid, interaction_sid, participant_sid }: Row) => ({
  interaction_sid,
  channel_sid,
  participant_sid
})

it("the sentences to paste do on the sandbox what the README says", async () => {
  const client = await connect({ args: ["--sandbox"] })
  const long = await call(client, "find_conversations", { standing: "wrapping", older_than_minutes: 60 })
  const [deepak, emma, ...others] = rows(long.data)
  assert.deepStrictEqual([deepak?.["worker"], emma?.["worker"], others], ["deepak", "emma", []])
  // The clock of the sandbox goes on while this test runs.
  assert.approximately(Number(deepak?.["minutes"]), 197, 2)
  assert.approximately(Number(emma?.["minutes"]), 77, 2)
  const bruno = rows((await call(client, "find_conversations", { worker: "bruno" })).data)
  const dryRun = await call(client, "set_participant_status", {
    ...refOf(bruno.find(({ queue }) => queue === "Billing") ?? assert.fail("no such chat")),
    status: "closed",
    dry_run: true
  })
  assert.deepInclude(dryRun.data, { result: "dry_run", customer_alone: false })
  assert.include(JSON.stringify(dryRun.data?.["others"]), "carla")
  const outcomes: Array<string> = []
  for (const chat of rows((await call(client, "find_conversations", { worker: "Alice" })).data)) {
    const { data, isError, text } = await call(client, "set_participant_status", { ...refOf(chat), status: "closed" })
    if (isError) assert.match(text, /is the last agent.*would leave the customer alone/u)
    outcomes.push(isError ? "refused" : `${chat["queue"]}: ${String(data?.["result"])}`)
    if (chat["queue"] === "Sales") assert.include(data?.["note"], "somebody is on the way")
  }
  assert.sameMembers(outcomes, ["refused", "refused", "refused", "Sales: confirmed", "Billing: confirmed"])
  await client.close()
})

describe("the table", () => {
  const { accountSid, apiKey, apiSecret, authToken } = Sandbox.defaultCredentials
  const ref = { interaction_sid: sid(1, "KD"), channel_sid: sid(1, "UO"), participant_sid: sid(1, "UT", 2) }
  const lost = { kind: "html", status: 502, applied: true, method: "POST" } as const
  let served: Served
  beforeAll(async () => {
    served = await start()
  })
  afterAll(() => served.close())
  beforeEach(() => served.sandbox.reset())
  const status = () => served.sandbox.state.get(sid(1, "KD"))?.get(sid(1, "UO"))?.participants[1]?.status

  /** Twilio's server, with these of its tools. */
  const twilioServer = async (...tools: ReadonlyArray<string>) => {
    const client = new Client({ name: "test", version: "1.0.0" })
    const program = createRequire(import.meta.url).resolve("@twilio-alpha/mcp")
    const preload = fileURLToPath(new URL("support/to-sandbox.cjs", import.meta.url))
    const args = ["--require", preload, program, `${accountSid}/${apiKey}:${apiSecret}`, "--services", ...tools]
    await client.connect(
      new StdioClientTransport({
        command: process.execPath,
        args,
        env: { SANDBOX_URL: served.url },
        stderr: "ignore"
      })
    )
    return client
  }
  const tokensOf = async (client: Client) => countTokens(JSON.stringify(await client.listTools()))

  const ours = () =>
    connect({ env: environment(served.url, { TASKROUTER_API_BASE_URL: served.url }), answer: "accept" })

  it("flex-interactions: the last agent is refused, a lost answer is settled, tokens and size as it says", async () => {
    const client = await ours()
    const refused = await call(client, "set_participant_status", { ...ref, status: "closed" })
    assert.match(refused.text, /is the last agent.*Nothing was changed/u)
    assert.strictEqual(status(), "active")
    served.sandbox.faults.add(lost)
    const settled = await call(client, "set_participant_status", { ...ref, status: "wrapup" })
    assert.strictEqual(settled.data?.["result"], "confirmed")
    assert.isBelow(await tokensOf(client), 1900)
    const crowd = { interaction_sid: sid(3, "KD"), channel_sid: sid(3, "UO"), limit: 50 }
    assert.approximately(countTokens((await call(client, "list_participants", crowd)).text), 1500, 100)
    await client.close()
    const dist = `${root}packages/mcp/dist/`
    const shipped = readdirSync(dist).filter((file) => /\.(?:cjs|js|txt)$|^http\.d\.ts$|^sbom/u.test(file))
    assert.isBelow(
      shipped.reduce((sum, file) => sum + statSync(dist + file).size, 0),
      3.05e6
    )
  })

  it("Twilio's server: the last agent is moved, a lost answer is an error, tokens as it says", async () => {
    const client = await twilioServer("twilio_flex_v1", "--tags", "FlexV1InteractionChannelParticipant")
    const names = { InteractionSid: sid(1, "KD"), ChannelSid: sid(1, "UO"), Sid: sid(1, "UT", 2) }
    const update = (Status: string) =>
      client.callTool({
        name: "TwilioFlexV1--UpdateInteractionChannelParticipant",
        arguments: { ...names, Status }
      })
    const answer = JSON.stringify(await update("closed"))
    assert.strictEqual(status(), "closed")
    assert.include(answer, sid(1, "UT", 2))
    assert.notInclude(answer, "closed")
    served.sandbox.reset()
    served.sandbox.faults.add(lost)
    const error = String(await update("wrapup").catch((error: unknown) => error))
    assert.match(error, /502 Bad Gateway/u)
    assert.strictEqual(status(), "wrapup")
    const listed = await client.callTool({
      name: "TwilioFlexV1--ListInteractionChannelParticipant",
      arguments: { InteractionSid: sid(3, "KD"), ChannelSid: sid(3, "UO"), PageSize: "50" }
    })
    const { text } = listed.content[0] as { readonly text: string }
    assert.approximately(countTokens(text), 9900, 300)
    await client.close()
    for (const [services, least] of [
      ["twilio_flex_v1", 10_000],
      ["twilio_flex_v1,twilio_taskrouter_v1", 29_000]
    ] as const) {
      const wide = await twilioServer(services)
      assert.isAbove(await tokensOf(wide), least)
      await wide.close()
    }
  })

  it("Twilio's SDK: the last agent is moved, a lost answer is an error", async () => {
    const client = twilio(accountSid, authToken)
    client.flexApi.baseUrl = served.url
    const agent = client.flexApi.v1
      .interaction(sid(1, "KD"))
      .channels(sid(1, "UO"))
      .participants(sid(1, "UT", 2))
    const answer = await agent.update({ status: "closed" })
    assert.strictEqual(status(), "closed")
    assert.notProperty(answer.toJSON(), "status")
    served.sandbox.reset()
    served.sandbox.faults.add(lost)
    const error: unknown = await agent.update({ status: "wrapup" }).catch((error: unknown) => error)
    assert.instanceOf(error, Error)
    assert.strictEqual(status(), "wrapup")
  })

  it("sizes and the start are those of the last bench", () => {
    const performance = read("docs/performance-tables.md")
    const cells = (start: RegExp) =>
      start
        .exec(performance)?.[0]
        .split("|")
        .map((cell) => cell.trim()) ?? []
    assert.match(cells(/^\| @flex-interactions\/mcp .+$/mu).at(-2) ?? "", /^1$/u)
    assert.deepStrictEqual(cells(/^\| @twilio-alpha\/mcp +\| [\d,]+ +\| [\d,]+ +\| \d+ +\|$/mu).slice(-3, -1), [
      "48,740",
      "182"
    ])
    assert.deepStrictEqual(cells(/^\| twilio +\| [\d,]+ +\| [\d,]+ +\| \d+ +\|$/mu).slice(-3, -1), ["21,581", "54"])
    const ratio = Number.parseFloat(cells(/^\| flex-interactions .+$/mu).at(-2) ?? "")
    assert.isBelow(ratio, 1 / 3)
  })
})
