/** SIDs that are made up: the same ones each time, so that a test can name them. */

/**
 * The SID that a sandbox makes up for something of an interaction: `group` is the number of the interaction, from 1, in the order of
 * adding; `n` counts within it (participants from 1). Group 0 is what belongs to no interaction.
 */
export const sid = (prefix: string, group: number, n = 0): string => {
  const head = `${group}`.padStart(2, "0")
  return `${prefix}${head}${`${n}`.padStart(32 - head.length, "0")}`
}
