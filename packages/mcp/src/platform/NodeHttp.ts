/**
 * The HTTP client on node:http, with connections that stay open; without them every request pays for TLS again. A request
 * with `connection: close` has one of its own: what else was sent over a connection, and answered twice, can't reach it.
 *
 * It sends what this server sends, a body that is there as a whole. Effect's own client on node:http can upload streams
 * too, and takes four more fibers and a quarter more CPU for each call of a tool.
 */
import * as http from "node:http"
import * as https from "node:https"
import * as NodeHttpIncomingMessage from "@effect/platform-node/NodeHttpIncomingMessage"
import { TwilioClient } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Url from "effect/http/Url"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"

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

/** The client with agents of its own, these for https, which it destroys at its end. */
export const layerBy = (
  agentForHttps: (options: http.AgentOptions) => http.Agent
): Layer.Layer<HttpClient.HttpClient> => {
  const agents = (keepAlive: boolean): Agents => ({
    "http:": new http.Agent({ keepAlive }),
    "https:": agentForHttps({ keepAlive })
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
      client
    )
  )
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

export const layer = layerBy((options) => new https.Agent(options))

/** What an agent finds among the options of a connection: Node keeps a `signal` of the request to itself. */
export interface Interruptible {
  /** Aborted when the program no longer waits for the connection. */
  readonly interruption?: AbortSignal
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
      if (reply.status > 299) incoming.once("end", reply[TwilioClient.discard])
      resume(Effect.succeed(reply))
    })
    outgoing.on("error", (error) => {
      const isKnown = hasBegun(outgoing) || Predicate.hasProperty(error, TwilioClient.neverSent)
      const cause = isKnown ? error : { [TwilioClient.neverSent]: {}, cause: error }
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

/** Leaves out a byte order mark, as `Response` does and `Buffer` does not. */
const decoder = new TextDecoder()

class Reply
  extends NodeHttpIncomingMessage.NodeHttpIncomingMessage<HttpClientError.HttpClientError>
  implements HttpClientResponse.HttpClientResponse
{
  readonly [HttpClientResponse.TypeId] = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string

  constructor(request: HttpClientRequest.HttpClientRequest, url: URL, source: http.IncomingMessage) {
    super(
      source,
      (cause) =>
        new HttpClientError.HttpClientError({
          reason: new HttpClientError.DecodeError({ request, response: this, cause })
        })
    )
    this.request = request
    this.url = url.href
    // The reply loses sight of it at its end.
    const { socket } = source
    this[TwilioClient.discard] = () => socket.destroy()
  }

  /** Of use even after the reply, when the connection waits for the next request or has it already. */
  readonly [TwilioClient.discard]: () => void

  get status() {
    return this.source.statusCode ?? 0
  }

  /**
   * With nothing between the socket and the text: this is what nearly every reply is read by. Only when the reply is closed
   * is its connection free for the next request.
   */
  override get text() {
    return Effect.callback<string, HttpClientError.HttpClientError>((resume) => {
      const chunks: Array<Buffer> = []
      this.source
        .on("data", (chunk: Buffer) => chunks.push(chunk))
        .once("error", (cause) => resume(Effect.fail(this.onError(cause))))
        .once("close", () => resume(Effect.succeed(decoder.decode(Buffer.concat(chunks)))))
      return Effect.sync(() => this.source.destroy())
    })
  }

  get cookies() {
    return Cookies.fromSetCookie(this.source.headers["set-cookie"] ?? [])
  }

  get formData() {
    return Effect.fail(this.onError("no form is read"))
  }

  get upgrade() {
    return Effect.fail(this.onError("no connection is upgraded"))
  }

  override toJSON() {
    return { _id: "effect/http/HttpClientResponse", request: this.request.toJSON(), status: this.status }
  }

  pipe() {
    return pipeArguments(this, arguments)
  }
}
