/** Replicas behind nginx, as in production. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { writeFile } from "node:fs/promises"
import { connect } from "node:net"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import * as Redis from "./redis.ts"

export const isMissing = Redis.isMissing || spawnSync("nginx", ["-v"]).error !== undefined

const isOpen = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "127.0.0.1")
    socket.once("connect", () => {
      socket.destroy()
      resolve(true)
    })
    socket.once("error", () => resolve(false))
  })

/** Resolves once somebody listens on this port. */
const opens = async (port: number, child: ChildProcess): Promise<void> => {
  while (!(await isOpen(port))) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} and never listened on ${port}`)
    await sleep(20)
  }
}

export const end = async (child: ChildProcess, signal: NodeJS.Signals = "SIGTERM"): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill(signal)
  await once(child, "exit")
}

/** Gives each request to one of these servers in turn, and says to which in `X-Served-By`. */
export const startNginx = async (
  folder: string,
  port: number,
  replicas: ReadonlyArray<{ readonly url: string }>
): Promise<ChildProcess> => {
  const file = join(folder, "nginx.conf")
  await writeFile(
    file,
    `daemon off; pid ${folder}/pid; error_log ${folder}/error.log;
    events { worker_connections 4096; }
    http {
      access_log off; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      upstream replicas { ${replicas.map(({ url }) => `server ${new URL(url).host};`).join(" ")} keepalive 256; }
      server {
        listen 127.0.0.1:${port};
        location / {
          proxy_pass http://replicas; proxy_http_version 1.1; proxy_set_header Connection "";
          proxy_set_header Host $host; proxy_buffering off; proxy_next_upstream error timeout non_idempotent;
          add_header X-Served-By $upstream_addr always;
        }
      }
    }`
  )
  const nginx = spawn("nginx", ["-p", folder, "-c", file, "-e", join(folder, "error.log")], { stdio: "ignore" })
  await opens(port, nginx)
  return nginx
}
