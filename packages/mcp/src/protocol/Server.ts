/** What a server announces: itself, its instructions, its tools, the roster view. What the call of a tool does is in `Calls`. */
import {
  type CallToolResult,
  type InputRequiredResult,
  McpServer,
  type McpServerFactory,
  type ReadResourceResult,
  SERVER_INFO_META_KEY,
  type StandardSchemaWithJSON
} from "@modelcontextprotocol/server"
import type { Offer } from "../tools/Limits.ts"
import { listing } from "../tools/Listing.ts"
import * as View from "../tools/View.ts"
import { icons } from "./Icon.ts"
import type { Request } from "./Request.ts"

export type Answer = (request: Request) => Promise<CallToolResult | InputRequiredResult>

export interface Options {
  readonly offer: Offer
  readonly version: string
  /** SIDs to try, by their prefix, that stand in the descriptions in place of made-up ones. */
  readonly examples?: Readonly<Record<string, string>> | undefined
}

/** Makes servers, one for each connection (over HTTP for each request). */
export const make = ({ examples, offer, version }: Options, answer: Answer) => {
  const { instructions, ...listed } = listing(offer)
  const tools = examples === undefined ? listed.tools : withExamples(listed.tools, examples)
  const self = { name: "flex-interactions", title: "Twilio Flex interactions", version }
  // Revision 2026-07-28 has the server named in each result: what a model may read has no icon in it.
  const named = { _meta: { [SERVER_INFO_META_KEY]: self } }
  return (({ era }) => {
    const server = new McpServer(
      { ...self, icons },
      {
        instructions,
        capabilities: { tools: { listChanged: false }, resources: { listChanged: false } },
        cacheHints: { "server/discover": keep, "tools/list": keep, "resources/list": keep, "resources/read": keep }
      }
    )
    for (const { name, inputSchema, outputSchema, ...about } of tools) {
      server.registerTool(
        name,
        { ...about, inputSchema: described(inputSchema), outputSchema: described(outputSchema) },
        (args: unknown, context) => {
          const isTooEarly =
            era === "legacy" && context.http === undefined && server.server.getNegotiatedProtocolVersion() === undefined
          const answered = answer({ tool: name, args, server, era, context, isTooEarly })
          return era === "legacy" ? answered : answered.then((result) => ({ ...result, ...named }))
        }
      )
    }
    if (era === "modern") server.server.setRequestHandler("tools/list", () => ({ tools: [...tools], ...named }))
    server.registerResource("roster", View.roster, { title: "Who is in a conversation", mimeType }, () => roster(offer))
    return server
  }) satisfies McpServerFactory
}

/**
 * How long a host may keep what depends on the flags of the start alone, and is the same for all who call: the lists, the view, and
 * what the server says of itself. A server that is started again with other flags is seen by then; it refuses at once what it no
 * longer offers.
 */
const keep = { ttlMs: 5 * 60_000, cacheScope: "private" } as const

const withExamples = (
  tools: ReturnType<typeof listing>["tools"],
  examples: NonNullable<Options["examples"]>
): typeof tools =>
  JSON.parse(
    JSON.stringify(tools).replaceAll(
      /\b([A-Z]{2})0123456789abcdef0123456789abcdef/gu,
      (made, prefix: string) => examples[prefix] ?? made
    )
  ) as typeof tools

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
