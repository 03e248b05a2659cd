/**
 * Traces and metrics to an OpenTelemetry collector, over the HTTP client that everything else uses. Loaded only when
 * `OTEL_EXPORTER_OTLP_ENDPOINT` is set; the other variables of OpenTelemetry hold as well.
 */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"

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
    Layer.provide(ConfigProvider.layerAdd(defaults(version)))
  )
