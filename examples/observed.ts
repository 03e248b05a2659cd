/**
 * Traces, metrics and logs of a program, sent to an OpenTelemetry collector: each call is a span with the HTTP requests below
 * it, and every log line carries the ids of the span that it was written in.
 */
import { TwilioClient, Participants } from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import { Effect, Layer } from "effect"
import { Otlp } from "effect/observability"
import { wrapUpAgents } from "./wrap-up-agents.ts"

/** All three signals to `collector`, an address such as `http://localhost:4318`. What is left goes out when the program ends. */
export const observability = (collector: string) =>
  Otlp.layerJson({ baseUrl: collector, resource: { serviceName: "wrap-up-agents" } }).pipe(
    Layer.provide(NodeHttp.layer)
  )

export const observed = (collector: string) =>
  wrapUpAgents.pipe(
    Effect.withSpan("wrap-up-agents"),
    Effect.provide(
      Participants.layer.pipe(
        Layer.provide(TwilioClient.layerConfig()),
        Layer.provide(NodeHttp.layer),
        Layer.provideMerge(observability(collector))
      )
    )
  )
