/**
 * An `HttpClient` on node:http and node:https, for programs on Node. It is not in the index: import
 * `@flex-interactions/core/NodeHttp`.
 *
 * Connections stay open for the next request; without that every request pays for TLS again. A request with
 * `connection: close`, which core puts on each change, has a connection of its own: a reply to something else can't come over
 * it. A connection that an error came over is closed, and one whose reply did not fit its request too, when core says so.
 *
 * It sends what core sends, a body that is there as a whole, and limits no reply, which core does. Effect's own client on
 * node:http can upload streams too, and takes four more fibers and a quarter more CPU for each request.
 */
import * as http from "node:http"
import * as https from "node:https"
import type { Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as Url from "effect/http/Url"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Json } from "effect/Schema"
import * as Stream from "effect/Stream"
import { discard, neverSent } from "./TwilioClient.ts"

/** What makes the connections, by the protocol of the URL. */
interface Agents {
  readonly "http:": http.Agent
  readonly "https:": http.Agent
}

interface Connections {
  /** Kept open for the next request. */
  readonly kept: Agents
  /** For one request each. */
  readonly own: Agents
}

/**
 * The client with agents of your making for https, such as one with a certificate authority of your own, or one that goes
 * through a proxy. It is called twice: with `keepAlive`, and without for what gets a connection of its own. The agents are
 * destroyed with the layer's scope.
 *
 * An agent finds the signal of {@link Interruptible} among the options of a connection.
 *
 * @example
 * ```ts
 * import * as https from "node:https"
 * import { TwilioClient } from "@flex-interactions/core"
 * import * as NodeHttp from "@flex-interactions/core/NodeHttp"
 * import { Layer } from "effect"
 *
 * const authority = "-----BEGIN CERTIFICATE-----…"
 * const client = TwilioClient.layerConfig().pipe(
 *   Layer.provide(NodeHttp.layerAgent((options) => new https.Agent({ ...options, ca: authority })))
 * )
 * ```
 */
export const layerAgent = (
  makeAgent: (options: https.AgentOptions) => http.Agent
): Layer.Layer<HttpClient.HttpClient> => {
  const agents = (keepAlive: boolean): Agents => ({
    "http:": new http.Agent({ keepAlive }),
    "https:": makeAgent({ keepAlive })
  })
  return Layer.effect(
    HttpClient.HttpClient,
    Effect.map(
      Effect.acquireRelease(
        Effect.sync((): Connections => ({ kept: agents(true), own: agents(false) })),
        ({ kept, own }) =>
          Effect.sync(() => {
            for (const agents of [kept, own]) {
              agents["http:"].destroy()
              agents["https:"].destroy()
            }
          })
      ),
      (connections) => client(connections)
    )
  )
}

/**
 * The client.
 *
 * @example
 * ```ts
 * import { TwilioClient, Participants } from "@flex-interactions/core"
 * import * as NodeHttp from "@flex-interactions/core/NodeHttp"
 * import { Layer } from "effect"
 *
 * const participants = Participants.layer.pipe(
 *   Layer.provide(TwilioClient.layerConfig()),
 *   Layer.provide(NodeHttp.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<HttpClient.HttpClient> = layerAgent((options) => new https.Agent(options))

/**
 * What an agent finds among the options of a connection, in `createConnection`: Node keeps a `signal` of the request to itself.
 * Of use where it takes more than a socket to make a connection, and Node can't stop that by itself.
 *
 * @example
 * ```ts
 * import * as https from "node:https"
 * import type * as NodeHttp from "@flex-interactions/core/NodeHttp"
 *
 * class Agent extends https.Agent {
 *   override createConnection(options: https.RequestOptions & NodeHttp.Interruptible) {
 *     options.interruption?.addEventListener("abort", () => {})
 *     return super.createConnection(options)
 *   }
 * }
 * ```
 */
export interface Interruptible {
  /** Aborted when the program no longer waits for the connection. */
  readonly interruption?: AbortSignal
}

const client = (connections: Connections): HttpClient.HttpClient => {
  const traced = HttpClient.make((request, url) => send(connections, request, url))
  // Where nobody traces, it does without what Effect's does for each request: a span, and a watch on replies that nobody reads.
  const execute = (request: HttpClientRequest.HttpClientRequest) =>
    Effect.withFiber<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((fiber) => {
      if (!fiber.getRef(HttpClient.TracerDisabledWhen)(request)) return traced.execute(request)
      const url = Url.make(request.url, request.urlParams, Option.getOrUndefined(request.hash))
      return Result.isSuccess(url)
        ? send(connections, request, url.success)
        : fail(new HttpClientError.InvalidUrlError({ request, cause: url.failure }))
    })
  return HttpClient.makeWith((request) => Effect.flatMap(request, execute), traced.preprocess)
}

const send = (connections: Connections, request: HttpClientRequest.HttpClientRequest, url: URL) =>
  Effect.callback<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError>((resume, interruption) => {
    const { body, headers, method } = request
    if (body._tag !== "Empty" && body._tag !== "Uint8Array") {
      return resume(fail(new HttpClientError.EncodeError({ request, description: "only bytes can be sent" })))
    }
    const isSecure = url.protocol === "https:"
    const agents = headers["connection"] === "close" ? connections.own : connections.kept
    const options: http.RequestOptions & Interruptible = {
      agent: agents[isSecure ? "https:" : "http:"],
      method,
      headers,
      interruption
    }
    const outgoing = (isSecure ? https : http).request(url, options, (incoming) => {
      const reply = new Reply(request, url, incoming)
      // Nothing in an error says what it is the answer to: had it come twice, the next request would take it for its own.
      if (reply.status > 299) incoming.once("end", reply[discard])
      resume(Effect.succeed(reply))
    })
    outgoing.on("error", (error) => {
      const isKnown = hasBegun(outgoing) || Predicate.hasProperty(error, neverSent)
      const cause = isKnown ? error : { [neverSent]: {}, cause: error }
      resume(fail(new HttpClientError.TransportError({ request, cause })))
    })
    // All that comes after a switch to another protocol, which nobody asked for.
    outgoing.on("close", () => resume(fail(new HttpClientError.TransportError({ request }))))
    outgoing.end(body._tag === "Empty" ? undefined : body.body)
    return Effect.sync(() => outgoing.destroy())
  })

/** May some of the request have left? Not before there is a connection, nor before it is secured. */
const hasBegun = ({ socket }: http.ClientRequest): boolean =>
  Predicate.isNotNullish(socket) && !(Predicate.hasProperty(socket, "secureConnecting") && socket.secureConnecting)

const fail = (reason: HttpClientError.HttpClientErrorReason) =>
  Effect.fail(new HttpClientError.HttpClientError({ reason }))

/** Leaves out a byte order mark, as `Response` does. */
const decoder = new TextDecoder()

class Reply extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  private readonly source: http.IncomingMessage
  /** `source` loses sight of it at the end of the reply. */
  private readonly socket: Socket
  /** The body, when all of it has been read. */
  private body: Buffer | undefined

  constructor(request: HttpClientRequest.HttpClientRequest, url: URL, source: http.IncomingMessage) {
    super()
    this.request = request
    this.url = url.href
    this.source = source
    this.socket = source.socket
  }

  /** Also after the reply, when the connection waits for the next request or has it already. */
  readonly [discard] = (): void => void this.socket.destroy()

  get status(): number {
    return this.source.statusCode ?? 0
  }

  get headers(): Headers.Headers {
    return Headers.fromInput(this.source.headers)
  }

  get cookies(): Cookies.Cookies {
    return Cookies.fromSetCookie(this.source.headers["set-cookie"] ?? [])
  }

  get remoteAddress(): Option.Option<string> {
    return Option.fromNullishOr(this.socket.remoteAddress)
  }

  /**
   * With nothing between the socket and the bytes: this is how nearly every reply is read. Only when the reply is closed is
   * its connection free for the next request.
   */
  private readonly bytes = Effect.callback<Buffer, HttpClientError.HttpClientError>((resume) => {
    if (this.body !== undefined) return resume(Effect.succeed(this.body))
    if (this.source.destroyed) return resume(this.fail("the body is not there any more"))
    const chunks: Array<Buffer> = []
    this.source
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .once("error", (cause) => resume(this.fail(cause)))
      .once("close", () => {
        this.body = Buffer.concat(chunks)
        resume(Effect.succeed(this.body))
      })
    return Effect.sync(() => this.source.destroy())
  })

  get text(): Effect.Effect<string, HttpClientError.HttpClientError> {
    return Effect.map(this.bytes, (bytes) => decoder.decode(bytes))
  }

  get json(): Effect.Effect<Json, HttpClientError.HttpClientError> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({ try: () => (text === "" ? null : (JSON.parse(text) as Json)), catch: (cause) => this.error(cause) })
    )
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError.HttpClientError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError.HttpClientError> {
    return Effect.map(this.bytes, (bytes) => new Uint8Array(bytes).buffer)
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError.HttpClientError> {
    return Stream.fromAsyncIterable<Uint8Array, HttpClientError.HttpClientError>(this.source, (cause) =>
      this.error(cause)
    ).pipe(Stream.ensuring(Effect.sync(() => this.source.destroy())))
  }

  get formData(): Effect.Effect<never, HttpClientError.HttpClientError> {
    return this.fail("no form is read")
  }

  get upgrade(): Effect.Effect<never, HttpClientError.HttpClientError> {
    return this.fail("no connection is upgraded")
  }

  private error(cause: unknown): HttpClientError.HttpClientError {
    return new HttpClientError.HttpClientError({
      reason: new HttpClientError.DecodeError({ request: this.request, response: this, cause })
    })
  }

  private fail(cause: unknown): Effect.Effect<never, HttpClientError.HttpClientError> {
    return Effect.fail(this.error(cause))
  }

  override toJSON() {
    return { _id: "effect/http/HttpClientResponse", request: this.request.toJSON(), status: this.status }
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}
