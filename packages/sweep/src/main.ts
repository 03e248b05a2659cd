#!/usr/bin/env node
/** The command. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Cause from "effect/Cause"
import * as CliOutput from "effect/cli/CliOutput"
import * as CliCommand from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import process from "node:process"
import * as Command from "./Command.ts"
import * as Help from "./Help.ts"

declare const PACKAGE_VERSION: string

let code = 0
const command = Command.make({
  isTerminal: process.stderr.isTTY,
  exit: (found) => {
    code = found
  }
})

CliCommand.run(command, { version: PACKAGE_VERSION }).pipe(
  Effect.tapCause((cause) =>
    Effect.sync(() => {
      const words = Cause.hasInterruptsOnly(cause) ? undefined : Command.words(cause)
      if (words !== undefined) process.stderr.write(`flex-interactions-sweep: ${words}\n`)
    })
  ),
  Effect.provideService(CliOutput.Presenter, {
    // Stdout is for rows alone.
    present: (event) =>
      event._tag === "InvalidInvocation"
        ? Effect.sync(() => {
            const problems = event.errors.map(({ message }) => `flex-interactions-sweep: ${message}\n`)
            process.stderr.write(`${problems.join("")}Nothing was changed. Try --help.\n`)
          })
        : CliOutput.defaultPresenter.present(event)
  }),
  Effect.provideService(CliOutput.Formatter, Help.formatter),
  Effect.provide(NodeServices.layer),
  Effect.provideService(
    Logger.CurrentLoggers,
    new Set([Logger.withConsoleError(Logger.formatLogFmt), Logger.tracerLogger])
  ),
  (program) =>
    NodeRuntime.runMain(program, {
      disableErrorReporting: true,
      teardown: (exit, onExit) => onExit(Exit.isSuccess(exit) ? code : Cause.hasInterruptsOnly(exit.cause) ? 130 : 1)
    })
)
