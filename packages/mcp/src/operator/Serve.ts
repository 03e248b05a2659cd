/** The tools by the operator's settings, over whatever transport. */
import { type TwilioClient, Participants } from "@flex-interactions/core"
import type { McpServerFactory } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Calls from "../protocol/Calls.ts"
import * as Server from "../protocol/Server.ts"
import * as Limits from "../tools/Limits.ts"
import * as Settings from "./Settings.ts"
import * as Run from "./Run.ts"

/** Serves until the transport ends. `client` is left aside where the settings ask for the sandbox. */
export const serve = <E, E2, R, R2>(
  client: Layer.Layer<TwilioClient.TwilioClient, E, R>,
  transport: (make: McpServerFactory) => Effect.Effect<void, E2, R2>,
  confirmation: Calls.Options["confirmation"] = {}
) =>
  Effect.gen(function* () {
    const written = yield* Settings.written
    const limits = yield* Settings.limits(written)
    yield* Effect.flatMap(Calls.make({ confirmation, ...limits }), (answer) =>
      transport(Server.make({ version: Run.version, offer: Limits.offer(limits) }, answer))
    ).pipe(Effect.scoped, Effect.provide(participants((yield* Settings.onSandbox(written)) ? undefined : client)))
    return 0
  })

/** The tools' service on this client or, without one, on the sandbox, which is loaded when it is asked for. */
export const participants = <E, R>(
  client: Layer.Layer<TwilioClient.TwilioClient, E, R> | undefined
): Layer.Layer<Participants.Participants, E | TwilioClient.SettingsError, R> => {
  const chosen: Layer.Layer<TwilioClient.TwilioClient, E | TwilioClient.SettingsError, R> = client ?? inProcess
  return Participants.layer.pipe(Layer.provide(chosen))
}

const inProcess: Layer.Layer<TwilioClient.TwilioClient, TwilioClient.SettingsError> = Layer.unwrap(
  Effect.map(
    Effect.promise(() => import("../platform/Sandbox.ts")),
    ({ layer }) => layer
  )
)
