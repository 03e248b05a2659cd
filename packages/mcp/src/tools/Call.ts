/** One call as a tool sees it: what the host can do, and what it brought along. */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

export interface Call {
  /** The host says that it can put a question to a person. */
  readonly canAsk: boolean
  /** What came back for a question that this server asked before. */
  readonly answered: Answered | undefined
  /** Who calls, where the transport has authenticated somebody. */
  readonly caller: string | undefined
  /** Tells the host how far a read has come, if it asked to be told. */
  readonly progress: (message: string) => Effect.Effect<void>
}

export interface Answered {
  /** What the question handed out; none if this server did not hand it out, to this caller, in the last ten minutes. */
  readonly state: Option.Option<unknown>
  readonly choice: Choice | undefined
}

/** What became of a question: what the person chose, or that no choice came back. */
export type Choice = "accept" | "decline" | "cancel" | "none"
