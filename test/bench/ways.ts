/** The ways to decode a page that the bench compares. */
export const ways = [
  "JSON.parse",
  "hand-written",
  "flex-interactions",
  "zod",
  "Effect struct, interpreted",
  "Effect struct, compiled"
] as const
export type Way = (typeof ways)[number]
