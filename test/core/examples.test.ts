/** The examples, against the sandbox and with the library replaced. */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it, layer } from "@effect/vitest"
import { TwilioClient, TwilioError, Participant, Participants, Sid } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { ConfigProvider, Effect, Layer, Redacted, Result, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { Shifts } from "../../examples/end-of-shift.ts"
import { observed } from "../../examples/observed.ts"
import { sid } from "../support/requests.ts"
import { start } from "../support/served.ts"

const channel = (group: number) => Result.getOrThrow(Participant.channel(sid(group, "KD"), sid(group, "UO")))
const workerOf = (group: number, n: number) => Result.getOrThrow(Sid.parse("WK", sid(group, "WK", n)))

describe("end-of-shift, with the library replaced", () => {
  const ref = channel(1)
  const worker = workerOf(1, 2)
  const agent = {
    ...ref,
    sid: Result.getOrThrow(Sid.parse("UT", `UT${"0".repeat(32)}`)),
    type: "agent",
    routingProperties: { workerSid: worker, other: {} }
  }
  const fails = (reason: TwilioError.Reason) => () =>
    Effect.fail(new TwilioError.TwilioError({ operation: "Participants.setStatus", reason }))

  for (const [result, setStatus] of [
    ["wrapping up", () => Effect.succeed(agent)],
    ["has left", fails(new TwilioError.Conflict({ status: 409 }))],
    ["unknown", fails(new TwilioError.OutcomeUnknown({ problem: "no answer" }))],
    ["failed", fails(new TwilioError.Unauthorized({ status: 401 }))]
  ] as const) {
    const mock = Layer.mock(Participants.Participants, { stream: () => Stream.make(agent), setStatus })
    layer(Shifts.layer.pipe(Layer.provide(mock)))((it) => {
      it.effect(`reports "${result}"`, () =>
        Effect.gen(function* () {
          const shifts = yield* Shifts
          const [outcome] = yield* shifts.end(worker, [ref])
          assert.strictEqual(outcome?.result, result)
        })
      )
    })
  }
})

it.effect("end-of-shift, on the sandbox: one worker wraps up, and nobody else", () =>
  Effect.gen(function* () {
    const sandbox = Sandbox.make()
    const core = Participants.layer.pipe(
      Layer.provide(
        TwilioClient.layer({
          credentials: { apiKey: sandbox.credentials.apiKey, apiSecret: Redacted.make(sandbox.credentials.apiSecret) }
        })
      ),
      Layer.provide(FetchHttpClient.layer),
      Layer.provide(Layer.succeed(FetchHttpClient.Fetch, (input, init) => sandbox.fetch(new Request(input, init))))
    )
    const channels = [channel(1), channel(2), channel(99)]
    const outcomes = yield* Effect.provide(
      Shifts.use((shifts) => shifts.end(workerOf(2, 3), channels)),
      Shifts.layer.pipe(Layer.provide(core))
    )
    assert.deepStrictEqual(
      outcomes.map(({ result }) => result),
      ["not there", "wrapping up", "not there"]
    )
  })
)

interface Attribute {
  readonly key: string
  readonly value: Record<string, unknown>
}

it.live("observed: a collector gets the spans, the metrics and the logs, tied together", () =>
  Effect.gen(function* () {
    const received: Record<string, string> = {}
    const collector = yield* Effect.acquireRelease(
      Effect.promise(async () => {
        const server = createServer((request, response) => {
          let body = ""
          request.on("data", (chunk) => (body += String(chunk)))
          request.on("end", () => {
            received[request.url ?? ""] = body
            response.setHeader("content-type", "application/json").end("{}")
          })
        }).listen(0, "127.0.0.1")
        await once(server, "listening")
        return server
      }),
      (server) => Effect.promise(() => new Promise((resolve) => server.close(resolve).closeAllConnections()))
    )
    const served = yield* Effect.acquireRelease(
      Effect.promise(() => start()),
      ({ close }) => Effect.promise(close)
    )
    const env = ConfigProvider.fromEnvRecord({
      TWILIO_ACCOUNT_SID: `AC${"0".repeat(31)}1`,
      TWILIO_AUTH_TOKEN: "sandbox-auth-token",
      FLEX_API_BASE_URL: served.url
    })
    yield* observed(`http://127.0.0.1:${(collector.address() as AddressInfo).port}`).pipe(
      Effect.provideService(ConfigProvider.ConfigProvider, env)
    )

    assert.hasAllKeys(received, ["/v1/traces", "/v1/metrics", "/v1/logs"])
    const { resourceSpans } = JSON.parse(received["/v1/traces"] ?? "") as {
      readonly resourceSpans: ReadonlyArray<{
        readonly scopeSpans: ReadonlyArray<{
          readonly spans: ReadonlyArray<{
            readonly name: string
            readonly traceId: string
            readonly spanId: string
            readonly parentSpanId?: string
            readonly attributes: ReadonlyArray<Attribute>
          }>
        }>
      }>
    }
    const spans = resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    const attributes = (name: string) =>
      Object.fromEntries(
        spans.find((span) => span.name === name)?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]) ??
          []
      )
    assert.strictEqual(new Set(spans.map(({ traceId }) => traceId)).size, 1)
    const list = spans.find(({ name }) => name === "Participants.list")
    const get = spans.find(({ name }) => name.startsWith("GET "))
    assert.strictEqual(get?.name, "GET /v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants")
    assert.strictEqual(get?.parentSpanId, list?.spanId)
    assert.match(String(attributes("Participants.list")["twilio.request_id"]), /^RQ/u)
    assert.deepInclude(attributes(get?.name ?? ""), { "http.request.method": "GET", "server.address": "127.0.0.1" })

    const log = received["/v1/logs"] ?? ""
    assert.include(log, "they are wrapping up")
    assert.include(log, spans.find(({ name }) => name === "wrap-up-agents")?.spanId ?? "no span")
    const metrics = received["/v1/metrics"] ?? ""
    for (const name of ["twilio.client.calls", "http.client.request.duration"]) assert.include(metrics, name)
    for (const body of Object.values(received)) assert.notInclude(body, "sandbox-auth-token")
  })
)
