/**
 * `pnpm build && npx tsx test/bench/sweep.ts`: how long a sweep takes at an account's limit, on the sandbox. It mostly waits, about three
 * minutes in all, and prints the rows of the table in docs/sweep.md that are measured.
 */
import { centre, conversation, sweep } from "../support/sweep.ts"

const rules = ["--wrapping-longer-than", "2h"]

const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const from = performance.now()
  await run()
  return Math.round((performance.now() - from) / 1000)
}

for (const [open, stuck] of [
  [100, 10],
  [10_000, 100]
] as const) {
  for (const where of ["beside a colleague", "in closed channels"] as const) {
    const served = await centre(
      Array.from({ length: open }, (_, index) => {
        if (index >= stuck) return conversation([["busy", "active", 30]])
        return where === "in closed channels"
          ? conversation([[`agent${index}`, "wrapup", 200]], { status: "closed" })
          : conversation([
              [`agent${index}`, "wrapup", 200],
              ["colleague", "active", 60]
            ])
      })
    )
    // 20 requests a second for each endpoint, of which a sweep takes half.
    const limit = { FLEX_API_RATE_LIMIT: "20" }
    const plan = await seconds(() => sweep(served, rules, limit))
    const apply = await seconds(() => sweep(served, [...rules, "--apply"], limit))
    process.stdout.write(`| ${open} | ${stuck}, ${where} | ${plan} s | ${apply} s | measured |\n`)
    await served.close()
  }
}
