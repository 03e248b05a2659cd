/** A web-standard handler behind a port of this machine, until the fiber is interrupted; then it drains. */
import { createAdaptorServer } from "@hono/node-server"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Server } from "node:http"
import type { Handler } from "./Http.ts"

/** It cannot listen there. */
export class ListenError extends Schema.TaggedError<ListenError>("@flex-interactions/mcp/ListenError")("ListenError", {
  host: Schema.String,
  port: Schema.Int,
  code: Schema.String
}) {
  override get message(): string {
    const where = `${this.host.includes(":") ? `[${this.host}]` : this.host}:${this.port}`
    switch (this.code) {
      case "EADDRINUSE":
        return `${where} is taken by another program; choose another port with --http HOST:PORT`
      case "EACCES":
        return `${where} may not be listened on by this user; choose a port above 1023 with --http HOST:PORT`
      case "EADDRNOTAVAIL":
      case "ENOTFOUND":
        return `${this.host} is not an address of this machine; choose one that is with --http HOST:PORT`
      default:
        return `${where} cannot be listened on (${this.code})`
    }
  }
}

export interface Options {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** How long calls in flight may take to finish once this fiber is interrupted. */
  readonly drain: Duration.Duration
  /** Given the port once it is listened on. */
  readonly onListening: (port: number) => Effect.Effect<void>
}

/** Never completes: interrupt it to drain and end. */
export const serve = (handler: (port: number) => Handler, options: Options): Effect.Effect<never, ListenError> =>
  Effect.acquireRelease(listen(handler, options), (listening) => drain(listening, options.drain)).pipe(
    Effect.flatMap(({ port }) => options.onListening(port)),
    Effect.andThen(Effect.never),
    Effect.scoped
  )

/** How long a client may take to begin a request, and to send its headers, in milliseconds. */
const patience = 10_000

/**
 * How long a connection stays open without a request, in milliseconds. Longer than the 60 seconds of the usual load balancers: with Node's own five, one of them
 * sends a request over a connection that is just being closed, and answers 502.
 */
const keepAlive = 65_000

/** A balancer in front keeps a few hundred. More are hung up on at once: they would take the descriptors that requests to Twilio need. */
const maxConnections = 1000

/** No client of the protocol sends a request before the one before it is answered; one with so many in flight on a connection is hung up on. */
const maxInFlight = 32

interface Listening {
  readonly server: Server
  readonly port: number
  readonly handler: Handler
  /** Resolves when no call is in flight. */
  readonly idle: () => Promise<void>
}

const listen = (handler: (port: number) => Handler, options: Options): Effect.Effect<Listening, ListenError> =>
  Effect.callback((resume) => {
    const fail = (code: string | undefined) =>
      resume(Effect.fail(new ListenError({ host: options.host, port: options.port, code: code ?? "unknown" })))
    let serving: Handler | undefined
    const server = createAdaptorServer({
      fetch: (request, { incoming }) => {
        if (namesTwoHosts(request, incoming.headers.host)) return new Response(null, { status: 400 })
        // What was read with the request that was one too many.
        if (incoming.socket.destroyed) return new Response(null, { status: 503 })
        return serving?.fetch(request) ?? new Response(null, { status: 503 })
      },
      overrideGlobalObjects: false,
      // A request is at most 256 KiB: who takes longer to send one only holds a connection.
      serverOptions: {
        headersTimeout: patience,
        requestTimeout: 1.5 * patience,
        connectionsCheckingInterval: 2000,
        keepAliveTimeout: keepAlive
      }
    })
    if (!(server instanceof Server)) return fail("not HTTP/1.1")

    // By connection: a response that waits behind another one when the client goes away is never told.
    const inFlight = new Map<unknown, Set<unknown>>()
    let whenIdle: (() => void) | undefined
    const settled = () => {
      if (!server.listening) server.closeIdleConnections()
      if ([...inFlight.values()].every(({ size }) => size === 0)) whenIdle?.()
    }
    server.on("connection", (socket) => {
      inFlight.set(socket, new Set())
      // Node waits without end for the first byte.
      socket.setTimeout(patience)
      socket.once("close", () => {
        inFlight.delete(socket)
        settled()
      })
    })
    server.prependListener("request", (request, response) => {
      request.socket.setTimeout(0)
      if (!server.listening) response.setHeader("Connection", "close")
      // A subscription ends when the client or this server does; nobody waits for it.
      if (request.headers["mcp-method"] === "subscriptions/listen") return
      const calls = inFlight.get(request.socket)
      calls?.add(response)
      if (calls !== undefined && calls.size > maxInFlight) request.socket.destroy()
      response.once("close", () => {
        calls?.delete(response)
        settled()
      })
    })
    server.maxConnections = maxConnections
    server.once("error", (error: NodeJS.ErrnoException) => fail(error.code))
    server.listen(options.port, options.host, () => {
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : options.port
      serving = handler(port)
      const idle = () =>
        new Promise<void>((resolve) => {
          whenIdle = resolve
          settled()
        })
      resume(Effect.succeed({ server, port, handler: serving, idle }))
    })
  })

/** A target can be a whole URL, with another host than the header's; the header is what is checked. */
const namesTwoHosts = ({ url }: Request, header = ""): boolean =>
  !URL.canParse(`http://${header}`) || new URL(url).host !== new URL(`http://${header}`).host

/** No new connection; what is in flight may finish, up to the bound; then everything is closed. */
const drain = ({ handler, idle, server }: Listening, bound: Duration.Duration): Effect.Effect<void> =>
  Effect.gen(function* () {
    handler.drain()
    server.close()
    server.closeIdleConnections()
    const over = yield* Deferred.make<void>()
    // In fibers of their own: this one is being interrupted, so neither would yield to the other in it.
    for (const wait of [Effect.promise(idle), Effect.sleep(bound)]) {
      yield* Effect.forkDetach(Effect.andThen(wait, Deferred.succeed(over, undefined)))
    }
    yield* Deferred.await(over)
    yield* Effect.promise(handler.close)
    server.closeAllConnections()
  })
