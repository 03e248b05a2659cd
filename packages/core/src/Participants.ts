/**
 * The service: list the participants of a channel, and set the status of an agent.
 *
 * Every method checks its input before any I/O and fails with one error, `TwilioError`.
 *
 * Source of the two operations: Twilio's page "Interaction Channel Participants".
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import * as Endpoint from "./internal/endpoint.ts"
import { invalid } from "./internal/invalid.ts"
import * as Paging from "./internal/paging.ts"
import {
  type ChannelRef,
  ofChannel,
  type Participant,
  type ParticipantRef,
  ParticipantStatus,
  Row
} from "./Participant.ts"
import * as Sid from "./Sid.ts"
import { TwilioClient } from "./TwilioClient.ts"
import type { TwilioError } from "./TwilioError.ts"

/**
 * The most that one request can list. Source: Twilio's page, `PageSize`.
 *
 * @example
 * ```ts
 * import { Participants } from "@flex-interactions/core"
 *
 * Participants.maxPageSize // => 1000
 * ```
 */
export const maxPageSize = Paging.maxPageSize

/**
 * Where a next page starts. Comes from a page, goes into the request for the next; nothing in it is for reading. It can be
 * kept as JSON by this schema. It carries what finds pages that go round in a circle, from one process to another too.
 *
 * @example
 * ```ts
 * import { Participant, Participants } from "@flex-interactions/core"
 *
 * const nextPage = (participants: Participants.Participants["Service"], channel: Participant.ChannelRef, cursor: Participants.Cursor) =>
 *   participants.page(channel, { cursor })
 * ```
 */
export const Cursor = Paging.Cursor
/** What {@link Cursor} accepts. */
export type Cursor = typeof Cursor.Type

/**
 * What one request lists. It can be empty and still have a next.
 *
 * @example
 * ```ts
 * import { Participants } from "@flex-interactions/core"
 *
 * const isLast = ({ next }: Participants.Page) => next === undefined
 * isLast({ items: [] }) // => true
 * isLast({ items: [], next: { pageToken: "PT1" } }) // => false
 * ```
 */
export interface Page extends Paging.Page<Participant> {}

/**
 * The service. All five methods fail with `TwilioError` alone, and need nothing from the context.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Participant, Participants } from "@flex-interactions/core"
 *
 * const countAgents = Effect.gen(function* () {
 *   const participants = yield* Participants.Participants
 *   const channel = yield* Effect.fromResult(
 *     Participant.channel("KD00000000000000000000000000000001", "UO00000000000000000000000000000001")
 *   )
 *   const everyone = yield* participants.list(channel)
 *   return everyone.filter(Participant.isAgent).length
 * })
 *
 * const nobody = Layer.mock(Participants.Participants, { list: () => Effect.succeed([]) })
 * await Effect.runPromise(Effect.provide(countAgents, nobody)) // => 0
 * ```
 */
export class Participants extends Context.Service<
  Participants,
  {
    /**
     * One page: up to `pageSize` participants (1–1000; Twilio's default is 50), from `cursor` on, which is `next` of the
     * page before. `connection: "fresh"` reads it over a connection that nothing else was sent over, as a read does that
     * proves a change: the reply cannot be the one to another request.
     */
    readonly page: (
      channel: ChannelRef,
      options?: { readonly pageSize?: number; readonly cursor?: Cursor; readonly connection?: "kept" | "fresh" }
    ) => Effect.Effect<Page, TwilioError>

    /**
     * All participants, in constant memory: page after page (of `pageSize`, 1–1000, default 1000). While a consumer is busy
     * with one page the next is fetched, and never more than that one. Pages that go round in a circle are
     * `UnexpectedResponse`.
     */
    readonly stream: (
      channel: ChannelRef,
      options?: { readonly pageSize?: number }
    ) => Stream.Stream<Participant, TwilioError>

    /**
     * All participants, or the first `limit` (1 or more); pages of `pageSize` (1–1000; by default as few pages as will do,
     * and no larger than they must be). All of them are in memory at once: see `stream`. `connection` as for `page`.
     */
    readonly list: (
      channel: ChannelRef,
      options?: { readonly limit?: number; readonly pageSize?: number; readonly connection?: "kept" | "fresh" }
    ) => Effect.Effect<ReadonlyArray<Participant>, TwilioError>

    /**
     * The participant with this SID, if the channel has it: pages of 1000 are read until it is found. `onPage` is run after
     * each page with the number of participants read so far.
     */
    readonly find: (
      channel: ChannelRef,
      participant: Sid.ParticipantSid,
      options?: { readonly onPage?: (read: number) => Effect.Effect<void> }
    ) => Effect.Effect<Option.Option<Participant>, TwilioError>

    /**
     * Moves an agent to `"wrapup"` or `"closed"`; this can't be undone. Success says that Twilio accepted the change: the
     * reply is the participant, and no reply of this API reports a status. `OutcomeUnknown` says that nobody knows whether
     * the change was applied; `Conflict`, that the participant is not an agent or has already left.
     */
    readonly setStatus: (ref: ParticipantRef, status: ParticipantStatus) => Effect.Effect<Participant, TwilioError>
  }
>()("@flex-interactions/core/Participants") {}

const notFound =
  "this account has no such interaction, channel or participant: check that the SIDs come from one task of this account"

const listParticipants = Paging.endpoint({
  name: "Participants.list",
  host: "flex",
  path: "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants",
  rows: "participants",
  row: Row,
  notFound
})

const setStatus = Endpoint.make({
  name: "Participants.setStatus",
  host: "flex",
  method: "POST",
  path: "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants/{ParticipantSid}",
  access: "write",
  reply: Schema.decodeUnknownResult(Row),
  notFound,
  conflict: "the participant is not an agent, or has already left or reached this status"
})

/**
 * The service, on a {@link TwilioClient}.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Participants, TwilioClient } from "@flex-interactions/core"
 *
 * const live = Participants.layer.pipe(Layer.provide(TwilioClient.layerConfig()), Layer.provide(FetchHttpClient.layer))
 * ```
 */
export const layer: Layer.Layer<Participants, never, TwilioClient> = Layer.effect(
  Participants,
  Effect.gen(function* () {
    const client = yield* TwilioClient
    const participants = Paging.make(client, listParticipants, ofChannel)
    return Participants.of({
      page: participants.page,
      stream: participants.stream,
      list: participants.list,

      find: (channel, sid, options) => {
        const problem = Sid.problem("UT", sid)
        return problem === undefined
          ? participants.find(channel, (participant) => participant.sid?.toLowerCase() === sid.toLowerCase(), options)
          : Effect.fail(invalid(listParticipants.name, `participantSid: ${problem}`))
      },

      setStatus: (ref, status) =>
        isStatus(status)
          ? Effect.map(client.execute(setStatus, { params: ref, form: { Status: status } }), (row) => ({
              ...ofChannel(ref)(row),
              sid: ref.participantSid
            }))
          : Effect.fail(invalid(setStatus.name, "status: expected wrapup or closed"))
    })
  })
)

const isStatus = Schema.is(ParticipantStatus)
