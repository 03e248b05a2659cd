/** What a server announces: itself, its instructions, its tools, the roster view. What the call of a tool does is in `Calls`. */
import {
  type CallToolResult,
  type InputRequiredResult,
  McpServer,
  type McpServerFactory,
  type ReadResourceResult,
  type StandardSchemaWithJSON
} from "@modelcontextprotocol/server"
import type { Offer } from "../tools/Limits.ts"
import { listing } from "../tools/Listing.ts"
import * as View from "../tools/View.ts"
import type { Request } from "./Request.ts"

export type Answer = (request: Request) => Promise<CallToolResult | InputRequiredResult>

/** Makes servers, one for each connection (over HTTP for each request). */
export const make = ({ offer, version }: { readonly offer: Offer; readonly version: string }, answer: Answer) => {
  const { instructions, tools } = listing(offer)
  return (({ era }) => {
    const server = new McpServer(
      { name: "flex-interactions", title: "Twilio Flex interactions", version },
      { instructions, capabilities: { tools: { listChanged: false }, resources: { listChanged: false } } }
    )
    for (const { name, inputSchema, outputSchema, ...about } of tools) {
      server.registerTool(
        name,
        { ...about, inputSchema: described(inputSchema), outputSchema: described(outputSchema) },
        (args: unknown, context) => {
          const isTooEarly =
            era === "legacy" && context.http === undefined && server.server.getNegotiatedProtocolVersion() === undefined
          return answer({ tool: name, args, server, era, context, isTooEarly })
        }
      )
    }
    server.registerResource("roster", View.roster, { title: "Who is in a conversation", mimeType }, () => roster(offer))
    return server
  }) satisfies McpServerFactory
}

/** MCP Apps' own, by which a host knows that it is a view. */
const mimeType = "text/html;profile=mcp-app"

const roster = async (offer: Offer): Promise<ReadResourceResult> => {
  const { page } = await import("./RosterView.ts")
  return { contents: [{ uri: View.roster, mimeType, text: page(offer), _meta: { ui: { prefersBorder: true } } }] }
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
