/**
 * Twilio's JSON, and how it becomes ours: the only file that knows the keys on the wire.
 *
 * Reading is tolerant: only the kinds of values are checked, every key may be missing or null.
 */
import * as Schema from "effect/Schema"
import type { ChannelRef, Participant, RoutingProperties } from "../Participant.ts"
import * as Sid from "../Sid.ts"

const text = Schema.optionalKey(Schema.NullOr(Schema.String))

export const WireParticipant = Schema.Struct({
  sid: text,
  type: text,
  interaction_sid: text,
  channel_sid: text,
  url: text,
  routing_properties: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Json)))
})
export type WireParticipant = typeof WireParticipant.Type

export const WirePage = Schema.Struct({
  participants: Schema.Array(WireParticipant),
  meta: Schema.optionalKey(Schema.NullOr(Schema.Struct({ next_page_url: text })))
})
export type WirePage = typeof WirePage.Type

/** The channel that was asked for stands in where a row leaves its SIDs out, or has something else in their place. */
export const toParticipant =
  (channel: ChannelRef) =>
  (wire: WireParticipant): Participant => {
    const sid = typed("UT", wire.sid)
    return {
      ...(sid === undefined ? undefined : { sid }),
      type: wire.type ?? "unknown",
      // Nearly every row names the channel that was asked for: comparing is cheaper than matching the pattern.
      interactionSid:
        wire.interaction_sid === channel.interactionSid
          ? channel.interactionSid
          : (typed("KD", wire.interaction_sid) ?? channel.interactionSid),
      channelSid:
        wire.channel_sid === channel.channelSid
          ? channel.channelSid
          : (typed("UO", wire.channel_sid) ?? channel.channelSid),
      ...(wire.url == null ? undefined : { url: wire.url }),
      ...(wire.routing_properties == null ? undefined : { routingProperties: toRouting(wire.routing_properties) })
    }
  }

const typed = <P extends Sid.ResourcePrefix>(prefix: P, input: unknown): Sid.Of<P> | undefined =>
  Sid.problem(prefix, input) === undefined ? (input as Sid.Of<P>) : undefined

const toRouting = (wire: { readonly [key: string]: Schema.Json }): RoutingProperties => {
  const { task_sid = null, worker_sid = null, reservation_sid = null, ...others } = wire
  const taskSid = typed("WT", task_sid)
  const workerSid = typed("WK", worker_sid)
  const reservationSid = typed("WR", reservation_sid)
  return {
    ...others,
    ...(taskSid !== undefined ? { taskSid } : task_sid !== null ? { task_sid } : undefined),
    ...(workerSid !== undefined ? { workerSid } : worker_sid !== null ? { worker_sid } : undefined),
    ...(reservationSid !== undefined ? { reservationSid } : reservation_sid !== null ? { reservation_sid } : undefined)
  }
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
