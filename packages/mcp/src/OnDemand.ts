/** Parts that are loaded with their first use, so that nobody waits for them before the first answer. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"

/** The HTTP client, loaded with the first request: it brings TLS along, which takes longer than to answer `tools/list`. */
export const nodeHttp: Layer.Layer<HttpClient.HttpClient> = Layer.effect(
  HttpClient.HttpClient,
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const client = yield* Effect.promise(() => import("./NodeHttp.ts")).pipe(
      Effect.flatMap(({ layer }) => Layer.buildWithScope(layer, scope)),
      Effect.map(Context.get(HttpClient.HttpClient)),
      Effect.cached
    )
    const postprocess: HttpClient.HttpClient["postprocess"] = (request) =>
      Effect.flatMap(client, (node) => node.postprocess(request))
    return HttpClient.makeWith(postprocess, Effect.succeed)
  })
)
