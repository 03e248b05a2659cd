#!/usr/bin/env node
/** The command: serves a sandbox on a loopback port until it is ended. */
import { readFileSync } from "node:fs"
import { parseArgs } from "node:util"
import * as Sandbox from "./Sandbox.ts"
import { serve } from "./Serve.ts"

const usage = `flex-interactions-sandbox: a stand-in for Twilio's Flex conversations

Usage: flex-interactions-sandbox [flags]

  --port N        listen on 127.0.0.1:N; default 0, which is any free port
  --seed FILE     the conversations and settings of a JSON file, instead of the
                  ready-made ones
  --latency TIME  make every reply take this much longer, such as 20ms or 1.5s
  --help          print this

It prints its URL, the credentials that it takes, and the SIDs to try. Open the
URL in a browser to see the conversations, where each agent stands and the last
requests, live. GET URL/_sandbox lists the control interface: state,
interactions, customers' messages, invites, the clock, faults, settings.

The guide is docs/sandbox.md in the repository.
`

const options = {
  port: { type: "string", default: "0" },
  seed: { type: "string" },
  latency: { type: "string", default: "0ms" },
  help: { type: "boolean", default: false }
} as const

const fail = (problem: string): never => {
  process.stderr.write(`flex-interactions-sandbox: ${problem}\nTry --help.\n`)
  process.exit(2)
}

const said = (error: unknown) => (error instanceof Error ? error.message : String(error))

const read = () => {
  try {
    return parseArgs({ options, strict: true }).values
  } catch (error) {
    return fail(said(error))
  }
}

const args = read()
if (args.help) {
  process.stdout.write(usage)
  process.exit(0)
}
if (!/^\d{1,5}$/u.test(args.port) || Number(args.port) > 65535) fail("--port: expected a number from 0 to 65535")
const [, amount = "", unit] =
  /^(\d{1,6}(?:\.\d+)?)(ms|s)$/u.exec(args.latency) ?? fail("--latency: expected a time such as 20ms or 1.5s")
const latency = Number(amount) * (unit === "s" ? 1000 : 1)

const onRequest = (handled: Sandbox.Handled) => process.stderr.write(`${line(handled)}\n`)
const common = { onRequest, ...(latency === 0 ? {} : { settings: { latency } }) }

const seeded = async (file: string): Promise<Sandbox.Sandbox> => {
  try {
    return Sandbox.make({ ...common, seed: await Sandbox.seedFromJson(readFileSync(file, "utf8")) })
  } catch (error) {
    return fail(`--seed ${file}: ${said(error)}`)
  }
}

const start = async (): Promise<void> => {
  const sandbox = args.seed === undefined ? Sandbox.make(common) : await seeded(args.seed)
  const { url, env } = await serve(sandbox, { port: Number(args.port), ownProcess: true })
  const { workers, workspaces } = sandbox.taskrouter
  const [flex] = workspaces.keys()
  const channels = [...sandbox.state.values()].flatMap((interaction) => [...interaction.values()])
  const all = [
    ...[...workspaces.values()].map(({ name, sid }) => `${sid}  ${name}`),
    "",
    ...listed(
      [...workers.values()].filter(({ workspaceSid }) => workspaceSid === flex),
      "workers",
      ({ attributes, name, sid }) => `${sid}  ${name}, ${String(attributes["full_name"] ?? "")}`
    ),
    "",
    ...listed(
      channels,
      "channels",
      ({ about, channelSid, interactionSid }) => `${interactionSid} ${channelSid}  ${about}`
    )
  ]
  const lines = [url, "", ...Object.entries(env).map(([name, value]) => `${name}=${value}`), "", ...all]
  process.stdout.write(`${lines.join("\n")}\n`)
}

/** A line for each of the first 20. */
const listed = <A>(rows: ReadonlyArray<A>, what: string, line: (row: A) => string): ReadonlyArray<string> => [
  ...rows.slice(0, 20).map(line),
  ...(rows.length > 20 ? [`and ${rows.length - 20} more ${what}`] : [])
]

/** `14:03:55  POST  200  KD99…cb7e/UOf5…22c9/UTcf…5248  active -> wrapup  0.4 ms` */
const line = ({ at, method, path, status, note, fault, ms }: Sandbox.Handled): string => {
  const where = path
    .replace(/^\/v1\/(?:Interactions\/(?=KD)|Workspaces\/(?=WS))/u, "")
    .replaceAll(/\/(?:Channels|Participants)\b/gu, "")
    .replaceAll(/\b([A-Z]{2}[0-9a-fA-F]{2})[0-9a-fA-F]{26}([0-9a-fA-F]{4})\b/gu, "$1…$2")
  const parts = [
    at.slice(11, 19),
    method.padEnd(4),
    status,
    where,
    note,
    fault && `(fault: ${fault})`,
    `${ms.toFixed(1)} ms`
  ]
  return parts.filter((part) => part !== undefined && part !== "").join("  ")
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0))
start().catch((error: unknown) => fail(`--port: ${said(error)}`))
