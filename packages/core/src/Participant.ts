/**
 * The participants of a Flex interaction channel, and how to refer to a channel and to a participant.
 *
 * What comes in is closed: two statuses, three SID patterns. What goes out is open: Twilio's OpenAPI document makes no
 * field required and nearly all nullable, so a field that is missing or null is left out here, an unknown type is kept
 * as it is, and unknown routing properties are kept too.
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import type { Mutable } from "effect/Types"
import { open } from "./internal/field.ts"
import { invalid } from "./internal/invalid.ts"
import * as Sid from "./Sid.ts"
import type { TwilioError } from "./TwilioError.ts"

/**
 * The statuses that an agent can be moved to. Source: Twilio's page, "Modify a Channel Participant".
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * Schema.is(Participant.ParticipantStatus)("wrapup") // => true
 * Schema.is(Participant.ParticipantStatus)("active") // => false
 * ```
 */
export const ParticipantStatus = Schema.Literals(["wrapup", "closed"])
/**
 * - `"wrapup"`: the agent's reservation goes to wrapping; the agent may still finish up. The conversation stays open.
 * - `"closed"`: the reservation is completed and the agent leaves. The conversation *stays open* too: the customer can
 *   be left alone in it, until someone closes the channel.
 *
 * This can't be undone.
 */
export type ParticipantStatus = typeof ParticipantStatus.Type

/**
 * The types that Twilio documents. Source: Twilio's page, "Participant Properties".
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-interactions/core"
 *
 * Participant.knownTypes // => ["agent", "customer", "supervisor", "external", "unknown"]
 * ```
 */
export const knownTypes = ["agent", "customer", "supervisor", "external", "unknown"] as const

/**
 * One of {@link knownTypes}, or what Twilio may add to them.
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-interactions/core"
 *
 * const today: Participant.ParticipantType = "customer"
 * const tomorrow: Participant.ParticipantType = "observer"
 * const isKnown = (type: Participant.ParticipantType) => Participant.knownTypes.some((known) => known === type)
 * isKnown(today) // => true
 * isKnown(tomorrow) // => false
 * ```
 */
export const ParticipantType = open(knownTypes)
/** What {@link ParticipantType} accepts. */
export type ParticipantType = typeof ParticipantType.Type

const channelFields = { interactionSid: Sid.InteractionSid, channelSid: Sid.ChannelSid }
const channelKeys = { interactionSid: "interaction_sid", channelSid: "channel_sid" } as const

/**
 * Names a channel. Made by {@link channel} or {@link channelFromUrl}, or decoded from Twilio's JSON of a participant; a
 * {@link ParticipantRef} and a {@link Participant} are one too.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const payload = {
 *   interaction_sid: "KD00000000000000000000000000000001",
 *   channel_sid: "UO00000000000000000000000000000001",
 *   type: "agent"
 * }
 * const channel = Schema.decodeUnknownSync(Participant.ChannelRef)(payload)
 * channel.channelSid // => "UO00000000000000000000000000000001"
 * ```
 */
export const ChannelRef = Schema.Struct(channelFields).pipe(Schema.encodeKeys(channelKeys))
/** What {@link ChannelRef} makes of Twilio's JSON. */
export type ChannelRef = typeof ChannelRef.Type

/**
 * Names a participant of a channel. Made by {@link participant}, {@link ref} or {@link fromUrl}, or decoded from Twilio's
 * JSON of a participant, whose `sid` it takes.
 *
 * @example
 * ```ts
 * import { Participant, type Participants } from "@flex-interactions/core"
 *
 * // A reference names its channel too.
 * const colleagues = (participants: Participants.Participants["Service"], agent: Participant.ParticipantRef) =>
 *   participants.list(agent)
 * ```
 */
export const ParticipantRef = Schema.Struct({ ...channelFields, participantSid: Sid.ParticipantSid }).pipe(
  Schema.encodeKeys({ ...channelKeys, participantSid: "sid" })
)
/** What {@link ParticipantRef} makes of Twilio's JSON. */
export type ParticipantRef = typeof ParticipantRef.Type

const Routing = Schema.Struct({
  taskSid: Schema.optionalKey(Sid.TaskSid),
  workerSid: Schema.optionalKey(Sid.WorkerSid),
  reservationSid: Schema.optionalKey(Sid.ReservationSid),
  other: Schema.JsonObject
})

/**
 * Who works on what, for an agent. A SID may be missing. All other keys are in `other`, under Twilio's own names, and so is
 * a `task_sid`, `worker_sid` or `reservation_sid` that is not such a SID.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const routing = Schema.decodeUnknownSync(Participant.RoutingProperties)({
 *   worker_sid: "WK00000000000000000000000000000001",
 *   task_sid: "not a SID",
 *   flow: "after-hours"
 * })
 * routing.workerSid // => "WK00000000000000000000000000000001"
 * routing.other // => { task_sid: "not a SID", flow: "after-hours" }
 * ```
 */
export const RoutingProperties = Schema.JsonObject.pipe(
  Schema.decodeTo(
    Routing,
    SchemaTransformation.transform<typeof Routing.Encoded, typeof Schema.JsonObject.Type>({
      decode: (wire) => toRouting(wire),
      encode: (routing) => fromRouting(routing)
    })
  )
)
/** What {@link RoutingProperties} makes of Twilio's JSON. */
export type RoutingProperties = typeof RoutingProperties.Type

/** Declared and not a union with null: that takes the interpreter a fifth of a page's time more. */
const text = Schema.optionalKey(
  Schema.declare((input): input is string | null => typeof input === "string" || input === null, {
    expected: "a string or null"
  })
)

/**
 * Twilio's JSON of a participant whose channel is known. Every key may be missing or null; only the kinds of the values are
 * checked. A key less takes a thirtieth of a page's time less: the SIDs of the channel are held against the request anyway.
 *
 * @internal
 */
export const Row = Schema.Struct({
  sid: text,
  type: text,
  url: text,
  /** Of no type at all in Twilio's OpenAPI document. */
  routing_properties: Schema.optionalKey(Schema.Unknown)
})
type Row = typeof Row.Type

const Wire = Schema.Struct({ ...Row.fields, interaction_sid: text, channel_sid: text })

const Fields = Schema.Struct({
  ...channelFields,
  /** Missing only if Twilio sent none, or something that is not one; such a participant cannot be referred to. */
  sid: Schema.optionalKey(Sid.ParticipantSid),
  /** `"unknown"` if Twilio left it out. */
  type: ParticipantType,
  url: Schema.optionalKey(Schema.String),
  /** Agents have them; customers do not. Left out if Twilio sends something else than an object. */
  routingProperties: Schema.optionalKey(Routing)
})

/**
 * One participant, as the list gives it, and as a schema for Twilio's JSON of one, out of a webhook or an event too. There is
 * no status: no operation of the API reports one, and an agent that has left can stay in the list.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const participant = Schema.decodeUnknownSync(Participant.Participant)({
 *   sid: "UT00000000000000000000000000000002",
 *   type: "agent",
 *   interaction_sid: "KD00000000000000000000000000000001",
 *   channel_sid: "UO00000000000000000000000000000001",
 *   routing_properties: { worker_sid: "WK00000000000000000000000000000001" }
 * })
 * participant.routingProperties?.workerSid // => "WK00000000000000000000000000000001"
 * ```
 */
export const Participant = Wire.pipe(
  Schema.decodeTo(
    Fields,
    SchemaTransformation.transform<typeof Fields.Encoded, typeof Wire.Type>({
      // What is no SID is found by the schema of the other side.
      decode: (row) =>
        ofChannel({ interactionSid: row.interaction_sid, channelSid: row.channel_sid } as ChannelRef)(row),
      encode: ({ channelSid, interactionSid, routingProperties, sid, type, url }) => ({
        type,
        interaction_sid: interactionSid,
        channel_sid: channelSid,
        ...(sid === undefined ? undefined : { sid }),
        ...(url === undefined ? undefined : { url }),
        ...(routingProperties === undefined ? undefined : { routing_properties: fromRouting(routingProperties) })
      })
    })
  )
)
/** What {@link Participant} makes of Twilio's JSON. */
export type Participant = typeof Participant.Type

/**
 * A row of this channel's list, or one that leaves out whose it is. A page has up to a thousand of them: what this makes is
 * not checked again by the schema, and is made key by key, since a spread for each key that may be missing makes a listing
 * several times slower.
 *
 * @internal
 */
export const ofChannel =
  ({ channelSid, interactionSid }: ChannelRef) =>
  (row: Row): typeof Fields.Type => {
    const participant: Mutable<typeof Fields.Type> = { type: row.type ?? "unknown", interactionSid, channelSid }
    const sid = typed("UT", row.sid)
    if (sid !== undefined) participant.sid = sid
    if (row.url != null) participant.url = row.url
    // What comes out of `JSON.parse` is JSON; to check that again takes longer than all the rest.
    if (Predicate.isReadonlyObject(row.routing_properties)) {
      participant.routingProperties = toRouting(row.routing_properties as typeof Schema.JsonObject.Type)
    }
    return participant
  }

const typed = <P extends Sid.ResourcePrefix>(prefix: P, input: unknown): Sid.Of<P> | undefined =>
  Sid.problem(prefix, input) === undefined ? (input as Sid.Of<P>) : undefined

const fromRouting = ({ other, reservationSid, taskSid, workerSid }: typeof Routing.Encoded) => ({
  ...other,
  ...(taskSid === undefined ? undefined : { task_sid: taskSid }),
  ...(workerSid === undefined ? undefined : { worker_sid: workerSid }),
  ...(reservationSid === undefined ? undefined : { reservation_sid: reservationSid })
})

const toRouting = (wire: typeof Schema.JsonObject.Type): typeof Routing.Type => {
  const other: Record<string, Schema.Json> = {}
  const routing: Mutable<typeof Routing.Type> = { other }
  const { task_sid, worker_sid, reservation_sid } = wire
  const taskSid = typed("WT", task_sid)
  const workerSid = typed("WK", worker_sid)
  const reservationSid = typed("WR", reservation_sid)
  if (taskSid !== undefined) routing.taskSid = taskSid
  else if (task_sid != null) other["task_sid"] = task_sid
  if (workerSid !== undefined) routing.workerSid = workerSid
  else if (worker_sid != null) other["worker_sid"] = worker_sid
  if (reservationSid !== undefined) routing.reservationSid = reservationSid
  else if (reservation_sid != null) other["reservation_sid"] = reservation_sid
  for (const key of Object.keys(wire)) {
    if (key === "task_sid" || key === "worker_sid" || key === "reservation_sid") continue
    // Defined and not assigned: the key may be `__proto__`.
    Object.defineProperty(other, key, { value: wire[key], configurable: true, enumerable: true, writable: true })
  }
  return routing
}

/**
 * A participant that can be moved to a status.
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-interactions/core"
 *
 * const worker = (agent: Participant.Agent) => agent.routingProperties?.workerSid
 * const workers = (everyone: ReadonlyArray<Participant.Participant>) => everyone.filter(Participant.isAgent).map(worker)
 * ```
 */
export interface Agent extends Participant {
  readonly type: "agent"
  readonly sid: Sid.ParticipantSid
}

/**
 * Is this an agent (with a SID), so that its status can be set?
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const channel = Participant.channel("KD00000000000000000000000000000001", "UO00000000000000000000000000000001")
 * Participant.isAgent({ ...Result.getOrThrow(channel), type: "customer" }) // => false
 * ```
 */
export const isAgent = (participant: Participant): participant is Agent =>
  participant.type === "agent" && participant.sid !== undefined

/**
 * The reference of a participant out of a list. Not checked again: the list has done so.
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-interactions/core"
 *
 * const agentsOf = (participants: ReadonlyArray<Participant.Participant>) =>
 *   participants.filter(Participant.isAgent).map(Participant.ref)
 * agentsOf([]) // => []
 * ```
 */
export const ref = (participant: Participant & { readonly sid: Sid.ParticipantSid }): ParticipantRef => ({
  interactionSid: participant.interactionSid,
  channelSid: participant.channelSid,
  participantSid: participant.sid
})

/**
 * Names a channel by its two SIDs, which TaskRouter's task has as attributes `flexInteractionSid` and
 * `flexInteractionChannelSid`. What is wrong with which of them is `InvalidRequest`.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const channel = Participant.channel("KD00000000000000000000000000000001", "UO0001")
 * Result.isFailure(channel) ? channel.failure.message : "" // => "reference: channelSid: expected UO followed by 32 hexadecimal digits, got 6 characters"
 * ```
 */
export const channel = (interactionSid: string, channelSid: string): Result.Result<ChannelRef, TwilioError> =>
  check({ interactionSid, channelSid } as ChannelRef)

/**
 * Names a participant by its three SIDs. What is wrong with which of them is `InvalidRequest`.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const agent = Participant.participant(
 *   "KD00000000000000000000000000000001",
 *   "UO00000000000000000000000000000001",
 *   "UT00000000000000000000000000000002"
 * )
 * Result.getOrThrow(agent).participantSid // => "UT00000000000000000000000000000002"
 * ```
 */
export const participant = (
  interactionSid: string,
  channelSid: string,
  participantSid: string
): Result.Result<ParticipantRef, TwilioError> => check({ interactionSid, channelSid, participantSid } as ParticipantRef)

/**
 * Names a participant by its URL, as in `url` of a participant. Only the SIDs in its path are taken: requests go to the
 * configured origin, whatever the URL's. Anything else is `InvalidRequest`.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const agent = Participant.fromUrl(
 *   "https://flex-api.twilio.com/v1/Interactions/KD00000000000000000000000000000001/Channels/UO00000000000000000000000000000001/Participants/UT00000000000000000000000000000002"
 * )
 * Result.getOrThrow(agent).participantSid // => "UT00000000000000000000000000000002"
 * ```
 */
export const fromUrl = (url: string): Result.Result<ParticipantRef, TwilioError> => {
  const [, interactionSid = "", channelSid = "", participantSid] = route.exec(pathname(url)) ?? []
  return participantSid === undefined
    ? Result.fail(
        invalid("reference", "url: expected the URL of a participant, …/Interactions/KD…/Channels/UO…/Participants/UT…")
      )
    : participant(interactionSid, channelSid, participantSid)
}

/**
 * Names a channel by its URL, or by that of what is below it: participants, invites, transfers, or one of them; otherwise as
 * {@link fromUrl}.
 *
 * @example
 * ```ts
 * import { Result } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const channel = Participant.channelFromUrl(
 *   "https://flex-api.twilio.com/v1/Interactions/KD00000000000000000000000000000001/Channels/UO00000000000000000000000000000001"
 * )
 * Result.getOrThrow(channel).channelSid // => "UO00000000000000000000000000000001"
 * ```
 */
export const channelFromUrl = (url: string): Result.Result<ChannelRef, TwilioError> => {
  const [, interactionSid, channelSid] = below.exec(pathname(url)) ?? []
  return interactionSid === undefined || channelSid === undefined
    ? Result.fail(invalid("reference", "url: expected the URL of a channel, …/Interactions/KD…/Channels/UO…"))
    : channel(interactionSid, channelSid)
}

const route = /^\/v1\/Interactions\/([^/]+)\/Channels\/([^/]+)\/Participants\/([^/]+)\/?$/u
const below =
  /^\/v1\/Interactions\/([^/]+)\/Channels\/([^/]+)(?:\/(?:Participants|Invites|Transfers)(?:\/[^/]+)?)?\/?$/u

const pathname = (url: string) => (URL.canParse(url) ? new URL(url).pathname : "")

/** Types are gone at run time, when a reference can be missing altogether. */
const check = <Ref extends ChannelRef>(ref: Ref): Result.Result<Ref, TwilioError> => {
  const given: Partial<ParticipantRef> = Object(ref)
  const problem =
    named("interactionSid", Sid.problem("KD", given.interactionSid)) ??
    named("channelSid", Sid.problem("UO", given.channelSid)) ??
    ("participantSid" in given ? named("participantSid", Sid.problem("UT", given.participantSid)) : undefined)
  return problem === undefined ? Result.succeed(ref) : Result.fail(invalid("reference", problem))
}

const named = (name: string, problem: string | undefined) => (problem === undefined ? undefined : `${name}: ${problem}`)
