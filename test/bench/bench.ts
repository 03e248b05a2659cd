/**
 * `pnpm bench`: this project beside the floor and its peers, in one run. `pnpm bench start call` runs parts of it.
 *
 * Tables go to stdout, the same as data to `test/bench/last-run.json`.
 */
import { writeFileSync } from "node:fs"
import { availableParallelism, cpus, loadavg } from "node:os"
import { fileURLToPath } from "node:url"
import * as call from "./call.ts"
import { prepare } from "./contestants.ts"
import * as decode from "./decode.ts"
import * as list from "./list.ts"
import * as size from "./size.ts"
import * as start from "./start.ts"
import { format, type Part, type Table } from "./table.ts"

const parts: Record<string, Part> = {
  start: start.part,
  call: call.part,
  list: list.part,
  decode: decode.part,
  size: size.part
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !(name in parts))
if (unknown !== undefined) {
  process.stderr.write(`There is no part ${JSON.stringify(unknown)}; there are: ${Object.keys(parts).join(", ")}\n`)
  process.exit(2)
}

const from = performance.now()
const before = loadavg()[0] ?? 0
await prepare()
const tables: Array<Table> = []
for (const name of wanted.length === 0 ? Object.keys(parts) : wanted) {
  await parts[name]?.((table) => {
    tables.push(table)
    process.stdout.write(`${format(table)}\n`)
  })
}
const machine = {
  node: process.versions.node,
  platform: `${process.platform} ${process.arch}`,
  cpu: cpus()[0]?.model.trim() ?? "unknown",
  cores: availableParallelism(),
  /** The load average of the minute before the run: what others did on the machine. */
  load: before
}
const seconds = Math.round((performance.now() - from) / 1000)
writeFileSync(
  fileURLToPath(new URL("last-run.json", import.meta.url)),
  `${JSON.stringify({ date: new Date().toISOString(), seconds, machine, tables }, undefined, 1)}\n`
)
process.stdout.write(
  `Medians (quartiles) of interleaved runs; ratios are taken within each round. ${seconds} s on ${machine.cores} cores of ` +
    `${machine.cpu}, ${machine.platform}, Node ${machine.node}, load before ${before.toFixed(1)}.\n`
)
