/**
 * The secret, and its encoding in the header, are searched for in all that a program can see of a call: log lines, spans,
 * errors in every form in which they are printed, metrics, what is kept of replies.
 */
import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient, Participants } from "@flex-interactions/core"
import { Cause, ConfigProvider, Effect, Exit, Layer, Logger, Metric, References, Tracer } from "effect"
import { FetchHttpClient, HttpClient } from "effect/http"
import { start } from "../support/served.ts"
import {
  type Answer,
  call,
  close,
  credentials,
  double,
  encoded,
  list,
  moved,
  refused,
  secret
} from "../support/double.ts"

/** Everything that can be seen of a call. */
const watched = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const seen: Array<string> = []
    const see = (what: unknown) => {
      seen.push(
        String(what),
        JSON.stringify(what, (_, value: unknown) => (typeof value === "bigint" ? `${value}` : value))
      )
      seen.push(inspect(what, { depth: 20, showHidden: true }))
    }
    const spans: Array<Tracer.Span> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const exit = yield* effect.pipe(
      Effect.provideService(TwilioClient.OnAttempt, () => see),
      Effect.withTracer(tracer),
      // A program that has every header of its requests recorded.
      Effect.provideService(HttpClient.TracerHeaderFilter, (_, phase) => phase === "request"),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.provide(
        Logger.layer([
          Logger.map(Logger.formatJson, (line) => seen.push(line)),
          Logger.map(Logger.formatLogFmt, (line) => seen.push(line)),
          Logger.make(see)
        ])
      ),
      Effect.exit
    )
    if (Exit.isFailure(exit)) {
      see(exit.cause)
      see(Cause.squash(exit.cause))
      seen.push(Cause.pretty(exit.cause), String(exit.cause))
      const error = Cause.squash(exit.cause)
      if (error instanceof Error) seen.push(error.message, error.stack ?? "", inspect(error.cause))
      see(Object.getOwnPropertyDescriptors(error))
    }
    for (const span of spans) {
      const { attributes, events, links, name, status } = span as Tracer.NativeSpan
      see({ name, status, attributes: [...attributes], events, links })
      if (status._tag === "Ended" && Exit.isFailure(status.exit)) seen.push(Cause.pretty(status.exit.cause))
    }
    see(yield* Metric.snapshot)
    seen.push(yield* Metric.dump)
    return { exit, spans, seen: seen.join("\n") }
  })

const assertNothing = (seen: string) => {
  assert.isAbove(seen.length, 500)
  for (const never of [secret, encoded, encodeURIComponent(secret), btoa(secret)]) assert.notInclude(seen, never)
}

const echo = { authorization: `Basic ${encoded}`, password: secret }
const paths: ReadonlyArray<readonly [string, Answer]> = [
  ["a success", moved()],
  ...[400, 401, 403, 404, 409, 422, 429, 500, 503, 418].map(
    (status) => [`HTTP ${status}`, refused(status, 20000)] as const
  ),
  ["a redirect", new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } })],
  ["HTML", new Response("<html>")],
  ["another shape", Response.json({ participants: secret, sid: [secret], type: { secret: encoded } })],
  [
    "an error that sends the header back",
    Response.json({ code: 1, message: JSON.stringify(echo), more_info: `https://x.example/${secret}` }, { status: 400 })
  ],
  [
    "a problem that sends the header back",
    Response.json({ title: secret, detail: encoded, errors: [{ detail: secret }] }, { status: 500 })
  ],
  [
    "an error that sends it back in another spelling of JSON",
    new Response(`{"code":1,"message":"${[...secret].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join("")}"}`, {
      status: 400
    })
  ],
  ["headers that send the header back", refused(503, 1, { "twilio-request-id": secret, "retry-after": secret })],
  ["HTML that sends the header back", new Response(`<pre>${JSON.stringify(echo)}`, { status: 502 })]
]

describe("the secret is nowhere to be seen", () => {
  for (const [what, answer] of paths) {
    it.effect(`after ${what}`, () =>
      Effect.gen(function* () {
        for (const f of [list, close]) {
          const { seen } = yield* watched(call(double(answer), f, { retry: { times: 0 } }))
          assertNothing(seen)
        }
      })
    )
  }

  for (const [what, baseUrl] of [
    ["a host that cannot be reached", "http://127.0.0.1:1"],
    ["a host that does not exist", "https://flex-api.invalid"]
  ] as const) {
    it.live(`after ${what}, over fetch`, () =>
      Effect.gen(function* () {
        const { seen } = yield* watched(
          call({ layer: FetchHttpClient.layer }, list, { baseUrl, retry: { times: 1, base: 1 } })
        )
        assertNothing(seen)
        assert.match(seen, /trying Participants\.list again/u)
      })
    )
  }

  it.live("after a success over fetch, with retries before it", () =>
    Effect.gen(function* () {
      const served = yield* Effect.acquireRelease(
        Effect.promise(() => start()),
        ({ close }) => Effect.promise(close)
      )
      let n = 0
      served.answerWith(() => (n++ < 2 ? new Response(null, { status: 503 }) : Response.json({ participants: [] })))
      const { exit, seen } = yield* watched(
        call({ layer: FetchHttpClient.layer }, list, { baseUrl: served.url, retry: { base: 1 } })
      )
      assert.isTrue(Exit.isSuccess(exit))
      assertNothing(seen)
    })
  )

  it.effect("in the settings, whatever is wrong with them", () =>
    Effect.gen(function* () {
      const env = ConfigProvider.fromEnvRecord({ TWILIO_API_KEY: secret, TWILIO_API_SECRET: `${secret} ${encoded}` })
      const { seen } = yield* watched(
        Effect.provide(
          Participants.Participants.use(list),
          Participants.layer.pipe(
            Layer.provide(TwilioClient.layerConfig()),
            Layer.provide(Layer.merge(double().layer, ConfigProvider.layer(env)))
          )
        )
      )
      assertNothing(seen)
      assert.match(seen, /TWILIO_API_KEY is not what it should be/u)
    })
  )

  it("in the options themselves", () => {
    const seen = [JSON.stringify(credentials), inspect(credentials, { showHidden: true, depth: 9 })].join("\n")
    assert.include(seen, "<redacted")
    assert.notInclude(seen, secret)
  })
})
