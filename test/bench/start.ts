/** Start: from spawn to the answers of `initialize` and `tools/list`, to the end of the process, and to a first result. */
import { execFileSync } from "node:child_process"
import { accessSync, constants, writeFileSync } from "node:fs"
import { calls, sizes } from "./call.ts"
import { install, majors, program } from "../support/nodes.ts"
import { environment, type Server, servers, twilio } from "./contestants.ts"
import { connect, interleave, start } from "./measure.ts"
import { type Part, table } from "./table.ts"

const names = Object.keys(servers) as ReadonlyArray<Server>
const nothing = "node -e 0"

interface Sample {
  /** Milliseconds from spawn to the answer of `tools/list`. */
  readonly answered: number
  /** Milliseconds from spawn to the exit that follows the end of stdin. */
  readonly exited: number
  readonly cpu: number
  readonly peak: number
}

const bare = (binary: string) => async (): Promise<Sample> => {
  const from = performance.now()
  const { cpu, peak } = await start(["-e", "0"], {}, binary).end()
  const exited = performance.now() - from
  return { answered: exited, exited, cpu, peak }
}

const listTools = (server: Server, binary: string) => async (): Promise<Sample> => {
  const from = performance.now()
  const host = await connect(servers[server], environment("http://127.0.0.1:9"), binary)
  await host.request("tools/list", {})
  const answered = performance.now() - from
  const { cpu, peak } = await host.end()
  return { answered, exited: performance.now() - from, cpu, peak }
}

const firstResult = (server: Server, url: string) => async (): Promise<Sample> => {
  const from = performance.now()
  const host = await connect(servers[server], environment(url))
  await host.request("tools/list", {})
  await calls.list(host, server)
  const answered = performance.now() - from
  const { cpu, peak } = await host.end()
  return { answered, exited: performance.now() - from, cpu, peak }
}

/** Linux forgets its file cache where root asks for it; elsewhere a cold start is not measured. */
const dropCaches = "/proc/sys/vm/drop_caches"
const canDrop = () => {
  try {
    accessSync(dropCaches, constants.W_OK)
    return true
  } catch {
    return false
  }
}
const cold = (measure: () => Promise<Sample>) => () => {
  execFileSync("sync")
  writeFileSync(dropCaches, "3")
  return measure()
}

const contestants = (measure: (server: Server) => () => Promise<Sample>) =>
  Object.fromEntries(names.map((name) => [name, measure(name)]))

export const part: Part = async (report) => {
  install()
  const others = majors.map((major) => [`${major}`, program(major)] as const)
  for (const [major, binary] of [
    [`${process.versions.node}, which runs all other parts too`, process.execPath] as const,
    ...others
  ]) {
    if (binary === undefined || (binary === process.execPath && major.length < 3)) continue
    const samples = await interleave(
      { [nothing]: bare(binary), ...contestants((name) => listTools(name, binary)) },
      binary === process.execPath ? 15 : 7
    )
    report(
      table({
        title: `start on Node ${major}: initialize, tools/list, end of stdin, exit`,
        samples,
        figures: {
          "exit, ms": ({ exited }) => exited,
          "answers, ms": ({ answered }) => answered,
          "CPU, ms": ({ cpu }) => cpu,
          "peak, MB": ({ peak }) => peak / 1e6
        },
        ratios: [{ figure: "exit, ms", bases: [nothing, "loop", "SDK v2 + zod", "@twilio-alpha/mcp"] }]
      })
    )
  }

  if (canDrop()) {
    const samples = await interleave(
      {
        [nothing]: cold(bare(process.execPath)),
        ...contestants((name) => cold(listTools(name, process.execPath)))
      },
      5
    )
    report(
      table({
        title: "start, cold file cache",
        samples,
        figures: { "exit, ms": ({ exited }) => exited },
        ratios: [{ figure: "exit, ms", bases: [nothing, "loop", "SDK v2 + zod", "@twilio-alpha/mcp"] }]
      })
    )
  }

  const api = await twilio(sizes)
  const samples = await interleave(
    contestants((name) => firstResult(name, api.url)),
    15
  )
  await api.close()
  report(
    table({
      title: "start, to the first result of list_participants",
      samples,
      figures: {
        "result, ms": ({ answered }) => answered,
        "CPU, ms": ({ cpu }) => cpu,
        "peak, MB": ({ peak }) => peak / 1e6
      },
      ratios: [{ figure: "result, ms", bases: ["loop", "SDK v2 + zod", "@twilio-alpha/mcp"] }]
    })
  )
}
