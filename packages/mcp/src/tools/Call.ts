/** One call as a tool sees it: what the host can do, and what it brought along. The only file that reads the SDK's request. */
import {
  CLIENT_CAPABILITIES_META_KEY,
  inputResponse,
  type McpServer,
  type ServerContext
} from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** What became of a question: what the person chose, or that no choice came back. */
type Answer = "accept" | "decline" | "cancel" | "none"

export interface Call {
  /** For the SDK's own functions. */
  readonly request: ServerContext
  /** The host says that it can put a question to a person (it declared elicitation by form). */
  readonly canAsk: boolean
  /** Puts a question to the person within this call. Missing in the modern era, where the host asks and calls again. */
  readonly ask: ((question: string) => Effect.Effect<Answer>) | undefined
  /** What the question handed out to be brought back, as it came back: anything may be in it. */
  readonly state: string | undefined
  readonly answer: Answer | undefined
  /** Who calls, where the transport has authenticated somebody. */
  readonly caller: string | undefined
  /** Tells the host that another page was read, if it asked to be told. */
  readonly progress: (participants: number) => Effect.Effect<void>
}

/** The key of the one question that this server asks. */
export const questionKey = "confirm"

/** Yes or no, and nothing to fill in: to accept is the answer. */
const form = { type: "object" as const, properties: {} }

export const elicitation = (message: string) => ({ message, requestedSchema: form })

/** People think; hosts give up when they see fit, and cancel the call then. */
const patience = 10 * 60_000

const kind = Schema.optionalKey(Schema.Unknown)
const decodeCapabilities = Schema.decodeUnknownOption(
  Schema.Struct({ elicitation: Schema.optionalKey(Schema.Struct({ form: kind, url: kind })) })
)

export const fromRequest = (server: McpServer, era: "legacy" | "modern", request: ServerContext): Call => {
  const { mcpReq, http } = request
  const isModern = era === "modern"
  const envelope: { readonly [key: string]: unknown } = mcpReq.envelope ?? {}
  const capabilities = isModern ? envelope[CLIENT_CAPABILITIES_META_KEY] : server.server.getClientCapabilities()
  const declared = Option.getOrUndefined(decodeCapabilities(capabilities))?.elicitation
  const progressToken = mcpReq._meta?.progressToken
  /** Over the whole call, a second look-up after a question included: progress may only grow. */
  let pages = 0
  const response = isModern ? inputResponse(mcpReq.inputResponses, questionKey) : undefined

  return {
    request,
    // `{}` is how the form was declared before there were kinds of elicitation.
    canAsk: declared !== undefined && (declared.form !== undefined || declared.url === undefined),
    ask: isModern
      ? undefined
      : (question) =>
          Effect.tryPromise((signal) =>
            mcpReq.send({ method: "elicitation/create", params: elicitation(question) }, { signal, timeout: patience })
          ).pipe(
            Effect.map(({ action }): Answer => action),
            Effect.orElseSucceed((): Answer => "none")
          ),
    state: isModern ? mcpReq.requestState<string>() : undefined,
    answer: response?.kind === "elicit" ? response.action : undefined,
    caller: http?.authInfo?.clientId,
    progress: (participants) =>
      progressToken === undefined
        ? Effect.void
        : Effect.ignore(
            Effect.tryPromise(() =>
              mcpReq.notify({
                method: "notifications/progress",
                params: { progressToken, progress: ++pages, message: `${participants} participants read` }
              })
            )
          )
  }
}
