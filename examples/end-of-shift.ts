/** A service of a program's own on top of the library: when a shift ends, the agent leaves every conversation, with proof. */
import { type Conversation, Conversations, type TwilioError } from "@flex-interactions/core"
import { Context, Effect, Layer, Stream } from "effect"

/** What became of the agent in one conversation. */
export interface Outcome extends Conversation.Involvement {
  /**
   * - A word of `Conversation.Result`.
   * - `"last agent"`: the agent stays, because the customer would be alone. Nothing was sent.
   * - `"not a conversation"`: voice, or a task of TaskRouter's own.
   * - `"unknown"`: the change was sent, and neither its answer nor reading tells what became of it. A person should look.
   * - `"failed"`: nothing was changed; `why` says why.
   */
  readonly result: Conversation.Result | "last agent" | "not a conversation" | "unknown" | "failed"
  readonly why?: string
}

export class Shifts extends Context.Service<
  Shifts,
  {
    /**
     * `worker` is a SID, a friendly name, an e-mail address or a full name. Four conversations at a time; one that fails does not
     * keep the others from being done.
     */
    readonly end: (
      worker: string
    ) => Effect.Effect<ReadonlyArray<Outcome>, TwilioError.TwilioError | Conversation.Ambiguous>
  }
>()("examples/end-of-shift/Shifts") {
  static readonly layer = Layer.effect(
    Shifts,
    Effect.gen(function* () {
      const conversations = yield* Conversations.Conversations

      const leave = Effect.fn("Shifts.leave")(
        function* ({ channelSid, interactionSid, participantSid }: Conversation.Involvement) {
          if (channelSid === undefined || interactionSid === undefined || participantSid === undefined) {
            return became("not a conversation")
          }
          const { result } = yield* conversations.move({ channelSid, interactionSid, participantSid }, "closed")
          return became(result)
        },
        Effect.catchTags({
          LastAgent: () => Effect.succeed(became("last agent")),
          TwilioError: ({ message, reason }) =>
            Effect.succeed(became(reason._tag === "OutcomeUnknown" ? "unknown" : "failed", message))
        })
      )

      const end = Effect.fn("Shifts.end")(function* (worker: string) {
        // All are found before the first changes: a list that gets shorter under way would leave some out.
        const found = yield* Stream.runCollect(conversations.find({ worker }))
        return yield* Effect.forEach(
          found,
          (involvement) => Effect.map(leave(involvement), (outcome): Outcome => ({ ...involvement, ...outcome })),
          { concurrency: 4 }
        )
      })

      return Shifts.of({ end })
    })
  )
}

const became = (result: Outcome["result"], why?: string): Pick<Outcome, "result" | "why"> =>
  why === undefined ? { result } : { result, why }
