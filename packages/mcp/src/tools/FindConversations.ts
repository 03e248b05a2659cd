/** The tool `find_conversations`: from a task, an interaction, an agent's name or a standing to the conversations. Reads only. */
import { Conversation, Sid } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Cursor from "./Cursor.ts"
import * as Fields from "./Fields.ts"
import { name } from "./Plain.ts"
import * as Scope from "./Scope.ts"
import * as Tool from "./Tool.ts"
import { goodTime, wrongArguments } from "./ToolError.ts"

const Input = Schema.Struct({
  task_sid: Schema.optionalKey(
    Sid.TaskSid.annotate({ description: "A TaskRouter task, e.g. WT0123456789abcdef0123456789abcdef" })
  ),
  interaction_sid: Schema.optionalKey(
    Sid.InteractionSid.annotate({ description: "e.g. KD0123456789abcdef0123456789abcdef" })
  ),
  worker: Fields.worker,
  standing: Schema.optionalKey(
    Schema.Literals(Fields.standings).annotate({
      description: 'active: talking to the customer; wrapping: in wrap-up, e.g. "wrapping"'
    })
  ),
  older_than_minutes: Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 43_200 })).annotate({
      description: "Only agents who have stood so for so long, e.g. 60"
    })
  ),
  limit: Fields.limit(100, 20),
  cursor: Fields.cursor,
  details: Fields.details("task and worker")
})
type Input = typeof Input.Type

const Output = Schema.Struct({
  conversations: Schema.Array(
    Schema.Struct({
      interaction_sid: Fields.text,
      channel_sid: Fields.text,
      participant_sid: Fields.text,
      ...Fields.agent,
      channel_type: Fields.text,
      queue: Fields.text,
      task_sid: Fields.text,
      worker_sid: Fields.text
    })
  ),
  next_cursor: Fields.nextCursor,
  note: Fields.text
})

const cursors = Cursor.make(Conversation.Cursor)

/** A cursor continues this search, in these queues, and no other; how many rows are shown, and with what, may change. */
const searchOf = (
  { interaction_sid, older_than_minutes, standing, task_sid, worker }: Input,
  queues: ReadonlyArray<string>
): string => JSON.stringify([task_sid, interaction_sid, worker, standing, older_than_minutes, ...queues])

const read = Effect.fnUntraced(function* (input: Input) {
  const { interaction_sid, older_than_minutes, standing, task_sid, worker } = input
  if ([task_sid, interaction_sid, worker, standing].every((given) => given === undefined)) {
    return yield* wrongArguments(
      "give at least one of task_sid, interaction_sid, worker (a name is enough) and standing; no tool lists everything"
    )
  }
  const conversations = yield* Scope.Conversations
  const search = searchOf(input, conversations.queues)
  const cursor = input.cursor === undefined ? undefined : cursors.parse(search, input.cursor)
  if (input.cursor !== undefined && cursor === undefined) {
    return yield* wrongArguments(
      "cursor: not one that find_conversations gave for this search; repeat its other arguments as they were, or leave cursor out"
    )
  }
  const found = yield* conversations.findPage(
    {
      task: task_sid,
      interaction: interaction_sid,
      worker,
      standing,
      longerThan: older_than_minutes === undefined ? undefined : `${older_than_minutes} minutes`
    },
    { limit: input.limit ?? 20, within: goodTime, ...(cursor === undefined ? undefined : { cursor }) }
  )
  const note = noteOn(input, found, conversations.queues)
  return {
    conversations: found.conversations.map((conversation) => row(conversation, input.details === true)),
    ...(found.next === undefined ? undefined : { next_cursor: cursors.format(search, found.next) }),
    ...(note === undefined ? undefined : { note })
  }
})

const row = (found: Conversation.Involvement, isDetailed: boolean) => ({
  ...(found.interactionSid === undefined ? undefined : { interaction_sid: found.interactionSid }),
  ...(found.channelSid === undefined ? undefined : { channel_sid: found.channelSid }),
  ...(found.participantSid === undefined ? undefined : { participant_sid: found.participantSid }),
  ...Fields.agentOf(found),
  ...(found.channelType === undefined ? undefined : { channel_type: name(found.channelType) }),
  ...(found.queue === undefined ? undefined : { queue: name(found.queue) }),
  ...(isDetailed && found.taskSid !== undefined ? { task_sid: found.taskSid } : undefined),
  ...(isDetailed && found.workerSid !== undefined ? { worker_sid: found.workerSid } : undefined)
})

/** What an assistant can't see in the rows, and the way on from there. */
const noteOn = (
  input: Input,
  { conversations, next }: Conversation.Page,
  queues: ReadonlyArray<string>
): string | undefined => {
  const notes = [
    conversations.length === 0 && next !== undefined
      ? "None so far: pass next_cursor as cursor to look further."
      : undefined,
    conversations.length === 0 && next === undefined ? nothing(input) : undefined,
    conversations.some(({ channelSid }) => channelSid === undefined)
      ? "A row without channel_sid is no Flex conversation (voice, or a plain task): no tool here can change it."
      : undefined,
    conversations.some(({ channelSid, participantSid }) => channelSid !== undefined && participantSid === undefined)
      ? "A row without participant_sid has no agent to move: nobody has accepted the task, or the agent is no longer listed."
      : undefined,
    queues.length === 0 ? undefined : `Only what is of ${Scope.named(queues)} is shown here.`
  ].filter((note) => note !== undefined)
  return notes.length === 0 ? undefined : notes.join(" ")
}

const nothing = ({ interaction_sid, task_sid, worker }: Input): string =>
  task_sid !== undefined || interaction_sid !== undefined
    ? "Nothing fits: leave out the other filters to see what is there."
    : worker !== undefined
      ? "That agent has no such conversation now. What the agent has left is found by task_sid or interaction_sid only."
      : "No agent stands so now."

export const findConversations = Tool.read({
  name: "find_conversations",
  summary:
    "Finds conversations by task, interaction, agent's name, or by how long an agent has been active or in wrap-up. Reads only.",
  title: () => "Find Flex conversations",
  description: () =>
    "Finds Flex conversations and the agent in each: by task, interaction, agent (a name is enough; only where that agent is " +
    "active or wrapping), or standing and age; several narrow it. Can't search for customers without an agent. Reads " +
    "only. No next_cursor: complete.",
  input: () => Input,
  output: Output,
  read
})
