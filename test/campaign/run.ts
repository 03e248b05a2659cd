/** Runs cases: a Twilio on raw sockets for each, and one way to it. */
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { Channels, Conversations, Participants, Tasks, TwilioClient, Workers, Workspace } from "@flex-interactions/core"
import { Effect, Layer } from "effect"
import type { HttpClient } from "effect/http"
import { connectTo } from "../support/calls.ts"
import { clients } from "../support/clients.ts"
import { listen } from "../support/command.ts"
import { credentials, secret } from "../support/double.ts"
import { faster } from "../support/faster.ts"
import * as Host from "../support/host.ts"
import * as RawServer from "../support/rawServer.ts"
import { askCore, askServer, type Call, isWrite, type Told } from "./calls.ts"
import { type Case, draw, type Fault, shrink, type Step, throughServer, ways } from "./cases.ts"
import { lies } from "./judge.ts"
import { named, shifted } from "./misbehaviours.ts"
import { honest, workspaceSid } from "./twilio.ts"

/** How long one attempt may take, in milliseconds; the built server's own. */
const patience = 10_000

/** How many times as fast time passes. */
const factor = 40

/** What became of one call of a case. */
export interface Outcome {
  readonly call: Call
  readonly faults: ReadonlyArray<string>
  readonly told: Told
  readonly lies: ReadonlyArray<string>
}

/** Asks one thing after the other, on one client. */
type Asks = (calls: ReadonlyArray<Call>, before: (index: number) => void) => Promise<ReadonlyArray<Told>>

/** One way to a Twilio, for one case after the other. */
interface Way {
  readonly open: (one: Case, script: (asked: RawServer.Asked) => RawServer.Script) => Promise<Opened>
  readonly close: () => Promise<void>
}

interface Opened {
  readonly server: RawServer.RawServer
  readonly ask: Asks
  readonly close: () => Promise<void>
}

/** A client of the campaign's own, in the place of one that people use: to show that the campaign finds what it gets wrong. */
export type Instead = (client: HttpClient.HttpClient) => HttpClient.HttpClient

const throughCore = (name: string, instead?: Instead): Way => ({
  open: async ({ retries }, script) => {
    const server = await RawServer.serve(script)
    const client = clients.find((client) => client.name === name)
    if (client === undefined) throw new Error(`there is no way ${name}`)
    const services = Conversations.layer.pipe(
      Layer.provideMerge(Layer.mergeAll(Channels.layer, Participants.layer, Tasks.layer, Workers.layer)),
      Layer.provide(Workspace.layer({ workspaceSid })),
      Layer.provide(
        TwilioClient.layer({
          credentials,
          baseUrl: server.url,
          taskRouterBaseUrl: server.url,
          rateLimit: false,
          retry: { times: retries, base: "20 millis", maxDelay: "2 seconds" },
          timeouts: { attempt: patience },
          ...(instead === undefined ? undefined : { transformClient: instead })
        })
      ),
      Layer.provide(client.layer)
    )
    return {
      server,
      ask: (calls, before) =>
        Effect.forEach(calls, (call, index) =>
          Effect.andThen(
            Effect.sync(() => before(index)),
            askCore(call)
          )
        ).pipe(Effect.provide(services), faster(factor), Effect.runPromise),
      close: () => server.close()
    }
  },
  close: async () => {}
})

const preload = fileURLToPath(new URL("faster.cjs", import.meta.url))

/** The built server, which stays for all cases; only Twilio's connections are new for each. */
const throughBuilt = async (name: string): Promise<Way> => {
  let script: (asked: RawServer.Asked) => RawServer.Script = () => []
  const server = await RawServer.serve((asked) => script(asked))
  const env = Host.environment(server.url, {
    TASKROUTER_API_BASE_URL: server.url,
    TWILIO_WORKSPACE_SID: workspaceSid,
    FLEX_API_RATE_LIMIT: "off",
    NODE_OPTIONS: `--require ${JSON.stringify(preload)}`
  })
  const args = ["--allow-end", "--confirm=never"]
  const overHttp = name === "the server over HTTP" ? await listen(args, env) : undefined
  const host = overHttp === undefined ? await Host.connect({ args, env }) : await connectTo(`${overHttp.url}`)
  return {
    open: async (_, next) => {
      // A connection may come when the others are gone already.
      while (server.open() > 0 || server.running() > 0) {
        server.reset()
        await sleep(1)
      }
      server.clear()
      script = next
      return {
        server,
        ask: async (calls, before) => {
          const told: Array<Told> = []
          for (const [index, call] of calls.entries()) {
            before(index)
            told.push(await askServer(host, call))
          }
          return told
        },
        close: async () => {}
      }
    },
    close: async () => {
      await host.close()
      await overHttp?.stop()
      await server.close()
    }
  }
}

export const openWay = async (name: string, instead?: Instead): Promise<Way> =>
  throughServer.some((built) => built === name) ? throughBuilt(name) : throughCore(name, instead)

/** The kind of a request, among those of its call. */
const kindOf = (asked: RawServer.Asked, sent: boolean): Fault["on"] =>
  asked.method === "GET" ? (sent ? "after" : "before") : "change"

/** The number of the next run's first conversation. */
let nextNumber = 1

/** Runs a case. */
export const run = async (way: Way, one: Case): Promise<ReadonlyArray<Outcome>> => {
  const world = { ...one.world, first: nextNumber }
  nextNumber += 10
  const steps = one.steps.map(({ call, faults }) => ({
    call: { ...call, conversation: world.first + call.conversation },
    faults
  }))
  let current = -1
  let isSent = false
  let met = new Map<Fault, number>()
  const answers = honest(world)
  const script = (asked: RawServer.Asked): RawServer.Script => {
    const kind = kindOf(asked, isSent)
    if (kind === "change") isSent = true
    for (const fault of steps[current]?.faults ?? []) {
      if (fault.on !== kind) continue
      const before = met.get(fault) ?? 0
      met.set(fault, before + 1)
      if (before < fault.skip || before >= fault.skip + fault.times) continue
      return named(fault.name, kind === "change")?.(asked, answers) ?? []
    }
    const { applies, bytes } = answers(asked)
    return [...(applies ? [{ do: "apply" } as const] : []), { do: "send", bytes }]
  }
  const opened = await way.open(one, script)
  const { server } = opened
  const starts: Array<{ readonly asked: number; readonly applied: number; readonly at: number }> = []
  const told = await opened.ask(
    steps.map(({ call }) => call),
    (index) => {
      current = index
      isSent = false
      met = new Map()
      starts.push({ asked: server.asked.length, applied: server.applied.length, at: performance.now() })
    }
  )
  const toldAt = performance.now()
  await server.until(() => server.running() === 0)
  const applied = [...server.applied]
  const promised = [...server.promised]
  const asked = [...server.asked]
  await opened.close()

  const sendsAgain = clients.some((client) => client.name === one.way && client.sendsAgain)
  // Once nobody knows what became of a change, nobody knows what the next call of the same conversation meets.
  const isVague = (index: number) =>
    steps
      .slice(0, index)
      .some(({ call }, n) => call.conversation === steps[index]?.call.conversation && told[n]?.as === "unknown")
  return steps.flatMap(({ call, faults }: Step, index): ReadonlyArray<Outcome> => {
    const answer = told[index]
    const start = starts[index]
    if (answer === undefined || start === undefined) return []
    const end = starts[index + 1]?.asked ?? asked.length
    const over = {
      call,
      told: answer,
      asked: asked.slice(start.asked, end),
      before: applied.slice(0, start.applied),
      applied,
      promised,
      sendsAgain,
      isClean:
        steps.every(({ faults }) => faults.length === 0) &&
        (starts[index + 1]?.at ?? toldAt) - start.at < patience / factor,
      isShifted: steps.some(({ faults }) => faults.some(({ name }) => name in shifted))
    }
    const found = isVague(index) ? [] : lies(world, over)
    const isTold = answer.text.includes(secret) || answer.text.includes(Host.credentials.TWILIO_AUTH_TOKEN)
    return [
      {
        call,
        faults: faults.map(({ name }) => name),
        told: answer,
        lies: isTold ? [...found, `${call.operation}: a secret was told`] : found
      }
    ]
  })
}

/** How often what was told. */
export interface Count {
  runs: number
  success: number
  "not changed": number
  unknown: number
  error: number
  lies: number
}

export interface Lie {
  readonly lies: ReadonlyArray<string>
  readonly found: Case
  readonly smallest: Case
  /** What was told in the smallest case, when it was found. */
  readonly told: ReadonlyArray<Outcome>
}

export interface Summary {
  readonly runs: number
  readonly calls: number
  readonly ways: ReadonlyMap<string, Count>
  readonly operations: ReadonlyMap<string, Count>
  readonly misbehaviours: ReadonlyMap<string, Count>
  /** Of changes: how often which word was told. */
  readonly words: ReadonlyMap<string, number>
  readonly lies: ReadonlyArray<Lie>
}

const count = (counts: Map<string, Count>, name: string, { lies, told }: Outcome) => {
  const found = counts.get(name) ?? { runs: 0, success: 0, "not changed": 0, unknown: 0, error: 0, lies: 0 }
  found.runs += 1
  found[told.as] += 1
  found.lies += lies.length === 0 ? 0 : 1
  counts.set(name, found)
}

const lieIn = (outcomes: ReadonlyArray<Outcome>) => outcomes.flatMap(({ lies }) => lies)

/** Runs so many cases, from this seed on. A lie is shrunk at once. */
export const campaign = async (options: {
  readonly seed: number
  readonly runs: number
  /** Of this way only. */
  readonly way?: string | undefined
  readonly instead?: Instead
  /** How many cases run at the same time. */
  readonly lanes?: number
  readonly onRun?: (done: number) => void
  /** It ends after so many. */
  readonly mostLies?: number
  /** Aborted: it ends, with what was run so far. */
  readonly signal?: AbortSignal
}): Promise<Summary> => {
  const { instead, lanes = 24, mostLies = 5, onRun, runs, seed, signal } = options
  const byWay = new Map<string, Array<Case>>(ways.map((way) => [way, []]))
  for (let n = 0; n < runs; n++) {
    const one = draw(seed + n, options.way)
    byWay.get(one.way)?.push(one)
  }
  const summary = {
    runs: 0,
    calls: 0,
    ways: new Map<string, Count>(),
    operations: new Map<string, Count>(),
    misbehaviours: new Map<string, Count>(),
    words: new Map<string, number>(),
    lies: [] as Array<Lie>
  }
  const keep = async (way: Way, one: Case) => {
    if (summary.lies.length >= mostLies || signal?.aborted === true) return
    const outcomes = await run(way, one)
    summary.runs += 1
    for (const outcome of outcomes) {
      const { call, faults, told } = outcome
      summary.calls += 1
      count(summary.ways, one.way, outcome)
      count(summary.operations, call.operation, outcome)
      for (const name of faults.length === 0 ? ["none"] : faults) count(summary.misbehaviours, name, outcome)
      if (isWrite(call)) summary.words.set(told.word, (summary.words.get(told.word) ?? 0) + 1)
    }
    const lies = lieIn(outcomes)
    if (lies.length > 0) {
      let told = outcomes
      const smallest = await shrink(one, async (less) => {
        const found = await run(way, less)
        if (lieIn(found).length === 0) return false
        told = found
        return true
      })
      summary.lies.push({ lies: lieIn(told), found: one, smallest, told })
    }
    onRun?.(summary.runs)
  }
  /** One case after the other, each way with as many at a time as it can have. */
  const lane = async (name: string, cases: Array<Case>) => {
    const way = await openWay(name, instead)
    for (let one = cases.pop(); one !== undefined; one = cases.pop()) await keep(way, one)
    await way.close()
  }
  await Promise.all(
    [...byWay].flatMap(([name, cases]) => {
      if (cases.length === 0) return []
      // Each of the built servers is a process of its own.
      const isBuilt = throughServer.some((built) => built === name)
      const many = isBuilt ? Math.min(2, cases.length) : Math.ceil((lanes * cases.length) / runs)
      cases.reverse()
      return Array.from({ length: many }, () => lane(name, cases))
    })
  )
  return summary
}
