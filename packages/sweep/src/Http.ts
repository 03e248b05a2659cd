/** The HTTP client of this process: through the proxy of `HTTPS_PROXY`, where one is set, except to the hosts of `NO_PROXY`. */
import type { TwilioClient } from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import * as NodeProxy from "@flex-interactions/core/NodeProxy"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { getProxyForUrl } from "proxy-from-env"
import { secret } from "./Settings.ts"

export const layer: Layer.Layer<HttpClient.HttpClient, TwilioClient.SettingsError> = Layer.unwrap(
  Effect.gen(function* () {
    // Many machines have it in small letters.
    const small = yield* secret("https_proxy")
    const proxy = Option.orElse(yield* secret("HTTPS_PROXY"), () => small)
    if (Option.isNone(proxy)) return NodeHttp.layer
    return NodeProxy.layer(
      yield* NodeProxy.address(Redacted.value(proxy.value)),
      (origin) => getProxyForUrl(origin) === ""
    )
  })
)
