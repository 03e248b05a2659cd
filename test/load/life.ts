/**
 * Life and death: a host, servers, sweeps, Redis, PostgreSQL and the stand-in for Twilio are killed at random moments while they work, and
 * started again. What everybody was told is held against what was done.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { read } from "../support/calls.ts"
import * as Command from "../support/command.ts"
import { connectTo, credentials } from "../support/host.ts"
import * as Postgres from "../support/postgres.ts"
import * as Redis from "../support/redis.ts"
import { conversation, main as sweepMain, workers } from "../support/sweep.ts"
import { relay, type Fate } from "./relay.ts"
import { token } from "./ways.ts"

export const isMissing = Redis.isMissing || Postgres.bin === undefined

const sandboxMain = fileURLToPath(new URL("../../packages/sandbox/dist/main.js", import.meta.url))
const hostMain = fileURLToPath(new URL("host.cjs", import.meta.url))

const sid = (prefix: string, n: number) => `${prefix}${n.toString(16).padStart(32, "0")}`

export const victims = ["server", "host", "sandbox", "redis", "postgres", "sweep"] as const
type Victim = (typeof victims)[number]

export interface Lived {
  readonly kills: number
  /** Changes that were asked for over HTTP, by how they were told. */
  readonly told: { readonly [how: string]: number }
  /** Changes of hosts that were killed, by what the audit says of them. */
  readonly audited: { readonly [result: string]: number }
  /** What was told or audited and is not so, and what was neither. */
  readonly lies: ReadonlyArray<string>
  /** Processes of ours that outlived those who started them. */
  readonly orphans: ReadonlyArray<number>
  /** The longest that a call took, in seconds. */
  readonly longest: number
  /** After everything was up again: is a roster answered, and is nobody stuck any more? */
  readonly recovered: boolean
}

/** One that has ended and that nobody has asked about yet is a zombie. */
const isAlive = async (pid: number): Promise<boolean> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "")
  return /^State:\s+[^ZX]/mu.test(status)
}

/** Those that are alive after so many looks, a tenth of a second apart. */
const outliving = async (pids: ReadonlyArray<number>, looks = 100): Promise<ReadonlyArray<number>> => {
  const alive = (await Promise.all(pids.map(async (pid) => ((await isAlive(pid)) ? [pid] : [])))).flat()
  if (alive.length === 0 || looks === 0) return alive
  await sleep(100)
  return outliving(alive, looks - 1)
}

const draw = <A>(choices: ReadonlyArray<A>): A | undefined => choices[Math.floor(Math.random() * choices.length)]

const count = (words: ReadonlyArray<string>): { readonly [word: string]: number } =>
  Object.fromEntries([...new Set(words)].map((word) => [word, words.filter((other) => other === word).length]))

/** Some conversations for each kill: to be moved over HTTP, by hosts, and by the sweep. */
const perKill = 60
const seedOf = (rounds: number) => {
  const many = (rounds + 1) * perKill
  const interactions = [
    ...Array.from({ length: many }, (_, n) => {
      const [channel] = conversation([
        [`mover${n}`, "active", 20],
        [`stayer${n}`, "active", 10]
      ]).channels
      const participants = (channel?.participants ?? []).map((each, index) => ({
        ...each,
        sid: sid("UT", n * 10 + index)
      }))
      return { sid: sid("KD", n), channels: [{ ...channel, sid: sid("UO", n), participants }] }
    }),
    ...Array.from({ length: 40 }, (_, n) => conversation([[`stuck${n}`, "wrapup", 200]], { status: "closed" }))
  ]
  const names = interactions.flatMap(({ channels }) =>
    channels.flatMap(({ participants }) => participants.flatMap((each) => ("worker" in each ? [each.worker] : [])))
  )
  return { workers: workers(...new Set(names)), interactions }
}

const changeOf = (n: number) => ({
  interaction_sid: sid("KD", n),
  channel_sid: sid("UO", n),
  participant_sid: sid("UT", n * 10 + 1),
  status: "closed"
})
const pathOf = (n: number) => {
  const { channel_sid, interaction_sid, participant_sid } = changeOf(n)
  return `/v1/Interactions/${interaction_sid}/Channels/${channel_sid}/Participants/${participant_sid}`
}

/** Runs until each victim of the list was killed, in that order, each time after a random number of requests. */
export const live = async (deaths: ReadonlyArray<Victim>): Promise<Lived> => {
  const folder = await mkdtemp(join(tmpdir(), "life-"))
  const seedFile = join(folder, "seed.json")
  await writeFile(seedFile, JSON.stringify(seedOf(deaths.length)))

  const sandboxPort = await Postgres.freePort()
  const startSandbox = async (): Promise<ChildProcess> => {
    const { child } = Command.startNode([sandboxMain, "--port", `${sandboxPort}`, "--seed", seedFile])
    await once(child.stdout, "data")
    child.stdout.resume()
    return child
  }
  let sandbox = await startSandbox()
  const twilio = await relay(() => sandboxPort)
  const redis = await Redis.start()
  const postgres = await Postgres.make()
  await postgres.start()

  const env = {
    ...credentials,
    FLEX_API_BASE_URL: twilio.url,
    TASKROUTER_API_BASE_URL: twilio.url,
    // What replicas count in Redis.
    FLEX_API_RATE_LIMIT: "1000",
    REDIS_URL: redis.url
  }
  const lies: Array<string> = []
  const fateOf = (n: number): ReadonlyArray<Fate> => twilio.changes.get(pathOf(n)) ?? []
  /** Nobody may be told that it was done when it was not, or not done when it was. */
  const judge = (n: number, isDone: boolean | undefined, words: string) => {
    const fates = fateOf(n)
    const isTrue =
      isDone === undefined ||
      (isDone ? fates.some((fate) => fate !== "refused") : fates.every((fate) => fate !== "applied"))
    if (!isTrue) lies.push(`change ${n} (${fates.join() || "never sent"}) was told as ${words.slice(0, 300)}`)
  }
  let next = 0
  const over = new AbortController()

  // Servers over HTTP, and clients that change one agent after the other.
  const serverEnv = { ...env, FLEX_MCP_TOKEN: token, FLEX_MCP_CONFIRM: "never" }
  const servers = await Promise.all([1, 2].map(() => Command.listen([], serverEnv)))
  const told: Array<string> = []
  let longest = 0
  const client = async (index: number) => {
    while (!over.signal.aborted) {
      const n = next++
      const from = performance.now()
      const how = await changeOver(servers[index % servers.length]?.url ?? "", n)
      longest = Math.max(longest, (performance.now() - from) / 1000)
      told.push(how)
    }
  }
  const changeOver = async (url: string, n: number): Promise<string> => {
    const host = await connectTo(url, { token, mode: { pin: "2026-07-28" } }).catch(() => undefined)
    if (host === undefined) {
      await sleep(50)
      return "no server"
    }
    const answer = await host
      .callTool({ name: "set_participant_status", arguments: changeOf(n) })
      .then(read, () => undefined)
    await host.close().catch(() => {})
    // The connection broke: the caller knows that it does not know.
    if (answer === undefined) return "connection lost"
    const isDone = answer.isError ? (/Nothing was changed/u.test(answer.text) ? false : undefined) : true
    judge(n, isDone, answer.text)
    return isDone === undefined ? "unknown" : isDone ? "done" : "not changed"
  }
  const clients = [0, 1, 2, 3].map(client)

  // A host over stdio with a server of its own, whose log is kept.
  const audit = new Map<string, string>()
  const spawned: Array<number> = []
  const ofHosts: Array<{ readonly n: number; readonly answered: () => boolean }> = []
  const startHost = async () => {
    const numbers = Array.from({ length: perKill / 2 }, () => next++)
    const child = spawn(process.execPath, [hostMain, Command.main, JSON.stringify(numbers.map(changeOf))], {
      env: { PATH: process.env["PATH"], ...env },
      stdio: ["ignore", "pipe", "pipe"]
    })
    const answers = new Set<string>()
    for (const n of numbers) ofHosts.push({ n, answered: () => answers.has(changeOf(n).participant_sid) })
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, pid } = JSON.parse(line) as { readonly id?: string; readonly pid?: number }
      if (pid !== undefined) spawned.push(pid)
      if (id !== undefined) answers.add(id)
    })
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (!line.startsWith("{")) return
      const { participant = "", result = "" } = JSON.parse(line) as {
        readonly participant?: string
        readonly result?: string
      }
      audit.set(participant, result)
    })
    await once(child.stdout, "data")
    // Its stderr is the server's too: it ends with the last of both.
    return { child, closed: once(child, "close") }
  }
  let host = await startHost()
  const hosts = [host]

  // Two sweeps, one of which leads.
  const startSweep = () =>
    Command.startNode([sweepMain, "--wrapping-longer-than", "2h", "--apply", "--json", "--every", "1s"], {
      ...env,
      DATABASE_URL: postgres.url
    })
  const sweeps = [startSweep(), startSweep()]

  const kill: Record<Victim, () => Promise<void>> = {
    server: async () => {
      const n = draw([0, 1]) ?? 0
      servers[n]?.child.kill("SIGKILL")
      await servers[n]?.ended
      servers[n] = await Command.listen([], serverEnv)
    },
    host: async () => {
      host.child.kill("SIGKILL")
      host = await startHost()
      hosts.push(host)
    },
    sandbox: async () => {
      sandbox.kill("SIGKILL")
      await once(sandbox, "exit")
      sandbox = await startSandbox()
    },
    redis: async () => {
      await redis.kill()
      await twilio.after(draw([1, 5, 20]) ?? 1)
      await redis.startAgain()
    },
    postgres: async () => {
      await postgres.kill()
      await twilio.after(draw([1, 5, 20]) ?? 1)
      await postgres.start()
    },
    sweep: async () => {
      const n = draw([0, 1]) ?? 0
      sweeps[n]?.child.kill("SIGKILL")
      await sweeps[n]?.ended
      sweeps[n] = startSweep()
    }
  }
  for (const victim of deaths) {
    await twilio.after(draw([5, 10, 20, 40, 80]) ?? 5)
    await kill[victim]()
  }

  // Everybody is up again: what was begun ends.
  await twilio.after(20)
  over.abort()
  await Promise.all(clients)
  host.child.kill("SIGKILL")
  await Promise.all(hosts.map(({ closed }) => closed))
  for (const { child } of sweeps) child.kill("SIGTERM")
  await Promise.all(sweeps.map(({ ended }) => ended))

  const audited: Array<string> = []
  for (const { answered, n } of ofHosts) {
    const fates = fateOf(n)
    const result = audit.get(changeOf(n).participant_sid)
    if (fates.length > 0 && result === undefined && !answered())
      lies.push(`change ${n} of a host was neither told nor audited`)
    if (result === undefined) continue
    audited.push(result)
    judge(n, result === "unknown" ? undefined : result !== "failed" && result !== "not_sent", `audited ${result}`)
  }

  const roster = await connectTo(servers[0]?.url ?? "", { token })
  const { interaction_sid, channel_sid } = changeOf(0)
  const listed = read(await roster.callTool({ name: "list_participants", arguments: { interaction_sid, channel_sid } }))
  await roster.close()
  const sweepOnce = (args: ReadonlyArray<string>) =>
    Command.startNode([sweepMain, "--wrapping-longer-than", "2h", "--json", ...args], env).ended
  const [swept, after] = [await sweepOnce(["--apply"]), await sweepOnce([])]

  await Promise.all(servers.map((server) => server.stop()))
  await redis.kill()
  await postgres.remove()
  sandbox.kill("SIGKILL")
  twilio.close()
  await rm(folder, { recursive: true })
  return {
    kills: deaths.length,
    told: count(told),
    audited: count(audited),
    lies,
    orphans: await outliving(spawned),
    longest,
    recovered: !listed.isError && swept.code === 0 && after.code === 0 && after.stdout === ""
  }
}
