/** The tool `end_conversation`: sets a channel to `closed` or `inactive`, for all its agents. Only where the operator allows it. */
import { Conversation, type Participant } from "@flex-interactions/core"
import * as Schema from "effect/Schema"
import * as Fields from "./Fields.ts"
import { word } from "./Plain.ts"
import * as Scope from "./Scope.ts"
import { facts, Refused, unseen } from "./ToolError.ts"
import * as Write from "./Write.ts"

const Input = Schema.Struct({
  ...Fields.channel,
  status: Conversation.EndStatus.annotate({
    description:
      'closed: the next message starts a new one. inactive: kept, wakes up when the customer writes. e.g. "closed"'
  }),
  dry_run: Write.dryRun
})
type Input = typeof Input.Type

const Output = Schema.Struct({
  result: Schema.Literals(["confirmed", "already", "wider", "pending", "accepted", "dry_run"]),
  status: Schema.String,
  channel_status: Fields.text,
  agents: Schema.Array(Schema.Struct(Fields.agent)),
  note: Schema.String
})

const consequence = {
  closed: "The customer can't write in it any more; the next message starts a new conversation.",
  inactive:
    "The conversation is kept, without agents, until the customer writes again (if the account's Leave setting creates a new task then)."
}

export const endConversation = Write.write({
  name: "end_conversation",
  summary:
    "Ends a conversation for all its agents: closed, or inactive until the customer writes again. Only with --allow-end.",
  isOffered: ({ end }) => end,
  title: () => "End a Flex conversation",
  description: () =>
    "Ends a Flex conversation for all its agents and reads whether it was done. Only on a person's wish: it affects a real " +
    "customer and cannot be undone. For one agent use set_participant_status. dry_run says who is in it.",
  input: () => Input,
  output: Output,

  turn: ({ channel_sid }) => channel_sid,
  lookUp: (input: Input, { within }) =>
    Scope.Conversations.use((conversations) =>
      conversations.planEnd(Fields.channelOf(input), input.status, { within })
    ),
  target: (input, { agents, channelStatus }) => ({
    status: input.status,
    channel: input.channel_sid,
    interaction: input.interaction_sid,
    channel_status: channelStatus,
    agents: `${agents.filter(isThere).length}`
  }),
  dryRun: (input, plan) => ({
    result: "dry_run" as const,
    ...told(input, plan),
    note: [
      plan.alreadyThere
        ? `Nothing was sent, and nothing would be: the conversation is ${input.status} already, and nobody is left in it.`
        : plan.channelStatus === input.status
          ? `Nothing was sent. The conversation is ${input.status} already; without dry_run it would be set so once more, for the agents who are still in it.`
          : `Nothing was sent. Without dry_run the channel would be set to ${input.status}, for all its agents.`,
      stillActive(plan),
      consequence[input.status],
      unseenIn(plan)
    ]
      .filter((part) => part !== "")
      .join(" ")
  }),
  settled: (_input, plan) => (plan.alreadyThere ? { ...plan, result: "already" } : undefined),
  question: (input, { agents, channelStatus }) =>
    [
      `End this conversation (${input.status})?`,
      "",
      `Channel ${input.channel_sid} of interaction ${input.interaction_sid}`,
      `Its status ${channelStatus === undefined ? "unknown" : word(channelStatus)}`,
      `Agents in it ${agents.filter(isThere).map(person).join(", ") || "none"}`,
      "",
      `${consequence[input.status]} This cannot be undone.`
    ].join("\n"),
  send: (input, plan, { within }) =>
    Scope.Conversations.use((conversations) =>
      conversations.end(Fields.channelOf(input), input.status, { plan, within })
    ),
  refused: (error) =>
    error._tag === "TwilioError" && error.reason._tag === "Conflict" && error.reason.status !== undefined
      ? new Refused({
          what: "Twilio refused to end the conversation: the state that it is in does not allow it.",
          next: "Do not repeat the call as it is; list_participants shows who is in it, and its status.",
          facts: facts(error.reason)
        })
      : undefined,
  means: (input, plan, ended) => ({
    result: ended.result,
    ...told(input, ended),
    note: [
      ended.result === "confirmed" ? doneFor(plan, ended) : ofResult[ended.result],
      consequence[input.status],
      unseenIn(ended)
    ]
      .filter((part) => part !== "")
      .join(" ")
  })
})

type Known = Conversation.EndPlan | Conversation.Ended

const told = (input: Input, { agents, channelStatus }: Known) => ({
  status: input.status,
  ...(channelStatus === undefined ? undefined : { channel_status: word(channelStatus) }),
  agents: Fields.agentsOf(agents)
})

const isThere = ({ standing }: Conversation.AgentSeen) => standing !== "left" && standing !== "gone"

const person = (agent: Conversation.AgentSeen & Pick<Participant.Participant, "sid">): string => {
  const { standing, worker } = Fields.agentOf(agent)
  return `${worker === undefined ? (agent.sid ?? "unknown") : JSON.stringify(worker)} (${standing ?? "unknown"})`
}

/** One row of a search is one agent: others may be with the customer. */
const stillActive = ({ agents }: Conversation.EndPlan): string => {
  const active = agents.filter(({ standing }) => standing === "active")
  return active.length === 0 ? "" : `With the customer now: ${active.map(person).join(", ")}.`
}

const unseenIn = ({ unseen: reason }: Known): string => (reason === undefined ? "" : unseen(reason))

/** Agents who can't be seen are not said to have left. */
const doneFor = (plan: Conversation.EndPlan, { agents, status }: Conversation.Ended): string =>
  `${plan.channelStatus === status ? `Done: the conversation was ${status} already` : "Done: the channel shows it"}${
    agents.every(({ standing }) => standing === "left")
      ? ", and its agents have left."
      : ". Whether all its agents have left can't be seen."
  }`

const ofResult: { readonly [result in Exclude<Conversation.Result, "confirmed">]: string } = {
  already: "It was so already; this call changed nothing.",
  wider: "Something larger happened meanwhile: the conversation is over.",
  pending:
    "Twilio accepted it, and reading does not show it yet. Call list_participants in a minute to see it; do not repeat it before.",
  accepted: "Twilio accepted it; nothing can be read that shows it."
}
