/** The main job, played on the sandbox: what an assistant does, call by call. Run it with `pnpm demo`. */
import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"

const colour = process.stdout.isTTY && process.env["NO_COLOR"] === undefined
const paint = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
const [bold, dim, red, green, cyan] = [paint(1), paint(2), paint(31), paint(32), paint(36)]
const print = (line = "") => process.stdout.write(`${line}\n`)
const step = (title: string) => print(`\n${bold(title)}`)

/** A label and a text beside it, in lines of at most 96 characters. */
const say = (label: string, colour: (text: string) => string, text: string) => {
  const lines = text.match(/.{1,96}(?:\s|$)/gu) ?? [text]
  for (const [index, line] of lines.entries())
    print(`${colour((index === 0 ? label : "").padEnd(11))}${line.trimEnd()}`)
}

const command = "packages/mcp/dist/main.cjs"
const client = new Client({ name: "demo", version: "1.0.0" })
await client.connect(new StdioClientTransport({ command: "node", args: [command, "--sandbox"], stderr: "inherit" }))

const channel = {
  interaction_sid: "KD99eb9408b59ba7e1aa743ccf578ecb7e",
  channel_sid: "UOf5b09471d41a251023cea2698c6322c9"
}

interface Row {
  readonly participant_sid: string
  readonly type: string
  readonly worker_sid?: string
}

const call = async (name: string, args: Record<string, string>) => {
  say("assistant", cyan, name)
  for (const [key, value] of Object.entries(args)) say("", dim, `${dim(key.padEnd(16))}${value}`)
  const result = await client.callTool({ name, arguments: args })
  if (result.isError === true) {
    const [first] = result.content
    say("refused", red, first?.type === "text" ? first.text : "")
  }
  return result.structuredContent as Record<string, unknown> | undefined
}

const setStatus = async (participant_sid: string, status: string) => {
  const done = await call("set_participant_status", { ...channel, participant_sid, status })
  if (done !== undefined) say(String(done["result"]), green, String(done["note"]))
}

step("1. An assistant starts the server over stdio, on the sandbox: no account, no network.")
say("host", cyan, `node ${command} --sandbox`)
const server = client.getServerVersion()
say("server", green, `${server?.name} ${server?.version}`)

step("2. Which tools are there?")
for (const tool of (await client.listTools()).tools) {
  const effect = tool.annotations?.readOnlyHint === true ? "reads only" : "changes a conversation"
  say("tool", green, `${bold(tool.name)}: ${tool.title} ${dim(`(${effect})`)}`)
}

step("3. Who is in the channel?")
const listed = await call("list_participants", channel)
const rows = (listed?.["participants"] ?? []) as ReadonlyArray<Row>
for (const row of rows) {
  say("", dim, `${row.type.padEnd(16)}${row.participant_sid}  ${dim(row.worker_sid ?? "")}`)
}
const agent = rows.find((row) => row.type === "agent")?.participant_sid ?? ""
const customer = rows.find((row) => row.type === "customer")?.participant_sid ?? ""

step("4. The supervisor asks to let the first agent finish up.")
await setStatus(agent, "wrapup")

step("5. The agent is done.")
await setStatus(agent, "closed")

step("6. A slip: a customer's SID. The server looks before it sends.")
await setStatus(customer, "closed")

step("7. Another slip: a SID cut short. It never leaves the server.")
await setStatus(agent.slice(0, 20), "closed")

await client.close()
print(`\n${bold("That is all there is to it.")} The lines for your assistant's configuration are in README.md.`)
