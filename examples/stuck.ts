/** Finds agents who have been in wrap-up for too long, which keeps them from new conversations, and finishes for them. */
import { type Conversation, Conversations } from "@flex-interactions/core"
import { type Duration, Effect, Stream } from "effect"

/** Who is in wrap-up for longer than that, by Twilio's clock; the oldest tasks first. */
export const stuck = (longerThan: Duration.Input) =>
  Stream.unwrap(
    Effect.map(Conversations.Conversations, (conversations) =>
      conversations.find({ standing: "wrapping", longerThan }).pipe(Stream.filter(isConversation))
    )
  )

/** Finishes for one: the agent leaves, or, where the conversation is closed or nobody else is in it, it is closed for all. */
export const finish = Effect.fn("finish")(function* (agent: InConversation) {
  const conversations = yield* Conversations.Conversations
  const plan = yield* conversations.plan(agent, "closed")
  const isOver = plan.channelStatus === "closed"
  const { result } =
    isOver || plan.lastAgent
      ? yield* conversations.end(agent, "closed")
      : yield* conversations.move(agent, "closed", { plan })
  return `${agent.worker ?? agent.participantSid} after ${agent.minutes ?? "some"} minutes: ${result}`
})

type InConversation = Conversation.Involvement &
  Required<Pick<Conversation.Involvement, "interactionSid" | "channelSid" | "participantSid">>

const isConversation = (found: Conversation.Involvement): found is InConversation =>
  found.interactionSid !== undefined && found.channelSid !== undefined && found.participantSid !== undefined

/** All of them, one after the other. They are found before the first changes: a list that gets shorter would leave some out. */
export const finishStuck = Effect.fn("finishStuck")(function* (longerThan: Duration.Input) {
  const found = yield* Stream.runCollect(stuck(longerThan))
  return yield* Effect.forEach(found, finish)
})
