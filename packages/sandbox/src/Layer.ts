/** A sandbox as Effect's `HttpClient`: no port, no network. Needs `effect`, which the program that is tested has. */
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import type { Sandbox } from "./Sandbox.ts"

/**
 * Sends every request to this sandbox, whatever its origin.
 *
 * @example
 * ```ts
 * import * as Sandbox from "@flex-interactions/sandbox"
 * import * as SandboxLayer from "@flex-interactions/sandbox/layer"
 *
 * const sandbox = Sandbox.make()
 * const HttpClientTest = SandboxLayer.layer(sandbox)
 * ```
 */
export const layer = (sandbox: Pick<Sandbox, "fetch">): Layer.Layer<HttpClient.HttpClient> =>
  FetchHttpClient.layer.pipe(
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, (input, init) => sandbox.fetch(new Request(input, init))))
  )
