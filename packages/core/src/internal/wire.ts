/**
 * Twilio's JSON, and how it becomes ours: the only file that knows the keys on the wire.
 *
 * Reading is tolerant: only the kinds of values are checked, every key may be missing or null.
 */
import * as Schema from "effect/Schema"
import type { ChannelRef, Participant, RoutingProperties } from "../Participant.ts"

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

/** Twilio's own error body and RFC 9457's, which newer endpoints send. Anything else in it is ignored. */
export const WireError = Schema.Struct({
  code: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  message: text,
  more_info: text,
  title: text,
  detail: text,
  type: text
})

/** The channel that was asked for stands in where a row leaves its SIDs out. */
export const toParticipant =
  (channel: ChannelRef) =>
  (wire: WireParticipant): Participant => ({
    ...(wire.sid == null ? undefined : { sid: wire.sid as Participant["sid"] & string }),
    type: wire.type ?? "unknown",
    interactionSid: (wire.interaction_sid ?? channel.interactionSid) as ChannelRef["interactionSid"],
    channelSid: (wire.channel_sid ?? channel.channelSid) as ChannelRef["channelSid"],
    ...(wire.url == null ? undefined : { url: wire.url }),
    ...(wire.routing_properties == null ? undefined : { routingProperties: toRouting(wire.routing_properties) })
  })

const routingKeys: Record<string, string> = {
  task_sid: "taskSid",
  worker_sid: "workerSid",
  reservation_sid: "reservationSid"
}

const toRouting = (wire: { readonly [key: string]: Schema.Json }): RoutingProperties =>
  Object.fromEntries(
    Object.entries(wire)
      .filter(([key, value]) => !(key in routingKeys && value === null))
      .map(([key, value]) => [routingKeys[key] ?? key, value])
  )

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
