/** A supervisor's work, played on the sandbox: what an assistant does, call by call. Run it with `pnpm demo`. */
import { parseArgs } from "node:util"
import { Client } from "@modelcontextprotocol/client"
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio"

const colour = process.stdout.isTTY && process.env["NO_COLOR"] === undefined
const paint = (code: number) => (text: string) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text)
const [bold, dim, red, green, cyan] = [paint(1), paint(2), paint(31), paint(32), paint(36)]
const print = (line = "") => process.stdout.write(`${line}\n`)
const step = (title: string) => print(`\n${bold(title)}`)

/** How many characters there are beside a label: all that the terminal has, and 96 at most. */
const room = Math.min(96, Math.max(40, (process.stdout.columns ?? 107) - 11))

/** A label and a text beside it. */
const say = (label: string, colour: (text: string) => string, text: string) => {
  const lines = text.match(new RegExp(`.{1,${room}}(?:\\s|$)`, "gu")) ?? [text]
  for (const [index, line] of lines.entries())
    print(`${colour((index === 0 ? label : "").padEnd(11))}${line.trimEnd()}`)
}

const help = `demo: a supervisor's work, played on the sandbox

Usage: npx -y pnpm@12.21.0 demo

Starts the server as an assistant's host does, on the sandbox: no account, no
network. An assistant finds a chat by an agent's name, sees who is in it, is
refused where the customer would be left alone, moves the agent with proof, and
ends the conversation. Every call is printed, and at the end the lines of the
audit, with what they say. It takes a few seconds and changes nothing.
`

const isHelp = parseArgs({ options: { help: { type: "boolean", default: false } } }).values.help
if (isHelp) {
  process.stdout.write(help)
  process.exit(0)
}

const command = "packages/mcp/dist/main.cjs"
const client = new Client({ name: "demo", version: "1.0.0" })
const transport = new StdioClientTransport({
  command: "node",
  args: [command, "--sandbox", "--allow-end"],
  stderr: "pipe"
})
let log = ""
transport.stderr?.on("data", (chunk: Buffer) => (log += chunk.toString()))
await client.connect(transport)

interface Row {
  readonly interaction_sid?: string
  readonly channel_sid?: string
  readonly participant_sid?: string
  readonly type?: string
  readonly worker?: string
  readonly standing?: string
  readonly minutes?: number
  readonly queue?: string
}

const call = async (name: string, args: Record<string, string | number | boolean | undefined>) => {
  say("assistant", cyan, name)
  for (const [key, value] of Object.entries(args)) say("", dim, `${dim(key.padEnd(19))}${value}`)
  const result = await client.callTool({ name, arguments: args })
  if (result.isError === true) {
    const [first] = result.content
    say("refused", red, first?.type === "text" ? first.text : "")
  }
  return result.structuredContent as Record<string, unknown> | undefined
}

/** A write, and what became of it. */
const change = async (name: string, args: Parameters<typeof call>[1]) => {
  const done = await call(name, args)
  if (done !== undefined) say(String(done["result"]), green, String(done["note"]))
}

step("1. An assistant starts the server over stdio, on the sandbox: no account, no network.")
say("host", cyan, `node ${command} --sandbox --allow-end`)
const server = client.getServerVersion()
say("server", green, `${server?.name} ${server?.version}`)
for (const tool of (await client.listTools()).tools) {
  const effect = tool.annotations?.readOnlyHint === true ? "reads only" : "changes a conversation"
  say("tool", green, `${bold(tool.name)}: ${tool.title} ${dim(`(${effect})`)}`)
}

step("2. Which chat has Alice been in for more than an hour? A name is enough.")
const found = await call("find_conversations", { worker: "alice", standing: "active", older_than_minutes: 60 })
const [chat = {}] = (found?.["conversations"] ?? []) as ReadonlyArray<Row>
say("found", green, `${chat.worker}, ${chat.standing} for ${chat.minutes} min, queue ${chat.queue}`)
const channel = { interaction_sid: chat.interaction_sid, channel_sid: chat.channel_sid }
const alice = { ...channel, participant_sid: chat.participant_sid }

step("3. Who else is in it?")
const roster = await call("list_participants", channel)
for (const { minutes, participant_sid = "", standing, type = "", worker = "" } of (roster?.["participants"] ??
  []) as ReadonlyArray<Row>) {
  const stands = standing === undefined ? "" : `${standing} for ${minutes} min`
  const sid = room < 80 ? participant_sid.replace(/(?<=^.{6}).+(?=.{4}$)/u, "…") : participant_sid
  say("", dim, `${type.padEnd(12)}${sid}  ${worker.padEnd(8)}${stands}`.trimEnd())
}
say("customer", green, roster?.["customer_alone"] === false ? "not alone" : `alone: ${roster?.["customer_alone"]}`)

step("4. Take Alice out of it? She is the last who reads along: the server refuses to leave a customer alone.")
await change("set_participant_status", { ...alice, status: "closed" })

step("5. Let her finish up instead. The server reads whether it was done.")
await change("set_participant_status", { ...alice, status: "wrapup" })

step("6. End the conversation, which the operator allows here (--allow-end).")
await change("end_conversation", { ...channel, status: "closed" })

await client.close()

step("7. What the operator has in the log: a line for each write that came as far as a decision.")
const audit = log.split("\n").filter((line) => line.includes(" audit="))
for (const line of audit) say("audit", dim, line)
print()
for (const [key, meaning] of [
  ["audit, status", "which tool it was, and what it was to do"],
  ["participant … interaction", "to whom, and where"],
  ["if_last_agent", "refuse: nobody asked to leave a customer alone"],
  ["customer_alone", "after wrapup Alice sees no new messages, so the customer is alone"],
  ["asked, answer", "was a person asked? This host can't be, so it was sent unasked"],
  ["result", "confirmed: reading before and after shows the change"],
  ["request", "Twilio's name for the request, which its support asks for"]
] as const)
  say("", dim, `${dim(key.padEnd(27))}${meaning}`)
say("", dim, "What step 4 asked for has no line: it was refused before anything was sent.")

print(`\n${bold("That is all.")} README.md has the lines that put the server into your assistant.`)
