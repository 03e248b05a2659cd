/** Traces and metrics to an OpenTelemetry collector. Loaded only with `OTEL_EXPORTER_OTLP_ENDPOINT`; OpenTelemetry's other variables hold too. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as Scope from "effect/Scope"
import * as Http from "./Http.ts"

const defaults = ConfigProvider.fromEnv({
  env: { OTEL_TRACES_EXPORTER: "otlp", OTEL_METRICS_EXPORTER: "otlp", OTEL_SERVICE_NAME: "flex-interactions-sweep" }
})

/** Without it, exports to a collector that takes connections and never answers would pile up over a long run. */
const impatient = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(
    HttpClient.HttpClient,
    HttpClient.transform((reply, request) =>
      Effect.timeoutOrElse(
        Effect.tap(reply, ({ arrayBuffer }) => arrayBuffer),
        {
          duration: "10 seconds",
          orElse: () =>
            Effect.fail(
              new HttpClientError.HttpClientError({ reason: new HttpClientError.TransportError({ request }) })
            )
        }
      )
    )
  )
)

const exporters = Otlp.layerFromConfig().pipe(
  Layer.provide(OtlpSerialization.layerJson),
  Layer.provide(ConfigProvider.layerAdd(defaults)),
  Layer.provide(impatient),
  Layer.provide(Http.layer)
)

/**
 * Bounds the end, in which the last spans and metrics are sent: cron starts the next run whether or not this one has ended. A run has
 * said all it has to say by then.
 */
export const layer = Layer.effectContext(
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    yield* Effect.addFinalizer((exit) =>
      Effect.gen(function* () {
        const over = yield* Deferred.make<void>()
        // In fibers of their own: a finalizer can't be interrupted.
        for (const wait of [Scope.close(scope, exit), Effect.sleep("2 seconds")]) {
          yield* Effect.forkDetach(Effect.andThen(wait, Deferred.succeed(over, undefined)))
        }
        yield* Deferred.await(over)
      })
    )
    return yield* Layer.buildWithScope(exporters, scope)
  })
)
