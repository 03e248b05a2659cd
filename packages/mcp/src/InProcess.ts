/** The core services on a sandbox in this process: no port, no account. Loaded only when asked for. */
import { FlexClient } from "@flex-participants/core"
import * as Sandbox from "@flex-participants/sandbox"
import * as SandboxLayer from "@flex-participants/sandbox/layer"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const sandbox = Sandbox.make()

export const layer = FlexClient.layer({
  credentials: { apiKey: sandbox.credentials.apiKey, apiSecret: Redacted.make(sandbox.credentials.apiSecret) }
}).pipe(Layer.provide(SandboxLayer.layer(sandbox)))
