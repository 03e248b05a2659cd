/** What the call of a tool does: how an Effect becomes its result, a question, a span and a count. */
import {
  type CallToolResult,
  createRequestStateCodec,
  inputRequired,
  type InputRequiredResult,
  type ServerContext,
  TRACEPARENT_META_KEY
} from "@modelcontextprotocol/server"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Headers from "effect/http/Headers"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as Budget from "../tools/Budget.ts"
import type { Call } from "../tools/Call.ts"
import * as Confirmation from "../tools/Confirmation.ts"
import { type Services, tools } from "../tools/index.ts"
import * as Limits from "../tools/Limits.ts"
import * as ToolError from "../tools/ToolError.ts"
import * as Write from "../tools/Write.ts"
import * as Request from "./Request.ts"
import { type Answer, failed } from "./Server.ts"

export interface Options extends Limits.Limits, Pick<Budget.Options, "sharedWrites"> {
  /** What replicas share for the questions to a person. */
  readonly confirmation?: Pick<Confirmation.Options, "spend"> & {
    /** Signs what questions hand out; 32 bytes or more. By default it is new in each process. */
    readonly key?: Uint8Array | undefined
  }
}

/**
 * Answers the calls of all servers in a process, over HTTP one for each request. They share the services, the questions
 * that were answered, the writes that wait for each other, and the calls in flight, which end when the scope closes.
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const {
    auditAsJson,
    confirm,
    confirmation: { key = crypto.getRandomValues(new Uint8Array(32)), spend } = {},
    maxWrites,
    sharedWrites
  } = options
  const writes = yield* Layer.build(Write.layer({ auditAsJson, confirm, maxWrites, sharedWrites, spend }))
  const run = yield* Effect.provide(FiberSet.makeRuntimePromise<Services | Write.Writes>(), writes)
  const seal = createRequestStateCodec<unknown>({
    key,
    ttlSeconds: Confirmation.lifetime,
    bind: ({ http }) => http?.authInfo?.clientId ?? ""
  })
  const offer = Limits.offer(options)
  const offered = new Map(
    tools.filter((tool) => tool.isOffered(offer)).map((tool) => [tool.name, toResult(tool, offer, seal)])
  )

  return ((request) => {
    const answer = offered.get(request.tool)
    if (answer === undefined) return Promise.reject(new Error(`there is no tool ${request.tool}`))
    if (request.isTooEarly) return Promise.resolve(failed(ToolError.tooEarly.message))
    return run(observed(request, answer(request)), { signal: request.context.mcpReq.signal })
  }) satisfies Answer
})

type Result = CallToolResult | InputRequiredResult

/** The tool's answer as the SDK wants it: a result, an error in fixed words, or a question. */
const toResult = (tool: (typeof tools)[number], offer: Limits.Offer, seal: Request.Seal) => {
  const answer = tool.answer(offer)

  const serve = (request: Request.Request, call: Call): Effect.Effect<Result, never, Services | Write.Writes> =>
    Effect.suspend(() => answer(request.args, call)).pipe(
      Effect.map(succeeded),
      Effect.catchTag("Ask", (ask) => put(ask, request, call)),
      Effect.catchCause((cause) => {
        if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
        const error = Cause.findErrorOption(cause)
        return Option.isSome(error)
          ? Effect.succeed(failed(ToolError.text(error.value)))
          : Effect.as(
              Effect.logError("a tool failed unexpectedly", cause),
              failed(ToolError.defect(tool.annotations.readOnlyHint))
            )
      })
    )

  /** Puts a question: in this call where there is a channel for it, else as an answer that asks the host to call again. */
  const put = ({ question, state }: Confirmation.Ask, request: Request.Request, call: Call) =>
    request.era === "modern"
      ? Effect.map(
          Effect.promise(() => seal.mint(state, request.context)),
          (requestState): Result =>
            inputRequired({
              inputRequests: { [Request.questionKey]: inputRequired.elicit(Request.elicitation(question)) },
              requestState
            })
        )
      : Effect.flatMap(Request.ask(request, question), (choice) =>
          serve(request, { ...call, answered: { state: Option.some(state), choice } })
        )

  return (request: Request.Request) => {
    const state = Request.state(request)
    return state === undefined
      ? serve(request, Request.call(request, undefined))
      : Effect.flatMap(Request.answered(request, state, seal), (answered) =>
          serve(request, Request.call(request, answered))
        )
  }
}

/** The same data as structured content and as text. */
const succeeded = (output: { readonly [key: string]: unknown }): Result => ({
  content: [{ type: "text", text: JSON.stringify(output) }],
  structuredContent: output
})

/** Each call as a span, within the trace of the host that asked for it, and as a count. No argument, no answer in it. */
const observed = <E, R>(
  { context, tool }: Request.Request,
  self: Effect.Effect<Result, E, R>
): Effect.Effect<Result, E, R> => {
  const counted = Effect.tap(self, (result) => {
    const outcome = outcomeOf(result)
    const count = Metric.update(calls(tool, outcome), 1)
    return outcome === "tool_error" ? Effect.andThen(Effect.annotateCurrentSpan("error.type", outcome), count) : count
  })
  return Effect.withFiber((fiber) => {
    // With the tracer off nothing is spent on a span.
    if (!fiber.cache.tracerEnabled) return counted
    const parent = parentOf(context)
    return Effect.withSpan(counted, `tools/call ${tool}`, {
      kind: "server",
      attributes: { "mcp.method.name": "tools/call", "gen_ai.tool.name": tool },
      ...(parent === undefined ? undefined : { parent })
    })
  })
}

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
