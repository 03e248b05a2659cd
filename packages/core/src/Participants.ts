/**
 * The service: list the participants of a channel, and set the status of an agent.
 *
 * Every method checks its input before any I/O and fails with one error, `FlexError`.
 *
 * Source of the two operations: Twilio's page "Interaction Channel Participants".
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { FlexClient } from "./FlexClient.ts"
import { FlexError, invalid, UnexpectedResponse } from "./FlexError.ts"
import { toCursor, toParticipant, WirePage, WireParticipant } from "./internal/wire.ts"
import { type ChannelRef, check, type Participant, type ParticipantRef, ParticipantStatus } from "./Participant.ts"

/** The most that one request can list (documented). */
export const maxPageSize = 1000

/** Where a next page starts. Comes from a page, goes into the request for the next; nothing in it is for reading. */
export interface Cursor {
  readonly page?: string
  readonly pageToken?: string
}

export interface Page {
  readonly participants: ReadonlyArray<Participant>
  /** Missing on the last page. */
  readonly next?: Cursor
}

export class Participants extends Context.Service<
  Participants,
  {
    /** One page: up to `pageSize` participants (1–1000; Twilio's default is 50), from `cursor` on. */
    readonly page: (
      channel: ChannelRef,
      options?: { readonly pageSize?: number; readonly cursor?: Cursor }
    ) => Effect.Effect<Page, FlexError>

    /** All participants, page after page (of `pageSize`, 1–1000, default 1000), holding one page at a time. */
    readonly stream: (
      channel: ChannelRef,
      options?: { readonly pageSize?: number }
    ) => Stream.Stream<Participant, FlexError>

    /** All participants, or the first `limit`; pages of `pageSize` (1–1000; by default what fits `limit`). */
    readonly list: (
      channel: ChannelRef,
      options?: { readonly limit?: number; readonly pageSize?: number }
    ) => Effect.Effect<ReadonlyArray<Participant>, FlexError>

    /**
     * Moves an agent to `"wrapup"` or `"closed"`; nothing leads back. Success says that Twilio accepted the change: the
     * reply is the participant, and no reply of this API reports a status.
     */
    readonly setStatus: (ref: ParticipantRef, status: ParticipantStatus) => Effect.Effect<Participant, FlexError>
  }
>()("@flex-participants/core/Participants") {
  static readonly layer: Layer.Layer<Participants, never, FlexClient> = Layer.effect(
    Participants,
    Effect.gen(function* () {
      const client = yield* FlexClient

      const fetchPage = Effect.fnUntraced(function* (channel: ChannelRef, pageSize?: number, cursor?: Cursor) {
        yield* check("list", channel)
        if (pageSize !== undefined) yield* within("pageSize", pageSize, maxPageSize)
        const wire = yield* client.execute(
          "list",
          HttpClientRequest.get(path(channel), {
            urlParams: { PageSize: pageSize, Page: cursor?.page, PageToken: cursor?.pageToken }
          }),
          decodePage
        )
        const nextPageUrl = wire.meta?.next_page_url
        const next = nextPageUrl == null ? undefined : toCursor(nextPageUrl)
        if (nextPageUrl != null && next === undefined)
          return yield* broken("next_page_url has no PageToken and no Page")
        const participants = wire.participants.map(toParticipant(channel))
        return next === undefined ? { participants } : { participants, next }
      })

      const page = Effect.fn("Participants.page")(
        (channel: ChannelRef, options?: { readonly pageSize?: number; readonly cursor?: Cursor }) =>
          fetchPage(channel, options?.pageSize, options?.cursor)
      )

      const stream = (channel: ChannelRef, options?: { readonly pageSize?: number }) =>
        Stream.paginate({ cursor: undefined, guard: firstGuard } as Position, ({ cursor, guard }) =>
          Effect.flatMap(fetchPage(channel, options?.pageSize ?? maxPageSize, cursor), ({ participants, next }) => {
            if (next === undefined) return Effect.succeed([participants, Option.none()] as const)
            const key = JSON.stringify([next.page, next.pageToken])
            return key === guard.mark
              ? broken("the pages repeat")
              : Effect.succeed([participants, Option.some({ cursor: next, guard: advance(guard, key) })] as const)
          })
        )

      const list = Effect.fn("Participants.list")(function* (
        channel: ChannelRef,
        options?: { readonly limit?: number; readonly pageSize?: number }
      ) {
        const limit = options?.limit
        if (limit === undefined) return yield* Stream.runCollect(stream(channel, options))
        yield* within("limit", limit, Number.MAX_SAFE_INTEGER)
        const pageSize = options?.pageSize ?? Math.min(limit, maxPageSize)
        return yield* Stream.runCollect(Stream.take(stream(channel, { pageSize }), limit))
      })

      const setStatus = Effect.fn("Participants.setStatus")(function* (ref: ParticipantRef, status: ParticipantStatus) {
        yield* check("setStatus", ref)
        if (!isStatus(status)) return yield* invalid("setStatus", "status: expected wrapup or closed")
        const wire = yield* client.execute(
          "setStatus",
          HttpClientRequest.post(`${path(ref)}/${ref.participantSid}`).pipe(
            HttpClientRequest.bodyUrlParams({ Status: status })
          ),
          decodeParticipant
        )
        return toParticipant(ref)(wire)
      })

      return Participants.of({ page, stream, list, setStatus })
    })
  )
}

const decodePage = Schema.decodeUnknownResult(WirePage)
const decodeParticipant = Schema.decodeUnknownResult(WireParticipant)
const isStatus = Schema.is(ParticipantStatus)

const path = (channel: ChannelRef) =>
  `/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}/Participants`

const within = (name: string, value: number, most: number) =>
  Number.isInteger(value) && value >= 1 && value <= most
    ? Effect.void
    : invalid("list", `${name}: expected a whole number from 1 to ${most}`)

const broken = (problem: string) => new FlexError({ operation: "list", reason: new UnexpectedResponse({ problem }) })

/**
 * Finds a cycle of pages of any length while remembering one of them (Brent's algorithm): the mark moves to the current
 * page each time the distance since the last move has doubled.
 */
interface Guard {
  readonly mark: string | undefined
  readonly steps: number
  readonly power: number
}
interface Position {
  readonly cursor: Cursor | undefined
  readonly guard: Guard
}
const firstGuard: Guard = { mark: undefined, steps: 0, power: 1 }
const advance = ({ mark, steps, power }: Guard, key: string): Guard =>
  steps + 1 === power ? { mark: key, steps: 0, power: power * 2 } : { mark, steps: steps + 1, power }
