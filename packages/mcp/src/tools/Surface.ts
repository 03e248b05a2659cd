/**
 * What hosts read of the tools: all that `tools/list` answers. It depends on nothing but the statuses that are offered, so
 * that the bundle has it as data (rolldown.config.ts): to make JSON Schemas of schemas takes 20 KB, and 5 ms of each start.
 */
import { Participant } from "@flex-interactions/core"
import * as ListParticipants from "./ListParticipants.ts"
import * as SetParticipantStatus from "./SetParticipantStatus.ts"
import * as ToolSchema from "./ToolSchema.ts"

export interface Surface {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly annotations: { readonly readOnlyHint: boolean; readonly [hint: string]: boolean }
  readonly inputSchema: { readonly [keyword: string]: unknown }
  readonly outputSchema: { readonly [keyword: string]: unknown }
}

type About = ReturnType<typeof ListParticipants.about> | ReturnType<typeof SetParticipantStatus.about>

const of = ({ annotations, description, Input, name, Output, title }: About): Surface => ({
  name,
  title,
  description,
  annotations,
  inputSchema: ToolSchema.json(Input, "error"),
  outputSchema: ToolSchema.json(Output, "ignore")
})

/** What there is to offer. */
export const statuses = Participant.ParticipantStatus.literals

/** Alone, and with a tool to go on with. */
export const listParticipants = {
  alone: of(ListParticipants.about(false)),
  first: of(ListParticipants.about(true))
}

/** By the statuses that are offered. */
export const setParticipantStatus: { readonly [allowed: string]: Surface } = {
  wrapup: of(SetParticipantStatus.about(["wrapup"])),
  closed: of(SetParticipantStatus.about(["closed"])),
  "wrapup,closed": of(SetParticipantStatus.about(["wrapup", "closed"]))
}
