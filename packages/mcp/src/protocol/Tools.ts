/** Which tools a server has, and what hosts read of them. What a call of one does is in Server.ts, which takes longer to load. */
import type { Participant } from "@flex-interactions/core"
import {
  type CallToolResult,
  type InputRequiredResult,
  McpServer,
  type McpServerFactory,
  type ServerContext,
  type StandardSchemaWithJSON
} from "@modelcontextprotocol/server"
import type { Limits } from "../tools/Limits.ts"
import * as Surface from "../tools/Surface.ts"

/** The statuses that are offered; with none there is no tool that writes. */
export const offered = ({ allowStatus, readOnly }: Limits): ReadonlyArray<Participant.ParticipantStatus> => {
  if (readOnly === true) return []
  return allowStatus === undefined
    ? Surface.statuses
    : Surface.statuses.filter((status) => allowStatus.includes(status))
}

/** The call of a tool, with the server and the revision of the protocol that it came in by. */
export interface Called {
  readonly tool: string
  readonly input: unknown
  readonly server: McpServer
  readonly era: "legacy" | "modern"
  readonly request: ServerContext
  /** It came before the 2025 connection was opened: what the host can do was not known, so nothing is done for it. */
  readonly isTooEarly: boolean
}

export type Answer = (called: Called) => Promise<CallToolResult | InputRequiredResult>

/** Makes servers, one for each connection (over HTTP for each request). */
export const serve = (options: Limits & { readonly version: string }, answer: Answer) => {
  const set = Surface.setParticipantStatus[offered(options).join()]
  const tools = set === undefined ? [Surface.listParticipants.alone] : [Surface.listParticipants.first, set]
  const instructions = `Lists the participants of a Twilio Flex interaction channel${
    set === undefined
      ? "; reads only."
      : " and moves agents on. List first; a status change affects a real customer's conversation and cannot be undone."
  }`
  return (({ era }) => {
    const server = new McpServer(
      { name: "flex-interactions", title: "Twilio Flex interactions", version: options.version },
      { instructions, capabilities: { tools: { listChanged: false } } }
    )
    for (const { name, inputSchema, outputSchema, ...about } of tools) {
      server.registerTool(
        name,
        { ...about, inputSchema: described(inputSchema), outputSchema: described(outputSchema) },
        (input: unknown, request: ServerContext) => {
          const isTooEarly =
            era === "legacy" && request.http === undefined && server.server.getNegotiatedProtocolVersion() === undefined
          return answer({ tool: name, input, server, era, request, isTooEarly })
        }
      )
    }
    return server
  }) satisfies McpServerFactory
}

/**
 * A schema that is described to hosts and lets everything pass: arguments are read with the call, so that what is wrong
 * with them is said in this server's words, and what a tool answers is made here, from typed code.
 */
const described = (schema: { readonly [keyword: string]: unknown }): StandardSchemaWithJSON<unknown> => ({
  "~standard": {
    version: 1,
    vendor: "flex-interactions",
    validate: (value) => ({ value }),
    jsonSchema: { input: () => ({ ...schema }), output: () => ({ ...schema }) }
  }
})

/** The answer to a call that failed. */
export const failed = (text: string): CallToolResult => ({ content: [{ type: "text", text }], isError: true })
