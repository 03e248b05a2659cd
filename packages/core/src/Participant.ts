/**
 * The participants of a Flex interaction channel, and how to refer to a channel and to a participant.
 *
 * What comes in is closed: two statuses, three SID patterns. What goes out is open: Twilio's OpenAPI document makes no
 * field required and nearly all nullable, so a field that is missing or null is left out here, an unknown type is kept
 * as it is, and unknown routing properties are kept too.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
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
 * - `"closed"`: the reservation is completed and the agent leaves. The conversation *stays open* as well: the customer can
 *   be left alone in it, until someone closes the channel.
 *
 * Nothing leads back from either.
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
export type ParticipantType = (typeof knownTypes)[number] | (string & {})

/**
 * Names a channel. Made by {@link channel} or {@link channelFromUrl}; a {@link ParticipantRef} and a {@link Participant} are one too.
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-interactions/core"
 *
 * const isSame = (one: Participant.ChannelRef, other: Participant.ChannelRef) =>
 *   one.interactionSid === other.interactionSid && one.channelSid === other.channelSid
 * ```
 */
export interface ChannelRef {
  readonly interactionSid: Sid.InteractionSid
  readonly channelSid: Sid.ChannelSid
}

/**
 * Names a participant of a channel. Made by {@link participant}, {@link ref} or {@link fromUrl}.
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
export interface ParticipantRef extends ChannelRef {
  readonly participantSid: Sid.ParticipantSid
}

/**
 * Who works on what, for an agent. Any key may be missing, and Twilio may add others: those are kept under Twilio's own
 * names. What Twilio sends as `task_sid`, `worker_sid` or `reservation_sid` and is not such a SID is kept under that name.
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-interactions/core"
 *
 * const routing: Participant.RoutingProperties = { worker_sid: "not a SID", flow: "after-hours" }
 * routing.workerSid // => undefined
 * routing["flow"] // => "after-hours"
 * ```
 */
export interface RoutingProperties {
  readonly taskSid?: Sid.TaskSid
  readonly workerSid?: Sid.WorkerSid
  readonly reservationSid?: Sid.ReservationSid
  readonly [other: string]: Schema.Json | undefined
}

/**
 * One participant, as the list gives it. There is no status: no operation of the API reports one, and an agent that has
 * left can stay in the list.
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-interactions/core"
 *
 * const describe = ({ routingProperties, sid, type }: Participant.Participant) =>
 *   `${type} ${sid ?? "without a SID"} ${routingProperties?.workerSid ?? ""}`
 * ```
 */
export interface Participant extends ChannelRef {
  /** Missing only if Twilio sent none, or something that is not one; such a participant cannot be referred to. */
  readonly sid?: Sid.ParticipantSid
  /** `"unknown"` if Twilio left it out. */
  readonly type: ParticipantType
  readonly url?: string
  /** Agents have them; customers do not. Left out if Twilio sends something else than an object. */
  readonly routingProperties?: RoutingProperties
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
 * import { Effect } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const customer = Effect.map(
 *   Participant.channel("KD00000000000000000000000000000001", "UO00000000000000000000000000000001"),
 *   (channel): Participant.Participant => ({ ...channel, type: "customer" })
 * )
 * Effect.runSync(Effect.map(customer, Participant.isAgent)) // => false
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
 * `flexInteractionChannelSid`. Fails with `InvalidRequest`, which says what is wrong with which of them.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const channel = Participant.channel("KD00000000000000000000000000000001", "UO0001")
 * Effect.runSync(Effect.flip(channel)).message // => "reference: channelSid: expected UO followed by 32 hexadecimal digits, got 6 characters"
 * ```
 */
export const channel = (interactionSid: string, channelSid: string): Effect.Effect<ChannelRef, TwilioError> =>
  check({ interactionSid, channelSid } as ChannelRef)

/**
 * Names a participant by its three SIDs. Fails with `InvalidRequest`, which says what is wrong with which of them.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const agent = Participant.participant(
 *   "KD00000000000000000000000000000001",
 *   "UO00000000000000000000000000000001",
 *   "UT00000000000000000000000000000002"
 * )
 * Effect.runSync(agent).participantSid // => "UT00000000000000000000000000000002"
 * ```
 */
export const participant = (
  interactionSid: string,
  channelSid: string,
  participantSid: string
): Effect.Effect<ParticipantRef, TwilioError> => check({ interactionSid, channelSid, participantSid } as ParticipantRef)

/**
 * Names a participant by its URL, as in `url` of a participant. Only the SIDs in its path are taken: requests go to the
 * configured origin, whatever the URL's. Fails with `InvalidRequest`.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const agent = Participant.fromUrl(
 *   "https://flex-api.twilio.com/v1/Interactions/KD00000000000000000000000000000001/Channels/UO00000000000000000000000000000001/Participants/UT00000000000000000000000000000002"
 * )
 * Effect.runSync(agent).participantSid // => "UT00000000000000000000000000000002"
 * ```
 */
export const fromUrl = (url: string): Effect.Effect<ParticipantRef, TwilioError> => {
  const [, interactionSid = "", channelSid = "", participantSid] = route.exec(pathname(url)) ?? []
  return participantSid === undefined
    ? Effect.fail(
        invalid("reference", "url: expected the URL of a participant, …/Interactions/KD…/Channels/UO…/Participants/UT…")
      )
    : participant(interactionSid, channelSid, participantSid)
}

/**
 * Names a channel by its URL, or by that of its participants, or of one of them; otherwise as {@link fromUrl}.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Participant } from "@flex-interactions/core"
 *
 * const channel = Participant.channelFromUrl(
 *   "https://flex-api.twilio.com/v1/Interactions/KD00000000000000000000000000000001/Channels/UO00000000000000000000000000000001"
 * )
 * Effect.runSync(channel).channelSid // => "UO00000000000000000000000000000001"
 * ```
 */
export const channelFromUrl = (url: string): Effect.Effect<ChannelRef, TwilioError> => {
  const [, interactionSid, channelSid] = route.exec(pathname(url)) ?? []
  return interactionSid === undefined || channelSid === undefined
    ? Effect.fail(invalid("reference", "url: expected the URL of a channel, …/Interactions/KD…/Channels/UO…"))
    : channel(interactionSid, channelSid)
}

const route = /^\/v1\/Interactions\/([^/]+)\/Channels\/([^/]+)(?:\/Participants(?:\/([^/]+))?)?\/?$/u

const pathname = (url: string) => (URL.canParse(url) ? new URL(url).pathname : "")

/** Types are gone at run time, when a reference can be missing altogether. */
const check = <Ref extends ChannelRef>(ref: Ref): Effect.Effect<Ref, TwilioError> => {
  const given: Partial<ParticipantRef> = Object(ref)
  const problem =
    named("interactionSid", Sid.problem("KD", given.interactionSid)) ??
    named("channelSid", Sid.problem("UO", given.channelSid)) ??
    ("participantSid" in given ? named("participantSid", Sid.problem("UT", given.participantSid)) : undefined)
  return problem === undefined ? Effect.succeed(ref) : Effect.fail(invalid("reference", problem))
}

const named = (name: string, problem: string | undefined) => (problem === undefined ? undefined : `${name}: ${problem}`)
