/** Processes measured from outside, contestants in turn, medians with their spread. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { createInterface, type Interface } from "node:readline"
import type { Readable, Writable } from "node:stream"
import { fileURLToPath } from "node:url"

/** Medians of what was measured, between the quartiles. */
export interface Figure {
  readonly median: number
  readonly low: number
  readonly high: number
  readonly runs: number
}

const quantile = (sorted: ReadonlyArray<number>, q: number): number => {
  const position = (sorted.length - 1) * q
  const below = sorted[Math.floor(position)] ?? Number.NaN
  const above = sorted[Math.ceil(position)] ?? Number.NaN
  return below + (above - below) * (position - Math.floor(position))
}

export const percentile = (samples: ReadonlyArray<number>, q: number): number =>
  quantile(
    samples.toSorted((a, b) => a - b),
    q
  )

export const figure = (samples: ReadonlyArray<number>): Figure => ({
  median: percentile(samples, 0.5),
  low: percentile(samples, 0.25),
  high: percentile(samples, 0.75),
  runs: samples.length
})

/** One against another, round by round: what else the machine did in a round fell on both. */
export const ratio = (samples: ReadonlyArray<number>, base: ReadonlyArray<number>): Figure =>
  figure(samples.map((sample, round) => sample / (base[round] ?? Number.NaN)))

/** Every contestant once a round, each round starting with another; after one round that does not count. */
export const interleave = async <Sample>(
  contestants: { readonly [name: string]: () => Promise<Sample> },
  rounds: number
): Promise<{ readonly [name: string]: ReadonlyArray<Sample> }> => {
  const all = Object.entries(contestants).map(([name, measure]) => ({ name, measure, samples: Array.of<Sample>() }))
  for (let round = 0; round <= rounds; round++) {
    const first = round % all.length
    for (const { measure, samples } of [...all.slice(first), ...all.slice(0, first)]) {
      const sample = await measure()
      if (round > 0) samples.push(sample)
    }
  }
  return Object.fromEntries(all.map(({ name, samples }) => [name, samples]))
}

const report = fileURLToPath(new URL("exit-report.cjs", import.meta.url))

interface Usage {
  /** Milliseconds, user and system. */
  readonly cpu: number
  /** Bytes. */
  readonly peak: number
}

/** A contestant's process. */
export interface Measured {
  readonly child: ChildProcess
  readonly stdin: Writable
  readonly lines: Interface
  /** What it has used so far. */
  readonly usage: () => Promise<Usage>
  /** Ends its stdin, and gives what it used in all. */
  readonly end: () => Promise<Usage & { readonly code: number | null }>
}

/** Starts Node with these arguments and nothing in the environment but `env`: `NODE_EXTRA_CA_CERTS` alone costs 40 ms. */
export const start = (
  args: ReadonlyArray<string>,
  env: Record<string, string> = {},
  node = process.execPath
): Measured => {
  const child = spawn(node, ["-r", report, ...args], {
    env: { PATH: process.env["PATH"], ...env },
    timeout: 120_000,
    stdio: ["pipe", "pipe", process.env["BENCH_STDERR"] === undefined ? "ignore" : "inherit", "pipe"]
  })
  const [stdin, stdout, , third] = child.stdio as unknown as [Writable, Readable, null, Readable]
  stdin.on("error", () => {})
  const reports = createInterface({ input: third })
  const next = async (): Promise<Usage> => {
    const [line] = (await once(reports, "line")) as [string]
    return JSON.parse(line) as Usage
  }
  const closed = once(child, "close") as Promise<[number | null]>
  return {
    child,
    stdin,
    lines: createInterface({ input: stdout }),
    usage: () => {
      const usage = next()
      child.kill("SIGUSR2")
      return usage
    },
    end: async () => {
      const usage = next()
      stdin.end()
      const [used, [code]] = await Promise.all([usage, closed])
      return { ...used, code }
    }
  }
}

/** The other end of a server over stdio. */
export interface Host extends Measured {
  readonly request: (method: string, params: object) => Promise<unknown>
}

/** Starts a server and shakes hands with it. */
export const connect = async (...process: Parameters<typeof start>): Promise<Host> => {
  const measured = start(...process)
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>()
  measured.lines.on("line", (line) => {
    if (!line.startsWith("{")) return
    const { id, result, error } = JSON.parse(line) as { id?: number; result?: { isError?: boolean }; error?: object }
    const request = id === undefined ? undefined : waiting.get(id)
    if (id === undefined || request === undefined) return
    waiting.delete(id)
    if (error !== undefined || result?.isError === true) request.reject(new Error(line))
    else request.resolve(result)
  })
  measured.child.once("close", (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`the server ended with ${code}`))
  })
  let last = 0
  const send = (message: object) => measured.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
  const request = (method: string, params: object) => {
    const id = ++last
    send({ id, method, params })
    return new Promise<unknown>((resolve, reject) => waiting.set(id, { resolve, reject }))
  }
  await request("initialize", {
    protocolVersion: "2025-06-18",
    capabilities: {},
    clientInfo: { name: "bench", version: "1.0.0" }
  })
  send({ method: "notifications/initialized" })
  return { ...measured, request }
}
