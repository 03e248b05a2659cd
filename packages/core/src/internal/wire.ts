/**
 * Twilio's JSON, and how it becomes ours: the only file that knows the keys on the wire.
 *
 * Reading is tolerant: only the kinds of values are checked, every key may be missing or null.
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Mutable } from "effect/Types"
import type { ChannelRef, Participant, RoutingProperties } from "../Participant.ts"
import * as Sid from "../Sid.ts"

/** Declared and not a union with null: that takes the interpreter a fifth of a page's time more. */
const text = Schema.optionalKey(
  Schema.declare((input): input is string | null => typeof input === "string" || input === null, {
    expected: "a string or null"
  })
)

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
