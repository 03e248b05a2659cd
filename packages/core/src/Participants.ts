/**
 * The service: list the participants of a channel, and set the status of an agent.
 *
 * Every method checks its input before any I/O and fails with one error, `TwilioError`.
 *
 * Source of the two operations: Twilio's page "Interaction Channel Participants".
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { TwilioClient } from "./TwilioClient.ts"
import { TwilioError, invalid, type Operation, UnexpectedResponse } from "./TwilioError.ts"
import * as Telemetry from "./internal/telemetry.ts"
import { decodeMoved, decodePageOf, toCursor, toParticipant } from "./internal/wire.ts"
import { type ChannelRef, check, type Participant, type ParticipantRef, ParticipantStatus } from "./Participant.ts"

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
export const maxPageSize = 1000

/**
 * Where a next page starts. Comes from a page, goes into the request for the next; nothing in it is for reading.
 *
 * @example
 * ```ts
 * import { Participant, Participants } from "@flex-interactions/core"
 *
 * const nextPage = (participants: Participants.Participants["Service"], channel: Participant.ChannelRef, cursor: Participants.Cursor) =>
 *   participants.page(channel, { cursor })
 * ```
 */
export interface Cursor {
  readonly page?: string
  readonly pageToken?: string
}

/**
 * What one request lists. It can be empty and still have a next.
 *
 * @example
 * ```ts
 * import { Participants } from "@flex-interactions/core"
 *
 * const isLast = ({ next }: Participants.Page) => next === undefined
 * isLast({ participants: [] }) // => true
 * isLast({ participants: [], next: { pageToken: "PT1" } }) // => false
 * ```
 */
export interface Page {
  readonly participants: ReadonlyArray<Participant>
  /** Missing on the last page. */
  readonly next?: Cursor
}

/**
 * The service. All four methods fail with `TwilioError` alone, and need nothing from the context.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { Participant, Participants } from "@flex-interactions/core"
 *
 * const countAgents = Effect.gen(function* () {
 *   const participants = yield* Participants.Participants
 *   const channel = yield* Participant.channel("KD00000000000000000000000000000001", "UO00000000000000000000000000000001")
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
     * page before.
     */
    readonly page: (
      channel: ChannelRef,
      options?: { readonly pageSize?: number; readonly cursor?: Cursor }
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
     * and no larger than they must be). All of them are in memory at once: see `stream`.
     */
    readonly list: (
      channel: ChannelRef,
      options?: { readonly limit?: number; readonly pageSize?: number }
    ) => Effect.Effect<ReadonlyArray<Participant>, TwilioError>

    /**
     * Moves an agent to `"wrapup"` or `"closed"`; nothing leads back. Success says that Twilio accepted the change: the
     * reply is the participant, and no reply of this API reports a status. `OutcomeUnknown` says that nobody knows whether
     * the change was applied; `Conflict`, that the participant is not an agent or has already left.
     */
    readonly setStatus: (ref: ParticipantRef, status: ParticipantStatus) => Effect.Effect<Participant, TwilioError>
  }
>()("@flex-interactions/core/Participants") {
  static readonly layer: Layer.Layer<Participants, never, TwilioClient> = Layer.effect(
    Participants,
    Effect.gen(function* () {
      const client = yield* TwilioClient

      const fetchPage = Effect.fnUntraced(function* (channel: ChannelRef, pageSize?: number, cursor?: Cursor) {
        yield* check("list", channel)
        if (pageSize !== undefined) yield* within("pageSize", pageSize, maxPageSize)
        const wire = yield* client.execute(
          "list",
          HttpClientRequest.get(path(channel), {
            urlParams: { PageSize: pageSize, Page: cursor?.page, PageToken: cursor?.pageToken }
          }),
          decodePageOf(channel)
        )
        yield* Telemetry.add("twilio.pages", 1)
        const nextPageUrl = wire.meta?.next_page_url
        const next = nextPageUrl == null ? undefined : toCursor(nextPageUrl)
        if (nextPageUrl != null && next === undefined) {
          return yield* broken("next_page_url has no PageToken and no Page")
        }
        const participants = wire.participants.map(toParticipant(channel))
        return next === undefined ? { participants } : { participants, next }
      })

      const page = (channel: ChannelRef, options?: { readonly pageSize?: number; readonly cursor?: Cursor }) =>
        fetchPage(channel, options?.pageSize, options?.cursor).pipe(Telemetry.withSpan("Participants.page", "list"))

      const stream = (channel: ChannelRef, options?: { readonly pageSize?: number }) => {
        const fetchFrom = (cursor?: Cursor) => fetchPage(channel, options?.pageSize ?? maxPageSize, cursor)
        const pages = Effect.map(Effect.scope, (scope) =>
          Stream.paginate({ page: fetchFrom(), guard: firstGuard }, ({ page, guard }) =>
            Effect.gen(function* () {
              const { participants, next } = yield* page
              if (next === undefined) return [participants, Option.none()] as const
              const further = yield* advance(guard, next)
              // The next page is asked for once this one's consumer has paused: who stops at once asks for no more.
              const ahead = yield* Effect.forkIn(Effect.andThen(Effect.yieldNow, fetchFrom(next)), scope)
              return [participants, Option.some({ page: Fiber.join(ahead), guard: further })] as const
            })
          )
        )
        return Stream.withSpan(Stream.unwrap(pages), "Participants.stream", spanOf("list"))
      }

      const list = Effect.fnUntraced(
        function* (channel: ChannelRef, options?: { readonly limit?: number; readonly pageSize?: number }) {
          const limit = options?.limit ?? Number.POSITIVE_INFINITY
          if (options?.limit !== undefined) yield* within("limit", limit, Number.MAX_SAFE_INTEGER)
          const pageSize = options?.pageSize ?? fitting(limit)
          const everyone: Array<Participant> = []
          let cursor: Cursor | undefined
          let guard = firstGuard
          while (true) {
            const { participants, next }: Page = yield* fetchPage(channel, pageSize, cursor)
            for (const participant of participants) everyone.push(participant)
            if (everyone.length >= limit) return everyone.slice(0, limit)
            if (next === undefined) return everyone
            guard = yield* advance(guard, next)
            cursor = next
          }
        },
        Telemetry.withSpan("Participants.list", "list")
      )

      const setStatus = Effect.fnUntraced(
        function* (ref: ParticipantRef, status: ParticipantStatus) {
          yield* check("setStatus", ref)
          if (!isStatus(status)) return yield* invalid("setStatus", "status: expected wrapup or closed")
          const wire = yield* client.execute(
            "setStatus",
            HttpClientRequest.post(`${path(ref)}/${ref.participantSid}`).pipe(
              HttpClientRequest.bodyUrlParams({ Status: status })
            ),
            decodeMoved(ref)
          )
          return { ...toParticipant(ref)(wire), sid: ref.participantSid }
        },
        Telemetry.withSpan("Participants.setStatus", "setStatus")
      )

      return Participants.of({ page, stream, list, setStatus })
    })
  )
}

const spanOf = (operation: Operation) => ({ attributes: { "twilio.operation": operation } })

const isStatus = Schema.is(ParticipantStatus)

const path = (channel: ChannelRef) =>
  `/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}/Participants`

const within = (name: string, value: number, most: number) =>
  Number.isInteger(value) && value >= 1 && value <= most
    ? Effect.void
    : invalid("list", `${name}: expected a whole number from 1 to ${most}`)

/** The smallest page size with which `limit` takes the fewest pages. */
const fitting = (limit: number) =>
  Number.isFinite(limit) ? Math.ceil(limit / Math.ceil(limit / maxPageSize)) : maxPageSize

const broken = (problem: string) => new TwilioError({ operation: "list", reason: new UnexpectedResponse({ problem }) })

/**
 * Finds a circle of pages of any length while remembering one of them (Brent's algorithm): the mark moves to the current
 * page each time the distance since the last move has doubled.
 */
interface Guard {
  readonly mark: string | undefined
  readonly steps: number
  readonly power: number
}
const firstGuard: Guard = { mark: undefined, steps: 0, power: 1 }

/** Where there is a token it alone says where a page starts; `Page` is "simply for client state", says Twilio. */
const advance = ({ mark, power, steps }: Guard, { page, pageToken }: Cursor): Effect.Effect<Guard, TwilioError> => {
  const key = pageToken ?? `Page=${page}`
  if (key === mark) return Effect.fail(broken("the pages repeat"))
  return Effect.succeed(
    steps + 1 === power ? { mark: key, steps: 0, power: power * 2 } : { mark, steps: steps + 1, power }
  )
}
