/**
 * The tool `set_participant_status`: moves an agent to `wrapup` or `closed`, after looking the agent up and, where the
 * operator wants it, asking a person.
 */
import { Participant, Participants, Sid, type TwilioError } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { Audit } from "./Audit.ts"
import type { Call } from "./Call.ts"
import * as Circle from "./Circle.ts"
import { type Ask, type Consent, consequence, type Write } from "./Confirmation.ts"
import { channelFields, described, sid, who } from "./ListParticipants.ts"
import { facts, goodTime, Refused, tooLong } from "./ToolError.ts"

type Status = Participant.ParticipantStatus

const short = { wrapup: "wrapup (finishing up)", closed: "closed (leaves)" }

const meaning = {
  wrapup: "wrapup: reservation goes to wrapping, agent may finish up.",
  closed: "closed: reservation completed, agent leaves."
}

const describe = (allowed: ReadonlyArray<Status>) =>
  `Moves one agent of a Flex interaction channel to ${allowed.map((status) => short[status]).join(" or ")}. Only on a ` +
  "person's wish: it affects a real customer, and cannot be undone or read back. Agents only; participant_sid comes " +
  "from list_participants. Does not end the conversation: the customer may be left alone in it. The host may ask a person " +
  "first. dry_run tells what would be sent and sends nothing."

const annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true }

/** A union of one would be an `anyOf`, over which hosts stumble. */
const oneOf = (allowed: ReadonlyArray<Status>): Schema.Codec<Status> =>
  allowed[0] !== undefined && allowed.length === 1
    ? Schema.Literal(allowed[0]).annotate({ message: `the operator of this server allows ${allowed[0]} only` })
    : Schema.Literals(allowed)

const inputOf = (allowed: ReadonlyArray<Status>) =>
  Schema.Struct({
    ...channelFields,
    participant_sid: Sid.ParticipantSid.annotate({
      description: "From list_participants, e.g. UT0123456789abcdef0123456789abcdef"
    }),
    status: oneOf(allowed).annotate({
      description: `${allowed.map((status) => meaning[status]).join(" ")} e.g. "${allowed[0]}"`
    }),
    dry_run: Schema.optionalKey(
      Schema.Boolean.annotate({ description: "Check everything, send nothing. Default false, e.g. true" })
    )
  })

const Output = Schema.Struct({
  result: Schema.Literals(["accepted", "dry_run"]).annotate({ description: "accepted: by Twilio" }),
  participant_sid: described("The agent"),
  status: described("As asked"),
  worker_sid: sid("WK"),
  task_sid: sid("WT"),
  note: described("What it means")
})

export interface Options {
  /** The statuses that are offered. */
  readonly allowed: ReadonlyArray<Status>
  readonly confirm: (write: Write, call: Call) => Effect.Effect<Consent, Ask>
  readonly audit: Audit
}

const tool = (allowed: ReadonlyArray<Status>) => ({
  name: "set_participant_status",
  annotations,
  Input: inputOf(allowed),
  Output
})

/** What hosts read of the tool. */
export const about = (allowed: ReadonlyArray<Status>) => ({
  ...tool(allowed),
  title: `Move an agent to ${allowed.join(" or ")}`,
  description: describe(allowed)
})

export const make = Effect.fnUntraced(function* ({ allowed, audit, confirm }: Options) {
  /** One write at a time for each participant: the next one looks up, and is judged, when the one before has its outcome. */
  const turns = yield* RcMap.make({ lookup: (_participantSid: string) => Semaphore.make(1) })

  const handle = Effect.fnUntraced(function* (input: ReturnType<typeof inputOf>["Type"], call: Call) {
    const agent = yield* lookUp(input, call)
    const target = { participant_sid: input.participant_sid, status: input.status, ...who(agent) }
    if (input.dry_run === true) {
      return {
        result: "dry_run" as const,
        ...target,
        note: `Nothing was sent. Without dry_run, Status=${input.status} would be sent for this agent. ${consequence[input.status]}`
      }
    }

    const write = { interaction_sid: input.interaction_sid, channel_sid: input.channel_sid, ...target }
    const consent = yield* confirm(write, call)
    if (consent.refusal !== undefined) {
      yield* audit.stopped(write, { consent, call })
      return yield* consent.refusal
    }
    const participants = yield* Participants.Participants
    const ref = {
      interactionSid: input.interaction_sid,
      channelSid: input.channel_sid,
      participantSid: input.participant_sid
    }
    yield* participants.setStatus(ref, input.status).pipe(
      audit.sent(write, { consent, call }),
      Effect.catchReason("TwilioError", "Conflict", (reason) => conflict(input.status, reason))
    )
    return {
      result: "accepted" as const,
      ...target,
      note: `Twilio accepted the change; it reports no status back. ${consequence[input.status]}`
    }
  })

  return {
    ...tool(allowed),
    handle: (input: ReturnType<typeof inputOf>["Type"], call: Call) =>
      Effect.scoped(
        Effect.flatMap(RcMap.get(turns, input.participant_sid), (turn) => turn.withPermit(handle(input, call)))
      )
  }
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

/** The agent, read page by page until found. A customer or a stranger is refused before anything is sent. */
const lookUp = Effect.fnUntraced(
  function* (input: ReturnType<typeof inputOf>["Type"], call: Call) {
    const participants = yield* Participants.Participants
    const channel = { interactionSid: input.interaction_sid, channelSid: input.channel_sid }
    let page: Participants.Page = { participants: [], next: {} }
    let seen = 0
    // Until the time is over a circle of pages would take all of the account's rate limit.
    let guard = Circle.first
    while (page.next !== undefined) {
      page = yield* participants.page(channel, { pageSize: Participants.maxPageSize, cursor: page.next })
      seen += page.participants.length
      yield* call.progress(seen)
      const found = page.participants.find(({ sid }) => sid === input.participant_sid)
      if (found === undefined) {
        if (page.next !== undefined) guard = yield* Circle.advance(guard, page.next)
        continue
      }
      if (Participant.isAgent(found)) return found
      return yield* new Refused({
        what: `${input.participant_sid} is not an agent, and only agents have a status.`,
        next: 'Call list_participants with type "agent" to see who can be moved.'
      })
    }
    return yield* new Refused({
      what: `${input.participant_sid} is not in this channel.`,
      next: "Call list_participants and take the participant_sid from its answer."
    })
  },
  Effect.timeoutOrElse({ duration: goodTime, orElse: () => Effect.fail(tooLong) })
)
