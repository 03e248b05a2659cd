#!/usr/bin/env node
/** The command: serves a sandbox on a loopback port until it is ended. */
import { parseArgs } from "node:util"
import { serve } from "@hono/node-server"
import * as Sandbox from "./Sandbox.ts"

const usage = `flex-participants-sandbox: a stand-in for Twilio's Flex interaction channel participants

  --port N   listen on 127.0.0.1:N (default 0: any free port)
  --help     this text
`

const options = {
  port: { type: "string", default: "0" },
  help: { type: "boolean", default: false }
} as const

const fail = (problem: string): never => {
  process.stderr.write(`flex-participants-sandbox: ${problem}\nTry --help.\n`)
  process.exit(2)
}

const read = () => {
  try {
    return parseArgs({ options, strict: true }).values
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

const { help, port } = read()
if (help) {
  process.stdout.write(usage)
  process.exit(0)
}
if (!/^\d{1,5}$/u.test(port) || Number(port) > 65535) fail("--port: expected a number from 0 to 65535")

const sandbox = Sandbox.make()
const server = serve({ fetch: sandbox.fetch, hostname: "127.0.0.1", port: Number(port) }, (address) => {
  const { credentials, state } = sandbox
  const channels = [...state.values()].flatMap((interaction) => [...interaction.values()])
  const lines = [
    `http://127.0.0.1:${address.port}`,
    "",
    `TWILIO_ACCOUNT_SID=${credentials.accountSid}`,
    `TWILIO_AUTH_TOKEN=${credentials.authToken}`,
    `TWILIO_API_KEY=${credentials.apiKey}`,
    `TWILIO_API_SECRET=${credentials.apiSecret}`,
    `FLEX_API_BASE_URL=http://127.0.0.1:${address.port}`,
    "",
    ...channels.map((channel) => `${channel.interactionSid} ${channel.channelSid}  ${channel.about}`)
  ]
  process.stdout.write(`${lines.join("\n")}\n`)
})
server.on("error", (error) => {
  const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE"
  fail(taken ? `port ${port} is taken; --port 0 picks a free one` : error.message)
})
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(0))
