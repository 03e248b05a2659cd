/** Traces and metrics to an OpenTelemetry collector. Loaded only with `OTEL_EXPORTER_OTLP_ENDPOINT`; OpenTelemetry's other variables hold too. */
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Layer from "effect/Layer"
import * as Otlp from "effect/observability/Otlp"
import * as OtlpSerialization from "effect/observability/OtlpSerialization"

const defaults = ConfigProvider.fromEnv({
  env: { OTEL_TRACES_EXPORTER: "otlp", OTEL_METRICS_EXPORTER: "otlp", OTEL_SERVICE_NAME: "flex-interactions-sweep" }
})

export const layer = Otlp.layerFromConfig().pipe(
  Layer.provide(OtlpSerialization.layerJson),
  Layer.provide(ConfigProvider.layerAdd(defaults)),
  Layer.provide(NodeHttp.layer)
)
