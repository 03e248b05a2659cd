/**
 * Does what a row says, if things still stand as they stood when it was planned, and says what became of it. Nothing is kept:
 * what is left to do stands in TaskRouter.
 */
import { type Conversation, Conversations, type Participant, TwilioError } from "@flex-interactions/core"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { lastAgentWords } from "./Plan.ts"
import type { Outcome, Row } from "./Row.ts"
import type { Rules } from "./Rules.ts"

export interface Done {
  readonly result: Outcome
  readonly detail?: string
  readonly customerAlone?: Conversation.Alone
}

const skipped = (detail: string): Done => ({ result: "skipped", detail })
const already = (detail: string): Done => ({ result: "already", detail })

/** What was read, in a few words: the proof. */
const proofOf = ({ agent, channelStatus, customerAlone }: Conversation.Moved): string =>
  [
    `the agent is ${agent.standing}${agent.since === undefined ? "" : ` since ${DateTime.formatIso(agent.since)}`}`,
    `the channel is ${channelStatus ?? "not seen"}`,
    ...(customerAlone === true ? ["the customer is alone"] : [])
  ].join(", ")

const proofOfEnd = ({ agents, channelStatus }: Conversation.Ended): string => {
  const left = agents.filter(({ standing }) => standing === "left" || standing === "gone").length
  return `the channel is ${channelStatus ?? "not seen"}, ${left} of ${agents.length} agents have left`
}

const isOver = (standing: Conversation.Standing) => standing === "left" || standing === "gone"

export const make = Effect.gen(function* () {
  const conversations = yield* Conversations.Conversations

  /** Ends the conversation. */
  const end = (channel: Participant.ChannelRef, status: Conversation.EndStatus, plan?: Conversation.EndPlan) =>
    conversations
      .end(channel, status, plan === undefined ? {} : { plan })
      .pipe(Effect.map((ended): Done => ({ result: ended.result, detail: proofOfEnd(ended), customerAlone: false })))

  /** The wrap-up in a closed channel: of all agents in it, and so of none who has just begun. */
  const complete = Effect.fnUntraced(function* (channel: Participant.ChannelRef, row: Row, rules: Rules) {
    const plan = yield* conversations.planEnd(channel, "closed")
    if (plan.channelStatus !== "closed") return skipped(`changed meanwhile: the channel is ${plan.channelStatus}`)
    const own = plan.agents.find(({ routingProperties }) => routingProperties?.reservationSid === row.reservationSid)
    if (plan.alreadyThere || own === undefined || isOver(own.standing)) return already("the agent has left")
    if (own.standing !== "wrapping") return skipped(`changed meanwhile: the agent is ${own.standing}`)
    const bound = rules.wrapping ?? Duration.zero
    const young = plan.agents.find(
      ({ minutes, sid, standing }) =>
        sid !== own.sid &&
        standing === "wrapping" &&
        minutes !== undefined &&
        minutes < Math.floor(Duration.toMinutes(bound))
    )
    if (row.rule === "wrapping" && young !== undefined) {
      return skipped(
        `${young.worker ?? "another agent"} has been in wrap-up for ${young.minutes} minutes in the same channel`
      )
    }
    return yield* end(channel, "closed", plan)
  })

  /** Moves the agent, or ends the conversation where the rules say so of the last one. */
  const move = Effect.fnUntraced(function* (ref: Participant.ParticipantRef, row: Row, rules: Rules) {
    const status = row.action === "wrapup" ? "wrapup" : "closed"
    const plan = yield* conversations.plan(ref, status, { company: true })
    const { agent, customerAlone } = plan
    if (isOver(agent.standing)) return already("the agent has left")
    if (plan.alreadyThere) return already("the agent is in wrap-up")
    const isSame =
      agent.standing === row.standing &&
      (agent.since === undefined || row.since === undefined || DateTime.Equivalence(agent.since, row.since))
    if (!isSame) {
      if (plan.unseen !== undefined)
        return yield* new TwilioError.TwilioError({ operation: "Conversations.plan", reason: plan.unseen })
      return skipped(`changed meanwhile: the agent is ${agent.standing}`)
    }
    if (customerAlone !== false && rules.ifLast !== "allow") {
      if (customerAlone === "unknown" || rules.ifLast === "skip")
        return skipped(lastAgentWords[String(customerAlone) as "true" | "unknown"])
      return yield* end(ref, rules.ifLast)
    }
    const moved = yield* conversations.move(ref, status, {
      plan,
      company: true,
      ifLast: rules.ifLast === "allow" ? "allow" : "refuse"
    })
    return { result: moved.result, detail: proofOf(moved), customerAlone: moved.customerAlone } satisfies Done
  })

  const isolated = Effect.fnUntraced(function* (channel: Participant.ChannelRef, status: Conversation.EndStatus) {
    const { customerAlone, status: now } = yield* conversations.roster(channel)
    if (now !== "active") return already(`the channel is ${now}`)
    if (customerAlone === false) return skipped("changed meanwhile: the customer is not alone")
    if (customerAlone === "unknown") return skipped(lastAgentWords.unknown)
    return yield* end(channel, status)
  })

  const act = (row: Row, rules: Rules): Effect.Effect<Done, TwilioError.TwilioError | Conversation.LastAgent> => {
    const { action, channelSid, interactionSid, participantSid, rule } = row
    if (row.skip !== undefined) return Effect.succeed(skipped(row.skip))
    if (channelSid === undefined || interactionSid === undefined) return Effect.succeed(skipped("no conversation"))
    const channel = { channelSid, interactionSid }
    if (action === "complete") return complete(channel, row, rules)
    if (rule === "alone") return isolated(channel, action === "end-inactive" ? "inactive" : "closed")
    return participantSid === undefined
      ? Effect.succeed(skipped("no participant"))
      : move({ ...channel, participantSid }, row, rules)
  }

  /** Never fails, but for what no other row would fare better with: credentials that are refused. */
  return (row: Row, rules: Rules): Effect.Effect<Done, TwilioError.TwilioError> =>
    act(row, rules).pipe(
      Effect.catchTag("LastAgent", () => Effect.succeed(skipped(lastAgentWords.true))),
      Effect.catchTag("TwilioError", (error): Effect.Effect<Done, TwilioError.TwilioError> => {
        const { reason } = error
        if (reason._tag === "Unauthorized" || reason._tag === "Forbidden") return Effect.fail(error)
        if (reason._tag === "NotFound") return Effect.succeed(skipped("changed meanwhile: it is gone"))
        if (reason._tag === "OutcomeUnknown") return Effect.succeed({ result: "unknown", detail: error.message })
        return Effect.succeed({ result: "failed", detail: error.message })
      }),
      Effect.withSpan("Sweep.apply", { attributes: { "sweep.rule": row.rule, "sweep.action": row.action } })
    )
})
export type Apply = Effect.Success<typeof make>
