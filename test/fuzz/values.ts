/** Values that nobody expects, by a seed: JSON, texts, and what is left of good ones after a few changes. */
import { drawing } from "../support/drawing.ts"

export type Pick = ReturnType<typeof drawing>

const texts = [
  "",
  " ",
  "0",
  "null",
  "__proto__",
  "constructor",
  "toString",
  "\u0000",
  "\u001b[2J",
  "\r\n",
  "\ud800",
  "é\u0301",
  "\u202e",
  "💥",
  "../..",
  "%00",
  "${jndi:x}",
  "'; --",
  "<script>",
  "KD00000000000000000000000000000001",
  "UO00000000000000000000000000000001",
  "wrapup",
  "closed",
  "true",
  "2026-07-28",
  "x".repeat(300),
  "[".repeat(200)
]
const numbers = [0, -0, 1, -1, 0.1, 1e21, 1e308, -1e308, 2 ** 31, 2 ** 53, 2 ** 53 + 2, 5e-324, 404, 200]
const keys = ["sid", "status", "meta", "params", "method", "id", "jsonrpc", "arguments", "name", ...texts.slice(0, 12)]

export const text = (pick: Pick): string => {
  const one = pick(texts)
  return pick([true, true, false]) ? one : `${one}${pick(texts)}${pick(texts)}`
}

/** Any JSON. */
export const json = (pick: Pick, depth = 3): unknown => {
  switch (
    pick(
      depth > 0
        ? (["text", "number", "other", "list", "object", "object"] as const)
        : (["text", "number", "other"] as const)
    )
  ) {
    case "text":
      return text(pick)
    case "number":
      return pick(numbers)
    case "other":
      return pick([null, true, false])
    case "list":
      return Array.from({ length: pick([0, 1, 2, 5]) }, () => json(pick, depth - 1))
    case "object":
      return Object.fromEntries(Array.from({ length: pick([0, 1, 2, 5]) }, () => [pick(keys), json(pick, depth - 1)]))
  }
}

/** The same value with one place of it changed, left out or doubled. */
export const changed = (pick: Pick, value: unknown): unknown => {
  if (Array.isArray(value) && value.length > 0 && pick([true, true, false])) {
    const at = pick(value.map((_, index) => index))
    return pick([value.toSpliced(at, 1), [...value, ...value], value.with(at, changed(pick, value[at]))])
  }
  if (typeof value === "object" && value !== null && Object.keys(value).length > 0 && pick([true, true, true, false])) {
    const entries = Object.entries(value)
    const at = pick(entries.map((_, index) => index))
    const [key, own] = entries[at] ?? ["", null]
    return Object.fromEntries(
      pick([
        () => entries.toSpliced(at, 1),
        () => entries.with(at, [key, changed(pick, own)]),
        () => entries.with(at, [key, changed(pick, own)]),
        () => [...entries, [pick(keys), json(pick)] as [string, unknown]]
      ])()
    )
  }
  return json(pick)
}

/** A text with a few of its characters cut, doubled or replaced. */
export const mangled = (pick: Pick, whole: string): string => {
  const at = pick(Array.from({ length: Math.max(1, whole.length) }, (_, index) => index))
  const to = at + pick([1, 1, 2, 10, 1000])
  return pick([
    () => whole.slice(0, at) + whole.slice(to),
    () => whole.slice(0, at) + text(pick) + whole.slice(to),
    () => whole.slice(0, to) + whole.slice(at),
    () => whole.slice(0, at),
    () => whole.slice(0, at) + pick([...'{}[]",:\\ \n\u0000']) + whole.slice(at)
  ])()
}

/** JSON text of a value after some changes, or what is no longer JSON. */
export const frame = (pick: Pick, value: unknown): string => {
  let one = value
  for (let times = pick([0, 1, 1, 2, 3]); times > 0; times--) one = changed(pick, one)
  const whole = JSON.stringify(one) ?? "null"
  return pick([true, true, false]) ? whole : mangled(pick, whole)
}
