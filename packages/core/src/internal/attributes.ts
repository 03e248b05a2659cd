/**
 * Attributes: JSON that TaskRouter keeps in a string, for a task or a worker. Some keys have a type; the others are kept
 * under Twilio's own names.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

type JsonObject = Schema.JsonObject

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.JsonObject))

/** The JSON object in a text, if it is one. */
export const parse = (text: string): JsonObject | undefined => Option.getOrUndefined(decode(text))

/** What is left of a JSON object without the keys (`names`, by field) of the fields that were found in it. */
export const rest = (json: JsonObject, names: { readonly [field: string]: string }, found: object): JsonObject => {
  const taken = new Set(Object.keys(found).map((field) => names[field]))
  return Object.fromEntries(Object.entries(json).filter(([name]) => !taken.has(name)))
}
