/** The arguments of a call, read by a tool's schema. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { plain } from "./Plain.ts"

/**
 * Reads the arguments of a call: what the tool takes, or what is wrong with them. An argument that is not in the schema is
 * refused: an assistant that invents one expects an effect.
 */
export const decoder = <A, I>(schema: Schema.Codec<A, I> & Fields): ((input: unknown) => Result.Result<A, string>) => {
  const decode = Schema.decodeUnknownResult(schema, { onExcessProperty: "error", errors: "all" })
  return (input) => Result.mapError(decode(input), (error) => problems(error.issue, schema.fields))
}

export interface Fields {
  readonly fields: { readonly [key: string]: Schema.Constraint }
}

/** Where a SID is found: what its description says before the example. */
const source = (fields: Fields["fields"], key: string): string => {
  const field = key.endsWith("_sid") ? fields[key] : undefined
  const description = field === undefined ? undefined : Schema.resolveAnnotations(field)?.description
  const [, place = ""] = /^(?:From )?(.*), e\.g\. /u.exec(description ?? "") ?? []
  return place === "" ? "" : ` (where to find it: ${place.slice(0, 1).toLowerCase()}${place.slice(1)})`
}

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
const problems = (issue: SchemaIssue.Issue, fields: Fields["fields"]): string =>
  format(issue)
    .issues.slice(0, 5)
    .map(({ message, path }) => {
      const where = plain((path ?? []).map((key) => String(typeof key === "object" ? key.key : key)).join("."), 60)
      return `${where === "" ? "arguments" : where}: ${plain(message, 200)}${source(fields, where)}`
    })
    .join("; ")
