/** The operations that programs are measured in, and the conversations that there are for them. */

/** Each of a customer and two agents. */
export const conversations = 300
/** So many of them, the last ones, have an agent in wrap-up. */
export const wrapping = 20

export const operations = ["find", "roster", "move", "end"] as const
export type Operation = (typeof operations)[number]

/** A job of a program, from its command line: an operation so many times, or a list of so many. */
export interface Job {
  readonly operation: Operation | "list"
  readonly times: number
}
