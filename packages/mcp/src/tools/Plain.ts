/** Text of others: how much of it is shown, and as which characters. Nothing in it is hidden, or ends a line. */

/** As data for a model: printable ASCII, and no more than `most` of it. */
export function plain(text: string, most?: number): string
export function plain(text: string | undefined, most?: number): string | undefined
export function plain(text: string | undefined, most = 200): string | undefined {
  return text?.slice(0, most).replaceAll(/[^\x20-\x7e]/gu, "?")
}

/**
 * A name that somebody gave a worker, a queue or a medium: letters of any script, digits and the signs that names have; anything
 * else, such as a line feed, is a question mark. At most 60 characters.
 */
export const name = (text: string): string => {
  const clean = text.normalize("NFC").replaceAll(/[^\p{L}\p{M}\p{N} .,@_+'’&/():#-]/gu, "?")
  return clean.length <= 60 ? clean : `${clean.slice(0, 57)}...`
}

/** A word of Twilio's API, including future ones: a single short one. */
export const word = (text: string): string => (/^[a-zA-Z][a-zA-Z0-9_]{0,19}$/u.test(text) ? text : "unknown")

/** A Twilio request id, or nothing: what has another form is not shown. */
export const requestId = (text: string | undefined): string | undefined =>
  text !== undefined && /^RQ[0-9a-f]{32}$/iu.test(text) ? text : undefined

/**
 * For a log or a terminal: one line of printable ASCII, everything else as its escape, such as `\u202e`. After `most` characters
 * it is cut, which three dots show.
 */
export const escaped = (text: string, most = 300): string => fitting(text, most, visible)

/** The same as a string of JSON, quotes included: it can be read back, and ends where it says. */
export const quoted = (text: string, most = 300): string =>
  `"${fitting(text, most, (unit) => (unit === '"' || unit === "\\" ? `\\${unit}` : visible(unit)))}"`

const visible = (unit: string): string =>
  unit >= " " && unit <= "~" ? unit : (short[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

const short: { readonly [unit: string]: string } = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }

const fitting = (text: string, most: number, show: (unit: string) => string): string => {
  let shown = ""
  for (let at = 0; at < text.length; at++) {
    const next = show(text.charAt(at))
    if (shown.length + next.length > most) return `${shown}...`
    shown += next
  }
  return shown
}
