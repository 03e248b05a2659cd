/**
 * The sandbox in a process of its own: `node twilio.js SIZE…` serves a channel of each size and prints its URL.
 *
 * It remembers its answers and gives them again, to reads and writes alike: on a machine with few cores its own work would
 * otherwise hide that of the contestants.
 */
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import * as Sandbox from "@flex-interactions/sandbox"
import { seed } from "./channel.ts"

const sandbox = Sandbox.make({
  seed: seed(process.argv.slice(2).map(Number)),
  settings: { repeat: 200 }
})

const remembered = new Map<string, { readonly status: number; readonly body: Buffer }>()

const server = createServer((request, response) => {
  const { method = "GET", url = "/", headers } = request
  const { host = "", authorization = "", "content-type": type = "" } = headers
  const respond = async () => {
    const form = method === "GET" ? undefined : await text(request)
    const key = `${method} ${url} ${authorization} ${type} ${form ?? ""}`
    const known = remembered.get(key)
    if (known !== undefined) return known
    const answer = await sandbox.fetch(
      new Request(`http://${host}${url}`, {
        method,
        headers: { authorization, "content-type": type },
        ...(form === undefined ? {} : { body: form })
      })
    )
    const fresh = { status: answer.status, body: Buffer.from(await answer.arrayBuffer()) }
    remembered.set(key, fresh)
    return fresh
  }
  void respond().then(({ status, body }) =>
    response.writeHead(status, { "content-type": "application/json", "content-length": body.length }).end(body)
  )
})
server.listen(0, "127.0.0.1", () =>
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
)
process.stdin.once("end", () => process.exit(0)).resume()
