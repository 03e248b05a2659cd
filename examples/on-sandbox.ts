/** All services of the library on the sandbox, for the tests of a program: no account, no network, no port. */
import {
  Channels,
  Conversations,
  Events,
  Participants,
  Tasks,
  TwilioClient,
  Workers,
  Workspace
} from "@flex-interactions/core"
import type * as Sandbox from "@flex-interactions/sandbox"
import * as SandboxLayer from "@flex-interactions/sandbox/layer"
import { Layer, Redacted } from "effect"

/** Every service, as a program provides them. */
export const services = Conversations.layer.pipe(
  Layer.provideMerge(Layer.mergeAll(Channels.layer, Events.layer, Participants.layer, Tasks.layer, Workers.layer)),
  Layer.provideMerge(Workspace.layer())
)

export const onSandbox = (sandbox: Sandbox.Sandbox) => {
  const { apiKey, apiSecret } = sandbox.credentials
  const client = TwilioClient.layer({ credentials: { apiKey, apiSecret: Redacted.make(apiSecret) }, rateLimit: false })
  return services.pipe(Layer.provide(client), Layer.provide(SandboxLayer.layer(sandbox)))
}
