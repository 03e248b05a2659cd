/** Which tools exist, and how an Effect becomes the result of a tool call. */
import type { Participant, Participants } from "@flex-participants/core"
import { FlexError } from "@flex-participants/core"
import { type CallToolResult, McpServer, type ServerContext } from "@modelcontextprotocol/server"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as ListParticipants from "./ListParticipants.ts"
import * as SetParticipantStatus from "./SetParticipantStatus.ts"
import * as ToolError from "./ToolError.ts"
import * as ToolSchema from "./ToolSchema.ts"

/** What the operator lets an assistant do. No assistant can change any of it. */
export interface Limits {
  /** The tool that writes does not exist, whatever else is set. */
  readonly readOnly?: boolean
  /** The statuses that are offered; default: both. */
  readonly allowStatus?: ReadonlyArray<Participant.ParticipantStatus>
  /** When a person is asked before a write; default `"auto"`: where the host can ask. */
  readonly confirm?: "auto" | "always" | "never"
  /** The line on stderr for each write as JSON. */
  readonly auditAsJson?: boolean
}

export interface Options extends Limits {
  readonly version: string
}

interface Tool<Input, Encoded, Output extends { readonly [key: string]: unknown }> {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly annotations: { readonly [hint: string]: boolean }
  readonly Input: Schema.Codec<Input, Encoded>
  readonly Output: Schema.Codec<Output, Output>
  readonly handle: (
    input: Input
  ) => Effect.Effect<Output, FlexError.FlexError | ToolError.Refused, Participants.Participants>
}

const instructions =
  "Lists the participants of a Twilio Flex interaction channel and moves agents to wrapup or closed. List first; a status " +
  "change affects a real customer's conversation and cannot be undone."

/**
 * Makes servers, one for each connection (over HTTP for each request). What must outlive one of them is shared: the
 * services, and the calls in flight, which end when the scope closes.
 */
export const make = Effect.fnUntraced(function* (options: Options) {
  const run = yield* FiberSet.makeRuntimePromise<Participants.Participants>()
  const setParticipantStatus = options.readOnly === true ? undefined : SetParticipantStatus.make(options.allowStatus)

  return (): McpServer => {
    const server = new McpServer(
      { name: "flex-participants", title: "Twilio Flex participants", version: options.version },
      { instructions }
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
        (input: Input, ctx: ServerContext) => run(result(tool.handle(input)), { signal: ctx.mcpReq.signal })
      )

    register(ListParticipants)
    if (setParticipantStatus !== undefined) register(setParticipantStatus)
    return server
  }
})

/** The same data as structured content and as text; a failure in fixed words; a defect in the log, and a scrubbed line. */
const result = <Output extends { readonly [key: string]: unknown }, R>(
  call: Effect.Effect<Output, FlexError.FlexError | ToolError.Refused, R>
): Effect.Effect<CallToolResult, never, R> =>
  call.pipe(
    Effect.map((output): CallToolResult => ({
      content: [{ type: "text", text: JSON.stringify(output) }],
      structuredContent: output
    })),
    Effect.catchCause((cause) => {
      if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
      const error = Cause.findError(cause)
      return Result.isSuccess(error)
        ? Effect.succeed(failed(ToolError.text(error.success)))
        : Effect.as(Effect.logError("a tool failed unexpectedly", cause), failed(ToolError.defect))
    })
  )

const failed = (text: string): CallToolResult => ({ content: [{ type: "text", text }], isError: true })
