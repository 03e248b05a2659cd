/** What the call of a tool does, and how an Effect becomes its result. */
import type { TwilioError, Participants } from "@flex-interactions/core"
import { type CallToolResult, inputRequired, type InputRequiredResult } from "@modelcontextprotocol/server"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Audit from "../tools/Audit.ts"
import * as Call from "../tools/Call.ts"
import * as Confirmation from "../tools/Confirmation.ts"
import type { Limits } from "../tools/Limits.ts"
import * as ListParticipants from "../tools/ListParticipants.ts"
import * as Observed from "./Observed.ts"
import * as SetParticipantStatus from "../tools/SetParticipantStatus.ts"
import * as ToolError from "../tools/ToolError.ts"
import * as Tools from "./Tools.ts"
import * as ToolSchema from "../tools/ToolSchema.ts"

export interface Options extends Limits {
  readonly version: string
  /** What replicas share for the questions to a person: see {@link Confirmation.Options}. */
  readonly confirmation?: Pick<Confirmation.Options, "key" | "spend">
}

interface Tool<Input, Encoded, Output extends { readonly [key: string]: unknown }> {
  readonly name: string
  readonly annotations: { readonly readOnlyHint: boolean }
  readonly Input: Schema.Codec<Input, Encoded> & ToolSchema.Fields
  readonly Output: Schema.Codec<Output>
  readonly handle: (
    input: Input,
    call: Call.Call
  ) => Effect.Effect<Output, TwilioError.TwilioError | ToolError.Refused | Confirmation.Ask, Participants.Participants>
}

type Answered = Effect.Effect<CallToolResult | InputRequiredResult, never, Participants.Participants>

/** Makes servers that share what must outlive one of them; see {@link calls}. */
export const make = (options: Options) => Effect.map(calls(options), (answer) => Tools.serve(options, answer))

/**
 * Answers the calls of all servers in a process, over HTTP one for each request. They share the services, the questions
 * that were answered, the writes that wait for each other, and the calls in flight, which end when the scope closes.
 */
export const calls = Effect.fnUntraced(function* (options: Options) {
  const run = yield* FiberSet.makeRuntimePromise<Participants.Participants>()
  const tools = new Map<string, (input: unknown, call: Call.Call) => Answered>()
  const add = <Input, Encoded, Output extends { readonly [key: string]: unknown }>(
    tool: Tool<Input, Encoded, Output>
  ) => {
    const decode = ToolSchema.decoder(tool.Input)
    tools.set(tool.name, (input, call) => serve(tool, decode(input), call))
  }

  add(ListParticipants.tool)
  const allowed = Tools.offered(options)
  if (allowed.length > 0) {
    add(
      yield* SetParticipantStatus.make({
        allowed,
        confirm: Confirmation.make({ setting: options.confirm, ...options.confirmation }),
        audit: Audit.make(options.auditAsJson ?? false)
      })
    )
  }

  return ((called) => {
    const { era, input, request, server } = called
    const tool = tools.get(called.tool)
    if (tool === undefined) return Promise.reject(new Error(`there is no tool ${called.tool}`))
    if (called.isTooEarly) return Promise.resolve(Tools.failed(ToolError.tooEarly.message))
    return run(tool(input, Call.fromRequest(server, era, request)).pipe(Observed.observed(called.tool, request)), {
      signal: request.mcpReq.signal
    })
  }) satisfies Tools.Answer
})

const serve = <Input, Encoded, Output extends { readonly [key: string]: unknown }>(
  tool: Tool<Input, Encoded, Output>,
  input: Result.Result<Input, string>,
  call: Call.Call
): Answered =>
  Result.isFailure(input)
    ? Effect.succeed(Tools.failed(ToolError.wrongArguments(input.failure).message))
    : tool.handle(input.success, call).pipe(
        Effect.map(succeeded),
        Effect.catchTag("Ask", (ask) => put(ask, call, (answered) => serve(tool, input, answered))),
        Effect.catchCause((cause) => {
          if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
          const error = Cause.findError(cause)
          return Result.isSuccess(error)
            ? Effect.succeed(Tools.failed(ToolError.text(error.success)))
            : Effect.as(
                Effect.logError("a tool failed unexpectedly", cause),
                Tools.failed(ToolError.defect(tool.annotations.readOnlyHint))
              )
        })
      )

/** Puts a question: in this call where there is a channel for it, else as an answer that asks the host to call again. */
const put = <R>(
  { question, state }: Confirmation.Ask,
  call: Call.Call,
  goOn: (call: Call.Call) => Effect.Effect<CallToolResult | InputRequiredResult, never, R>
): Effect.Effect<CallToolResult | InputRequiredResult, never, R> =>
  call.ask === undefined
    ? Effect.succeed(
        inputRequired({
          inputRequests: { [Call.questionKey]: inputRequired.elicit(Call.elicitation(question)) },
          requestState: state
        })
      )
    : Effect.flatMap(call.ask(question), (answer) => goOn({ ...call, state, answer }))

/** The same data as structured content and as text; a failure in fixed words; a defect in the log, and a scrubbed line. */
const succeeded = (output: { readonly [key: string]: unknown }): CallToolResult => ({
  content: [{ type: "text", text: JSON.stringify(output) }],
  structuredContent: output
})
