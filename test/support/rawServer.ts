/**
 * A server on raw sockets that does with each request what a script says, so that it can misbehave in every way. Scripts,
 * what was asked, what was applied and what the client was told are plain values: a test compares them, and so can a run of
 * many scripts that are made at random.
 */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { createServer as createTlsServer, type TlsOptions } from "node:tls"

/** A request as it came. */
export interface Asked {
  /** 1, 2, … over all connections. */
  readonly number: number
  /** 1, 2, …: the connection that it came over. */
  readonly connection: number
  /** 1, 2, … on this connection. */
  readonly nth: number
  readonly method: string
  /** With the query. */
  readonly path: string
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  /** What was carried out before it came. */
  readonly before: ReadonlyArray<Applied>
}

/** What is done with a request, one thing after the other. A script that does not end the reply leaves the client waiting. */
export type Step =
  /** Carries out the change that the request asks for; or another one, as if another program had asked for it. */
  | { readonly do: "apply"; readonly another?: { readonly path: string; readonly body: string } }
  /** Consents to the change that the request asks for, and does not carry it out. */
  | { readonly do: "promise" }
  /** Bytes, a character each. */
  | { readonly do: "send"; readonly bytes: string }
  /** Bytes that are sent when the whole next request on this connection is there, before its own script begins. */
  | { readonly do: "send with the next"; readonly bytes: string }
  /** Waits; what was sent before has left by then. */
  | { readonly do: "pause"; readonly milliseconds: number }
  /** Ends this side of the connection. */
  | { readonly do: "end" }
  /** Breaks the connection off. */
  | { readonly do: "reset" }
  /**
   * From here on the connection is one to this port of this machine, until so many bytes have come from there: then it is
   * broken off. With 0 that is when the first bytes from the client are there.
   */
  | { readonly do: "tunnel"; readonly port: number; readonly bytes?: number }

export type Script = ReadonlyArray<Step>

/** A change that was carried out, or only consented to. */
export interface Applied {
  /** The number of the request. */
  readonly request: number
  readonly path: string
  readonly body: string
  /** Another program asked for it. */
  readonly isAnothers?: true
}

export interface RawServer {
  readonly port: number
  readonly url: string
  readonly asked: ReadonlyArray<Asked>
  readonly applied: ReadonlyArray<Applied>
  readonly promised: ReadonlyArray<Applied>
  /** How many connections are open. */
  readonly open: () => number
  /** How many scripts are not at their end. */
  readonly running: () => number
  /** Resolves once `isSo`, which is asked whenever a request has come, a script is at its end or a connection has gone. */
  readonly until: (isSo: () => boolean) => Promise<void>
  /** Breaks all connections off. */
  readonly reset: () => void
  /** Forgets what was asked, applied and promised. */
  readonly clear: () => void
  readonly close: () => Promise<void>
}

/** Serves on a free port of this machine. `script` is asked for each request; `options.first` is done with each new connection. */
export const serve = async (
  script: (asked: Asked) => Script,
  options: { readonly first?: () => Script; readonly secure?: TlsOptions } = {}
): Promise<RawServer> => {
  const { first, secure } = options
  const asked: Array<Asked> = []
  const applied: Array<Applied> = []
  const promised: Array<Applied> = []
  const open = new Set<Socket>()
  const waiting = new Set<() => void>()
  const wake = () => waiting.forEach((check) => check())
  let connections = 0
  let running = 0

  const onConnection = (socket: Socket) => {
    const connection = ++connections
    let nth = 0
    let received = ""
    let withTheNext = ""
    // TLS can't be reset; what is below it can, in a tunnel.
    const reset = () => void (secure === undefined ? socket.resetAndDestroy() : socket.destroy())

    const tunnel = (port: number, bytes: number) => {
      socket.off("data", onData)
      const upstream = connect(port, "localhost")
      upstream.on("error", () => socket.destroy())
      upstream.on("close", () => socket.destroy())
      socket.on("close", () => upstream.destroy())
      let left = bytes
      upstream.on("data", (chunk: Buffer) => {
        socket.write(chunk.subarray(0, left), () => left <= 0 && reset())
        left -= chunk.length
      })
      if (bytes === 0) socket.once("data", reset)
      else socket.pipe(upstream)
      upstream.write(received, "latin1")
    }

    const run = async (script: Script, one?: Asked) => {
      running += 1
      for (const step of script) {
        switch (step.do) {
          case "apply":
          case "promise": {
            const changes = step.do === "apply" ? applied : promised
            const another = step.do === "apply" &&
              step.another !== undefined && { ...step.another, isAnothers: true as const }
            if (one !== undefined) changes.push({ request: one.number, path: one.path, body: one.body, ...another })
            break
          }
          case "send":
            socket.write(step.bytes, "latin1")
            break
          case "send with the next":
            withTheNext += step.bytes
            break
          case "pause":
            await sleep(step.milliseconds)
            break
          case "end":
            socket.end()
            break
          case "reset":
            reset()
            break
          case "tunnel":
            tunnel(step.port, step.bytes ?? Number.POSITIVE_INFINITY)
        }
      }
      running -= 1
      wake()
    }

    const onData = (chunk: Buffer) => {
      received += chunk.toString("latin1")
      for (let next = parse(received); next !== undefined; next = parse(received)) {
        received = received.slice(next.length)
        const one = { number: asked.length + 1, connection, nth: ++nth, before: [...applied], ...next.request }
        asked.push(one)
        if (withTheNext !== "") socket.write(withTheNext, "latin1")
        withTheNext = ""
        void run(script(one), one)
      }
      wake()
    }

    open.add(socket)
    const gone = () => {
      open.delete(socket)
      wake()
    }
    // Of a connection that can't be reset, because the client has ended it, Node tells no close.
    socket.on("error", gone)
    socket.on("close", gone)
    socket.on("data", onData)
    if (first !== undefined) void run(first())
  }

  const server: Server = secure === undefined ? createServer(onConnection) : createTlsServer(secure, onConnection)
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${secure === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    asked,
    applied,
    promised,
    open: () => open.size,
    running: () => running,
    until: (isSo) =>
      new Promise((resolve) => {
        const check = () => {
          if (!isSo()) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    reset: () => open.forEach((socket) => socket.resetAndDestroy()),
    clear: () => {
      asked.length = 0
      applied.length = 0
      promised.length = 0
    },
    close: async () => {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, "close")
    }
  }
}

/** The first request in these bytes, if all of it is there. */
const parse = (bytes: string) => {
  const end = bytes.indexOf("\r\n\r\n")
  if (end === -1) return undefined
  const [line = "", ...lines] = bytes.slice(0, end).split("\r\n")
  const [method = "", path = ""] = line.split(" ")
  const headers = Object.fromEntries(
    lines.map((header) => {
      const colon = header.indexOf(":")
      return [header.slice(0, colon).toLowerCase(), header.slice(colon + 1).trim()]
    })
  )
  const length = end + 4 + Number(headers["content-length"] ?? 0)
  const request = { method, path, headers, body: bytes.slice(end + 4, length) }
  return bytes.length < length ? undefined : { request, length }
}

/** A whole reply, as bytes. The length is right unless `headers` says otherwise. */
export const reply = (status: number, body: unknown, headers: { readonly [name: string]: string | number } = {}) => {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const all = { "Content-Type": "application/json", "Content-Length": text.length, ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Status\r\n${lines.join("")}\r\n${text}`
}
