/**
 * The tool `set_participant_status`: moves an agent to `wrapup` or `closed`, after looking the agent up and, where the
 * operator wants it, asking a person.
 */
import { Participant, Participants, Sid, type TwilioError } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Call } from "./Call.ts"
import * as Fields from "./Fields.ts"
import * as Write from "./Write.ts"
import { facts, goodTime, Refused, tooLong } from "./ToolError.ts"

type Status = Participant.ParticipantStatus

const short = { wrapup: "wrapup (finishing up)", closed: "closed (leaves)" }

const meaning = {
  wrapup: "wrapup: reservation goes to wrapping, agent may finish up.",
  closed: "closed: reservation completed, agent leaves."
}

/** A union of one would be an `anyOf`, over which hosts stumble. */
const oneOf = (allowed: ReadonlyArray<Status>): Schema.Codec<Status> =>
  allowed[0] !== undefined && allowed.length === 1
    ? Schema.Literal(allowed[0]).annotate({ message: `the operator of this server allows ${allowed[0]} only` })
    : Schema.Literals(allowed)

const inputOf = (allowed: ReadonlyArray<Status>) =>
  Schema.Struct({
    ...Fields.channel,
    participant_sid: Sid.ParticipantSid.annotate({
      description: "From list_participants, e.g. UT0123456789abcdef0123456789abcdef"
    }),
    status: oneOf(allowed).annotate({
      description: `${allowed.map((status) => meaning[status]).join(" ")} e.g. "${allowed[0]}"`
    }),
    dry_run: Write.dryRun
  })
type Input = ReturnType<typeof inputOf>["Type"]

const Output = Schema.Struct({
  result: Schema.Literals(["accepted", "dry_run"]).annotate({ description: "accepted: by Twilio" }),
  participant_sid: Fields.text("The agent"),
  status: Fields.text("As asked"),
  worker_sid: Fields.sid("WK"),
  task_sid: Fields.sid("WT"),
  note: Fields.text("What it means")
})

/** What a status means for the people in the conversation. */
const consequence = {
  wrapup: "The agent may finish up; the conversation stays open.",
  closed: "The agent leaves; the conversation stays open, and if no other agent is in it the customer is left alone."
}

export const setParticipantStatus = Write.write({
  name: "set_participant_status",
  summary: "Moves one agent to wrapup or closed, after looking them up. With dry_run it sends nothing.",
  isOffered: ({ statuses }) => statuses.length > 0,
  title: ({ statuses }) => `Move an agent to ${statuses.join(" or ")}`,
  description: ({ statuses }) =>
    `Moves one agent of a Flex interaction channel to ${statuses.map((status) => short[status]).join(" or ")}. Only on a ` +
    "person's wish: it affects a real customer, and cannot be undone or read back. Agents only; participant_sid comes " +
    "from list_participants. Does not end the conversation: the customer may be left alone in it. The host may ask a person " +
    "first. dry_run tells what would be sent and sends nothing.",
  input: ({ statuses }) => inputOf(statuses),
  output: Output,

  turn: ({ participant_sid }) => participant_sid,
  lookUp: (input: Input, call) => lookUp(input, call),
  target: (input, agent) => ({
    status: input.status,
    participant: input.participant_sid,
    worker: agent.routingProperties?.workerSid,
    task: agent.routingProperties?.taskSid,
    channel: input.channel_sid,
    interaction: input.interaction_sid
  }),
  dryRun: (input, agent) => ({
    result: "dry_run" as const,
    ...whom(input, agent),
    note: `Nothing was sent. Without dry_run, Status=${input.status} would be sent for this agent. ${consequence[input.status]}`
  }),
  question: (input, { routingProperties }) =>
    [
      `Move this agent to ${input.status}?`,
      "",
      `Agent ${input.participant_sid}`,
      `Worker ${routingProperties?.workerSid ?? "unknown"}`,
      `Task ${routingProperties?.taskSid ?? "unknown"}`,
      `Channel ${input.channel_sid} of interaction ${input.interaction_sid}`,
      "",
      `${consequence[input.status]} This cannot be undone.`
    ].join("\n"),
  send: ({ status, ...input }) =>
    Effect.flatMap(Participants.Participants, (participants) =>
      participants.setStatus({ ...Fields.channelOf(input), participantSid: input.participant_sid }, status)
    ),
  refused: (reason, { status }) => (reason._tag === "Conflict" ? conflict(status, reason) : undefined),
  means: (input, agent) => ({
    result: "accepted" as const,
    ...whom(input, agent),
    note: `Twilio accepted the change; it reports no status back. ${consequence[input.status]}`
  })
})

/** The agent, as a participant and as a person, and the task, as far as they are known. */
const whom = ({ participant_sid, status }: Input, { routingProperties }: Participant.Participant) => ({
  participant_sid,
  status,
  ...(routingProperties?.workerSid === undefined ? undefined : { worker_sid: routingProperties.workerSid }),
  ...(routingProperties?.taskSid === undefined ? undefined : { task_sid: routingProperties.taskSid })
})

/** The agent was looked up just before: what that rules out is not said. */
const conflict = (status: Status, reason: TwilioError.Conflict) =>
  new Refused({
    what: `Twilio refused the change, though this server has just seen the participant in this channel, as an agent. ${likely[status]}`,
    next:
      "Do not repeat the call as it is; Flex shows where the agent stands. After the same call with an unknown outcome, this " +
      "most likely means that it was applied.",
    facts: facts(reason)
  })

const likely = {
  wrapup: "Most likely the agent is in wrap-up already, or has left (agents who have left can stay in the list).",
  closed: "Most likely the agent has left already (agents who have left can stay in the list)."
}

/** The agent. A customer or a stranger is refused before anything is sent. */
const lookUp = Effect.fnUntraced(
  function* (input: Input, call: Call) {
    const participants = yield* Participants.Participants
    const found = yield* participants.find(Fields.channelOf(input), input.participant_sid, {
      onPage: (read) => call.progress(`${read} participants read`)
    })
    if (Option.isNone(found)) {
      return yield* new Refused({
        what: `${input.participant_sid} is not in this channel.`,
        next: "Call list_participants and take the participant_sid from its answer."
      })
    }
    if (!Participant.isAgent(found.value)) {
      return yield* new Refused({
        what: `${input.participant_sid} is not an agent, and only agents have a status.`,
        next: 'Call list_participants with type "agent" to see who can be moved.'
      })
    }
    return found.value
  },
  Effect.timeoutOrElse({ duration: goodTime, orElse: () => Effect.fail(tooLong) })
)
