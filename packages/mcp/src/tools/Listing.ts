/** What hosts read of this server: its instructions, and its tools as `tools/list` has them. */
import * as Schema from "effect/Schema"
import { tools } from "./index.ts"
import type { Offer } from "./Limits.ts"

export interface Listing {
  readonly instructions: string
  readonly tools: ReadonlyArray<Listed>
}

/** A tool in the listing. */
export interface Listed {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly annotations: { readonly readOnlyHint: boolean; readonly [hint: string]: boolean }
  readonly inputSchema: JsonSchema
  readonly outputSchema: JsonSchema
  /** Sent to every host: over HTTP nobody knows which can show a view. Those that can't ignore it. */
  readonly _meta?: { readonly ui: { readonly resourceUri: string } }
}

/** Hosts take no other at the root. */
interface JsonSchema {
  readonly type: "object"
  readonly [keyword: string]: unknown
}

export const listing = (offer: Offer): Listing => {
  const offered = tools.filter(({ isOffered }) => isOffered(offer))
  return {
    instructions: instructions(offered),
    tools: offered.map(({ annotations, description, input, name, output, title, view }) => ({
      name,
      title: title(offer),
      description: description(offer),
      annotations,
      inputSchema: json(input(offer), "error"),
      outputSchema: json(output, "ignore"),
      ...(view === undefined ? undefined : { _meta: { ui: { resourceUri: view } } })
    }))
  }
}

/** Hosts that load tools late find this server by these words. */
const instructions = (offered: ReadonlyArray<Pick<(typeof tools)[number], "annotations" | "name">>): string => {
  const has = (name: string) => offered.some((tool) => tool.name === name)
  const writes = [
    has("set_participant_status") ? "moves an agent to wrap-up or out of the chat" : undefined,
    has("end_conversation") ? "ends a conversation" : undefined
  ].filter((write) => write !== undefined)
  return `Twilio Flex contact centre: finds a customer's conversation (chat, SMS, WhatsApp, email; KD…, UO…) by agent, task or age, lists its participants (UT…) and where each agent stands (active, wrap-up, left)${
    writes.length === 0
      ? "; reads only."
      : `, ${writes.join(", ")}, with proof. A change affects a real customer and cannot be undone: only on a person's wish.`
  } Start with find_conversations: an agent's whole name is enough. No messages, calls, transfers or invitations${
    has("end_conversation") || writes.length === 0
      ? ""
      : ", no end of a conversation (the operator allows it: --allow-end)"
  }.`
}

const json = (schema: Schema.Constraint, onExcessProperty: "error" | "ignore"): JsonSchema =>
  JSON.parse(JSON.stringify(Schema.toJsonSchemaDocument(schema, { onExcessProperty }).schema, withoutDefaults))

/** An open object is what JSON Schema takes for granted; and hosts stumble over `anyOf`, where one list of values says the same. */
const withoutDefaults = (key: string, value: unknown) =>
  key === "additionalProperties" && value === true
    ? undefined
    : isOneOfValues(value)
      ? { enum: valuesOf(value) }
      : value

interface OneOfValues {
  readonly anyOf: ReadonlyArray<{ readonly enum: ReadonlyArray<unknown> }>
}

const isOneOfValues = Schema.is(
  Schema.Struct({ anyOf: Schema.Array(Schema.Struct({ enum: Schema.Array(Schema.Unknown) })) })
) satisfies (value: unknown) => value is OneOfValues

const valuesOf = ({ anyOf }: OneOfValues) => anyOf.flatMap((one) => one.enum)
