/** The short form of `pnpm fuzz`. */
import { assert, it } from "vitest"
import { fuzz } from "./run.ts"
import { targets } from "./targets.ts"

it("whatever comes in: nothing crashes or hangs, stdout stays pure, no secret is told, nothing is sent that was not asked for", async () => {
  const { problems, ran } = await fuzz({ cases: 3000, seed: 1 })
  assert.deepStrictEqual(problems, [])
  for (const { name, share } of targets) assert.isAtLeast(ran.get(name) ?? 0, share * 30, name)
}, 180_000)

it("the same seed makes the same cases: a problem is found again by its number", async () => {
  const { problems, ran } = await fuzz({ cases: 50, seed: 1, target: "settings" })
  assert.deepStrictEqual([problems, [...ran]], [[], [["settings", 50]]])
})
