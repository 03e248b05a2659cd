/** The ways to decode a page that the bench compares. */
export const ways = [
  "JSON.parse",
  "hand-written",
  "flex-participants",
  "flex-participants, with Effect's JIT",
  "zod",
  "Effect struct, interpreted"
] as const
export type Way = (typeof ways)[number]
