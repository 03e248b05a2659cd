/**
 * `pnpm campaign`: everything that can go wrong between a client and Twilio, at random, and what callers are told of it.
 *
 * `--runs=N` (100,000 by default), `--seed=N` (1 by default), `--way="fetch"` for one of the ways only. It ends with 1 if
 * somebody was told a lie, and prints the smallest case that shows it. Interrupted it reports what it has run so far.
 */
import { parseArgs } from "node:util"
import { ways } from "./cases.ts"
import { campaign, type Count } from "./run.ts"

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "100000" },
    seed: { type: "string", default: "1" },
    way: { type: "string" }
  }
})
const runs = Number(values.runs)
const seed = Number(values.seed)
if (!Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(seed) || seed < 0) {
  process.stderr.write("--runs and --seed take whole numbers\n")
  process.exit(2)
}
if (values.way !== undefined && !ways.includes(values.way)) {
  process.stderr.write(`--way takes one of: ${ways.join("; ")}\n`)
  process.exit(2)
}

const table = (title: string, counts: ReadonlyMap<string, Count>): string => {
  const columns = ["runs", "success", "not changed", "unknown", "error", "lies"] as const
  const rows = [...counts].toSorted(([one], [other]) => (one < other ? -1 : 1))
  const width = Math.max(title.length, ...rows.map(([name]) => name.length))
  return [
    [title.padEnd(width), ...columns.map((column) => column.padStart(12))].join(""),
    ...rows.map(([name, count]) =>
      [name.padEnd(width), ...columns.map((column) => `${count[column]}`.padStart(12))].join("")
    )
  ].join("\n")
}

const stop = new AbortController()
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort())
const from = performance.now()
const summary = await campaign({
  seed,
  runs,
  way: values.way,
  signal: stop.signal,
  onRun: (done) => {
    if (done % 1000 === 0)
      process.stderr.write(`${done} of ${runs} runs, ${Math.round((performance.now() - from) / 1000)} s\n`)
  }
})
process.stdout.write(
  [
    table("by misbehaviour", summary.misbehaviours),
    table("by operation", summary.operations),
    table("by way", summary.ways),
    `told of changes: ${[...summary.words].map(([word, times]) => `${word} ${times}`).join(", ")}`,
    `${summary.runs} runs from seed ${seed}, ${summary.calls} calls, ${summary.lies.length} lies, ` +
      `${Math.round((performance.now() - from) / 1000)} s on Node ${process.versions.node}`,
    ...summary.lies.map(
      ({ found, lies, smallest, told }) =>
        `\nA lie: ${lies.join("; ")}\nTo see it again: pnpm campaign --runs=1 --seed=${found.seed}${values.way === undefined ? "" : ` --way=${JSON.stringify(values.way)}`}\nThe smallest case: ${JSON.stringify(smallest)}\nWhat was told: ${JSON.stringify(told)}`
    ),
    ""
  ].join("\n")
)
process.exit(summary.lies.length === 0 ? 0 : 1)
