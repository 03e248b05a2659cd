/** One request and its reply, from sending to the end of the body: how long it may take, how much is read, what no reply means. */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Reason } from "../TwilioError.ts"
import { fromTransport, lost, unexpected } from "./reply.ts"
import * as Telemetry from "./telemetry.ts"

export interface Outgoing {
  readonly request: HttpClientRequest.HttpClientRequest
  /** The name of the request's span, by the semantic conventions: the method, and the path with its SIDs left open. */
  readonly spanName: string
  readonly origin: string
  readonly isWrite: boolean
  /** What is left of the time for all attempts. */
  readonly left: Duration.Duration
}

export interface Exchanged {
  readonly response: HttpClientResponse.HttpClientResponse
  /** Empty where a reply refuses and its body did not come. */
  readonly body: string
}

export interface Options {
  /** How long one attempt may take. */
  readonly attempt: Duration.Duration
  /** How long all attempts may take: for the words of the error. */
  readonly total: Duration.Duration
  readonly maxReplyBytes: number
}

/** Sends by the `HttpClient` in the context. */
export const make = Effect.fnUntraced(function* (
  { attempt, maxReplyBytes, total }: Options,
  transformClient: (client: HttpClient.HttpClient) => HttpClient.HttpClient
) {
  const client = transformClient(yield* HttpClient.HttpClient)
  const requestInit = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))

  const withHttpSettings =
    (spanName: string) =>
    <A, E>(self: Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.withFiber((fiber) => {
        const isTraced = Telemetry.isTraced(fiber)
        return Effect.updateContext(self, (context: Context.Context<never>) =>
          context.pipe(
            // A redirect would send a change once more, and perhaps elsewhere.
            Context.add(FetchHttpClient.RequestInit, { ...requestInit, redirect: "manual" }),
            isTraced
              ? Context.add(HttpClient.SpanNameGenerator, () => spanName)
              : Context.add(HttpClient.TracerDisabledWhen, () => true),
            // Twilio has no use for the ids of our traces, and a browser would ask it for leave to send them.
            Context.add(HttpClient.TracerPropagationEnabled, false)
          )
        )
      })

  return ({ isWrite, left, origin, request, spanName }: Outgoing): Effect.Effect<Exchanged, Reason> =>
    Effect.suspend(() => {
      const isLast = Duration.isLessThanOrEqualTo(left, attempt)
      // A status that refuses is an answer, though the rest of the reply never comes.
      let refusal: Exchanged | undefined
      return client.execute(request).pipe(
        Effect.flatMap((response) => {
          if (response.status >= 300) refusal = { response, body: "" }
          return Effect.map(readBody(response, maxReplyBytes), (body): Exchanged => ({ response, body }))
        }),
        withHttpSettings(spanName),
        Effect.timeoutOrElse({
          duration: isLast ? left : attempt,
          orElse: () => {
            if (refusal !== undefined) return Effect.succeed(refusal)
            const within = isLast ? `${Duration.format(total)}, all attempts together` : Duration.format(attempt)
            return Effect.fail(lost(`no answer from ${origin} within ${within}`, isWrite))
          }
        }),
        Telemetry.measured(request.method),
        Effect.mapError((error) => {
          switch (error._tag) {
            case "HttpClientError":
              return fromTransport(error, origin, isWrite)
            case "TooLarge":
              return unexpected({}, `the reply has more than ${maxReplyBytes} bytes`, isWrite)
            default:
              return error
          }
        })
      )
    })
})

/** The body as text, up to `limit` bytes; then the connection is dropped. What an error reply says is good to have, and no more. */
const readBody = (response: HttpClientResponse.HttpClientResponse, limit: number) =>
  (isShort(response, limit) ? response.text : readBounded(response, limit)).pipe(
    Effect.catchIf(
      (error) => response.status >= 300 || (error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError"),
      () => Effect.succeed("")
    )
  )

/** A reply that declares its length has no more than that: to read it whole is the cheaper way. Compressed, it can have more. */
const isShort = ({ headers }: HttpClientResponse.HttpClientResponse, limit: number): boolean =>
  Number(headers["content-length"]) <= limit &&
  headers["content-encoding"] === undefined &&
  headers["transfer-encoding"] === undefined

const readBounded = (
  response: HttpClientResponse.HttpClientResponse,
  limit: number
): Effect.Effect<string, HttpClientError.HttpClientError | { readonly _tag: "TooLarge" }> => {
  const chunks: Array<Uint8Array> = []
  let size = 0
  return response.stream.pipe(
    Stream.runForEachArray((some) => {
      for (const chunk of some) {
        size += chunk.byteLength
        chunks.push(chunk)
      }
      return size > limit ? Effect.fail({ _tag: "TooLarge" } as const) : Effect.void
    }),
    Effect.map(() => decodeText(chunks))
  )
}

const decodeText = (chunks: ReadonlyArray<Uint8Array>): string => {
  const decoder = new TextDecoder()
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode()
}
