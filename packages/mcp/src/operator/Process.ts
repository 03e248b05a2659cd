/** The command as a process: its settings in place, its exit code, and what an operator reads when it cannot run. */
import { Console } from "node:console"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import type { TwilioClient } from "@flex-interactions/core"
import * as Cause from "effect/Cause"
import * as EffectConsole from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Files from "../platform/Files.ts"
import * as Notices from "../protocol/Notices.ts"
import { escaped } from "../tools/Plain.ts"
import * as Settings from "./Settings.ts"

declare const PACKAGE_VERSION: string

export const version = PACKAGE_VERSION

/** Runs a command to its exit code; a signal that asks the process to end interrupts it, and is 0. */
export const run = (
  line: Settings.CommandLine,
  command: Effect.Effect<number, TwilioClient.SettingsError, FileSystem.FileSystem>
): void =>
  NodeRuntime.runMain(
    Effect.gen(function* () {
      const say = yield* Notices.make
      yield* Effect.sync(() => {
        // A host that stopped reading the log is no reason to stop.
        process.stderr.on("error", () => {})
        globalThis.console = Notices.console(say)
        process.once("uncaughtException", (error) => {
          say(`this server ends: ${error.stack}`, { level: "fatal", most: 2000 })
          process.exit(1)
        })
      })
      return yield* command.pipe(
        Effect.catchTag("SettingsError", (error) =>
          Effect.sync(() => refuse(`${error.message}.`, advice(error.setting)))
        ),
        Effect.tapCause((cause) => (Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logError(cause))),
        Effect.provide(Layer.merge(Files.layer, Settings.layer(line.given))),
        Effect.provideService(Logger.CurrentLoggers, new Set([Notices.logger(say), Logger.tracerLogger])),
        Effect.provideService(EffectConsole.Console, new Console(process.stderr))
      )
    }).pipe(Effect.scoped),
    {
      disableErrorReporting: true,
      teardown: (exit) => process.exit(Exit.isSuccess(exit) ? Number(exit.value) : Exit.hasInterrupts(exit) ? 0 : 1)
    }
  )

/** What to do about a setting that is wrong or missing. */
export const advice = (setting: string): string =>
  /^TWILIO_(?:API|ACCOUNT|AUTH)_/u.test(setting)
    ? "Set TWILIO_API_KEY and TWILIO_API_SECRET (or TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN), or try --sandbox without an account."
    : `Set ${setting} as --help says.`

/** Two lines on stderr: what is wrong, and what to do. */
export const refuse = (problem: string, next = "Try --help."): number => {
  process.stderr.write(`flex-interactions-mcp: ${escaped(problem, 1000)}\n${next}\n`)
  return 2
}
