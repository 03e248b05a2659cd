/** Drives work through clients, as many calls at the same time as there are clients, and takes the figures of the processes that serve. */
import { readdirSync, readFileSync } from "node:fs"
import type { Client } from "@modelcontextprotocol/client"
import { percentile } from "../bench/measure.ts"
import { call } from "../support/calls.ts"
import type { Centre } from "./work.ts"

/** Of one process: at the first tenth of the work, at its end, and the most. */
export interface Process {
  readonly memory: Range
  readonly descriptors: Range
}

/** Memory in MiB. */
interface Range {
  readonly early: number
  readonly late: number
  readonly most: number
}

export interface Figures {
  readonly calls: number
  readonly changes: number
  readonly injected: number
  /** The first of what was not answered as it must be, or is not as it was told; and how much there was. */
  readonly wrong: ReadonlyArray<string>
  readonly wrongs: number
  readonly seconds: number
  /** Milliseconds of a roster. */
  readonly median: number
  readonly slowest: number
  readonly p99: number
  readonly processes: ReadonlyArray<Process>
}

const memoryOf = (pid: number): number => {
  const [, kib = "0"] = /VmRSS:\s+(\d+)/u.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? []
  return Math.round(Number(kib) / 1024)
}
const descriptorsOf = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

export const drive = async ({
  calls,
  centre,
  clients,
  pids
}: {
  readonly calls: number
  readonly centre: Centre
  readonly clients: ReadonlyArray<Client>
  readonly pids: ReadonlyArray<number>
}): Promise<Figures> => {
  const count = { change: 0, injected: 0, roster: 0 }
  const took: Array<number> = []
  const wrong: Array<string> = []
  const samples = pids.map(() => ({ memory: Array.of<number>(), descriptors: Array.of<number>() }))
  const every = Math.max(1, Math.floor(calls / 50))
  let next = 0
  const [first] = clients
  if (first !== undefined) await centre.warmUp(({ args, tool }) => call(first, tool, args))
  const from = performance.now()
  const work = async (client: Client) => {
    for (let index = next++; index < calls; index = next++) {
      const { args, judge, kind, tool } = centre.call(index)
      const began = performance.now()
      const answer = await call(client, tool, args).then(judge, (error: unknown) => `${tool} failed: ${String(error)}`)
      if (kind === "roster") took.push(performance.now() - began)
      count[kind] += 1
      if (answer !== undefined) wrong.push(answer)
      if (index % every !== 0) continue
      pids.forEach((pid, n) => {
        samples[n]?.memory.push(memoryOf(pid))
        samples[n]?.descriptors.push(descriptorsOf(pid))
      })
    }
  }
  await Promise.all(clients.map(work))
  wrong.push(...(await centre.wrong(calls)))
  const range = (values: ReadonlyArray<number>): Range => ({
    early: values[Math.floor(values.length / 10)] ?? 0,
    late: values.at(-1) ?? 0,
    most: Math.max(...values)
  })
  return {
    calls,
    changes: count.change,
    injected: count.injected,
    wrong: wrong.slice(0, 5),
    wrongs: wrong.length,
    seconds: (performance.now() - from) / 1000,
    median: percentile(took, 0.5),
    p99: percentile(took, 0.99),
    slowest: percentile(took, 1),
    processes: samples.map(({ descriptors, memory }) => ({ memory: range(memory), descriptors: range(descriptors) }))
  }
}
