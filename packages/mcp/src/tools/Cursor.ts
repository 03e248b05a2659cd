/** Cursors of tools: where an answer ended, as text that an assistant passes back. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * Cursors that hold a `place`, and what they continue: `about` names it, and a cursor of anything else is none. An assistant
 * can pass whatever it likes, so what comes back is read as input.
 */
export const make = <Place>(place: Schema.Codec<Place>) => {
  const Cursor = Schema.StringFromBase64Url.pipe(
    Schema.decodeTo(Schema.fromJsonString(Schema.Struct({ about: Schema.String, place })))
  )
  const encode = Schema.encodeSync(Cursor)
  const decode = Schema.decodeOption(Cursor)
  return {
    format: (about: string, place: Place): string => encode({ about, place }),
    parse: (about: string, cursor: string): Place | undefined =>
      decode(cursor).pipe(
        Option.filter((found) => found.about === about),
        Option.map(({ place }) => place),
        Option.getOrUndefined
      )
  }
}
