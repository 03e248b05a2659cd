/**
 * A relay in front of a Twilio that may be killed at any moment. It remembers each change that came, and whether it was carried out: for
 * certain, perhaps (there was no answer), or not.
 */
import { once } from "node:events"
import { createServer, request as send } from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"

export type Fate = "applied" | "perhaps" | "refused"

export interface Relay {
  readonly url: string
  /** By the path of the change, in the order in which they came. */
  readonly changes: ReadonlyMap<string, ReadonlyArray<Fate>>
  /** Resolves when so many more requests have come. */
  readonly after: (requests: number) => Promise<void>
  readonly close: () => void
}

export const relay = async (port: () => number): Promise<Relay> => {
  const changes = new Map<string, Array<Fate>>()
  const waiting = new Set<() => void>()
  let requests = 0
  const server = createServer(async (request, response) => {
    requests += 1
    for (const check of waiting) check()
    const { headers, method, url = "" } = request
    const body = await buffer(request)
    const fates = method === "POST" ? (changes.get(url) ?? []) : undefined
    const nth = fates?.push("perhaps") ?? 0
    if (fates !== undefined) changes.set(url, fates)
    const upstream = send({ host: "127.0.0.1", port: port(), method, path: url, headers, agent: false }, (reply) => {
      const status = reply.statusCode ?? 0
      // With the status it was decided; whether the rest arrives is another matter.
      if (fates !== undefined) fates[nth - 1] = status < 300 ? "applied" : "refused"
      response.writeHead(status, reply.headers)
      reply.on("error", () => response.destroy())
      reply.pipe(response)
    })
    upstream.on("error", () => response.destroy())
    upstream.end(body)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    changes,
    after: (more) =>
      new Promise((resolve) => {
        const enough = requests + more
        const check = () => {
          if (requests < enough) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
