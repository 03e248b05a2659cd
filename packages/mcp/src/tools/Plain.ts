/** Text of others as data: printable ASCII, which leaves no room for hidden characters, and no more than `most` of it. */
export function plain(text: string, most?: number): string
export function plain(text: string | undefined, most?: number): string | undefined
export function plain(text: string | undefined, most = 200): string | undefined {
  return text?.slice(0, most).replaceAll(/[^\x20-\x7e]/gu, "?")
}

/** A request id of Twilio's, or nothing: what has another form is not shown. */
export const requestId = (text: string | undefined): string | undefined =>
  text !== undefined && /^RQ[0-9a-f]{32}$/iu.test(text) ? text : undefined
