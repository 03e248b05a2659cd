/**
 * An Effect schema in the form that the MCP SDK takes: validation by Standard Schema, and JSON Schema for the host. The
 * only file that knows both.
 *
 * Both come from the same side of the schema: tool inputs and outputs contain no transformation.
 */
import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server"
import * as Schema from "effect/Schema"

/** What a tool takes. An argument that is not in the schema is refused: an assistant that invents one expects an effect. */
export const input = <A, I>(schema: Schema.Codec<A, I>): StandardSchemaWithJSON<I, A> => convert(schema, "error")

/** What a tool answers. */
export const output = <A, I>(schema: Schema.Codec<A, I>): StandardSchemaWithJSON<I, A> => convert(schema, "ignore")

const convert = <A, I>(
  schema: Schema.Codec<A, I>,
  onExcessProperty: "error" | "ignore"
): StandardSchemaWithJSON<I, A> => {
  const standard = Schema.toStandardSchemaV1(schema, { parseOptions: { onExcessProperty, errors: "all" } })["~standard"]
  const jsonSchema = () => ({ ...Schema.toJsonSchemaDocument(schema, { onExcessProperty }).schema })
  return {
    "~standard": {
      ...standard,
      jsonSchema: { input: jsonSchema, output: jsonSchema }
    }
  }
}
