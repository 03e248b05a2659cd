/**
 * `pnpm bench`: this project beside the floor and its peers, in one run. `pnpm bench start call` runs parts of it.
 *
 * Tables go to stdout, and into docs/performance-tables.md in place of those of the same part.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, loadavg } from "node:os"
import { fileURLToPath } from "node:url"
import * as call from "./call.ts"
import { prepare } from "./contestants.ts"
import * as decode from "./decode.ts"
import * as list from "./list.ts"
import * as operating from "./operating.ts"
import * as size from "./size.ts"
import * as start from "./start.ts"
import { format, type Part } from "./table.ts"

const parts: Record<string, Part> = {
  start: start.part,
  call: call.part,
  list: list.part,
  used: operating.used,
  operations: operating.costs,
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
const { node } = process.versions
const machine = `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? "unknown"}, ${process.platform} ${process.arch}`
/** What others did on the machine: on a quiet one it is below 1. */
const run = `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC, Node ${node}, ${machine}, load before ${before.toFixed(1)}.`
await prepare()
for (const name of wanted.length === 0 ? Object.keys(parts) : wanted) {
  const tables: Array<string> = []
  await parts[name]?.((table) => {
    tables.push(format(table))
    process.stdout.write(`${format(table)}\n`)
    keep(name, [run, "", ...tables].join("\n"))
  })
}
process.stdout.write(
  `Medians (quartiles) of interleaved runs; ratios are taken within each round. ${Math.round((performance.now() - from) / 1000)} s. ${run}\n`
)

/** Puts a part in its place in the file; parts that were not run stay as they were. */
function keep(part: string, text: string): void {
  const path = fileURLToPath(new URL("../../docs/performance-tables.md", import.meta.url))
  const [head = "", ...sections] = readFileSync(path, "utf8").split(/^## /mu)
  const known = new Map(sections.map((section) => [section.slice(0, section.indexOf("\n")), section]))
  known.set(part, `${part}\n\n${text.trimEnd()}\n\n`)
  const kept = Object.keys(parts).flatMap((name) => known.get(name) ?? [])
  writeFileSync(path, `${[head, ...kept].join("## ").trimEnd()}\n`)
}
