/** The tool `list_participants`: who is in a channel. Reads only. */
import { Participant, Participants } from "@flex-interactions/core"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Mutable } from "effect/Types"
import type { Call } from "./Call.ts"
import * as Fields from "./Fields.ts"
import * as Tool from "./Tool.ts"
import { goodTime, tooLong, wrongArguments } from "./ToolError.ts"

const Input = Schema.Struct({
  ...Fields.channel,
  type: Schema.optionalKey(
    Schema.Literals(Participant.knownTypes).annotate({ description: 'Only these; applied before limit, e.g. "agent"' })
  ),
  limit: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })).annotate({
      description: "At most; default 50, e.g. 20"
    })
  ),
  cursor: Schema.optionalKey(
    Schema.String.check(Schema.isPattern(/^[\w-]+$/u)).annotate({
      description: 'next_cursor of the last answer, e.g. "eyJjaGFubmVsIjoi"'
    })
  )
})

const Output = Schema.Struct({
  participants: Schema.Array(
    Schema.Struct({
      participant_sid: Fields.sid("UT"),
      type: Fields.text("agent, customer and so on"),
      worker_sid: Fields.sid("WK"),
      task_sid: Fields.sid("WT"),
      reservation_sid: Fields.sid("WR")
    })
  ).annotate({ description: "In Twilio's order" }),
  next_cursor: Schema.optionalKey(Fields.text("More: pass it as cursor"))
})

/** What one call reads at most: a filter that matches few can end an answer early, with a cursor, as the time can. */
const maxPages = 20

const read = Effect.fnUntraced(function* (input: typeof Input.Type, call: Call) {
  const participants = yield* Participants.Participants
  const channel = Fields.channelOf(input)
  const limit = input.limit ?? 50
  const wanted = (participant: Participant.Participant) => input.type === undefined || participant.type === input.type

  const pageSize = input.type === undefined ? limit : Participants.maxPageSize
  let place: Place = { page: {}, skip: 0, pageSize }
  if (input.cursor !== undefined) {
    const parsed = parse(channel, input.cursor)
    if (parsed === undefined) {
      return yield* wrongArguments("cursor: not one that list_participants gave for this channel")
    }
    place = parsed
  }

  const clock = yield* Clock.Clock
  const now = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6
  const end = now() + goodTime
  const rows: Array<Row> = []
  let seen = 0
  for (let pages = 1; ; pages++) {
    const inTime = yield* participants
      .page(channel, { pageSize: place.pageSize, cursor: place.page })
      .pipe(Effect.timeoutOption(Math.max(end - now(), 0)))
    if (Option.isNone(inTime)) {
      return yield* pages === 1 ? tooLong : Effect.succeed({ participants: rows, next_cursor: format(channel, place) })
    }
    const page = inTime.value
    seen += page.items.length
    yield* call.progress(`${seen} participants read`)
    for (const [index, participant] of page.items.entries()) {
      if (index < place.skip || !wanted(participant)) continue
      if (rows.length === limit) return { participants: rows, next_cursor: format(channel, { ...place, skip: index }) }
      rows.push(row(participant))
    }
    if (page.next === undefined) return { participants: rows }
    place = { page: page.next, skip: 0, pageSize: place.pageSize }
    if (rows.length === limit || pages === maxPages) return { participants: rows, next_cursor: format(channel, place) }
  }
})

export const listParticipants = Tool.read({
  name: "list_participants",
  summary: "Lists who is in a channel, page by page, all or of one type. Reads only.",
  title: () => "List Flex channel participants",
  description: ({ statuses }) =>
    "Lists who is in one Flex interaction channel: agents, customers, supervisors. Reads only. " +
    (statuses.length === 0 ? "" : "Gives participant_sid for set_participant_status: not needed if you have it. ") +
    "Cannot find interactions: both SIDs come from a task's attributes. Reports no status; an agent that has left may still be " +
    "listed. No next_cursor: complete.",
  input: () => Input,
  output: Output,
  read
})

/**
 * What an assistant needs of a participant: no nulls, no URL, not the channel again. What Twilio's reply holds may have
 * been written by anybody: a SID is one, or the client has left it out; a type is shown if it is a single short word.
 */
const row = (participant: Participant.Participant): Row => {
  const { routingProperties, sid } = participant
  const type = /^[a-zA-Z][a-zA-Z0-9_]{0,19}$/u.test(participant.type) ? participant.type : "unknown"
  // Key by key: a spread for each key that may be missing took longer than to parse Twilio's reply.
  const row: Mutable<Row> = sid === undefined ? { type } : { participant_sid: sid, type }
  if (routingProperties === undefined) return row
  const { reservationSid, taskSid, workerSid } = routingProperties
  if (workerSid !== undefined) row.worker_sid = workerSid
  if (taskSid !== undefined) row.task_sid = taskSid
  if (reservationSid !== undefined) row.reservation_sid = reservationSid
  return row
}

type Row = (typeof Output.Type.participants)[number]

/** Where an answer ended: the page, and how far into it. */
interface Place {
  readonly page: Participants.Cursor
  readonly skip: number
  readonly pageSize: number
}

const between = (minimum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum: Participants.maxPageSize }))

/** A cursor carries the channel that it belongs to. */
const Cursor = Schema.StringFromBase64Url.pipe(
  Schema.decodeTo(
    Schema.fromJsonString(
      Schema.Struct({
        channel: Schema.String,
        page: Participants.Cursor,
        skip: between(0),
        pageSize: between(1)
      })
    )
  )
)
const encodeCursor = Schema.encodeSync(Cursor)
const decodeCursor = Schema.decodeOption(Cursor)

const format = (channel: Participant.ChannelRef, place: Place): string =>
  encodeCursor({ channel: channel.channelSid, ...place })

const parse = (channel: Participant.ChannelRef, cursor: string): Place | undefined =>
  decodeCursor(cursor).pipe(
    Option.filter((place) => place.channel === channel.channelSid),
    Option.getOrUndefined
  )
