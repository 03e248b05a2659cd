/** What a program sees of its calls: spans, metrics, log lines. */
import { assert, describe, it } from "@effect/vitest"
import { Channels, Events, Tasks, Workers } from "@flex-interactions/core"
import { Effect, Fiber, Logger, Metric, References, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { call, channel, close, double, empty, list, moved, refused, type Service } from "../support/double.ts"
import { channel as first, services, sid } from "../support/services.ts"

const watched = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.gen(function* () {
    const spans: Array<Tracer.NativeSpan> = []
    const lines: Array<string> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    yield* effect.pipe(
      Effect.withTracer(tracer),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.provide(Logger.layer([Logger.map(Logger.formatStructured, (line) => lines.push(JSON.stringify(line)))])),
      Effect.exit
    )
    const attributes = (name: string) => Object.fromEntries(spans.find((span) => span.name === name)?.attributes ?? [])
    const metrics = (yield* Metric.snapshot).map(({ attributes, id, state }): Record<string, unknown> => ({
      id,
      ...attributes,
      ...state
    }))
    return { spans, lines, attributes, metrics }
  }).pipe(Effect.provideService(Metric.MetricRegistry, new Map()))

const ids = { headers: { "twilio-request-id": `RQ${"a".repeat(32)}` } }
const next = { meta: { next_page_url: "?PageToken=PT1" } }

describe("spans", () => {
  it.live("a list: pages, retries and Twilio's request id; each request below it, by the semantic conventions", () =>
    Effect.gen(function* () {
      const http = double(
        refused(429, 20429),
        Response.json({ participants: [], ...next }),
        Response.json({ participants: [] }, ids)
      )
      const { attributes, spans } = yield* watched(call(http, list, { retry: { base: "1 millis" } }))
      assert.deepStrictEqual(attributes("Participants.list"), {
        "twilio.operation": "Participants.list",
        "twilio.pages": 2,
        "twilio.retries": 1,
        "twilio.request_id": `RQ${"a".repeat(32)}`
      })
      const requests = spans.filter(({ kind }) => kind === "client")
      assert.deepStrictEqual(
        requests.map(({ attributes, name, parent }) => [
          name,
          attributes.get("http.response.status_code"),
          parent._tag === "Some" && parent.value._tag === "Span" ? parent.value.name : undefined
        ]),
        [429, 200, 200].map((status) => [
          "GET /v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants",
          status,
          "Participants.list"
        ])
      )
      assert.strictEqual(requests[0]?.attributes.get("error.type"), "429")
    })
  )

  it.effect("a page, a stream and a change have theirs", () =>
    Effect.gen(function* () {
      const { spans } = yield* watched(
        Effect.all([
          call(double(empty()), (participants) => participants.page(channel)),
          call(double(empty()), (participants) => Stream.runDrain(participants.stream(channel))),
          call(double(moved()), close)
        ])
      )
      assert.deepStrictEqual(
        spans.filter(({ kind }) => kind !== "client").map(({ name }) => name),
        ["Participants.page", "Participants.stream", "Participants.setStatus"]
      )
      assert.strictEqual(
        spans.at(-1)?.name,
        "POST /v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants/{ParticipantSid}"
      )
    })
  )

  it.effect("each method of the services that sends has one of its name, and its requests have the path", () =>
    Effect.gen(function* () {
      const [task, reservation, worker] = [sid("WT", 1), sid("WR", 1), sid("WK", 1)] as const
      const program = Effect.gen(function* () {
        const [channels, tasks] = [yield* Channels.Channels, yield* Tasks.Tasks]
        const [workers, events] = [yield* Workers.Workers, yield* Events.Events]
        yield* channels.get(first)
        yield* channels.list(first.interactionSid)
        yield* channels.invites(first)
        yield* channels.update(first, { status: "closed" })
        yield* tasks.get(task)
        yield* tasks.page({})
        yield* Stream.runDrain(tasks.stream())
        yield* Stream.runDrain(tasks.stream({ channel: first }))
        yield* tasks.reservations(task)
        yield* tasks.reservation(task, reservation)
        yield* workers.get(worker)
        yield* workers.find("nobody")
        yield* Stream.runDrain(workers.reservations(worker))
        yield* Stream.runDrain(events.stream())
      })
      const rows = ["channels", "invites", "tasks", "reservations", "workers", "events"]
      const http = double(
        Response.json({
          interaction_sid: first.interactionSid,
          workspace_sid: sid("WS", 1),
          taskrouter_workspace_sid: sid("WS", 1),
          ...Object.fromEntries(rows.map((name) => [name, []]))
        })
      )
      const { spans } = yield* watched(Effect.provide(program, services(http.layer)))
      const channelPath = "/v1/Interactions/{InteractionSid}/Channels"
      const workspace = "/v1/Workspaces/{WorkspaceSid}"
      assert.deepStrictEqual(
        spans.map(({ name }) => name),
        [
          ["Channels.get", `GET ${channelPath}/{ChannelSid}`],
          ["Channels.list", `GET ${channelPath}`],
          ["Channels.invites", `GET ${channelPath}/{ChannelSid}/Invites`],
          ["Channels.update", `POST ${channelPath}/{ChannelSid}`],
          ["Workspace.configuration", "GET /v1/Configuration"],
          ["Tasks.get", `GET ${workspace}/Tasks/{TaskSid}`],
          ["Tasks.page", `GET ${workspace}/Tasks`],
          ["Tasks.stream", `GET ${workspace}/Tasks`],
          ["Tasks.byAttributes", `GET ${workspace}/Tasks`],
          ["Tasks.reservations", `GET ${workspace}/Tasks/{TaskSid}/Reservations`],
          ["Tasks.reservation", `GET ${workspace}/Tasks/{TaskSid}/Reservations/{ReservationSid}`],
          ["Workers.get", `GET ${workspace}/Workers/{WorkerSid}`],
          ["Workers.find", `GET ${workspace}/Workers`],
          ["Workers.byAttributes", `GET ${workspace}/Workers`],
          ["Workers.reservations", `GET ${workspace}/Workers/{WorkerSid}/Reservations`],
          ["Events.stream", `GET ${workspace}/Events`]
        ].flat()
      )
    })
  )

  it.effect("no trace header goes to Twilio", () =>
    Effect.gen(function* () {
      const http = double(empty())
      yield* watched(call(http, list))
      assert.deepStrictEqual([...(http.requests[0]?.headers.keys() ?? [])], ["accept", "authorization"])
    })
  )
})

describe("metrics", () => {
  it.live("calls by outcome, retries by reason, and how long requests took", () =>
    Effect.gen(function* () {
      const { metrics } = yield* watched(
        Effect.all(
          [
            call(double(refused(503, 20503), empty()), list, { retry: { base: "1 millis" } }),
            call(double(refused(404, 20404)), list),
            call(double(refused(500, 20500)), close)
          ],
          { mode: "result" }
        )
      )
      const calls = metrics.filter(({ id }) => id === "twilio.client.calls")
      assert.sameDeepMembers(
        calls.map(({ count, operation, outcome }) => [operation, outcome, count]),
        [
          ["Participants.list", "success", 1],
          ["Participants.list", "NotFound", 1],
          ["Participants.setStatus", "OutcomeUnknown", 1]
        ]
      )
      // What is not tried again is not counted as that either.
      const retries = metrics.filter(({ id }) => id === "twilio.client.retries")
      assert.deepStrictEqual(
        retries.map(({ count, operation, reason }) => [operation, reason, count]),
        [["Participants.list", "ServerError", 1]]
      )
      const durations = metrics.filter(({ id }) => id === "http.client.request.duration")
      assert.sameMembers(
        durations.map((duration) => duration["http.response.status_code"]),
        ["503", "200", "404", "500"]
      )
    })
  )

  it.effect("what is not sent again because the time is over is no retry", () =>
    Effect.gen(function* () {
      const options = { rateLimit: { limit: 1, window: "1 hour" }, timeouts: { total: "4 seconds" } } as const
      const waiting = (participants: Service) => Effect.andThen(close(participants), close(participants))
      const fiber = yield* Effect.forkChild(
        watched(
          Effect.all([call(double(Effect.never), list, options), call(double(moved()), waiting, options)], {
            concurrency: 2,
            mode: "result"
          })
        )
      )
      yield* TestClock.adjust("5 seconds")
      const { metrics } = yield* Fiber.join(fiber)
      const calls = metrics.filter(({ id }) => id === "twilio.client.calls")
      assert.sameMembers(
        calls.map(({ outcome }) => outcome),
        ["NetworkError", "success", "RateLimited"]
      )
      assert.isEmpty(metrics.filter(({ id }) => id === "twilio.client.retries"))
    })
  )

  it.effect("a program that is interrupted counts as that", () =>
    Effect.gen(function* () {
      const { metrics } = yield* watched(
        Effect.raceFirst(call(double(Effect.never), list), Effect.yieldNow.pipe(Effect.repeat({ times: 20 })))
      )
      const calls = metrics.find(({ id }) => id === "twilio.client.calls")
      assert.strictEqual(calls?.["outcome"], "interrupted")
    })
  )
})

describe("log lines", () => {
  it.effect("none for what is not tried again", () =>
    Effect.gen(function* () {
      for (const [answer, f] of [
        [refused(404, 20404), list],
        [refused(500, 20500), close]
      ] as const) {
        const { attributes, lines } = yield* watched(call(double(answer), f))
        assert.isEmpty(lines)
        assert.notProperty(attributes(f === list ? "Participants.list" : "Participants.setStatus"), "twilio.retries")
      }
    })
  )

  it.live("one for each retry, at level Debug, with the reason", () =>
    Effect.gen(function* () {
      const { lines } = yield* watched(
        call(double(refused(500, 20500), empty()), list, { retry: { base: "1 millis" } })
      )
      assert.lengthOf(lines, 1)
      assert.match(lines[0] ?? "", /trying Participants\.list again in .*code 20500; request RQa{32}.*DEBUG/u)
      assert.match(lines[0] ?? "", /"twilio\.operation":"Participants.list","twilio\.request_id":"RQa{32}"/u)
    })
  )
})
