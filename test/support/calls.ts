/** What hosts send and what they get back, whatever the way to the server: SIDs of the ready-made channels, calls, answers. */
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import * as Limits from "../../packages/mcp/src/tools/Limits.ts"
import { listing } from "../../packages/mcp/src/tools/Listing.ts"
import { sid } from "./requests.ts"

export { sid }
export const channel = (group: number) => ({ interaction_sid: sid(group, "KD"), channel_sid: sid(group, "UO") })
export const write = (group: number, n: number, status: "wrapup" | "closed") => ({
  ...channel(group),
  participant_sid: sid(group, "UT", n),
  status
})

/** The tools that a server has by default, and those that it has with `--read-only`, by name. */
const [toolNames, readOnlyNames] = [false, true].map((readOnly) =>
  listing(Limits.offer({ readOnly })).tools.map(({ name }) => name)
) as [Array<string>, Array<string>]
export { readOnlyNames, toolNames }

/** Those that a server offers. */
export const namesOf = async (host: Client): Promise<ReadonlyArray<string>> =>
  (await host.listTools()).tools.map(({ name }) => name)

export const modern = "2026-07-28"

/** The eras, as the official client opens them. */
export const eras = [
  ["by handshake (2025 era)", "legacy"],
  [`in revision ${modern}`, { pin: modern }]
] as const

export type Action = "accept" | "decline" | "cancel"

export interface HostOptions {
  readonly mode?: "legacy" | "auto" | { readonly pin: string }
  /** Without it the host cannot ask; with it, it answers every question so. */
  readonly answer?: Action | ((question: string) => Action | Promise<Action>) | undefined
}

/** A host built on the official client, not yet connected. */
export const client = ({ answer, mode = "auto" }: HostOptions = {}): Client => {
  const client = new Client(
    { name: "test", version: "1.0.0" },
    { versionNegotiation: { mode }, capabilities: answer === undefined ? {} : { elicitation: { form: {} } } }
  )
  if (answer !== undefined) {
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      const action = typeof answer === "string" ? answer : await answer(params.message)
      return action === "accept" ? { action, content: {} } : { action }
    })
  }
  return client
}

/** A host over HTTP, with a bearer token where one is given; `fetch` stands in for the network. */
export const connectTo = async (
  url: string | URL,
  {
    fetch,
    token,
    ...options
  }: HostOptions & {
    readonly token?: string | undefined
    readonly fetch?: (input: string | URL, init?: RequestInit) => Promise<Response>
  } = {}
): Promise<Client> => {
  const host = client(options)
  await host.connect(
    new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: token === undefined ? {} : { Authorization: `Bearer ${token}` } },
      ...(fetch === undefined ? {} : { fetch })
    })
  )
  return host
}

export const envelope = (capabilities: object = {}) => ({
  "io.modelcontextprotocol/protocolVersion": modern,
  "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": capabilities
})

export interface CallResult {
  readonly isError: boolean
  readonly text: string
  readonly data: Record<string, unknown> | undefined
}

export const call = async (client: Client, name: string, args: Record<string, unknown>): Promise<CallResult> =>
  read(await client.callTool({ name, arguments: args }))

export const read = (result: unknown): CallResult => {
  const { content, isError, structuredContent } = result as {
    readonly content?: ReadonlyArray<{ readonly type: string; readonly text?: string }>
    readonly isError?: boolean
    readonly structuredContent?: Record<string, unknown>
  }
  return { isError: isError === true, text: content?.[0]?.text ?? "", data: structuredContent }
}

export interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Record<string, unknown>
  readonly result?: Record<string, unknown>
  readonly error?: { readonly code: number; readonly message: string }
}
