/** What hosts send and what they get back, whatever the way to the server: SIDs of the ready-made channels, calls, answers. */
import type { Client } from "@modelcontextprotocol/client"
import { sid } from "./requests.ts"

export { sid }
export const channel = (group: number) => ({ interaction_sid: sid(group, "KD"), channel_sid: sid(group, "UO") })
export const write = (group: number, n: number, status: "wrapup" | "closed") => ({
  ...channel(group),
  participant_sid: sid(group, "UT", n),
  status
})

export const modern = "2026-07-28"

/** The eras, as the official client opens them. */
export const eras = [
  ["by handshake (2025 era)", "legacy"],
  [`in revision ${modern}`, { pin: modern }]
] as const

export type Action = "accept" | "decline" | "cancel"

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
