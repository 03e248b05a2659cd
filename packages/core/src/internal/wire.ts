/**
 * Twilio's JSON, and how it becomes ours: the only file that knows the keys on the wire.
 *
 * Reading is tolerant: only the kinds of values are checked, every key may be missing or null.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { Mutable } from "effect/Types"
import type { ChannelRef, Participant, ParticipantRef, RoutingProperties } from "../Participant.ts"
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

/** The same, for a page that lists this channel: a row that names another makes it the reply to another request. */
export const decodePageOf =
  (channel: ChannelRef) =>
  (body: unknown): Result.Result<WirePage, Schema.SchemaError | string> =>
    Result.flatMap(decodePage(body), (page): Result.Result<WirePage, string> => {
      for (const [index, row] of page.participants.entries()) {
        const key = alien(channel, row)
        if (key !== undefined) return Result.fail(`participants[${index}] is not of this channel: ${key} is another`)
      }
      return Result.succeed(page)
    })

const decodeBySchema = Schema.decodeUnknownResult(WirePage)

const decodeParticipant = Schema.decodeUnknownResult(WireParticipant)

/** The participant whose status was set. What names another, or nobody, is not the reply to that. */
export const decodeMoved =
  (ref: ParticipantRef) =>
  (body: unknown): Result.Result<WireParticipant, Schema.SchemaError | string> =>
    Result.flatMap(decodeParticipant(body), (wire): Result.Result<WireParticipant, string> => {
      const key = differs(wire.sid, ref.participantSid) ? "sid" : alien(ref, wire)
      if (key !== undefined) return Result.fail(`the reply is about another participant: its ${key} is another`)
      return wire.sid == null && wire.channel_sid == null && wire.interaction_sid == null
        ? Result.fail("the reply does not say what it is about: it has no sid, channel_sid or interaction_sid")
        : Result.succeed(wire)
    })

/** The key by which a row is not of this channel. A SID that is missing says nothing. */
const alien = (channel: ChannelRef, wire: WireParticipant): string | undefined =>
  differs(wire.channel_sid, channel.channelSid)
    ? "channel_sid"
    : differs(wire.interaction_sid, channel.interactionSid)
      ? "interaction_sid"
      : undefined

/** Twilio's SIDs are compared without regard to case. */
const differs = (found: string | null | undefined, asked: string): boolean =>
  found != null && found !== asked && found.toLowerCase() !== asked.toLowerCase()

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

/** A row of this channel, or one that leaves out whose it is. */
export const toParticipant =
  ({ channelSid, interactionSid }: ChannelRef) =>
  (wire: WireParticipant): Participant => {
    // Key by key, here and below: a spread for each key that may be missing makes a listing several times slower.
    const participant: Mutable<Participant> = { type: wire.type ?? "unknown", interactionSid, channelSid }
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
