/** Reads the SDK's request: the only file that does. */
import {
  CLIENT_CAPABILITIES_META_KEY,
  type createRequestStateCodec,
  inputResponse,
  type McpServer,
  type ServerContext
} from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Answered, Call, Choice } from "../tools/Call.ts"

/** The call of a tool, with the server and the revision of the protocol that it came in by. */
export interface Request {
  readonly tool: string
  readonly args: unknown
  readonly server: McpServer
  readonly era: "legacy" | "modern"
  readonly context: ServerContext
  /** It came before the 2025 connection was opened: what the host can do was not known, so nothing is done for it. */
  readonly isTooEarly: boolean
}

/** Signs what a question hands out, and checks what comes back. */
export type Seal = ReturnType<typeof createRequestStateCodec<unknown>>

/** The key of the one question that this server asks. */
export const questionKey = "confirm"

/** A question in MCP's form. Yes or no, and nothing to fill in: to accept is the answer. */
export const elicitation = (message: string) => ({
  message,
  requestedSchema: { type: "object" as const, properties: {} }
})

/** People think; hosts give up when they see fit, and cancel the call then. */
const patience = 10 * 60_000

const kind = Schema.optionalKey(Schema.Unknown)
const decodeCapabilities = Schema.decodeUnknownOption(
  Schema.Struct({ elicitation: Schema.optionalKey(Schema.Struct({ form: kind, url: kind })) })
)

/** What a tool needs to know of a request. */
export const call = ({ context, era, server }: Request, answered: Answered | undefined): Call => {
  const { http, mcpReq } = context
  const envelope: { readonly [key: string]: unknown } = mcpReq.envelope ?? {}
  const capabilities = era === "modern" ? envelope[CLIENT_CAPABILITIES_META_KEY] : server.server.getClientCapabilities()
  const declared = Option.getOrUndefined(decodeCapabilities(capabilities))?.elicitation
  const progressToken = mcpReq._meta?.progressToken
  /** Over the whole call, a second lookup after a question included: progress may only grow. */
  let progress = 0

  return {
    // `{}` is how the form was declared before there were kinds of elicitation.
    canAsk: declared !== undefined && (declared.form !== undefined || declared.url === undefined),
    answered,
    caller: http?.authInfo?.clientId,
    progress: (message) =>
      progressToken === undefined
        ? Effect.void
        : Effect.ignore(
            Effect.tryPromise(() =>
              mcpReq.notify({
                method: "notifications/progress",
                params: { progressToken, progress: ++progress, message }
              })
            )
          )
  }
}

/** What the request brings back of a question that was asked before it: anything may be in it. Only the modern era has that. */
export const state = ({ context, era }: Request): string | undefined =>
  era === "modern" ? context.mcpReq.requestState<string>() : undefined

/** The same, checked, and what the person chose. */
export const answered = ({ context }: Request, state: string, seal: Seal): Effect.Effect<Answered> => {
  const response = inputResponse(context.mcpReq.inputResponses, questionKey)
  return Effect.map(Effect.option(Effect.tryPromise(() => seal.verify(state, context))), (known) => ({
    state: known,
    choice: response?.kind === "elicit" ? response.action : undefined
  }))
}

/** Puts a question to the person within the call, as revision 2025-11-25 does. In 2026-07-28 the host asks and calls again. */
export const ask = ({ context }: Request, question: string): Effect.Effect<Choice> =>
  Effect.tryPromise((signal) =>
    context.mcpReq.send({ method: "elicitation/create", params: elicitation(question) }, { signal, timeout: patience })
  ).pipe(
    Effect.map(({ action }): Choice => action),
    Effect.orElseSucceed((): Choice => "none")
  )
