/** The ways to a server under load: one over stdio, and three replicas behind nginx with a Redis. */
import { mkdtemp, rm } from "node:fs/promises"
import { connect as connectTcp, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { StdioClientTransport } from "@modelcontextprotocol/client/stdio"
import * as Balanced from "../support/balanced.ts"
import * as Command from "../support/command.ts"
import { call, connect, connectTo, environment } from "../support/host.ts"
import { freePort } from "../support/postgres.ts"
import * as Redis from "../support/redis.ts"
import { drive, type Figures } from "./drive.ts"
import { type Centre, centre } from "./work.ts"

/** So little that 100,000 calls which each left a kilobyte behind would end the process. */
const memory = { NODE_OPTIONS: "--max-old-space-size=64" }
const settings = (centre: Centre, more: Record<string, string>) =>
  environment(centre.url, {
    TASKROUTER_API_BASE_URL: centre.url,
    FLEX_API_RATE_LIMIT: "off",
    FLEX_MCP_CONFIRM: "never",
    ...memory,
    ...more
  })

/** So many calls at the same time, by one host. */
const atOnce = 50

export const overStdio = async (calls: number): Promise<Figures> => {
  const work = await centre(calls)
  const host = await connect({ env: settings(work, {}) })
  const { pid } = host.transport as StdioClientTransport
  const clients = Array.from({ length: atOnce }, () => host)
  const figures = await drive({ calls, centre: work, clients, pids: pid == null ? [] : [pid] })
  await host.close()
  work.close()
  return figures
}

export const token = "0123456789abcdef0123456789abcdef"

/** What a client sends by hand. */
const bytes = (host: string, body: string) =>
  `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
  `Accept: application/json, text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** Clients that are slow on purpose, in three ways, until `stop`. A server hangs up on them in time; then they come again. */
const slow = (urls: ReadonlyArray<string>, args: object) => {
  const sockets = new Set<Socket>()
  let isOver = false
  const body = JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name: "list_participants", arguments: args }
  })
  const open = (url: URL, act: (socket: Socket) => void) => {
    if (isOver) return
    const socket = connectTcp(Number(url.port), url.hostname, () => act(socket))
    sockets.add(socket)
    socket.on("error", () => {})
    socket.on("close", () => {
      sockets.delete(socket)
      setTimeout(() => open(url, act), 100).unref()
    })
  }
  for (const url of urls.map((url) => new URL(url))) {
    for (let n = 0; n < 3; n++) {
      // Asks, and reads nothing.
      open(url, (socket) => {
        socket.pause()
        socket.write(bytes(url.host, body).repeat(10))
      })
      // Sends half a request.
      open(url, (socket) => socket.write(bytes(url.host, body).slice(0, -20)))
      // Says nothing.
      open(url, () => {})
    }
  }
  return {
    open: () => sockets.size,
    stop: () => {
      isOver = true
      for (const socket of sockets) socket.destroy()
    }
  }
}

interface Replicas {
  /** Through nginx. */
  readonly url: string
  readonly replicas: ReadonlyArray<Command.Listening>
}

/** Three replicas behind nginx with a Redis, while `use` runs; and what went wrong with them. */
export const behindNginx = async <A>(
  env: (redisUrl: string) => Record<string, string>,
  use: (balanced: Replicas) => Promise<A>
): Promise<readonly [A, ReadonlyArray<string>]> => {
  const folder = await mkdtemp(join(tmpdir(), "load-"))
  const redis = await Redis.start()
  const settings = env(redis.url)
  const replicas = await Promise.all([1, 2, 3].map(() => Command.listen([], settings)))
  const port = await freePort()
  const nginx = await Balanced.startNginx(folder, port, replicas)
  const used = await use({ url: `http://127.0.0.1:${port}/mcp`, replicas })
  const ended = await Promise.all(replicas.map((replica) => replica.stop()))
  await Balanced.end(nginx)
  await redis.kill()
  await rm(folder, { recursive: true })
  return [
    used,
    ended.flatMap(({ code, stderr }) => (code === 0 ? [] : [`a replica ended with ${code}: ${stderr.slice(-300)}`]))
  ]
}

/** With `slowly`, there are clients besides that are slow on purpose. */
export const overHttp = async (
  calls: number,
  { clients: count, slowly }: { readonly clients: number; readonly slowly: boolean }
): Promise<Figures & { readonly slowClients: number }> => {
  const work = await centre(calls)
  const [[figures, slowClients], died] = await behindNginx(
    (REDIS_URL) => settings(work, { FLEX_MCP_TOKEN: token, REDIS_URL }),
    async ({ replicas, url }) => {
      const clients = await Promise.all(
        Array.from({ length: count }, (_, n) =>
          connectTo(url, { token, mode: n % 2 === 0 ? "legacy" : { pin: "2026-07-28" } })
        )
      )
      const slowOnes = slowly ? slow([url, ...replicas.map((replica) => replica.url)], work.call(0).args) : undefined
      const pids = replicas.flatMap(({ child }) => child.pid ?? [])
      const figures = await drive({ calls, centre: work, clients, pids })
      const slowClients = slowOnes?.open() ?? 0
      slowOnes?.stop()
      await Promise.all(clients.map((client) => client.close()))
      return [figures, slowClients] as const
    }
  )
  work.close()
  return { ...figures, wrong: [...died, ...figures.wrong], wrongs: figures.wrongs + died.length, slowClients }
}

/**
 * Under the limit: so many calls in all, by clients of whom the first has `greed` calls waiting at any time and each other one has one.
 * For each call of the others: how many of the first one's calls were answered while it waited. The clients are those of one server, or
 * spread over three replicas.
 */
export const underTheLimit = async (
  calls: number,
  {
    greed,
    perSecond,
    replicas: isSpread
  }: { readonly greed: number; readonly perSecond: number; readonly replicas: boolean }
) => {
  const work = await centre(1)
  // Without TaskRouter, of which Twilio takes three lists a second, a roster is one request.
  const env = environment(work.url, { FLEX_API_RATE_LIMIT: `${perSecond}`, FLEX_MCP_TOKEN: token })
  const use = async (urls: ReadonlyArray<string>) => {
    const [greedy, ...others] = await Promise.all(
      Array.from({ length: 4 }, (_, n) => connectTo(urls[n % urls.length] ?? "", { token }))
    )
    if (greedy === undefined) throw new Error("there is no client")
    const { args, tool } = work.call(0)
    const answered = { greedy: 0, others: others.map(() => 0) }
    const waited: Array<number> = []
    const failed: Array<string> = []
    let begun = 0
    const loop = async (client: typeof greedy, done: (before: number) => void) => {
      while (begun++ < calls) {
        const before = answered.greedy
        const { isError, text } = await call(client, tool, args)
        if (isError) failed.push(text)
        done(before)
      }
    }
    await Promise.all([
      ...Array.from({ length: greed }, () =>
        loop(greedy, () => {
          answered.greedy += 1
        })
      ),
      ...others.map((client, n) =>
        loop(client, (before) => {
          answered.others[n] = (answered.others[n] ?? 0) + 1
          waited.push(answered.greedy - before)
        })
      )
    ])
    await Promise.all([greedy, ...others].map((client) => client.close()))
    return { answered, waited, failed }
  }
  const run = async () => {
    if (isSpread) {
      const [found] = await behindNginx(
        (REDIS_URL) => ({ ...env, REDIS_URL }),
        ({ replicas }) => use(replicas.map(({ url }) => url))
      )
      return found
    }
    const server = await Command.listen([], env)
    const found = await use([server.url])
    await server.stop()
    return found
  }
  const found = await run()
  work.close()
  return found
}
