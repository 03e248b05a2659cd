/** The tool `list_participants`: who is in a channel, where each agent stands, who is on the way. Reads only. */
import { Conversation, Participant } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Cursor from "./Cursor.ts"
import * as Fields from "./Fields.ts"
import { word } from "./Plain.ts"
import * as Scope from "./Scope.ts"
import * as Tool from "./Tool.ts"
import * as View from "./View.ts"
import { goodTime, unseen, wrongArguments } from "./ToolError.ts"

const Input = Schema.Struct({
  ...Fields.channel,
  type: Schema.optionalKey(
    Schema.Literals(Participant.knownTypes).annotate({ description: 'Only these; applied before limit, e.g. "agent"' })
  ),
  worker: Fields.worker,
  standing: Schema.optionalKey(
    Schema.Literals(Conversation.Standing.literals).annotate({ description: 'Only agents who stand so, e.g. "active"' })
  ),
  limit: Fields.limit(200, 50),
  cursor: Fields.cursor,
  details: Fields.details("worker, task and reservation")
})
type Input = typeof Input.Type

const Output = Schema.Struct({
  participants: Schema.Array(
    Schema.Struct({
      participant_sid: Fields.text,
      type: Schema.String,
      ...Fields.agent,
      worker_sid: Fields.text,
      task_sid: Fields.text,
      reservation_sid: Fields.text
    })
  ),
  channel_status: Fields.text,
  on_the_way: Fields.onTheWay,
  customer_alone: Fields.alone,
  complete: Schema.Boolean,
  next_cursor: Fields.nextCursor,
  note: Fields.text
})

/** How many of those who fit were shown. */
const cursors = Cursor.make(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)))

const aboutOf = ({ channel_sid, standing, type, worker }: Input, queues: ReadonlyArray<string>): string =>
  JSON.stringify([channel_sid, type, standing, worker, ...queues])

const read = Effect.fnUntraced(function* (input: Input) {
  const conversations = yield* Scope.Conversations
  const about = aboutOf(input, conversations.queues)
  const start = input.cursor === undefined ? 0 : cursors.parse(about, input.cursor)
  if (start === undefined)
    return yield* wrongArguments(
      "cursor: not one that list_participants gave for this list; repeat its other arguments as they were, or leave cursor out"
    )
  const roster = yield* conversations.roster(Fields.channelOf(input), {
    within: goodTime,
    fullNames: input.worker !== undefined,
    // A filter that is asked of everybody.
    everyStanding: input.worker !== undefined || input.standing !== undefined
  })
  const fitting = roster.participants.filter(fits(input))
  const end = start + (input.limit ?? 50)
  const shown = fitting.slice(start, end)
  const isMore = end < fitting.length
  const note = noteOn(input, roster, fitting.length)
  return {
    participants: shown.map((person) => row(person, input.details === true)),
    ...(roster.status === undefined ? undefined : { channel_status: word(roster.status) }),
    ...(roster.onTheWay === undefined ? undefined : { on_the_way: roster.onTheWay }),
    customer_alone: roster.customerAlone,
    complete: roster.complete && roster.unseen === undefined && !isMore && (roster.hidden ?? 0) === 0,
    ...(isMore ? { next_cursor: cursors.format(about, end) } : undefined),
    ...(note === undefined ? undefined : { note })
  }
})

const fits =
  ({ standing, type, worker }: Input) =>
  (person: Conversation.Person): boolean =>
    (type === undefined || person.type === type) &&
    (standing === undefined || person.standing === standing) &&
    (worker === undefined ||
      [person.worker, person.fullName, person.email, person.routingProperties?.workerSid].some(
        (known) => known?.toLowerCase() === worker.trim().toLowerCase()
      ))

/**
 * What an assistant needs of a participant: no nulls, no URL, not the channel again. What Twilio's reply holds may have
 * been written by anybody: a SID is one, or the client has left it out.
 */
const row = (person: Conversation.Person, isDetailed: boolean) => {
  const { reservationSid, taskSid, workerSid } = person.routingProperties ?? {}
  return {
    ...(person.sid === undefined ? undefined : { participant_sid: person.sid }),
    type: word(person.type),
    ...Fields.agentOf(person),
    ...(isDetailed && workerSid !== undefined ? { worker_sid: workerSid } : undefined),
    ...(isDetailed && taskSid !== undefined ? { task_sid: taskSid } : undefined),
    ...(isDetailed && reservationSid !== undefined ? { reservation_sid: reservationSid } : undefined)
  }
}

const noteOn = (
  { standing, type, worker }: Input,
  { complete, customerAlone, hidden, onTheWay, participants, unseen: reason }: Conversation.Roster & Scope.Hidden,
  fitting: number
): string | undefined => {
  const isFiltered = standing !== undefined || type !== undefined || worker !== undefined
  const notes = [
    reason === undefined ? undefined : `${unseen(reason)} Which agents have left, and who is on the way, is unknown.`,
    reason === undefined || (standing === undefined && worker === undefined)
      ? undefined
      : "So standing and worker may leave out agents who fit: list without them.",
    complete ? undefined : "Only the last 20 agents' standings were read: filter by standing to have all read.",
    Scope.note(hidden),
    isFiltered && fitting === 0 && reason === undefined ? `Nobody of ${participants.length} fits.` : undefined,
    customerAlone === false &&
    (hidden ?? 0) === 0 &&
    onTheWay !== undefined &&
    onTheWay.queued + onTheWay.offered > 0 &&
    participants.every(({ standing }) => standing !== "active" && standing !== "unknown")
      ? "No agent is active in it now; somebody is on the way."
      : undefined,
    customerAlone === true ? "No tool here brings in an agent: a person does that in Flex." : undefined
  ].filter((note) => note !== undefined)
  return notes.length === 0 ? undefined : notes.join(" ")
}

export const listParticipants = Tool.read({
  name: "list_participants",
  summary:
    "Lists who is in a channel, where each agent stands, who is on the way, and whether the customer is alone. Reads only.",
  view: View.roster,
  title: () => "List Flex channel participants",
  description: ({ statuses }) =>
    "Lists who is in one Flex conversation: agents with standing and minutes since, customers, supervisors; who is on the way " +
    "(queued: a task waits for an agent, offered: an agent was asked); whether the customer is alone. Reads only. Agents who " +
    `left may still be listed: see standing.${statuses.length === 0 ? "" : " Not needed before set_participant_status."}`,
  input: () => Input,
  output: Output,
  read
})
