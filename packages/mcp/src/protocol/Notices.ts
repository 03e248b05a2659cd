/**
 * Notices on stderr: all that this process says there besides the audit and its answers to the operator. One line each, in which
 * text of others stands in quotes and is escaped.
 *
 * Anyone who talks to the server can cause any number of them. So a notice is written the first time, and then counted: it is
 * written again with its number the tenth, the hundredth time and so on, and at the end. Of different ones, ten are
 * written; the rest count as one. Every hour this starts over.
 */
import { Console } from "node:console"
import { Writable } from "node:stream"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { quoted } from "../tools/Plain.ts"
import * as Entry from "./Entry.ts"

export type Say = (message: string, options?: { readonly level?: string; readonly most?: number }) => void

const different = 10

/** Notices of one source. Those of another can't crowd them out. */
export const make = Effect.gen(function* () {
  const clock = yield* Clock.Clock
  const counts = new Map<string, number>()
  const write = (notice: string, count: number) => {
    const time = DateTime.formatIso(DateTime.makeUnsafe(clock.currentTimeMillisUnsafe()))
    process.stderr.write(`time=${time} ${notice}${count === 1 ? "" : ` times=${count}`}\n`)
  }
  const startOver = Effect.sync(() => {
    for (const [notice, count] of counts) if (!isPowerOfTen(count)) write(notice, count)
    counts.clear()
  })
  yield* Effect.addFinalizer(() => startOver)
  yield* Effect.forkScoped(Effect.forever(Effect.delay(startOver, "1 hour")))

  const say: Say = (message, { level = "warn", most = 300 } = {}) => {
    const notice = `level=${level} message=${quoted(message, most)}`
    const counted = counts.has(notice) || counts.size < different ? notice : others
    const count = (counts.get(counted) ?? 0) + 1
    counts.set(counted, count)
    if (isPowerOfTen(count)) write(counted, count)
  }
  return say
})

const others = `level=warn message="other notices, which are not shown: there have been ${different} different ones"`

const isPowerOfTen = (count: number) => /^10*$/u.test(`${count}`)

/** Effect's log. */
export const logger = (say: Say): Logger.Logger<unknown, void> =>
  Logger.make((entry) => say(Entry.text(entry), { level: entry.logLevel.toLowerCase(), most: Entry.most }))

/** What the modules of others print. */
export const console = (say: Say): Console =>
  new Console(
    new Writable({
      decodeStrings: false,
      write: (chunk, _encoding, done) => {
        say(String(chunk).trimEnd(), { most: Entry.most })
        done()
      }
    })
  )
