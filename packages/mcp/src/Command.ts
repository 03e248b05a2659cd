/**
 * The command. What an assistant's host starts, the tools over stdio, is in this file's bundle and starts at once. All the
 * rest is in another bundle, which is loaded when the command line or the environment asks for something in it.
 */
import "./Jitless.ts"
import { FlexClient } from "@flex-participants/core"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as OnDemand from "./OnDemand.ts"
import * as Run from "./Run.ts"
import * as Serve from "./Serve.ts"
import * as Settings from "./Settings.ts"
import * as Stdio from "./Stdio.ts"

const line = Settings.parse(process.argv.slice(2))
if ("problem" in line) {
  process.exitCode = Run.refuse(line.problem)
} else if (line.command === "serve" && Effect.runSync(Effect.provide(Settings.isPlain, Settings.layer(line.given)))) {
  Stdio.claimStdout()
  const client = FlexClient.layerConfig.pipe(Layer.provide(OnDemand.nodeHttp))
  Run.run(
    line,
    Serve.serve(client, Stdio.serve).pipe(
      Effect.withTracerEnabled(false),
      Effect.provideService(HttpClient.TracerDisabledWhen, () => true)
    )
  )
} else {
  void import("./Operator.ts").then((operator) => operator.run(line))
}
