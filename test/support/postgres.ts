/** A PostgreSQL of this test's own, in a folder that goes with it; and a wire to it that can be cut. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { setTimeout as sleep } from "node:timers/promises"

const versions = "/usr/lib/postgresql"
const newest = existsSync(versions)
  ? readdirSync(versions)
      .sort((a, b) => Number(a) - Number(b))
      .at(-1)
  : undefined

/** Where Debian puts its programs; none where it is not installed. */
export const bin = newest === undefined ? undefined : join(versions, newest, "bin")

/** PostgreSQL refuses to run as root. */
const user = () => {
  if (process.getuid?.() !== 0) return {}
  const id = (flag: string) => Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}

export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, "close")
  return port
}

export interface Postgres {
  readonly port: number
  readonly url: string
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** As a crash of the machine does, without a last word. */
  readonly kill: () => Promise<void>
  readonly remove: () => Promise<void>
}

export const make = async (): Promise<Postgres> => {
  const folder = mkdtempSync(join(tmpdir(), "postgres-"))
  const as = user()
  if (as.uid !== undefined) chownSync(folder, as.uid, as.gid)
  const data = join(folder, "data")
  const program = (name: string) => join(bin ?? "", name)
  execFileSync(program("initdb"), ["-D", data, "-U", "sweep", "-A", "trust", "--no-sync"], {
    stdio: "ignore",
    cwd: folder,
    ...as
  })
  const port = await freePort()
  let server: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals) => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    server.kill(signal)
    await once(server, "exit")
  }
  const stop = () => end("SIGQUIT")
  return {
    port,
    url: `postgres://sweep@127.0.0.1:${port}/postgres`,
    start: async () => {
      const args = ["-D", data, "-p", `${port}`, "-h", "127.0.0.1", "-k", folder, "-F"]
      const attempt = async (): Promise<boolean> => {
        const started = spawn(program("postgres"), args, { stdio: ["ignore", "ignore", "pipe"], cwd: folder, ...as })
        server = started
        for await (const line of createInterface({ input: started.stderr })) {
          if (!line.includes("ready to accept connections")) continue
          started.stderr.resume()
          return true
        }
        return false
      }
      // After a kill its processes need a moment to notice.
      while (!(await attempt())) await sleep(100)
    },
    stop,
    kill: () => end("SIGKILL"),
    remove: async () => {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** A wire to a port. Cut, it is there, and nothing gets through: as behind a firewall that drops everything. */
export const wire = async (to: number) => {
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1")
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on("error", () => {})
      socket.on("close", () => sockets.delete(socket))
    }
    near.on("data", (chunk) => isCut || far.write(chunk))
    far.on("data", (chunk) => isCut || near.write(chunk))
    near.on("close", () => isCut || far.destroy())
    far.on("close", () => isCut || near.destroy())
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `postgres://sweep@127.0.0.1:${(server.address() as AddressInfo).port}/postgres`,
    cut: () => {
      isCut = true
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    }
  }
}
