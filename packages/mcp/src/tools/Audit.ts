/** The audit: one line on stderr for each write that came as far as a decision, whatever became of it. */
import type { Conversation } from "@flex-interactions/core"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import type { Call } from "./Call.ts"
import type { Consent, Entry } from "./Confirmation.ts"
import { quoted } from "./Plain.ts"
import type { Ended } from "./Sending.ts"

/**
 * What a tool answers, in the library's words; and `not_sent`: a person or a setting said no, or it ended before anything was sent.
 * `failed`: it was certainly not applied. `unknown`: it left this machine, and nobody knows.
 */
type Result = Ended["result"]

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
    settled: (entry: Entry, decision: Decision, result: Conversation.Result | "not_sent", reason?: string) =>
      write(entry, decision, result, { reason }),

    /** A write that was to be sent, when it has ended, interruption included. */
    sent: (entry: Entry, decision: Decision, { result, ...facts }: Ended) => write(entry, decision, result, facts)
  }
}

export type Audit = ReturnType<typeof make>

interface Decision {
  readonly consent: Consent
  readonly call: Call
}

type Facts = Omit<Ended, "result">

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
