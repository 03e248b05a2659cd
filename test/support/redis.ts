/** A real Redis, which can be killed and started again. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { createInterface } from "node:readline"

export const isMissing = spawnSync("redis-server", ["-v"]).error !== undefined
if (isMissing && process.env["CI"] !== undefined) throw new Error("CI runs without Redis: apt-get install redis-server")

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

/** Starts one that keeps nothing on disk; none if somebody else took the port. */
const startOn = async (port: number): Promise<ChildProcess | undefined> => {
  const child = spawn(
    "redis-server",
    ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
    {
      stdio: ["ignore", "pipe", "ignore"]
    }
  )
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.includes("Ready to accept connections")) {
      child.stdout.resume()
      return child
    }
  }
  return undefined
}

export interface Server {
  readonly url: string
  /** Nothing that was in it is there afterwards. */
  readonly kill: () => Promise<void>
  /** At the same address. */
  readonly startAgain: () => Promise<void>
}

export const start = async (): Promise<Server> => {
  let port = await freePort()
  let child = await startOn(port)
  while (child === undefined) {
    port = await freePort()
    child = await startOn(port)
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
      child.kill("SIGKILL")
      await once(child, "exit")
    },
    startAgain: async () => {
      child = await startOn(port)
      if (child === undefined) throw new Error(`port ${port} is taken`)
    }
  }
}
