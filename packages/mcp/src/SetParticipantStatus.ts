/** The tool `set_participant_status`: moves an agent to `wrapup` or `closed`. */
import { Participant, Participants, Sid } from "@flex-participants/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { channelFields, who } from "./ListParticipants.ts"
import { Refused } from "./ToolError.ts"

const name = "set_participant_status"

const describe = (allowed: ReadonlyArray<Participant.ParticipantStatus>) =>
  `Moves one agent of a Flex interaction channel to ${allowed.map((status) => effect[status]).join(" or ")}. Affects a ` +
  "real customer; nothing leads back. Only agents can be moved. Get participant_sid from list_participants first. It does not " +
  "end the conversation: it stays open, and the customer may be left alone in it. Set dry_run to see what would " +
  "be sent without sending it."

const annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true }

const inputOf = (allowed: ReadonlyArray<Participant.ParticipantStatus>) =>
  Schema.Struct({
    ...channelFields,
    participant_sid: Sid.ParticipantSid.annotate({
      description: "The agent: participant_sid from list_participants. Example: UT0123456789abcdef0123456789abcdef"
    }),
    status: Schema.Literals(allowed).annotate({
      description: `${allowed.map((status) => meaning[status]).join(" ")} Nothing leads back.`
    }),
    dry_run: Schema.optionalKey(
      Schema.Boolean.annotate({ description: "true: check everything, send nothing. Default false" })
    )
  })

const Output = Schema.Struct({
  result: Schema.Literals(["accepted", "dry_run"]),
  participant_sid: Schema.String,
  status: Schema.String,
  worker_sid: Schema.optionalKey(Schema.String),
  task_sid: Schema.optionalKey(Schema.String),
  reservation_sid: Schema.optionalKey(Schema.String),
  note: Schema.String
})

/** The tool with these statuses; the others are not offered. */
export const make = (
  allowed: ReadonlyArray<Participant.ParticipantStatus> = Participant.ParticipantStatus.literals
) => ({
  name,
  title: `Move an agent to ${allowed.join(" or ")}`,
  description: describe(allowed),
  annotations,
  Input: inputOf(allowed),
  Output,
  handle
})

/** The agent is looked up first: a customer or a stranger is refused before anything is sent. */
const handle = Effect.fn("set_participant_status")(function* (input: ReturnType<typeof inputOf>["Type"]) {
  const participants = yield* Participants.Participants
  const channel = { interactionSid: input.interaction_sid, channelSid: input.channel_sid }

  const found = yield* participants.stream(channel).pipe(
    Stream.filter((participant) => participant.sid === input.participant_sid),
    Stream.runHead
  )
  if (Option.isNone(found)) {
    return yield* new Refused({
      what: `${input.participant_sid} is not in this channel.`,
      next: "Call list_participants and take the participant_sid from its answer."
    })
  }
  const agent = found.value
  if (!Participant.isAgent(agent)) {
    return yield* new Refused({
      what: `${input.participant_sid} is not an agent, and only agents have a status.`,
      next: 'Call list_participants with type "agent" to see who can be moved.'
    })
  }

  const target = { participant_sid: agent.sid, status: input.status, ...who(agent) }
  if (input.dry_run === true) {
    return {
      result: "dry_run" as const,
      ...target,
      note: `Nothing was sent. Without dry_run, Status=${input.status} would be sent for this agent. ${consequence[input.status]}`
    }
  }
  yield* participants.setStatus(Participant.ref(agent), input.status)
  return {
    result: "accepted" as const,
    ...target,
    note: `Twilio accepted the change; it reports no status back. ${consequence[input.status]}`
  }
})

const effect = { wrapup: "wrapup (finishing up)", closed: "closed (leaves the conversation)" }

const meaning = {
  wrapup: "wrapup: the agent's reservation goes to wrapping, the agent may finish up.",
  closed: "closed: the reservation is completed and the agent leaves."
}

/** What a status means for the people in the conversation. */
const consequence = {
  wrapup: "The agent may finish up; the conversation stays open.",
  closed: "The agent leaves; the conversation stays open, and if no other agent is in it the customer is left alone."
}
