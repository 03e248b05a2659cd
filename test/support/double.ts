/** Core on an HTTP client of the test's own, and the SIDs that its tests use. */
import { TwilioClient, type TwilioError, Participant, Participants } from "@flex-interactions/core"
import { Effect, Layer, Redacted, Result } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { assert } from "vitest"

export const secret = "a-very-secret-secret"
export const credentials = { apiKey: `SK${"0".repeat(31)}1`, apiSecret: Redacted.make(secret) }
export const encoded = btoa(`${credentials.apiKey}:${secret}`)

export const channel = Result.getOrThrow(Participant.channel(`KD${"0".repeat(31)}1`, `UO${"0".repeat(31)}1`))
export const agent = Result.getOrThrow(
  Participant.participant(channel.interactionSid, channel.channelSid, `UT${"0".repeat(31)}2`)
)
export const row = (n: number) => ({ sid: `UT${`${n}`.padStart(32, "0")}`, type: "customer" })

export type Answer = Response | Effect.Effect<Response>

/** Answers the requests one after the other; the last answer is given again and again. Keeps what was asked. */
export const double = (...answers: ReadonlyArray<Answer>) => {
  const requests: Array<Request> = []
  const waiting = new Map<number, () => void>()
  const client = HttpClient.make((request, url, signal) =>
    Effect.suspend(() => {
      const answer = answers[Math.min(requests.length, answers.length - 1)] ?? new Response()
      const body = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : null
      requests.push(new Request(url, { method: request.method, headers: request.headers, body, signal }))
      waiting.get(requests.length)?.()
      return Effect.map(answer instanceof Response ? Effect.succeed(answer.clone()) : answer, (response) =>
        HttpClientResponse.fromWeb(request, response)
      )
    })
  )
  /** Done once `n` requests have come. */
  const asked = (n: number) =>
    Effect.promise(() => new Promise<void>((resolve) => (requests.length >= n ? resolve() : waiting.set(n, resolve))))
  return { requests, asked, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

export type Service = Participants.Participants["Service"]

/** Runs a call against that client. */
export const call = <A, E>(
  http: { readonly layer: Layer.Layer<HttpClient.HttpClient> },
  f: (participants: Service) => Effect.Effect<A, E>,
  options: Partial<TwilioClient.Options> = {}
): Effect.Effect<A, E | TwilioClient.SettingsError> =>
  Effect.provide(
    Effect.flatMap(Participants.Participants, f),
    Participants.layer.pipe(Layer.provide(TwilioClient.layer({ credentials, ...options })), Layer.provide(http.layer))
  )

/** What a test asks of the service. */
export type Ask = (
  participants: Service
) => Effect.Effect<ReadonlyArray<Participant.Participant> | Participant.Participant, TwilioError.TwilioError>
export const list: Ask = (participants) => participants.list(channel)
export const close: Ask = (participants) => participants.setStatus(agent, "closed")

/** Asks what must fail, and gives the reason. */
export const reason = (
  ...args: Parameters<typeof call<unknown, TwilioError.TwilioError>>
): Effect.Effect<TwilioError.Reason> =>
  call(...args).pipe(
    Effect.match({
      onSuccess: () => assert.fail("it succeeded"),
      onFailure: (error) => (error._tag === "TwilioError" ? error.reason : assert.fail(error.message))
    })
  )

export const empty = () => Response.json({ participants: [], meta: { next_page_url: null } })
export const moved = () => Response.json({ sid: agent.participantSid, type: "agent" })
export const refused = (status: number, code: number, headers: Record<string, string> = {}) =>
  Response.json(
    { code, message: "no", more_info: `https://www.twilio.com/docs/errors/${code}`, status },
    { status, headers: { "twilio-request-id": `RQ${"a".repeat(32)}`, ...headers } }
  )
