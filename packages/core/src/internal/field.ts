/**
 * The fields of Twilio's JSON. Each may be missing or null, whatever the documents say, and is then left out; a value of
 * another kind is an error. Where the content of a text matters, what does not fit is left out too: one odd SID or date
 * must not cost the whole reply.
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

const isPresent = <A>(value: A | null): value is A => value !== null

/** A field of this schema, left out where Twilio has null. */
export const field = <A, I>(schema: Schema.Codec<A, I>) =>
  Schema.optionalKey(Schema.NullOr(schema)).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.toType(schema)), {
      decode: SchemaGetter.transformOptional<A, A | null>(Option.filter(isPresent)),
      encode: SchemaGetter.transformOptional<A | null, A>((value) => value)
    })
  )

/** A text that is left out if it is not one of these, such as a SID. */
export const fitting = <A extends string>(schema: Schema.Codec<A, string>) => {
  const fits = Schema.is(schema)
  return Schema.optionalKey(Schema.NullOr(Schema.String)).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.toType(schema)), {
      decode: SchemaGetter.transformOptional<A, string | null>(
        Option.filter((text: string | null): text is A => fits(text))
      ),
      encode: SchemaGetter.transformOptional<string | null, A>((value) => value)
    })
  )
}

/** What Twilio gives no type: of this schema, or left out. */
export const loose = <A, I>(schema: Schema.Codec<A, I>) => {
  const decode = Schema.decodeUnknownOption(schema)
  const encode = Schema.encodeOption(schema)
  return Schema.optionalKey(Schema.Unknown).pipe(
    Schema.decodeTo(Schema.optionalKey(Schema.toType(schema)), {
      decode: SchemaGetter.transformOptional<A, unknown>(Option.flatMap((value) => decode(value))),
      encode: SchemaGetter.transformOptional<unknown, A>(Option.flatMap((value) => encode(value)))
    })
  )
}

/** A date, in ISO 8601; left out if it is none. */
export const date = loose(Schema.DateTimeUtcFromString)

/** These words, and whatever Twilio adds to them. */
export const open = <const Words extends ReadonlyArray<string>>(words: Words) =>
  Schema.Union([Schema.StringForLiteralAutocomplete, Schema.Literals(words)])

/** When Twilio said so, by its clock: the `Date` of the reply. Left out where that is not known, as in an event. */
export const asOf = Schema.optionalKey(Schema.DateTimeUtc)

/** What a resource gets from its reply. */
export const dated = ({ date }: { readonly date?: number }): { readonly asOf?: DateTime.Utc } =>
  date === undefined ? {} : { asOf: DateTime.makeUnsafe(date) }
