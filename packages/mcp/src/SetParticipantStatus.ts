/** The tool `set_participant_status`: moves an agent to `wrapup` or `closed`. */
import { Participant, Participants, Sid } from "@flex-participants/core"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { channelFields, who } from "./ListParticipants.ts"
import { Refused } from "./ToolError.ts"

export const name = "set_participant_status"

export const title = "Move an agent to wrapup or closed"

export const description =
  "Moves one agent of a Flex interaction channel to wrapup (finishing up) or closed (leaves the conversation). Affects a " +
  "real customer; nothing leads back. Only agents can be moved. Get participant_sid from list_participants first. It does not " +
  "end the conversation: after closed it stays open, and the customer may be left alone in it. Set dry_run to see what would " +
  "be sent without sending it."

export const annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true }

export const Input = Schema.Struct({
  ...channelFields,
  participant_sid: Sid.ParticipantSid.annotate({
    description: "The agent: participant_sid from list_participants. Example: UT0123456789abcdef0123456789abcdef"
  }),
  status: Participant.ParticipantStatus.annotate({
    description:
      "wrapup: the agent's reservation goes to wrapping, the agent may finish up. closed: the reservation is completed and the " +
      "agent leaves. There is no way back from either."
  }),
  dry_run: Schema.optionalKey(
    Schema.Boolean.annotate({ description: "true: check everything, send nothing. Default false" })
  )
})

export const Output = Schema.Struct({
  result: Schema.Literals(["accepted", "dry_run"]),
  participant_sid: Schema.String,
  status: Schema.String,
  worker_sid: Schema.optionalKey(Schema.String),
  task_sid: Schema.optionalKey(Schema.String),
  reservation_sid: Schema.optionalKey(Schema.String),
  note: Schema.String
})

/** The agent is looked up first: a customer or a stranger is refused before anything is sent. */
export const handle = Effect.fn("set_participant_status")(function* (input: typeof Input.Type) {
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

/** What a status means for the people in the conversation. */
const consequence = {
  wrapup: "The agent may finish up; the conversation stays open.",
  closed: "The agent leaves; the conversation stays open, and if no other agent is in it the customer is left alone."
}
