/** SIDs that are made up: they look like real ones, and are the same each time, so that a test can name them. */

/**
 * The SID that a sandbox makes up for something of an interaction: `group` is the number of the interaction, from 1, in the order of
 * adding; `n` counts within it (participants from 1). Group 0 is what belongs to no interaction.
 *
 * @example
 * ```ts
 * import { sid } from "@flex-interactions/sandbox"
 *
 * console.assert(sid("KD", 1) === "KD2c275fc218a40843aac60dae3a8ee467")
 * ```
 */
export const sid = (prefix: string, group: number, n = 0): string => prefix + digits(`${prefix} ${group} ${n}`)

/** The SID of what is known by its name alone: a queue, a workflow, an activity, a task channel. */
export const named = (prefix: string, name: string): string => prefix + digits(`${prefix} ${name}`)

/** 32 hexadecimal digits that look random. */
const digits = (text: string): string => {
  let [a, b, c, d] = [0x9e37_79b9, 0x243f_6a88, 0xb7e1_5162, 0x6a09_e667]
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    a = b ^ Math.imul(a ^ code, 0x239b_961b)
    b = c ^ Math.imul(b ^ code, 0xab0e_9789)
    c = d ^ Math.imul(c ^ code, 0x38b3_4ae5)
    d = a ^ Math.imul(d ^ code, 0xa1e3_8b93)
  }
  a = Math.imul(c ^ (a >>> 18), 0x239b_961b)
  b = Math.imul(d ^ (b >>> 22), 0xab0e_9789)
  c = Math.imul(a ^ (c >>> 17), 0x38b3_4ae5)
  d = Math.imul(b ^ (d >>> 19), 0xa1e3_8b93)
  return eight(a) + eight(b) + eight(c) + eight(d)
}

const eight = (bits: number): string => ((bits >>> 0) + 0x1_0000_0000).toString(16).slice(1)
