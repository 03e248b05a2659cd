/** What the README says is so: its program runs, its configuration starts the server, the demo prints the transcript. */
import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { TwilioClient, Participants } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Layer, Logger, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { assert, it } from "vitest"
import { wrapUpAgents } from "../examples/wrap-up-agents.ts"
import { connect, namesOf, toolNames } from "./support/host.ts"

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
