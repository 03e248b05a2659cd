/** Which tools exist, and how an Effect becomes the result of a tool call. */
import type { FlexError, Participant, Participants } from "@flex-participants/core"
import {
  type CallToolResult,
  inputRequired,
  type InputRequiredResult,
  McpServer,
  type McpServerFactory,
  type ServerContext
} from "@modelcontextprotocol/server"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Audit from "./Audit.ts"
import * as Call from "./Call.ts"
import * as Confirmation from "./Confirmation.ts"
import * as ListParticipants from "./ListParticipants.ts"
import * as Observed from "./Observed.ts"
import * as SetParticipantStatus from "./SetParticipantStatus.ts"
import * as ToolError from "./ToolError.ts"
import * as ToolSchema from "./ToolSchema.ts"

/** What the operator lets an assistant do. No assistant can change any of it. */
export interface Limits {
  /** The tool that writes does not exist, whatever else is set. */
  readonly readOnly?: boolean
  /** The statuses that are offered; default: both. With none there is no tool that writes. */
  readonly allowStatus?: ReadonlyArray<Participant.ParticipantStatus>
  /** When a person is asked before a write; default `"auto"`: where the host can ask. */
  readonly confirm?: Confirmation.Setting
  /** The line on stderr for each write as JSON. */
  readonly auditAsJson?: boolean
}

export interface Options extends Limits {
  readonly version: string
  /** What replicas share for the questions to a person: see {@link Confirmation.Options}. */
  readonly confirmation?: Pick<Confirmation.Options, "key" | "spend">
}

interface Tool<Input, Encoded, Output extends { readonly [key: string]: unknown }> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly annotations: { readonly readOnlyHint: boolean; readonly [hint: string]: boolean }
  readonly Input: Schema.Codec<Input, Encoded>
  readonly Output: Schema.Codec<Output>
  readonly handle: (
    input: Input,
    call: Call.Call
  ) => Effect.Effect<Output, FlexError.FlexError | ToolError.Refused | Confirmation.Ask, Participants.Participants>
}

/**
 * Makes servers, one for each connection (over HTTP for each request). What must outlive one of them is shared: the
 * services, the questions that were answered, the writes that wait for each other, and the calls in flight, which end when
 * the scope closes.
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const run = yield* FiberSet.makeRuntimePromise<Participants.Participants>()
  const setParticipantStatus =
    options.readOnly === true || options.allowStatus?.length === 0
      ? undefined
      : yield* SetParticipantStatus.make({
          allowed: options.allowStatus,
          confirm: Confirmation.make({ setting: options.confirm, ...options.confirmation }),
          audit: Audit.make(options.auditAsJson ?? false)
        })
  const listParticipants = ListParticipants.make(setParticipantStatus !== undefined)
  const instructions = `Lists the participants of a Twilio Flex interaction channel${
    setParticipantStatus === undefined
      ? "; reads only."
      : " and moves agents on. List first; a status change affects a real customer's conversation and cannot be undone."
  }`

  return ((context) => {
    const server = new McpServer(
      { name: "flex-participants", title: "Twilio Flex participants", version: options.version },
      { instructions, capabilities: { tools: { listChanged: false } } }
    )
    const register = <Input, Encoded, Output extends { readonly [key: string]: unknown }>(
      tool: Tool<Input, Encoded, Output>
    ) =>
      server.registerTool(
        tool.name,
        {
          title: tool.title,
          description: tool.description,
          annotations: { ...tool.annotations },
          inputSchema: ToolSchema.input(tool.Input),
          outputSchema: ToolSchema.output(tool.Output)
        },
        (input: ToolSchema.Arguments<Input>, request: ServerContext) =>
          Call.isTooEarly(server, context.era, request)
            ? failed(ToolError.tooEarly.message)
            : run(
                serve(tool, input, Call.fromRequest(server, context.era, request)).pipe(
                  Observed.observed(tool.name, request)
                ),
                { signal: request.mcpReq.signal }
              )
      )

    register(listParticipants)
    if (setParticipantStatus !== undefined) register(setParticipantStatus)
    return server
  }) satisfies McpServerFactory
})

const serve = <Input, Encoded, Output extends { readonly [key: string]: unknown }>(
  tool: Tool<Input, Encoded, Output>,
  input: ToolSchema.Arguments<Input>,
  call: Call.Call
): Effect.Effect<CallToolResult | InputRequiredResult, never, Participants.Participants> =>
  Result.isFailure(input)
    ? Effect.succeed(failed(ToolError.wrongArguments(input.failure).message))
    : tool.handle(input.success, call).pipe(
        Effect.map(succeeded),
        Effect.catchTag("Ask", (ask) => put(ask, call, (answered) => serve(tool, input, answered))),
        Effect.catchCause((cause) => {
          if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
          const error = Cause.findError(cause)
          return Result.isSuccess(error)
            ? Effect.succeed(failed(ToolError.text(error.success)))
            : Effect.as(
                Effect.logError("a tool failed unexpectedly", cause),
                failed(ToolError.defect(tool.annotations.readOnlyHint))
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

const failed = (text: string): CallToolResult => ({ content: [{ type: "text", text }], isError: true })
