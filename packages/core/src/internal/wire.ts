/**
 * Twilio's JSON, and how it becomes ours: the only file that knows the keys on the wire.
 *
 * Reading is tolerant: only the kinds of values are checked, every key may be missing or null.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Mutable } from "effect/Types"
import type { ChannelRef, Participant, RoutingProperties } from "../Participant.ts"
import * as Sid from "../Sid.ts"

const text = Schema.optionalKey(Schema.NullOr(Schema.String))

export const WireParticipant = Schema.Struct({
  sid: text,
  type: text,
  interaction_sid: text,
  channel_sid: text,
  url: text,
  /** Of no type at all in Twilio's OpenAPI document. */
  routing_properties: Schema.optionalKey(Schema.Unknown)
})
export type WireParticipant = typeof WireParticipant.Type

export const WirePage = Schema.Struct({
  participants: Schema.Array(WireParticipant),
  meta: Schema.optionalKey(Schema.NullOr(Schema.Struct({ next_page_url: text })))
})
export type WirePage = typeof WirePage.Type

/**
 * Decodes a page. Nearly every one is as it should be, and finding that by hand takes a fifth of what the schema takes, which
 * has the last word on all others and says what is wrong with them.
 */
export const decodePage = (body: unknown): Result.Result<WirePage, Schema.SchemaError> =>
  isPage(body) ? Result.succeed(body) : decodeBySchema(body)

const decodeBySchema = Schema.decodeUnknownResult(WirePage)

export const decodeParticipant = Schema.decodeUnknownResult(WireParticipant)

const isPage = (input: unknown): input is WirePage =>
  isRecord(input) &&
  Array.isArray(input["participants"]) &&
  input["participants"].every(isParticipant) &&
  (input["meta"] == null || (isRecord(input["meta"]) && isText(input["meta"]["next_page_url"])))

const isParticipant = (row: unknown): boolean =>
  isRecord(row) &&
  isText(row["sid"]) &&
  isText(row["type"]) &&
  isText(row["interaction_sid"]) &&
  isText(row["channel_sid"]) &&
  isText(row["url"])

const isRecord = (input: unknown): input is { readonly [key: string]: unknown } =>
  typeof input === "object" && input !== null && !Array.isArray(input)

const isText = (input: unknown): boolean => typeof input === "string" || input == null

/** The channel that was asked for stands in where a row leaves its SIDs out, or has something else in their place. */
export const toParticipant =
  (channel: ChannelRef) =>
  (wire: WireParticipant): Participant => {
    // Key by key, here and below: a spread for each key that may be missing makes a listing several times slower.
    const participant: Mutable<Participant> = {
      type: wire.type ?? "unknown",
      // Nearly every row names the channel that was asked for: comparing is cheaper than matching the pattern.
      interactionSid:
        wire.interaction_sid === channel.interactionSid
          ? channel.interactionSid
          : (typed("KD", wire.interaction_sid) ?? channel.interactionSid),
      channelSid:
        wire.channel_sid === channel.channelSid
          ? channel.channelSid
          : (typed("UO", wire.channel_sid) ?? channel.channelSid)
    }
    const sid = typed("UT", wire.sid)
    if (sid !== undefined) participant.sid = sid
    if (wire.url != null) participant.url = wire.url
    if (Predicate.isReadonlyObject(wire.routing_properties)) {
      participant.routingProperties = toRouting(wire.routing_properties as JsonObject)
    }
    return participant
  }

const typed = <P extends Sid.ResourcePrefix>(prefix: P, input: unknown): Sid.Of<P> | undefined =>
  Sid.problem(prefix, input) === undefined ? (input as Sid.Of<P>) : undefined

/** What comes out of `JSON.parse` is JSON; to check that again takes longer than all the rest. */
type JsonObject = { readonly [key: string]: Schema.Json }

const toRouting = (wire: JsonObject): RoutingProperties => {
  const routing: Mutable<RoutingProperties> = {}
  for (const key of Object.keys(wire)) {
    if (key === "task_sid" || key === "worker_sid" || key === "reservation_sid") continue
    // Defined and not assigned: the key may be `__proto__`.
    Object.defineProperty(routing, key, { value: wire[key], configurable: true, enumerable: true, writable: true })
  }
  const { task_sid = null, worker_sid = null, reservation_sid = null } = wire
  const taskSid = typed("WT", task_sid)
  const workerSid = typed("WK", worker_sid)
  const reservationSid = typed("WR", reservation_sid)
  if (taskSid !== undefined) routing.taskSid = taskSid
  else if (task_sid !== null) routing["task_sid"] = task_sid
  if (workerSid !== undefined) routing.workerSid = workerSid
  else if (worker_sid !== null) routing["worker_sid"] = worker_sid
  if (reservationSid !== undefined) routing.reservationSid = reservationSid
  else if (reservation_sid !== null) routing["reservation_sid"] = reservation_sid
  return routing
}

const anyOrigin = "https://flex-api.twilio.com"

/** `Page` and `PageToken` out of `next_page_url`. Its origin and path are ignored on purpose: credentials go nowhere else. */
export const toCursor = (nextPageUrl: string): { readonly page?: string; readonly pageToken?: string } | undefined => {
  if (!URL.canParse(nextPageUrl, anyOrigin)) return undefined
  const query = new URL(nextPageUrl, anyOrigin).searchParams
  const page = query.get("Page")
  const pageToken = query.get("PageToken")
  if (page == null && pageToken == null) return undefined
  return { ...(page == null ? undefined : { page }), ...(pageToken == null ? undefined : { pageToken }) }
}
