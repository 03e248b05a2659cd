/**
 * Resources made up after Twilio's own OpenAPI documents: each property with a value of its type, with null where the
 * document allows it, or missing, since no property of a reply is required.
 */
import { Arbitrary, Schema } from "effect"
import { Sid } from "@flex-interactions/core"
import { documents, resolved, type Schema as OpenApi } from "./openapi.ts"

const json = Arbitrary.schema(Schema.Json)
const coin = Arbitrary.schema(Schema.Boolean)

/** Attributes of a task: SIDs, what is in their place but none, other keys, and texts that are no JSON object. */
const flex = Schema.Struct({
  flexInteractionSid: Schema.optionalKey(Schema.Union([Sid.InteractionSid, Schema.Json])),
  flexInteractionChannelSid: Schema.optionalKey(Schema.Union([Sid.ChannelSid, Schema.Json])),
  channelType: Schema.optionalKey(Schema.Union([Schema.String, Schema.Json])),
  full_name: Schema.optionalKey(Schema.Union([Schema.String, Schema.Json])),
  email: Schema.optionalKey(Schema.Union([Schema.String, Schema.Json]))
})
const attributes = Arbitrary.all([
  Arbitrary.schema(Schema.Literals(["object", "json", "text"])),
  Arbitrary.schema(flex),
  Arbitrary.schema(Schema.JsonObject),
  json,
  Arbitrary.schema(Schema.String)
]).pipe(
  Arbitrary.map(([kind, known, other, any, text]) =>
    kind === "object" ? JSON.stringify({ ...other, ...known }) : kind === "json" ? JSON.stringify(any) : text
  )
)

const texts: { readonly [format: string]: Arbitrary.Arbitrary<string> } = {
  "date-time": Arbitrary.schema(Schema.Natural.check(Schema.isLessThan(4_000_000_000))).pipe(
    Arbitrary.map((seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z"))
  ),
  uri: Arbitrary.Constant("https://taskrouter.twilio.com/v1/Workspaces")
}

const valueOf = (name: string, schema: OpenApi): Arbitrary.Arbitrary<unknown> => {
  const { enum: words, format = "", pattern, properties, type } = schema
  if (words !== undefined) return Arbitrary.schema(Schema.Literals(words))
  if (properties !== undefined) return objectOf(schema)
  switch (type) {
    case "string":
      if (name === "attributes") return attributes
      if (pattern === undefined) return texts[format] ?? Arbitrary.schema(Schema.String)
      return Arbitrary.schema(Schema.String.check(Schema.isPattern(new RegExp(pattern, "u"))))
    case "integer":
      return Arbitrary.schema(Schema.Int)
    case "boolean":
      return coin
    case undefined:
    case "object":
      return json
    default:
      throw new Error(`${name} has type ${type}`)
  }
}

const objectOf = ({ properties = {} }: OpenApi): Arbitrary.Arbitrary<Record<string, unknown>> =>
  Arbitrary.all(
    Object.entries(properties).map(([name, schema]) =>
      Arbitrary.all([valueOf(name, schema), coin, coin, coin]).pipe(
        Arbitrary.map(([value, isPlain, isThere, isNull]): ReadonlyArray<readonly [string, unknown]> =>
          isPlain || (schema.nullable !== true && isThere)
            ? [[name, value]]
            : isThere && isNull && schema.nullable === true
              ? [[name, null]]
              : []
        )
      )
    )
  ).pipe(Arbitrary.map((entries) => Object.fromEntries(entries.flat())))

/** A resource, by its name in the document. */
export const generated = (host: keyof typeof documents, name: string): Arbitrary.Arbitrary<Record<string, unknown>> => {
  const schema = documents[host].components.schemas[name]
  if (schema === undefined) throw new Error(`the document has no ${name}`)
  return objectOf(resolved(documents[host], schema))
}
