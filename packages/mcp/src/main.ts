#!/usr/bin/env node
/** The command: settings to layers to server. */
import { parseArgs } from "node:util"
import { FlexClient, Participant, Participants } from "@flex-participants/core"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Server from "./Server.ts"
import * as Stdio from "./Stdio.ts"

declare const PACKAGE_VERSION: string

const usage = `flex-participants-mcp: an MCP server, over stdio, for the participants of a Twilio Flex interaction channel

  --sandbox               use an in-process stand-in for Twilio: no account, no network
  --read-only             list only: the tool that writes does not exist, whatever else is set
  --allow-status STATUS   offer only this status, wrapup or closed; by default both
  --confirm WHEN          ask a person before each write: auto (default: where the host can ask), always, never
  --audit-json            the line on stderr for each write as JSON
  --version
  --help

Environment:
  TWILIO_API_KEY and TWILIO_API_SECRET        an API key (preferred where both pairs are set)
  TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN    or the account's own credentials
  FLEX_API_BASE_URL                           another origin for the API; default https://flex-api.twilio.com
`

const options = {
  sandbox: { type: "boolean", default: false },
  "read-only": { type: "boolean", default: false },
  "allow-status": { type: "string", multiple: true },
  confirm: { type: "string", default: "auto" },
  "audit-json": { type: "boolean", default: false },
  version: { type: "boolean", default: false },
  help: { type: "boolean", default: false }
} as const

/** The second of the two lines that an operator sees when the settings cannot work. */
const mend =
  "Set TWILIO_API_KEY and TWILIO_API_SECRET (or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN), or try --sandbox without an account."

const refuse = (problem: string): never => {
  process.stderr.write(`flex-participants-mcp: ${problem}\nTry --help.\n`)
  return process.exit(2)
}

const read = () => {
  try {
    return parseArgs({ options, strict: true }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

/** The value of a flag, if it is one of those that the flag takes. */
const oneOf =
  <const Values extends ReadonlyArray<string>>(flag: string, values: Values) =>
  (value: string): Values[number] =>
    values.find((known) => known === value) ?? refuse(`--${flag}: expected one of ${values.join(", ")}`)

const args = read()
if (args.help || args.version) {
  process.stdout.write(args.help ? usage : `${PACKAGE_VERSION}\n`)
  process.exit(0)
}

const statuses = Participant.ParticipantStatus.literals
const limits: Server.Limits = {
  readOnly: args["read-only"],
  allowStatus: (args["allow-status"] ?? statuses).map(oneOf("allow-status", statuses)),
  confirm: oneOf("confirm", ["auto", "always", "never"])(args.confirm),
  auditAsJson: args["audit-json"]
}

const client = args.sandbox
  ? Layer.unwrap(Effect.promise(() => import("./InProcess.ts")).pipe(Effect.map((inProcess) => inProcess.layer)))
  : FlexClient.layerConfig.pipe(Layer.provide(NodeHttpClient.layerNodeHttpOptions({ keepAlive: true })))

const main = Effect.gen(function* () {
  yield* Stdio.serve(yield* Server.make({ version: PACKAGE_VERSION, ...limits }))
  return 0
}).pipe(
  Effect.scoped,
  Effect.provide(Participants.Participants.layer.pipe(Layer.provide(client))),
  Effect.provideService(Logger.LogToStderr, true),
  Effect.catchTag("SettingsError", (error) =>
    Effect.sync(() => {
      process.stderr.write(`flex-participants-mcp: ${error.message}.\n${mend}\n`)
      return 2
    })
  )
)

NodeRuntime.runMain(main, {
  teardown: (exit) => process.exit(Exit.isSuccess(exit) ? Number(exit.value) : Exit.hasInterrupts(exit) ? 0 : 1)
})
