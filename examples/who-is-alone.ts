/**
 * Finds customers who are alone: in a conversation that is open, with no agent who is active, and nobody on the way. Twilio lists
 * no conversations, so the search starts with tasks that ended: what ended before the look-back is not found.
 */
import { type Conversation, Conversations, Events, type Participant, Tasks } from "@flex-interactions/core"
import { DateTime, type Duration, Effect, Result, Stream } from "effect"

/** How a task ends: completed, canceled, or deleted by TaskRouter after 24 hours with an agent. */
const endings = ["task.completed", "task.canceled", "task.system-deleted"]

/** Conversations where a task ended within the look-back (30 days at most), each once. */
const candidates = Effect.fn("candidates")(function* (lookBack: Duration.Input) {
  const events = yield* Events.Events
  const since = DateTime.subtractDuration(yield* DateTime.now, lookBack)
  const channels = new Map<string, Participant.ChannelRef>()
  yield* events.stream({ types: endings, since }).pipe(
    Stream.runForEach(({ data = {} }) =>
      Effect.sync(() => {
        // Voice, and tasks of TaskRouter's own, have none.
        const channel = Tasks.channelOf(data)
        if (Result.isSuccess(channel)) channels.set(channel.success.channelSid, channel.success)
      })
    )
  )
  return [...channels.values()]
})

/** `true`: alone. `"unknown"`: it can't be seen, and `unseen` says why. */
export const whoIsAlone = Effect.fn("whoIsAlone")(function* (lookBack: Duration.Input) {
  const conversations = yield* Conversations.Conversations
  const rosters = yield* Effect.forEach(
    yield* candidates(lookBack),
    (channel) =>
      conversations.roster(channel).pipe(
        // A channel that is gone, after 180 days, has nobody in it.
        Effect.catchReason("TwilioError", "NotFound", () => Effect.succeed(undefined))
      ),
    { concurrency: 4 }
  )
  return rosters.filter(
    (roster): roster is Conversation.Roster => roster !== undefined && roster.customerAlone !== false
  )
})
