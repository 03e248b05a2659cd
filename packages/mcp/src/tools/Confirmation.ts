/**
 * When a person is asked before a write, and what their answer is worth.
 *
 * A question hands out a state that its answer has to bring back: signed, good for ten minutes and for one use, and bound
 * to the arguments, to the agent as it was looked up, and to the caller. An answer without it is no answer.
 */
import type { Participant } from "@flex-interactions/core"
import { createRequestStateCodec } from "@modelcontextprotocol/server"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Call } from "./Call.ts"
import type { Confirm } from "./Limits.ts"
import { Refused } from "./ToolError.ts"

/** A write that is about to be sent. */
export interface Write {
  readonly interaction_sid: string
  readonly channel_sid: string
  readonly participant_sid: string
  readonly worker_sid?: string
  readonly task_sid?: string
  readonly status: Participant.ParticipantStatus
}

/** The write waits for a person. */
export class Ask extends Schema.TaggedError<Ask>("@flex-interactions/mcp/Ask")("Ask", {
  question: Schema.String,
  state: Schema.String
}) {}

/** What was asked and answered. `answer` is for the audit; with a `refusal` nothing may be sent. */
export interface Consent {
  readonly asked: boolean
  readonly answer: "accept" | "decline" | "cancel" | "none" | "invalid" | "cannot_ask" | "not_asked"
  readonly refusal?: Refused
}

export interface Options {
  readonly setting?: Confirm | undefined
  /** Signs the states; 32 bytes or more. Replicas that serve the same hosts share it; by default it is new in each process. */
  readonly key?: Uint8Array | undefined
  /**
   * Marks the answer with this nonce as used, for so many seconds, where all replicas see it: `false` if it was used before,
   * none if that cannot be told. By default, and where it cannot be told, each process remembers by itself.
   */
  readonly spend?: ((nonce: string, seconds: number) => Effect.Effect<Option.Option<boolean>>) | undefined
}

const lifetime = 600

const State = Schema.Struct({ nonce: Schema.String, write: Schema.String })
const decodeState = Schema.decodeUnknownOption(State)

export const make = ({
  setting = "when-possible",
  key = crypto.getRandomValues(new Uint8Array(32)),
  spend: spendEverywhere = () => Effect.succeedNone
}: Options) => {
  const codec = createRequestStateCodec<typeof State.Type>({
    key,
    ttlSeconds: lifetime,
    bind: ({ http }) => http?.authInfo?.clientId ?? ""
  })
  /** Nonces that were answered, and when they may be forgotten, oldest first. */
  const spent = new Map<string, number>()

  const spend = Effect.fnUntraced(function* (nonce: string) {
    const now = yield* Clock.currentTimeMillis
    for (const [old, until] of spent) {
      if (until > now) break
      spent.delete(old)
    }
    if (spent.has(nonce)) return false
    spent.set(nonce, now + lifetime * 1000)
    return Option.getOrElse(yield* spendEverywhere(nonce, lifetime), () => true)
  })

  /** Lets a write go on, stops it for good, or has the person asked. */
  return Effect.fnUntraced(function* (write: Write, call: Call): Effect.fn.Return<Consent, Ask> {
    if (setting === "never") return { asked: false, answer: "not_asked" }
    if (!call.canAsk) {
      return setting === "when-possible"
        ? { asked: false, answer: "cannot_ask" }
        : { asked: false, answer: "cannot_ask", refusal: cannotAsk }
    }
    const bound = JSON.stringify([
      write.interaction_sid,
      write.channel_sid,
      write.participant_sid,
      write.status,
      write.worker_sid,
      write.task_sid
    ])
    const { state, answer } = call
    if (state !== undefined) {
      const known = yield* Effect.tryPromise(() => codec.verify(state, call.request)).pipe(Effect.option)
      const { nonce, write: asked } = Option.getOrUndefined(Option.flatMap(known, decodeState)) ?? {}
      if (nonce === undefined) return { asked: true, answer: "invalid", refusal: invalid }
      if (asked === bound && answer !== undefined) {
        if (!(yield* spend(nonce))) return { asked: true, answer: "invalid", refusal: invalid }
        return answer === "accept" ? { asked: true, answer } : { asked: true, answer, refusal: refusals[answer] }
      }
    }
    const fresh = yield* Effect.promise(() => codec.mint({ nonce: crypto.randomUUID(), write: bound }, call.request))
    return yield* new Ask({ question: question(write), state: fresh })
  })
}

/** The question, from a fixed template: SIDs that match their patterns, and nothing that anybody wrote. */
const question = (write: Write): string =>
  [
    `Move this agent to ${write.status}?`,
    "",
    `Agent ${write.participant_sid}`,
    `Worker ${write.worker_sid ?? "unknown"}`,
    `Task ${write.task_sid ?? "unknown"}`,
    `Channel ${write.channel_sid} of interaction ${write.interaction_sid}`,
    "",
    `${consequence[write.status]} This cannot be undone.`
  ].join("\n")

/** What a status means for the people in the conversation. */
export const consequence = {
  wrapup: "The agent may finish up; the conversation stays open.",
  closed: "The agent leaves; the conversation stays open, and if no other agent is in it the customer is left alone."
}

const settingHint = "To write without this question, the operator starts the server with --confirm never."

const refusals = {
  decline: new Refused({
    what: "The write was declined, or the host could not ask.",
    next: `Do not call again unless the person asks for it. ${settingHint}`
  }),
  cancel: new Refused({
    what: "The question was dismissed without an answer.",
    next: `Do not call again unless the person asks for it. ${settingHint}`
  }),
  none: new Refused({
    what: "The question got no answer: the host failed to ask, or gave up waiting.",
    next: `Tell the person; calling again asks again. ${settingHint}`
  })
}

const invalid = new Refused({
  what: "The answer belongs to no open question: it was used before, came too late, or was altered.",
  next: "Call again without it: the person is asked again."
})

const cannotAsk = new Refused({
  what:
    "This server asks a person before each write, and this host cannot be asked (it declares no elicitation, or has no way " +
    "to answer over HTTP).",
  next:
    "Do not try again here. The operator can use a host that can be asked, or change the setting: --confirm when-possible " +
    "writes without asking in hosts like this one, --confirm never in all."
})
