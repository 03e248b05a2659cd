/**
 * Operations as programs do them: as used, with each contestant's defaults, over TLS and a wire of 20 and 100 milliseconds; and what
 * they cost, in CPU and requests, where nothing is waited for.
 */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Sandbox from "@flex-interactions/sandbox"
import { bundled, environment, plain } from "./contestants.ts"
import { interleave, percentile, start } from "./measure.ts"
import { type Job, operations } from "./operations.ts"
import { type Part, table } from "./table.ts"
import { wire } from "./wire.ts"

const programs = {
  "by hand, node:http": plain("operate-raw"),
  "by hand, twilio": plain("operate-twilio"),
  "flex-interactions": plain("operate-core")
}
type Program = keyof typeof programs

/** The contact centre, in a process of its own. */
const open = async () => {
  const child = spawn(process.execPath, [bundled("centre")], { stdio: ["ignore", "inherit", "inherit", "ipc"] })
  const [ports] = (await once(child, "message")) as [{ plain: number; secure: number; authority: string }]
  return {
    ...ports,
    /** How many requests came since the last time; it is as it was at the start again. */
    reset: async () => {
      const answered = once(child, "message") as Promise<[{ requests: number }]>
      child.send("reset")
      const [{ requests }] = await answered
      return requests
    },
    close: async () => {
      child.disconnect()
      await once(child, "exit")
    }
  }
}
type Centre = Awaited<ReturnType<typeof open>>

interface Sample {
  /** Milliseconds: the first, in a process that has sent nothing yet, and the median of the others. */
  readonly first: number
  readonly next: number
  readonly cpu: number
  readonly requests: number
}

const measure =
  (centre: Centre, url: string, program: Program, { operation, times }: Job, env: Record<string, string> = {}) =>
  async (): Promise<Sample> => {
    await centre.reset()
    const process = start([programs[program], operation, `${times}`], {
      ...environment(url),
      TASKROUTER_API_BASE_URL: url,
      TWILIO_WORKSPACE_SID: Sandbox.ready.workspaceSid,
      ...env
    })
    const printed = new Promise<string>((resolve) => process.lines.once("line", resolve))
    const { code, cpu } = await process.end()
    if (code !== 0) throw new Error(`${program}: ${operation} ended with ${code}`)
    const [first = Number.NaN, ...others] = JSON.parse(await printed) as ReadonlyArray<number>
    return { first, next: percentile(others, 0.5), cpu, requests: await centre.reset() }
  }

const contestants = (names: ReadonlyArray<Program>, of: (program: Program) => () => Promise<Sample>) =>
  Object.fromEntries(names.map((name) => [name, of(name)]))

export const used: Part = async (report) => {
  const folder = mkdtempSync(join(tmpdir(), "used-"))
  const ca = join(folder, "authority.pem")
  const centre = await open()
  writeFileSync(ca, centre.authority)
  // Its own limit of 20 requests a second is one of this library's defaults.
  const env = { NODE_EXTRA_CA_CERTS: ca, FLEX_API_RATE_LIMIT: "20" }
  for (const roundTrip of [20, 100]) {
    const { close, port } = await wire(centre.secure, roundTrip)
    for (const [what, job] of [
      ["list 1,000", { operation: "list", times: 1000 }],
      ["list 10,000", { operation: "list", times: 10_000 }],
      ["find who is in wrap-up, 20 of 300", { operation: "find", times: 1 }],
      ["move an agent, with proof", { operation: "move", times: 4 }]
    ] as const) {
      const samples = await interleave(
        contestants(["by hand, twilio", "flex-interactions"], (program) =>
          measure(centre, `https://localhost:${port}`, program, job, env)
        ),
        3
      )
      report(
        table({
          title: `as used: ${what}, ${roundTrip} ms to Twilio and back, over TLS`,
          samples,
          figures: {
            "first, ms": ({ first }) => first,
            ...(job.operation === "move" ? { "next, ms": ({ next }: Sample) => next } : undefined),
            requests: ({ requests }) => requests / (job.operation === "move" ? job.times : 1)
          },
          ratios: ["first, ms", "next, ms"].map((figure) => ({ figure, bases: ["by hand, twilio"] }))
        })
      )
    }
    close()
  }
  await centre.close()
  rmSync(folder, { recursive: true })
}

/** So many times in the process whose CPU is taken, and so many in the one that is taken from it. */
const [many, few] = [200, 20]

export const costs: Part = async (report) => {
  const centre = await open()
  const url = `http://localhost:${centre.plain}`
  for (const operation of operations) {
    const [most, least] = operation === "find" ? [8, 2] : [many, few]
    const difference = (program: Program) => async (): Promise<Sample> => {
      const all = await measure(centre, url, program, { operation, times: most })()
      const warming = await measure(centre, url, program, { operation, times: least })()
      return { ...all, cpu: (all.cpu - warming.cpu) / (most - least), requests: all.requests / most }
    }
    const samples = await interleave(contestants(Object.keys(programs) as ReadonlyArray<Program>, difference), 3)
    report(
      table({
        title: `operations: ${operation}`,
        samples,
        figures: {
          "CPU, ms": ({ cpu }) => cpu,
          requests: ({ requests }) => requests,
          "CPU a request, ms": ({ cpu, requests }) => cpu / requests
        },
        ratios: ["CPU, ms", "CPU a request, ms"].map((figure) => ({
          figure,
          bases: ["by hand, node:http", "by hand, twilio"]
        }))
      })
    )
  }
  await centre.close()
}
