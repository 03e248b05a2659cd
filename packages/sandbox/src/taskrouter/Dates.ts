/** Dates as TaskRouter writes and reads them. */

/** Documented: ISO 8601, UTC, in whole seconds. */
export const isoDate = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`

/** Milliseconds since 1970, if it is a date. */
export const fromIsoDate = (text: string): number | undefined => {
  const at = /^\d{4}-\d\d-\d\d(?:T|$)/u.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : at
}
