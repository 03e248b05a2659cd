/**
 * Finds a circle of pages of any length while remembering one of them (Brent's algorithm): the mark moves to the current
 * page each time the distance since the last move has doubled. A cursor carries it from one call to the next.
 */
import { TwilioError, type Participants } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export const Guard = Schema.Struct({
  mark: Schema.optionalKey(Schema.String),
  steps: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  power: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
})
export type Guard = typeof Guard.Type

export const first: Guard = { steps: 0, power: 1 }

/** Twilio's tokens have some 60 characters. One of this size and its mark make a cursor of 11 KB. */
const maxTokenBytes = 4096

/** Where there is a token it alone says where a page starts; `Page` is "simply for client state", says Twilio. */
export const advance = (
  { mark, power, steps }: Guard,
  { page, pageToken }: Participants.Cursor
): Effect.Effect<Guard, TwilioError.TwilioError> => {
  const key = pageToken ?? `Page=${page}`
  const bytes = new TextEncoder().encode(`${page ?? ""}${pageToken ?? ""}`).length
  if (bytes > maxTokenBytes) return broken(`a page token of ${bytes} bytes; at most ${maxTokenBytes} are taken`)
  if (key === mark) return broken("the pages repeat")
  return Effect.succeed(
    steps + 1 === power
      ? { mark: key, steps: 0, power: power * 2 }
      : { ...(mark === undefined ? {} : { mark }), steps: steps + 1, power }
  )
}

const broken = (problem: string) =>
  Effect.fail(
    new TwilioError.TwilioError({
      operation: "Participants.list",
      reason: new TwilioError.UnexpectedResponse({ problem })
    })
  )
