/**
 * The command. What an assistant's host starts, the tools over plain stdio, is loaded at once; all else when the command line or
 * the environment asks for it.
 */
import * as Effect from "effect/Effect"
import * as Process from "./operator/Process.ts"
import * as Serve from "./operator/Serve.ts"
import * as Settings from "./operator/Settings.ts"
import * as Stdio from "./protocol/Stdio.ts"

const line = Settings.parse(process.argv.slice(2))
if ("problem" in line) {
  process.exitCode = Process.refuse(line.problem)
} else {
  const written = Effect.runSync(Effect.provide(Settings.written, Settings.layer(line.given)))
  if (line.command === "serve" && Settings.isPlain(written)) {
    Stdio.claimStdout()
    const twilio = Effect.promise(() => import("./platform/Twilio.ts"))
    const serving = Serve.serve(written, {
      transport: Serve.overStdio,
      twilio: (options) => Effect.map(twilio, ({ layer }) => layer(options))
    })
    Process.run(line, serving.pipe(Effect.withTracerEnabled(false)))
  } else {
    void import("./operator/Command.ts").then(({ run }) => run(line))
  }
}
