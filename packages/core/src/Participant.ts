/**
 * The participants of a Flex interaction channel, and how to refer to a channel and to a participant.
 *
 * What comes in is closed: two statuses, three SID patterns. What goes out is open: Twilio's OpenAPI document makes no
 * field required and nearly all nullable, so a field that is missing or null is left out here, an unknown type is kept
 * as it is, and unknown routing properties are kept too.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { FlexError, invalid } from "./FlexError.ts"
import * as Sid from "./Sid.ts"

/** The statuses that an agent can be moved to. Source: Twilio's page, "Modify a Channel Participant". */
export const ParticipantStatus = Schema.Literals(["wrapup", "closed"])
/**
 * - `"wrapup"`: the agent's reservation goes to wrapping; the agent may still finish up. The conversation stays open.
 * - `"closed"`: the reservation is completed and the agent leaves. The conversation *stays open* as well: the customer can
 *   be left alone in it, until someone closes the channel.
 *
 * Nothing leads back from either.
 */
export type ParticipantStatus = typeof ParticipantStatus.Type

/** The types that Twilio documents. */
export const knownTypes = ["agent", "customer", "supervisor", "external", "unknown"] as const

/** One of {@link knownTypes}, or what Twilio may add to them. */
export type ParticipantType = (typeof knownTypes)[number] | (string & {})

/** Names a channel. Made by {@link channel}. */
export interface ChannelRef {
  readonly interactionSid: Sid.InteractionSid
  readonly channelSid: Sid.ChannelSid
}

/** Names a participant of a channel. Made by {@link participant} or {@link ref}. */
export interface ParticipantRef extends ChannelRef {
  readonly participantSid: Sid.ParticipantSid
}

/** Who works on what, for an agent. Any key may be missing, and Twilio may add others, which are kept. */
export interface RoutingProperties {
  readonly taskSid?: Sid.TaskSid
  readonly workerSid?: Sid.WorkerSid
  readonly reservationSid?: Sid.ReservationSid
  readonly [other: string]: Schema.Json | undefined
}

/**
 * One participant, as the list gives it. There is no status: no operation of the API reports one, and an agent that has
 * left can stay in the list.
 */
export interface Participant extends ChannelRef {
  /** Missing only if Twilio left it out; such a participant cannot be referred to. */
  readonly sid?: Sid.ParticipantSid
  /** `"unknown"` if Twilio left it out. */
  readonly type: ParticipantType
  readonly url?: string
  /** Agents have them; customers do not. */
  readonly routingProperties?: RoutingProperties
}

/** A participant that can be moved to a status. */
export interface Agent extends Participant {
  readonly type: "agent"
  readonly sid: Sid.ParticipantSid
}

/** Is this an agent (with a SID), so that its status can be set? */
export const isAgent = (participant: Participant): participant is Agent =>
  participant.type === "agent" && participant.sid !== undefined

/**
 * The reference of a participant out of a list.
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-participants/core"
 *
 * const refs = (participants: ReadonlyArray<Participant.Participant>) =>
 *   participants.filter(Participant.isAgent).map(Participant.ref)
 * ```
 */
export const ref = (participant: Participant & { readonly sid: Sid.ParticipantSid }): ParticipantRef => ({
  interactionSid: participant.interactionSid,
  channelSid: participant.channelSid,
  participantSid: participant.sid
})

/**
 * Names a channel by its two SIDs. Fails with `InvalidRequest`, which says what is wrong with which of them.
 *
 * @example
 * ```ts
 * import { Participant } from "@flex-participants/core"
 *
 * const channel = Participant.channel("KD00000000000000000000000000000001", "UO00000000000000000000000000000001")
 * ```
 */
export const channel = (interactionSid: string, channelSid: string): Effect.Effect<ChannelRef, FlexError> =>
  check("reference", { interactionSid, channelSid } as ChannelRef)

/** Names a participant by its three SIDs. Fails with `InvalidRequest`, which says what is wrong with which of them. */
export const participant = (
  interactionSid: string,
  channelSid: string,
  participantSid: string
): Effect.Effect<ParticipantRef, FlexError> =>
  check("reference", { interactionSid, channelSid, participantSid } as ParticipantRef)

/**
 * Checks a reference before any I/O: types are gone at run time, and a `..` in the place of a SID would rewrite the path.
 *
 * @internal
 */
export const check = <Ref extends ChannelRef>(
  operation: FlexError["operation"],
  ref: Ref
): Effect.Effect<Ref, FlexError> => {
  const problem =
    named("interactionSid", Sid.problem("KD", ref.interactionSid)) ??
    named("channelSid", Sid.problem("UO", ref.channelSid)) ??
    ("participantSid" in ref ? named("participantSid", Sid.problem("UT", ref.participantSid)) : undefined)
  return problem === undefined ? Effect.succeed(ref) : Effect.fail(invalid(operation, problem))
}

const named = (name: string, problem: string | undefined) => (problem === undefined ? undefined : `${name}: ${problem}`)
