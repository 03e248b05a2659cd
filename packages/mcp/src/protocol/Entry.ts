/** An entry of Effect's log in one piece: what was said and why, without an end of its own line. */
import * as Cause from "effect/Cause"
import * as Inspectable from "effect/Inspectable"
import * as Logger from "effect/Logger"
import { quoted } from "../tools/Plain.ts"

/** A cause has a stack trace. */
export const most = 2000

export const text = ({ cause, message }: Logger.Options<unknown>): string => {
  const parts = [message].flat().map((part) => Inspectable.toStringUnknown(part, 0))
  return [...parts, ...(cause.reasons.length === 0 ? [] : [Cause.pretty(cause)])].join(" ")
}

/** As a line, in which text of others is in quotes and escaped. */
export const line = Logger.make<unknown, string>(
  (entry) => `level=${entry.logLevel.toLowerCase()} message=${quoted(text(entry), most)}`
)
