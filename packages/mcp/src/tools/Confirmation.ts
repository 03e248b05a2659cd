/**
 * When a person is asked before a write, and what their answer is worth.
 *
 * A question hands out a state that its answer has to bring back: good for ten minutes and for one use, and bound to the tool, to
 * what would be sent as it was looked up, and to the caller. An answer without it is no answer.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Call } from "./Call.ts"
import type { Confirm } from "./Limits.ts"
import { Refused } from "./ToolError.ts"

/** A write that is about to be sent. */
export interface Entry {
  readonly tool: string
  readonly target: Target
}

/** What a write is about to change; what is not known is left out. */
export type Target = { readonly [key: string]: string | undefined }

/** The write waits for a person. The state is to come back with the answer, as it is: nobody else can have made or altered it. */
export class Ask extends Schema.TaggedError<Ask>("@flex-interactions/mcp/Ask")("Ask", {
  question: Schema.String,
  state: Schema.Unknown
}) {}

/** What was asked and answered. `answer` is for the audit; with a `refusal` nothing may be sent. */
export interface Consent {
  readonly asked: boolean
  readonly answer: "accept" | "decline" | "cancel" | "none" | "invalid" | "cannot_ask" | "not_asked"
  readonly refusal?: Refused
}

export interface Options {
  readonly confirm?: Confirm | undefined
  /**
   * Marks the answer with this nonce as used, for so many seconds, where all replicas see it: `false` if it was used before,
   * none if that cannot be told. By default, and where it cannot be told, each process remembers by itself.
   */
  readonly spend?: ((nonce: string, seconds: number) => Effect.Effect<Option.Option<boolean>>) | undefined
}

/** For how many seconds an answer is taken. */
export const lifetime = 600

const State = Schema.Struct({ nonce: Schema.String, write: Schema.String })
const decodeState = Schema.decodeUnknownOption(State)

export const make = ({ confirm = "when-possible", spend: spendEverywhere = () => Effect.succeedNone }: Options) => {
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

  /** Lets a write continue, stops it for good, or has the person asked. */
  return Effect.fnUntraced(function* (
    { target, tool }: Entry,
    question: () => string,
    { answered, canAsk }: Call
  ): Effect.fn.Return<Consent, Ask> {
    if (confirm === "never") return { asked: false, answer: "not_asked" }
    if (!canAsk) {
      return confirm === "when-possible"
        ? { asked: false, answer: "cannot_ask" }
        : { asked: false, answer: "cannot_ask", refusal: cannotAsk }
    }
    const write = JSON.stringify([tool, target])
    if (answered !== undefined) {
      const known = Option.getOrUndefined(Option.flatMap(answered.state, decodeState))
      if (known === undefined) return { asked: true, answer: "invalid", refusal: invalid }
      const { choice } = answered
      if (known.write === write && choice !== undefined) {
        if (!(yield* spend(known.nonce))) return { asked: true, answer: "invalid", refusal: invalid }
        return choice === "accept"
          ? { asked: true, answer: choice }
          : { asked: true, answer: choice, refusal: refusals[choice] }
      }
    }
    return yield* new Ask({ question: question(), state: { nonce: crypto.randomUUID(), write } })
  })
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
