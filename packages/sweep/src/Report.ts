/** What a sweep says: a table for people or JSON lines for programs on stdout, and how far it is on stderr, if that is a terminal. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { encode, type Row } from "./Row.ts"

const widths = [24, 13, 44, 14, 10] as const

/** Names come from other people: nothing in them may move a terminal's cursor. */
const plain = (text: string) => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "?")

const line = (cells: ReadonlyArray<string>) =>
  cells
    .map((cell, index) => plain(cell).padEnd(widths[index] ?? 0))
    .join("  ")
    .trimEnd()

const head = line(["WHO", "ACTION", "WHY", "CUSTOMER", "RESULT", "CHANNEL AND DETAIL"])

const company = { true: "alone", false: "not alone", unknown: "not seen" } as const

const cellsOf = (row: Row): ReadonlyArray<string> => [
  row.worker ?? (row.rule === "alone" ? "(the customer)" : (row.workerSid ?? "?")),
  row.action,
  row.why,
  company[String(row.customerAlone) as keyof typeof company],
  row.result ?? (row.skip === undefined ? "to do" : "skipped"),
  [row.channelSid ?? "", row.detail ?? row.skip ?? ""].filter((text) => text !== "").join("  ")
]

/** How many rows there are of each kind. */
export interface Counts {
  readonly [result: string]: number
}

const summary = (counts: Counts) =>
  Object.entries(counts)
    .sort(([one], [other]) => Number(one === "skipped") - Number(other === "skipped"))
    .map(([result, count]) => `${count} ${result}`)
    .join(", ")

export const make = (stdio: Stdio.Stdio, options: { readonly json: boolean; readonly isTerminal: boolean }) => {
  const print = (text: string) => Effect.orDie(Stream.run(Stream.make(`${text}\n`), stdio.stdout({ endOnDone: false })))
  const tell = (text: string) => Effect.orDie(Stream.run(Stream.make(text), stdio.stderr({ endOnDone: false })))
  let isBegun = false

  return {
    row: (row: Row) => {
      if (options.json) return print(encode(row))
      const text = line(cellsOf(row))
      const first = isBegun ? text : `${head}\n${text}`
      isBegun = true
      return print(options.isTerminal ? `\u001b[K${first}` : first)
    },
    end: (counts: Counts, apply: boolean) => {
      isBegun = false
      if (options.json) return Effect.void
      const found = Object.keys(counts).length === 0 ? "nothing to do" : summary(counts)
      return print(apply ? `${found}.` : `${found}. Nothing was changed: --apply does it.`)
    },
    /** What is left, and how long that takes. */
    progress: (done: number, left: number, rest: Duration.Duration) =>
      options.isTerminal
        ? tell(
            `\r\u001b[K${done} done, ${left} left, about ${Duration.format(Duration.seconds(Math.ceil(Duration.toSeconds(rest))))}\r`
          )
        : Effect.void
  }
}
export type Report = ReturnType<typeof make>
