/** Each tool call as a span, within the trace of the host that asked for it, and as a count. No argument, no answer in it. */
import { type CallToolResult, type InputRequiredResult, TRACEPARENT_META_KEY } from "@modelcontextprotocol/server"
import type { ServerContext } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"

/** The counter for a tool and an outcome, made once: that takes longer than to count. */
const calls = (tool: string, outcome: string): Metric.Counter<number> => {
  const key = `${tool} ${outcome}`
  const found =
    made.get(key) ??
    Metric.counter("mcp.server.tool.calls", {
      description:
        "Tool calls, by tool and outcome: success, tool_error, or input_required where a person is asked first",
      incremental: true,
      attributes: { tool, outcome }
    })
  made.set(key, found)
  return found
}

const made = new Map<string, Metric.Counter<number>>()

type Result = CallToolResult | InputRequiredResult

const outcomeOf = (result: Result): string =>
  "content" in result ? (result.isError === true ? "tool_error" : "success") : "input_required"

/** The host's span: out of the call's `_meta`, where MCP puts it, or out of the header of the HTTP request. */
const parentOf = ({ http, mcpReq }: ServerContext) => {
  const meta: { readonly [key: string]: unknown } = mcpReq._meta ?? {}
  const given = meta[TRACEPARENT_META_KEY] ?? http?.req?.headers.get("traceparent")
  return typeof given === "string"
    ? Option.getOrUndefined(HttpTraceContext.w3c(Headers.fromInput({ traceparent: given })))
    : undefined
}

export const observed =
  (tool: string, request: ServerContext) =>
  <E, R>(self: Effect.Effect<Result, E, R>): Effect.Effect<Result, E, R> => {
    const counted = Effect.tap(self, (result) => {
      const outcome = outcomeOf(result)
      const count = Metric.update(calls(tool, outcome), 1)
      return outcome === "tool_error" ? Effect.andThen(Effect.annotateCurrentSpan("error.type", outcome), count) : count
    })
    return Effect.withFiber((fiber) => {
      // With the tracer off nothing is spent on a span.
      if (!fiber.cache.tracerEnabled) return counted
      const parent = parentOf(request)
      return Effect.withSpan(counted, `tools/call ${tool}`, {
        kind: "server",
        attributes: { "mcp.method.name": "tools/call", "gen_ai.tool.name": tool },
        ...(parent === undefined ? undefined : { parent })
      })
    })
  }
