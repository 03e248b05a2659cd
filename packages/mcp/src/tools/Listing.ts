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
}

interface JsonSchema {
  readonly [keyword: string]: unknown
}

export const listing = (offer: Offer): Listing => {
  const offered = tools.filter(({ isOffered }) => isOffered(offer))
  return {
    instructions: `Lists the participants of a Twilio Flex interaction channel${
      offered.every(({ annotations }) => annotations.readOnlyHint)
        ? "; reads only."
        : " and moves agents on. A status change affects a real customer's conversation and cannot be undone."
    }`,
    tools: offered.map(({ annotations, description, input, name, output, title }) => ({
      name,
      title: title(offer),
      description: description(offer),
      annotations,
      inputSchema: json(input(offer), "error"),
      outputSchema: json(output, "ignore")
    }))
  }
}

const json = (schema: Schema.Constraint, onExcessProperty: "error" | "ignore"): JsonSchema =>
  JSON.parse(JSON.stringify(Schema.toJsonSchemaDocument(schema, { onExcessProperty }).schema, withoutDefaults))

/** An open object is what JSON Schema takes for granted. */
const withoutDefaults = (key: string, value: unknown) =>
  key === "additionalProperties" && value === true ? undefined : value
