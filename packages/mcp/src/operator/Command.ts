/**
 * The command. What an assistant's host starts, the tools over stdio, is in this file's bundle and starts at once; what
 * calls need is loaded after it. All the rest is in another bundle, which is loaded when the command line or the environment
 * asks for something in it.
 */
import "../platform/Jitless.ts"
import { TwilioClient } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Run from "./Run.ts"
import * as Settings from "./Settings.ts"
import * as Stdio from "../protocol/Stdio.ts"
import * as Server from "../protocol/Server.ts"
import * as Limits from "../tools/Limits.ts"

const serve = Effect.fnUntraced(function* (written: Settings.Written) {
  const limits = yield* Settings.limits(written)
  const twilio = (yield* Settings.onSandbox(written)) ? undefined : yield* TwilioClient.fromConfig
  const calls = yield* Effect.promise(() => import("./FirstCall.ts")).pipe(
    Effect.flatMap((firstCall) => firstCall.make(limits, twilio)),
    Effect.cached
  )
  // The sandbox is made at once: a seed that cannot be used ends the command, like other wrong settings. Twilio's were checked
  // above; who calls later than a second after the start finds everything loaded.
  yield* twilio === undefined ? calls : Effect.forkScoped(Effect.delay(calls, "1 second"))
  const load = Effect.tapCause(calls, (cause) => Effect.logError("what calls need could not be loaded", cause))
  const run = Effect.runPromiseWith(yield* Effect.context<Effect.Services<typeof load>>())
  let answer: Promise<Server.Answer> | undefined
  yield* Run.overStdio(Limits.confirmation(limits))(
    Server.make({ version: Run.version, offer: Limits.offer(limits) }, (request) =>
      (answer ??= run(load)).then(
        (answer) => answer(request),
        () => Server.failed(notLoaded)
      )
    )
  )
  return 0
})

/** An upgrade has replaced the files of the server that runs. */
const notLoaded =
  "This server could not load all of itself; its log says why. Nothing was changed. Tell the operator to restart it."

const line = Settings.parse(process.argv.slice(2))
if ("problem" in line) {
  process.exitCode = Run.refuse(line.problem)
} else {
  const written = Effect.runSync(Effect.provide(Settings.written, Settings.layer(line.given)))
  if (line.command === "serve" && Settings.isPlain(written)) {
    Stdio.claimStdout()
    Run.run(line, serve(written).pipe(Effect.scoped, Effect.withTracerEnabled(false)))
  } else {
    void import("./Operator.ts").then((operator) => operator.run(line))
  }
}
