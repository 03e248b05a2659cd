/**
 * An Effect schema in the form that the MCP SDK takes: validation by Standard Schema, and JSON Schema for the host. The
 * only file that knows both.
 *
 * Both come from the same side of the schema: tool inputs and outputs contain no transformation.
 */
import type { StandardSchemaWithJSON } from "@modelcontextprotocol/server"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { plain } from "./ToolError.ts"

/** What a call's arguments are: what the tool takes, or what is wrong with them. */
export type Arguments<A> = Result.Result<A, string>

/**
 * What a tool takes. An argument that is not in the schema is refused: an assistant that invents one expects an effect.
 *
 * Wrong arguments come out as a value, so that their text is this server's and not the SDK's.
 */
export const input = <A, I>(schema: Schema.Codec<A, I>): StandardSchemaWithJSON<I, Arguments<A>> => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error", errors: "all" })
  return standard(schema, "error", (value) => Result.mapError(decode(value), (error) => problems(error.issue)))
}

/** What a tool answers. It is made here, from typed code, and after a write it is too late to find it wrong. */
export const output = <A>(schema: Schema.Codec<A>): StandardSchemaWithJSON<A, unknown> =>
  standard(schema, "ignore", (value) => value)

const standard = <A, I, Out>(
  schema: Schema.Codec<A, I>,
  onExcessProperty: "error" | "ignore",
  read: (value: unknown) => Out
): StandardSchemaWithJSON<I, Out> => {
  const jsonSchema = (): Record<string, unknown> =>
    JSON.parse(JSON.stringify(Schema.toJsonSchemaDocument(schema, { onExcessProperty }).schema, withoutDefaults))
  return {
    "~standard": {
      version: 1,
      vendor: "effect",
      validate: (value) => ({ value: read(value) }),
      jsonSchema: { input: jsonSchema, output: jsonSchema }
    }
  }
}

/** An open object is what JSON Schema takes for granted. */
const withoutDefaults = (key: string, value: unknown) =>
  key === "additionalProperties" && value === true ? undefined : value

const format = SchemaIssue.makeFormatterStandardSchemaV1({
  leafHook: (issue) => {
    switch (issue._tag) {
      case "MissingKey":
        return "is required"
      case "UnexpectedKey":
        return "this tool has no such argument"
      default:
        return SchemaIssue.defaultLeafHook(issue)
    }
  }
})

/** `path: what is wrong`, for the first few. No value is repeated: it may be long, or a secret. */
const problems = (issue: SchemaIssue.Issue): string =>
  format(issue)
    .issues.slice(0, 5)
    .map(({ message, path }) => {
      const where = plain((path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join("."), 60)
      return `${where === "" ? "arguments" : where}: ${plain(message, 200)}`
    })
    .join("; ")
