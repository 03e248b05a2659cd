/** What the README says is so: its program runs, its configuration starts a server. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { FlexClient, Participants } from "@flex-participants/core"
import * as Sandbox from "@flex-participants/sandbox"
import { Effect, Layer, Logger, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { assert, it } from "vitest"
import { wrapUpAgents } from "../examples/wrap-up-agents.ts"

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8")
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
  const layer = Participants.Participants.layer.pipe(
    Layer.provide(
      FlexClient.layer({
        credentials: { apiKey: sandbox.credentials.apiKey, apiSecret: Redacted.make(sandbox.credentials.apiSecret) }
      })
    ),
    Layer.provide(FetchHttpClient.layer),
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, (input, init) => sandbox.fetch(new Request(input, init)))),
    Layer.merge(Logger.layer([Logger.make(({ message }) => lines.push(message))]))
  )
  await Effect.runPromise(Effect.provide(wrapUpAgents, layer))
  const channel = sandbox.state.get("KD02000000000000000000000000000000")?.get("UO02000000000000000000000000000000")
  assert.deepStrictEqual(
    channel?.participants.map(({ status }) => status),
    ["active", "wrapup", "wrapup", "active"]
  )
  assert.deepStrictEqual(lines.flat(), ["2 of 4 participants are agents; they are wrapping up"])
})

it("the configuration in the README starts the server that was built", () => {
  const { mcpServers } = JSON.parse(block("json")) as {
    readonly mcpServers: Record<string, { readonly command: string; readonly args: ReadonlyArray<string> }>
  }
  for (const { command, args } of Object.values(mcpServers)) {
    assert.strictEqual(command, "node")
    assert.match(args[0] ?? "", /packages\/mcp\/dist\/main\.js$/u)
  }
})
