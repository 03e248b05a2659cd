/** What a tool is: a value that has its words, its schemas, and what it does. One that reads is made here, one that writes by `Write`. */
import type { Conversation, TwilioError } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Arguments from "./Arguments.ts"
import type { Call } from "./Call.ts"
import type { Ask } from "./Confirmation.ts"
import type { Offer } from "./Limits.ts"
import { type Refused, wrongArguments } from "./ToolError.ts"

/** What hosts and people read of a tool. Input and output contain no transformation: what is announced is what is checked. */
export interface Words<Input, Encoded, Output> {
  readonly name: string
  /** For people who decide whether to have it: the lists in README and manifest say this. Hosts do not get it. */
  readonly summary: string
  /** Default: always. */
  readonly isOffered?: (offer: Offer) => boolean
  /** The address of what a host may show of an answer. */
  readonly view?: string
  readonly title: (offer: Offer) => string
  readonly description: (offer: Offer) => string
  readonly input: (offer: Offer) => Schema.Codec<Input, Encoded> & Arguments.Fields
  readonly output: Schema.Codec<Output>
}

export type Answer = { readonly [key: string]: unknown }

export type Failure = TwilioError.TwilioError | Conversation.Ambiguous | Refused

interface Annotations {
  readonly readOnlyHint: boolean
  readonly [hint: string]: boolean
}

/** A tool of any kind, which needs `R` to answer. */
export interface Tool<R> {
  readonly name: string
  readonly summary: string
  readonly isOffered: (offer: Offer) => boolean
  readonly view?: string
  readonly title: (offer: Offer) => string
  readonly description: (offer: Offer) => string
  readonly annotations: Annotations
  readonly input: (offer: Offer) => Schema.Constraint
  readonly output: Schema.Constraint
  /** Answers calls; the arguments are as they came. */
  readonly answer: (offer: Offer) => (args: unknown, call: Call) => Effect.Effect<Answer, Failure | Ask, R>
}

/** A tool whose arguments are read before it does this. */
export const make = <Input, Encoded, Output extends Answer, R>(
  words: Words<Input, Encoded, Output>,
  annotations: Annotations,
  handle: (input: Input, call: Call, offer: Offer) => Effect.Effect<Output, Failure | Ask, R>
): Tool<R> => ({
  isOffered: () => true,
  ...words,
  annotations,
  answer: (offer) => {
    const decode = Arguments.decoder(words.input(offer))
    return (args, call) => {
      const input = decode(args)
      return Result.isSuccess(input) ? handle(input.success, call, offer) : Effect.fail(wrongArguments(input.failure))
    }
  }
})

/** A tool that reads. */
export const read = <Input, Encoded, Output extends Answer, R>({
  read,
  ...words
}: Words<Input, Encoded, Output> & {
  readonly read: (input: Input, call: Call) => Effect.Effect<Output, Failure, R>
}): Tool<R> =>
  make(words, { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true }, read)
