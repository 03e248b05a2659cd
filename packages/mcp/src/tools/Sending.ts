/** Follows a write while it is sent: did anything of it leave this process, and what was Twilio's id for the reply? */
import { type Conversation, TwilioClient, type TwilioError } from "@flex-interactions/core"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { requestId } from "./Plain.ts"
import type { Refused } from "./ToolError.ts"

/** What a write fails with that was carried as far as sending: every error of it says what was changed. */
export type Failure = TwilioError.TwilioError | Conversation.LastAgent | Refused

type Outcome = Exit.Exit<{ readonly result: Conversation.Result }, Failure>

/** How it ended. */
export interface Ended {
  readonly result: Conversation.Result | "not_sent" | "failed" | "unknown"
  readonly reason?: string | undefined
  readonly http?: number | undefined
  readonly code?: number | undefined
  readonly request?: string | undefined
}

/** The endpoints that change something. */
const writes = new Set(["Participants.setStatus", "Channels.update"])

/** Runs `onEnd` when it ends, interruption included; `isSent`: a request left this process that may change something. */
export const follow =
  <R2>(onEnd: (ended: Ended, isSent: boolean) => Effect.Effect<void, never, R2>) =>
  <A extends { readonly result: Conversation.Result }, E extends Failure, R>(send: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      let attempts = 0
      let request: string | undefined
      return send.pipe(
        // Reads that prove the write are told of too: the request id is that of the write.
        Effect.provideService(TwilioClient.OnAttempt, (operation) => {
          if (!writes.has(operation)) return () => {}
          attempts += 1
          request = undefined
          return (reply) => {
            request = reply.requestId
          }
        }),
        Effect.onExit((exit) => {
          const ended = endOf(exit, attempts > 0)
          return onEnd({ ...ended, request: requestId(request) }, attempts > 0 || ended.result === "unknown")
        })
      )
    })

const endOf = (exit: Outcome, isSent: boolean): Ended => {
  if (Exit.isSuccess(exit)) return { result: exit.value.result }
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  const reason = error?._tag === "TwilioError" ? error.reason : undefined
  return {
    // That nothing left is certain, whatever ended it; of what left, only an error that says so is.
    result:
      reason?._tag === "OutcomeUnknown" ? "unknown" : !isSent ? "not_sent" : error === undefined ? "unknown" : "failed",
    reason: reason?._tag ?? error?._tag ?? (Exit.hasInterrupts(exit) ? "interrupted" : "defect"),
    http: reason?.status,
    code: reason?.code
  }
}
