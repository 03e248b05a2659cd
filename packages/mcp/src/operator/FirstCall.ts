/** What the call of a tool needs, and `tools/list` does not: loaded by the first call over plain stdio, or soon after the start. */
import { TwilioClient } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import * as Serve from "./Serve.ts"
import * as Calls from "../protocol/Calls.ts"

/** Answers calls until the scope closes: of Twilio by these settings or, without, of the sandbox. */
export const make = Effect.fnUntraced(function* (options: Calls.Options, twilio: TwilioClient.Options | undefined) {
  const client = twilio === undefined ? undefined : TwilioClient.layer(twilio).pipe(Layer.provide(NodeHttp.layer))
  const services = yield* Layer.build(Serve.participants(client))
  return yield* Effect.provide(Calls.make(options), services)
})
