/** The tool `list_participants`: who is in a channel. Reads only. */
import { FlexError, Participant, Participants, Sid } from "@flex-participants/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

export const name = "list_participants"

export const title = "List the participants of a Flex interaction channel"

export const description =
  "Lists who takes part in one Flex interaction channel: agents, customers, supervisors. Read-only. Call it before " +
  "set_participant_status: it gives the participant_sid of each agent. It cannot find interactions: interaction_sid and " +
  "channel_sid come from a task's attributes flexInteractionSid and flexInteractionChannelSid. It reports no status (Twilio " +
  "has no way to read one), and an agent that has left may still be listed."

export const annotations = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true }

/** What both tools ask for. */
export const channelFields = {
  interaction_sid: Sid.InteractionSid.annotate({
    description: "The interaction: task attribute flexInteractionSid. Example: KD0123456789abcdef0123456789abcdef"
  }),
  channel_sid: Sid.ChannelSid.annotate({
    description:
      "The interaction's channel: task attribute flexInteractionChannelSid. Example: UO0123456789abcdef0123456789abcdef"
  })
}

export const Input = Schema.Struct({
  ...channelFields,
  type: Schema.optionalKey(
    Schema.Literals(Participant.knownTypes).annotate({
      description: 'Only participants of this type. Example: "agent"'
    })
  ),
  limit: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 200 })).annotate({
      description: "At most so many participants in one answer; default 50. Example: 20"
    })
  ),
  cursor: Schema.optionalKey(
    Schema.String.annotate({
      description: "next_cursor of the previous answer for the same channel, to go on from there"
    })
  )
})

export const Output = Schema.Struct({
  participants: Schema.Array(
    Schema.Struct({
      participant_sid: Schema.optionalKey(Schema.String),
      type: Schema.String,
      worker_sid: Schema.optionalKey(Schema.String),
      task_sid: Schema.optionalKey(Schema.String),
      reservation_sid: Schema.optionalKey(Schema.String)
    })
  ),
  next_cursor: Schema.optionalKey(
    Schema.String.annotate({ description: "There are more: pass it as cursor to get them" })
  )
})

export const handle = Effect.fn("list_participants")(function* (input: typeof Input.Type) {
  const participants = yield* Participants.Participants
  const channel = { interactionSid: input.interaction_sid, channelSid: input.channel_sid }
  const limit = input.limit ?? 50
  const wanted = (participant: Participant.Participant) => input.type === undefined || participant.type === input.type

  let place: Place = { page: {}, skip: 0, pageSize: input.type === undefined ? limit : Participants.maxPageSize }
  if (input.cursor !== undefined) {
    const parsed = parse(channel, input.cursor)
    if (parsed === undefined) {
      return yield* FlexError.invalid("list", "cursor: not one that list_participants gave for this channel")
    }
    place = parsed
  }

  const rows: Array<(typeof Output.Type.participants)[number]> = []
  while (true) {
    const page = yield* participants.page(channel, { pageSize: place.pageSize, cursor: place.page })
    for (const [index, participant] of page.participants.entries()) {
      if (index < place.skip || !wanted(participant)) continue
      if (rows.length === limit) return { participants: rows, next_cursor: format(channel, { ...place, skip: index }) }
      rows.push(row(participant))
    }
    if (page.next === undefined) return { participants: rows }
    place = { page: page.next, skip: 0, pageSize: place.pageSize }
    if (rows.length === limit) return { participants: rows, next_cursor: format(channel, place) }
  }
})

/** What an assistant needs of a participant: no nulls, no URL, not the channel again. */
export const row = (participant: Participant.Participant) => ({
  ...(participant.sid === undefined ? undefined : { participant_sid: participant.sid }),
  type: participant.type,
  ...who(participant)
})

/** The worker, the task and the reservation, as far as they are known. */
export const who = ({ routingProperties }: Participant.Participant) => ({
  ...(routingProperties?.workerSid === undefined ? undefined : { worker_sid: routingProperties.workerSid }),
  ...(routingProperties?.taskSid === undefined ? undefined : { task_sid: routingProperties.taskSid }),
  ...(routingProperties?.reservationSid === undefined
    ? undefined
    : { reservation_sid: routingProperties.reservationSid })
})

/** Where an answer ended: the page, and how far into it. */
interface Place {
  readonly page: Participants.Cursor
  readonly skip: number
  readonly pageSize: number
}

const count = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: Participants.maxPageSize }))
const text = Schema.optionalKey(Schema.String)

/** A cursor carries the channel that it belongs to. */
const Cursor = Schema.StringFromBase64Url.pipe(
  Schema.decodeTo(
    Schema.fromJsonString(
      Schema.Struct({
        channel: Schema.String,
        page: Schema.Struct({ page: text, pageToken: text }),
        skip: count,
        pageSize: count
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
