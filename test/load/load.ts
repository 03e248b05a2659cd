/**
 * `pnpm load`: the server under load, with figures. 100,000 calls through one server over stdio, and as many over HTTP by 200 clients
 * through three replicas behind nginx with a Redis; then the same with clients that are slow on purpose, and under the limit; and then
 * everybody is killed in turn at random moments.
 *
 * `--calls=20000` makes it smaller, `--clients=50` and `--kills=10` too, and `pnpm load stdio http slow fair life` runs parts of it. It ends with 1 if anything
 * went wrong that was not made to.
 */
import { parseArgs } from "node:util"
import type { Figures } from "./drive.ts"
import { live, victims } from "./life.ts"
import { overHttp, overStdio, underTheLimit } from "./ways.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    calls: { type: "string", default: "100000" },
    clients: { type: "string", default: "200" },
    kills: { type: "string", default: "100" }
  }
})
const [calls, clients, kills] = [Number(values.calls), Number(values.clients), Number(values.kills)]
if (![calls, clients, kills].every(Number.isSafeInteger) || calls < 100 || clients < 1 || kills < 1) {
  process.stderr.write("--calls takes a whole number from 100, --clients and --kills one from 1\n")
  process.exit(2)
}

let wrongs = 0
const round = (value: number) => `${Math.round(value)}`
const say = (name: string, figures: Figures) => {
  wrongs += figures.wrongs
  const { injected, median, p99, processes, seconds, slowest } = figures
  const lines = [
    `${name}: ${figures.calls} calls, ${figures.changes} of them changes, ${injected} errors injected, ${figures.wrongs} wrong`,
    `  ${round(seconds)} s, ${round(figures.calls / seconds)} calls a second; a roster took ${round(median)} ms, 1 in 100 more than ${round(p99)}, the slowest ${round(slowest)}`,
    ...processes.map(
      ({ descriptors, memory }, n) =>
        `  process ${n + 1}: ${memory.early} MiB after a tenth, ${memory.late} at the end, ${memory.most} at most; ` +
        `${descriptors.early} descriptors, ${descriptors.late}, ${descriptors.most}`
    ),
    ...figures.wrong.map((what) => `  wrong: ${what}`)
  ]
  process.stdout.write(`${lines.join("\n")}\n`)
}

const parts: Record<string, () => Promise<void>> = {
  stdio: async () => say("one server over stdio", await overStdio(calls)),
  http: async () => say(`three replicas, ${clients} clients`, await overHttp(calls, { clients, slowly: false })),
  slow: async () => {
    const figures = await overHttp(calls, { clients, slowly: true })
    say(`three replicas, ${clients} clients, and ${figures.slowClients} slow ones`, figures)
  },
  fair: async () => {
    for (const replicas of [false, true]) {
      const { answered, failed, waited } = await underTheLimit(1000, { greed: 40, perSecond: 50, replicas })
      wrongs += failed.length
      process.stdout.write(
        `under the limit, ${replicas ? "three replicas" : "one server"}: the client with 40 calls at once got ${answered.greedy} of 1000, ` +
          `the others ${answered.others.join(", ")}; a call of theirs waited for ${Math.max(...waited)} of its calls at most; ${failed.length} failed\n`
      )
    }
  },
  life: async () => {
    const deaths = Array.from({ length: kills }, (_, n) => victims[n % victims.length] ?? "server")
    const { audited, lies, longest, orphans, recovered, told } = await live(deaths)
    // A change has 50 seconds, says the guide.
    wrongs += lies.length + orphans.length + (recovered ? 0 : 1) + (longest < 60 ? 0 : 1)
    const counts = (of: { readonly [name: string]: number }) =>
      Object.entries(of)
        .map(([name, count]) => `${name} ${count}`)
        .join(", ")
    process.stdout.write(
      `${[
        `${kills} kills: over HTTP told ${counts(told)}; of hosts that were killed audited ${counts(audited)}; the longest call took ${round(longest)} s`,
        `  ${lies.length} lies, ${orphans.length} orphans, ${recovered ? "all recovered" : "not all recovered"}`,
        ...lies.slice(0, 5).map((lie) => `  wrong: ${lie}`)
      ].join("\n")}\n`
    )
  }
}

const unknown = positionals.find((name) => !(name in parts))
if (unknown !== undefined) {
  process.stderr.write(`There is no part ${JSON.stringify(unknown)}; there are: ${Object.keys(parts).join(", ")}\n`)
  process.exit(2)
}
for (const name of positionals.length === 0 ? Object.keys(parts) : positionals) await parts[name]?.()
process.exitCode = wrongs === 0 ? 0 : 1
