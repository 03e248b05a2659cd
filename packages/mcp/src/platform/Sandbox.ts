/** The core services on a sandbox in this process: no port, no account. Loaded only when asked for. */
import { readFile } from "node:fs/promises"
import { TwilioClient } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import * as SandboxLayer from "@flex-interactions/sandbox/layer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Settings from "../operator/Settings.ts"

const seeded = (file: string) =>
  Effect.tryPromise({
    try: async () => Sandbox.make({ seed: await Sandbox.seedFromJson(await readFile(file, "utf8")) }),
    catch: (error) =>
      Settings.fail("sandboxSeed", `cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  })

export const layer = Layer.unwrap(
  Effect.gen(function* () {
    const { sandboxSeed } = yield* Settings.written
    const sandbox = sandboxSeed === undefined ? Sandbox.make() : yield* seeded(sandboxSeed)
    const { apiKey, apiSecret } = sandbox.credentials
    return TwilioClient.layer({ credentials: { apiKey, apiSecret: Redacted.make(apiSecret) } }).pipe(
      Layer.provide(SandboxLayer.layer(sandbox))
    )
  })
)
