/** Numbers that look random, and are the same each time (Lehmer's generator): a choice of those that are given. */
export const drawing = (seed: number) => {
  let state = (((seed % 2_147_483_646) + 1) * 48_271) % 2_147_483_647
  const next = () => (state = (state * 48_271) % 2_147_483_647)
  // Seeds that are next to each other begin with numbers that are next to each other.
  for (let n = 0; n < 5; n++) next()
  return <A>(choices: ReadonlyArray<A>): A => {
    if (choices.length === 0) throw new Error("nothing to choose from")
    return choices[next() % choices.length] as A
  }
}
