#!/usr/bin/env node
/** The command: settings to layers to server. */
import { parseArgs } from "node:util"
import { FlexClient, Participants } from "@flex-participants/core"
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

  --sandbox   use an in-process stand-in for Twilio: no account, no network
  --version
  --help

Environment:
  TWILIO_API_KEY and TWILIO_API_SECRET        an API key (preferred where both pairs are set)
  TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN    or the account's own credentials
  FLEX_API_BASE_URL                           another origin for the API; default https://flex-api.twilio.com
`

const options = {
  sandbox: { type: "boolean", default: false },
  version: { type: "boolean", default: false },
  help: { type: "boolean", default: false }
} as const

/** The second of the two lines that an operator sees when the settings cannot work. */
const mend =
  "Set TWILIO_API_KEY and TWILIO_API_SECRET (or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN), or try --sandbox without an account."

const read = () => {
  try {
    return parseArgs({ options, strict: true }).values
  } catch (error) {
    process.stderr.write(
      `flex-participants-mcp: ${error instanceof Error ? error.message : String(error)}\nTry --help.\n`
    )
    return process.exit(2)
  }
}

const args = read()
if (args.help || args.version) {
  process.stdout.write(args.help ? usage : `${PACKAGE_VERSION}\n`)
  process.exit(0)
}

const client = args.sandbox
  ? Layer.unwrap(Effect.promise(() => import("./InProcess.ts")).pipe(Effect.map((inProcess) => inProcess.layer)))
  : FlexClient.layerConfig.pipe(Layer.provide(NodeHttpClient.layerNodeHttpOptions({ keepAlive: true })))

const main = Effect.gen(function* () {
  const context = yield* Effect.context<Participants.Participants>()
  yield* Stdio.serve(() => Server.make({ version: PACKAGE_VERSION, context }))
  return 0
}).pipe(
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
