/**
 * The tool `set_participant_status`: moves an agent to `wrapup` or `closed` and says what became of it. It looks first, refuses
 * to leave a customer alone unless it is told to and, where the operator wants it, asks a person.
 */
import { type Conversation, type Participant, Sid, type TwilioError } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Fields from "./Fields.ts"
import type { Offer } from "./Limits.ts"
import { name, word } from "./Plain.ts"
import * as Scope from "./Scope.ts"
import * as Write from "./Write.ts"
import { facts, Refused, unseen } from "./ToolError.ts"

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
      description: "From find_conversations or list_participants, e.g. UT0123456789abcdef0123456789abcdef"
    }),
    status: oneOf(allowed).annotate({
      description: `${allowed.map((status) => meaning[status]).join(" ")} e.g. "${allowed[0]}"`
    }),
    if_last_agent: Schema.optionalKey(
      Schema.Literals(["refuse", "allow"]).annotate({
        description: 'If the customer would be alone; allow only on a person\'s wish. Default refuse, e.g. "allow"'
      })
    ),
    dry_run: Write.dryRun
  })
type Input = ReturnType<typeof inputOf>["Type"]

const Output = Schema.Struct({
  result: Schema.Literals(["confirmed", "already", "wider", "pending", "accepted", "dry_run"]),
  participant_sid: Schema.String,
  status: Schema.String,
  ...Fields.agent,
  customer_alone: Fields.alone,
  on_the_way: Fields.onTheWay,
  others: Schema.Array(Schema.Struct(Fields.agent)),
  note: Schema.String
})

/** What a status means for the people in the conversation. */
/** What it means for the agent, and that it means nothing for the conversation. */
const consequence = (status: Status, known: Known): string =>
  `${status === "wrapup" ? "The agent may finish up" : "The agent leaves"}; the conversation ${
    isOpen(known) ? "stays open" : `is ${word(known.channelStatus ?? "")}`
  }.`

/** A status that could not be read rules nothing out. */
const isOpen = ({ channelStatus }: Known): boolean => channelStatus === undefined || channelStatus === "active"

export const setParticipantStatus = Write.write({
  name: "set_participant_status",
  summary:
    "Moves one agent to wrapup or closed, with proof; refuses to leave a customer alone. With dry_run it sends nothing.",
  isOffered: ({ statuses }) => statuses.length > 0,
  title: ({ statuses }) => `Move an agent to ${statuses.join(" or ")}`,
  description: ({ statuses }) =>
    `Moves one agent of a Flex conversation to ${statuses.map((status) => short[status]).join(" or ")} and reads whether it was ` +
    "done. Only on a person's wish: it affects a real customer and cannot be undone. Does not end the conversation; refuses to " +
    "leave the customer alone in it. dry_run says who else is there and what would happen.",
  input: ({ statuses }) => inputOf(statuses),
  output: Output,

  turn: ({ channel_sid }) => channel_sid,
  lookUp: (input: Input, { offer, within }) =>
    Scope.Conversations.use((conversations) =>
      conversations.plan(refOf(input), input.status, { within, company: true })
    ).pipe(
      Effect.flatMap((plan) => {
        const refusal = input.dry_run === true ? undefined : refusalOf(input, plan, offer)
        return refusal === undefined ? Effect.succeed(plan) : Effect.fail(refusal)
      })
    ),
  target: (input, { agent, customerAlone }) => ({
    status: input.status,
    participant: input.participant_sid,
    worker: agent.routingProperties?.workerSid,
    task: agent.routingProperties?.taskSid,
    channel: input.channel_sid,
    interaction: input.interaction_sid,
    if_last_agent: input.if_last_agent ?? "refuse",
    customer_alone: `${customerAlone}`
  }),
  dryRun: (input, plan) => ({ result: "dry_run" as const, ...told(input, plan), note: ofDryRun(input, plan) }),
  settled: (_input, plan) => (plan.alreadyThere ? { ...plan, result: "already" } : undefined),
  question: (input, plan) =>
    [
      `Move this agent to ${input.status}?`,
      "",
      `Agent ${plan.agent.worker === undefined ? input.participant_sid : `${JSON.stringify(name(plan.agent.worker))} (${input.participant_sid})`}`,
      `Standing ${standing(plan.agent)}`,
      `Task ${plan.agent.routingProperties?.taskSid ?? "unknown"}`,
      `Channel ${input.channel_sid} of interaction ${input.interaction_sid}`,
      "",
      `${consequence(input.status, plan)} ${ofCustomer(plan, "would be")} This cannot be undone.`
    ].join("\n"),
  send: (input, plan, { within }) =>
    Scope.Conversations.use((conversations) =>
      conversations.move(refOf(input), input.status, {
        plan,
        within,
        company: true,
        ...(input.if_last_agent === undefined ? undefined : { ifLast: input.if_last_agent })
      })
    ),
  refused: (error, { status }, _plan, { offer }) =>
    error._tag === "LastAgent"
      ? lastAgent(
          error.worker,
          Array.from({ length: error.others }, () => ({})),
          offer
        )
      : error._tag === "TwilioError" && error.reason._tag === "Conflict" && error.reason.status !== undefined
        ? conflict(status, error.reason)
        : undefined,
  means: (input, _plan, moved) => ({
    result: moved.result,
    ...told(input, moved),
    note: [
      ofResult[moved.result],
      moved.result === "wider" && !isOpen(moved)
        ? `The conversation is ${word(moved.channelStatus ?? "")}.`
        : moved.result === "wider"
          ? ""
          : consequence(input.status, moved),
      ofCustomer(moved, "is"),
      unseenIn(moved)
    ]
      .filter((part) => part !== "")
      .join(" ")
  })
})

const refOf = (input: Input): Participant.ParticipantRef => ({
  ...Fields.channelOf(input),
  participantSid: input.participant_sid
})

type Known = (Conversation.Plan | Conversation.Moved) & Scope.Hidden

const told = (input: Input, known: Known) => ({
  participant_sid: input.participant_sid,
  status: input.status,
  ...Fields.agentOf(known.agent),
  customer_alone: known.customerAlone,
  ...(known.onTheWay === undefined ? undefined : { on_the_way: known.onTheWay }),
  others: Fields.agentsOf(known.others)
})

const standing = ({ minutes, standing }: Conversation.AgentSeen): string =>
  minutes === undefined ? standing : `${standing} for ${minutes} min`

const unseenIn = ({ hidden, unseen: reason }: Known): string =>
  [reason === undefined ? undefined : unseen(reason), Scope.note(hidden)].filter((part) => part !== undefined).join(" ")

/** Who was asked, or will be, is no company yet. */
const isOnlyOnTheWay = ({ hidden, onTheWay, others }: Known): boolean =>
  (hidden ?? 0) === 0 &&
  onTheWay !== undefined &&
  onTheWay.queued + onTheWay.offered > 0 &&
  others.every(({ standing }) => standing !== "active" && standing !== "unknown")

/** Alone is only a customer who is listed, in a conversation that is active. */
const hasNoCustomer = ({ hidden, onTheWay, others }: Known): boolean =>
  (hidden ?? 0) === 0 &&
  (onTheWay === undefined || onTheWay.queued + onTheWay.offered === 0) &&
  !others.some(({ standing = "unknown" }) => ["active", "invited", "unknown"].includes(standing))

const ofCustomer = (known: Known, verb: "is" | "would be"): string => {
  const { customerAlone, others } = known
  if (!isOpen(known)) {
    return ["closed", "inactive"].includes(known.channelStatus ?? "")
      ? "So no customer is left alone in it."
      : "Whether a customer waits in it can't be told from that."
  }
  if (customerAlone === false && hasNoCustomer(known)) return "No customer is listed in it."
  return customerAlone === true
    ? `The customer ${verb} alone in it, and nobody is on the way: what they write reaches nobody.`
    : customerAlone === false
      ? isOnlyOnTheWay(known)
        ? `No agent ${verb} active in it, but somebody is on the way.`
        : `The customer ${verb === "is" ? "is not" : "would not be"} alone.`
      : `It can't be seen whether the customer ${verb} alone: ${
          others.length === 0
            ? "no other agent is listed, and one may be on the way"
            : others.length === 1
              ? "1 other agent is listed, who may have left"
              : `${others.length} other agents are listed, who may have left`
        }.`
}

const ofDryRun = (input: Input, plan: Conversation.Plan & Scope.Hidden): string =>
  [
    plan.alreadyThere
      ? "Nothing was sent, and nothing would be: the agent is in wrap-up already."
      : hasLeft(input, plan)
        ? "Nothing was sent. Without dry_run it would be refused: the agent has left, and can't wrap up."
        : isLast(input, plan)
          ? 'Nothing was sent. Without dry_run it would be refused: this is the last agent (if_last_agent "allow" permits it).'
          : `Nothing was sent. Without dry_run, Status=${input.status} would be sent for this agent.`,
    `${isLast(input, plan) ? "With it: " : ""}${consequence(input.status, plan)}`,
    ofCustomer(plan, "would be"),
    unseenIn(plan)
  ]
    .filter((part) => part !== "")
    .join(" ")

const ofResult: { readonly [result in Conversation.Result]: string } = {
  confirmed: "Done: the agent's reservation shows it.",
  already: "The agent was there already; this call changed nothing.",
  wider:
    "Something larger happened meanwhile, such as the end of the channel or of the task: the agent's part is over.",
  pending:
    "Twilio accepted it, and the agent's reservation does not show it yet. Call list_participants in a minute to see it; do not repeat it before.",
  accepted: "Twilio accepted it; nothing can be read that shows it."
}

const isLast = (input: Input, plan: Conversation.Plan): boolean => plan.lastAgent && input.if_last_agent !== "allow"

const hasLeft = (input: Input, { agent }: Conversation.Plan): boolean =>
  input.status === "wrapup" && agent.standing === "left"

/** What would be refused after the question is refused before it. */
const refusalOf = (input: Input, plan: Conversation.Plan, offer: Offer): Refused | undefined =>
  hasLeft(input, plan)
    ? new Refused({
        what: `${plan.agent.worker === undefined ? "This agent" : JSON.stringify(name(plan.agent.worker))} has left, and only an agent who is still in the conversation can wrap up.`,
        next: "list_participants shows who is in it."
      })
    : isLast(input, plan)
      ? lastAgent(plan.agent.worker, plan.others, offer)
      : undefined

const lastAgent = (
  worker: string | undefined,
  others: ReadonlyArray<Pick<Conversation.Person, "standing" | "worker">>,
  { end }: Offer
) =>
  new Refused({
    what: `${worker === undefined ? "This agent" : JSON.stringify(name(worker))} is the last agent: ${
      others.length === 0
        ? "no other agent is listed"
        : others.length > 1
          ? `none of the ${others.length} other agents is active`
          : others[0]?.worker === undefined
            ? "the other agent is not active"
            : `the other agent, ${JSON.stringify(name(others[0].worker))}, is not active (${others[0].standing ?? "unknown"})`
    }, and nobody is on the way. Closing would leave the customer alone in a conversation that stays open, where the next message reaches nobody.`,
    next: `${
      end
        ? "If a person wants the conversation ended, call end_conversation."
        : "No tool here ends a conversation: a person does that in Flex, or the operator starts the server with --allow-end."
    } Or wait until another agent is in it (a person adds one in Flex). Only if a person wants the customer to be left alone, repeat it with if_last_agent "allow".`
  })

/** The agent was looked up just before: what that rules out is not said. */
const conflict = (status: Status, reason: TwilioError.Conflict) =>
  new Refused({
    what: `Twilio refused the change, though this server has just seen the participant in this channel, as an agent. ${likely[status]}`,
    next: "Do not repeat the call as it is; list_participants shows where the agent stands.",
    facts: facts(reason)
  })

const likely = {
  wrapup: "Most likely the agent is in wrap-up already, or has left (agents who have left can stay in the list).",
  closed: "Most likely the agent has left already (agents who have left can stay in the list)."
}
