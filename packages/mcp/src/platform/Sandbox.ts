/** A client on a sandbox in this process: no port, no account. Loaded only when asked for. */
import { readFile } from "node:fs/promises"
import { TwilioClient } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import * as SandboxLayer from "@flex-interactions/sandbox/layer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** With the interactions of this seed, or its own. Fails with what is wrong with the seed. */
export const make = Effect.fnUntraced(function* (file: string | undefined) {
  const sandbox = file === undefined ? Sandbox.make() : yield* seeded(file)
  const { apiKey, apiSecret } = sandbox.credentials
  return TwilioClient.layer({ credentials: { apiKey, apiSecret: Redacted.make(apiSecret) } }).pipe(
    Layer.provide(SandboxLayer.layer(sandbox))
  )
})

const seeded = (file: string) =>
  Effect.tryPromise({
    try: async () => Sandbox.make({ seed: await Sandbox.seedFromJson(await readFile(file, "utf8")) }),
    catch: (error) => `cannot be used: ${error instanceof Error ? error.message : String(error)}`
  })
