/** The examples, against the sandbox and with the library replaced. */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it, layer } from "@effect/vitest"
import { Channels, Conversation, Conversations, Participants, TwilioError, Workspace } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { ConfigProvider, type Duration, Effect, Layer, Stream } from "effect"
import { Shifts } from "../../examples/end-of-shift.ts"
import { observed } from "../../examples/observed.ts"
import { onSandbox } from "../../examples/on-sandbox.ts"
import { finishStuck } from "../../examples/stuck.ts"
import { whoIsAlone } from "../../examples/who-is-alone.ts"
import { onReadyMade } from "../support/conversations.ts"
import { sid } from "../support/requests.ts"
import { start } from "../support/served.ts"

const channel = { interactionSid: sid(1, "KD") as never, channelSid: sid(1, "UO") as never }
const involvement = { ...channel, participantSid: sid(1, "UT", 2) as never, worker: "ana" }

describe("end-of-shift, with the library replaced", () => {
  const moved = { result: "confirmed" } as Conversation.Moved
  const lastAgent = new Conversation.LastAgent({ ...involvement, others: 0 })
  const fails = (reason: TwilioError.Reason) => () =>
    Effect.fail(new TwilioError.TwilioError({ operation: "Participants.setStatus", reason }))

  for (const [result, found, move] of [
    ["confirmed", involvement, () => Effect.succeed(moved)],
    ["last agent", involvement, () => Effect.fail(lastAgent)],
    ["unknown", involvement, fails(new TwilioError.OutcomeUnknown({ problem: "no answer" }))],
    ["failed", involvement, fails(new TwilioError.Unauthorized({ status: 401 }))],
    ["not a conversation", { taskSid: sid(1, "WT") as never }, () => Effect.succeed(moved)]
  ] as const) {
    const mock = Layer.mock(Conversations.Conversations, { find: () => Stream.make(found), move })
    layer(Shifts.layer.pipe(Layer.provide(mock)))((it) => {
      it.effect(`reports "${result}"`, () =>
        Effect.gen(function* () {
          const shifts = yield* Shifts
          const [outcome] = yield* shifts.end("ana")
          assert.strictEqual(outcome?.result, result)
        })
      )
    })
  }
})

describe("on the sandbox", () => {
  const world = onReadyMade()
  const nameOf = ({ channelSid = "" }: { readonly channelSid?: string | undefined }) =>
    Object.entries(Sandbox.ready.conversations).find(([, ready]) => ready.channelSid === channelSid)?.[0] ?? "none"

  it.live("end-of-shift: the agent leaves where somebody else is, and stays where the customer would be alone", () =>
    Effect.gen(function* () {
      const outcomes = yield* Shifts.use((shifts) => shifts.end("Alice Moreau")).pipe(
        Effect.provide(Shifts.layer.pipe(Layer.provide(world.layer())))
      )
      assert.deepStrictEqual(Object.fromEntries(outcomes.map((outcome) => [nameOf(outcome), outcome.result])), {
        one: "last agent",
        stuck: "last agent",
        offered: "confirmed",
        text: "last agent",
        wrapping: "confirmed"
      })
      assert.strictEqual(world.statusOf("offered"), "closed")
      assert.strictEqual(world.statusOf("one"), "active")
      assert.lengthOf(world.changes(), 2)
    })
  )

  it.live("stuck: those in wrap-up for more than an hour are finished, and nobody is left alone", () =>
    Effect.gen(function* () {
      const words = yield* Effect.provide(finishStuck("1 hour"), world.layer())
      assert.deepStrictEqual(words, ["deepak after 195 minutes: confirmed", "emma after 75 minutes: confirmed"])
      // Alice is with the customer; where the agent in wrap-up was the last one, the conversation was closed already.
      assert.strictEqual(world.statusOf("stuck"), "closed")
      assert.strictEqual(world.statusOf("stuck", 3), "active")
      assert.strictEqual(world.statusOf("ended"), "closed")
      assert.lengthOf(world.changes(), 2)
    })
  )

  it.live("who-is-alone: customers whose agents have left, or whose task is gone, and for whom nobody is coming", () =>
    Effect.gen(function* () {
      const found = (lookBack: Duration.Input) =>
        Effect.map(Effect.provide(whoIsAlone(lookBack), world.layer()), (rosters) => rosters.map(nameOf).sort())
      assert.deepStrictEqual(yield* found("1 hour"), ["alone"])
      // What ended before the look-back is not found.
      assert.deepStrictEqual(yield* found("10 minutes"), [])
      // TaskRouter deletes a task that was with an agent for 24 hours.
      world.sandbox().clock.advance(25 * 60 * 60_000)
      assert.includeMembers(yield* found("10 minutes"), ["one", "two"])
      assert.lengthOf(world.changes(), 0)
    })
  )
})

it.live("on-sandbox: all services work on it, TaskRouter's too", () =>
  Effect.gen(function* () {
    const sandbox = Sandbox.make()
    const answers = Effect.gen(function* () {
      const everyone = yield* Participants.Participants.use((participants) => participants.list(channel))
      const { status } = yield* Channels.Channels.use((channels) => channels.get(channel))
      const workspace = yield* Workspace.Workspace.use(({ sid }) => sid)
      const { participants } = yield* Conversations.Conversations.use((conversations) => conversations.roster(channel))
      return { everyone: everyone.length, status, workspace, roster: participants.length }
    })
    const found = yield* Effect.provide(answers, onSandbox(sandbox))
    assert.deepInclude(found, { everyone: 2, status: "active", roster: 2 })
    assert.match(found.workspace, /^WS[0-9a-f]{32}$/u)
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
