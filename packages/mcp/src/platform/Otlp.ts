/**
 * Traces and metrics to an OpenTelemetry collector, over the HTTP client that everything else uses. Loaded only when
 * `OTEL_EXPORTER_OTLP_ENDPOINT` is set; the other variables of OpenTelemetry work too.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"
import * as Scope from "effect/Scope"

/** What OpenTelemetry's specification gives as defaults. Logs stay on stderr unless `OTEL_LOGS_EXPORTER` says otherwise. */
const defaults = (version: string) =>
  ConfigProvider.fromEnv({
    env: {
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_METRICS_EXPORTER: "otlp",
      OTEL_SERVICE_NAME: "flex-interactions-mcp",
      OTEL_SERVICE_VERSION: version
    }
  })

export const layer = (version: string) =>
  Otlp.layerFromConfig().pipe(
    Layer.provide(OtlpSerialization.layerJson),
    Layer.provide(ConfigProvider.layerAdd(defaults(version))),
    Layer.provide(impatient),
    endingWithin("500 millis")
  )

/** A collector that takes a connection and never answers, or never ends its answer, would hold each export until the end. */
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

/**
 * Bounds the end, in which the last spans and metrics are sent: hosts wait for the process, and kill it. The exporters' own
 * bounds are one after the other, and longer where `OTEL_EXPORTER_OTLP_TIMEOUT` is.
 */
const endingWithin =
  (bound: Duration.Input) =>
  <A, E, R>(self: Layer.Layer<A, E, R>): Layer.Layer<A, E, R> =>
    Layer.effectContext(
      Effect.gen(function* () {
        const scope = yield* Scope.make()
        yield* Effect.addFinalizer((exit) =>
          Effect.gen(function* () {
            const over = yield* Deferred.make<void>()
            // In fibers of their own: a finalizer can't be interrupted.
            for (const wait of [Scope.close(scope, exit), Effect.sleep(bound)]) {
              yield* Effect.forkDetach(Effect.andThen(wait, Deferred.succeed(over, undefined)))
            }
            yield* Deferred.await(over)
          })
        )
        return yield* Layer.buildWithScope(self, scope)
      })
    )
