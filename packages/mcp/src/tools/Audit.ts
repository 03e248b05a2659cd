/** The audit: one line on stderr for each write that came as far as a decision, whatever became of it. */
import { type Conversation, TwilioClient, type TwilioError } from "@flex-interactions/core"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Call } from "./Call.ts"
import type { Consent, Entry } from "./Confirmation.ts"
import { quoted, requestId } from "./Plain.ts"
import type { Refused } from "./ToolError.ts"

/**
 * What a tool answers, in the library's words; and `not_sent`: a person, or a setting, said no. `failed`: it was certainly not
 * applied. `unknown`: it left this machine, and nobody knows.
 */
type Result = Conversation.Result | "not_sent" | "failed" | "unknown"

export const make = (asJson: boolean) => {
  const write = Effect.fnUntraced(function* (
    entry: Entry,
    { consent: { asked, answer }, call }: Decision,
    result: Result,
    facts: Facts = {}
  ) {
    const line = {
      time: DateTime.formatIso(yield* DateTime.now),
      audit: entry.tool,
      ...entry.target,
      caller: call.caller,
      asked,
      answer,
      result,
      ...facts
    }
    yield* Console.error(asJson ? json(line) : text(line))
  })

  return {
    /** A write of which nothing is sent: it was stopped, or there is nothing to change. */
    settled: (entry: Entry, decision: Decision, result: Conversation.Result | "not_sent") =>
      write(entry, decision, result),

    /** A write that is sent now: its line is written when it ends, interruption included. */
    sent:
      (entry: Entry, decision: Decision) =>
      <
        A extends { readonly result: Conversation.Result },
        E extends TwilioError.TwilioError | Conversation.LastAgent | Refused,
        R
      >(
        send: Effect.Effect<A, E, R>
      ) => {
        let request: string | undefined
        return send.pipe(
          // Reads that prove the write are told of too: the request id is that of the write.
          Effect.provideService(TwilioClient.OnAttempt, (operation) => {
            if (!writes.has(operation)) return () => {}
            request = undefined
            return (reply) => {
              request = reply.requestId
            }
          }),
          Effect.onExit((exit) => {
            const error = Exit.isFailure(exit) ? Option.getOrUndefined(Cause.findErrorOption(exit.cause)) : undefined
            const reason = error?._tag === "TwilioError" ? error.reason : undefined
            const known = error !== undefined && reason?._tag !== "OutcomeUnknown"
            const facts = {
              reason:
                reason?._tag ??
                error?._tag ??
                (Exit.hasInterrupts(exit) ? "interrupted" : Exit.isFailure(exit) ? "defect" : undefined),
              http: reason?.status,
              code: reason?.code,
              request: requestId(request)
            }
            return write(
              entry,
              decision,
              Exit.isSuccess(exit) ? exit.value.result : known ? "failed" : "unknown",
              facts
            )
          })
        )
      }
  }
}

/** The endpoints that change something. */
const writes = new Set(["Participants.setStatus", "Channels.update"])

export type Audit = ReturnType<typeof make>

interface Decision {
  readonly consent: Consent
  readonly call: Call
}

interface Facts {
  readonly reason?: string | undefined
  readonly http?: number | undefined
  readonly code?: number | undefined
  readonly request?: string | undefined
}

type Line = { readonly [key: string]: string | number | boolean | undefined }

/** What is known; text of others, such as the caller, escaped and capped. */
const known = (line: Line) => Object.entries(line).filter(([, value]) => value !== undefined)

const json = (line: Line): string =>
  `{${known(line)
    .map(([key, value]) => `"${key}":${typeof value === "string" ? quoted(value) : String(value)}`)
    .join(",")}}`

/** `key=value`, and what is more than a word in quotes. */
const text = (line: Line): string =>
  known(line)
    .map(([key, value]) => `${key}=${/^[A-Za-z0-9_.:-]{1,300}$/u.test(`${value}`) ? `${value}` : quoted(`${value}`)}`)
    .join(" ")
