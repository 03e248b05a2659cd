/** One line on stderr for each write: when, what, on whom, asked and answered how, result, Twilio's request id. */
import * as Sandbox from "@flex-interactions/sandbox"
import { Conversations, TwilioClient } from "@flex-interactions/core"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { afterEach, assert, beforeEach, describe, it, vi } from "vitest"
import { type Served, start } from "../support/served.ts"
import { type Action, call, channel, connect, environment, raw, sid, write } from "../support/host.ts"
import { agent, open } from "../support/inProcess.ts"
import { services } from "../support/services.ts"

let served: Served
beforeEach(async () => {
  served = await start()
})
afterEach(() => served.close())

const requestId = "RQ[0-9a-f]{32}"
const time = "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z"

/** The lines of a host's whole session. */
const lines = async (options: {
  readonly args?: ReadonlyArray<string>
  readonly answer?: Action
  readonly calls: ReadonlyArray<readonly [string, Record<string, unknown>]>
}) => {
  const client = await connect({
    args: options.args ?? [],
    env: environment(served.url),
    ...(options.answer === undefined ? {} : { answer: options.answer })
  })
  for (const [name, args] of options.calls) await call(client, name, args)
  await client.close()
  return client.log().split("\n").filter(Boolean)
}

it("a write that Twilio accepted", async () => {
  const [line, ...more] = await lines({
    answer: "accept",
    calls: [["set_participant_status", write(1, 2, "closed")]]
  })
  assert.isEmpty(more)
  assert.match(
    line ?? "",
    new RegExp(
      `^time=${time} audit=set_participant_status status=closed participant=${sid(1, "UT", 2)} worker=${sid(1, "WK", 2)} ` +
        `task=${sid(1, "WT", 2)} channel=${sid(1, "UO")} interaction=${sid(1, "KD")} if_last_agent=refuse customer_alone=unknown asked=true answer=accept ` +
        `result=accepted request=${requestId}$`,
      "u"
    )
  )
})

it("as JSON on request: the same", async () => {
  const [line, ...more] = await lines({
    args: ["--audit-json", "--confirm", "never"],
    calls: [["set_participant_status", write(1, 2, "wrapup")]]
  })
  assert.isEmpty(more)
  const entry = JSON.parse(line ?? "") as Record<string, unknown>
  assert.match(String(entry["time"]), new RegExp(`^${time}$`, "u"))
  assert.match(String(entry["request"]), new RegExp(`^${requestId}$`, "u"))
  assert.deepStrictEqual(
    { ...entry, time: "", request: "" },
    {
      time: "",
      audit: "set_participant_status",
      status: "wrapup",
      participant: sid(1, "UT", 2),
      worker: sid(1, "WK", 2),
      task: sid(1, "WT", 2),
      channel: sid(1, "UO"),
      interaction: sid(1, "KD"),
      if_last_agent: "refuse",
      customer_alone: "unknown",
      asked: false,
      answer: "not_asked",
      result: "accepted",
      request: ""
    }
  )
})

for (const [what, options, end] of [
  ["declined", { answer: "decline" }, /asked=true answer=decline result=not_sent$/u],
  ["dismissed", { answer: "cancel" }, /asked=true answer=cancel result=not_sent$/u],
  [
    "refused, as the host cannot ask",
    { args: ["--confirm", "always"] },
    /asked=false answer=cannot_ask result=not_sent$/u
  ],
  ["sent though the host cannot ask", {}, /asked=false answer=cannot_ask result=accepted request=RQ\w+$/u]
] as const) {
  it(`a write that was ${what}`, async () => {
    const written = await lines({ ...options, calls: [["set_participant_status", write(1, 2, "closed")]] })
    assert.lengthOf(written, 1)
    assert.match(written[0] ?? "", end)
  })
}

it("a write that Twilio refused: the reason, Twilio's code and the request id", async () => {
  const written = await lines({
    calls: [
      ["set_participant_status", write(1, 2, "closed")],
      ["set_participant_status", write(1, 2, "closed")]
    ]
  })
  assert.lengthOf(written, 2)
  assert.match(written[1] ?? "", /result=failed reason=Conflict http=4\d\d code=\d+ request=RQ\w+$/u)
})

it("a write whose outcome is unknown", async () => {
  served.answerWith((request) =>
    request.method === "POST" ? new Response("<html>", { status: 502 }) : served.sandbox.fetch(request)
  )
  const [line] = await lines({ calls: [["set_participant_status", write(1, 2, "closed")]] })
  assert.match(line ?? "", /result=unknown reason=OutcomeUnknown http=502$/u)
})

it("a write that was refused for now, sent again, and lost: no request id, for the lost attempt has none", async () => {
  const sandbox = Sandbox.make()
  const { apiKey, apiSecret } = sandbox.credentials
  let changes = 0
  const fetch = (request: Request): Promise<Response> => {
    if (request.method === "GET") return sandbox.fetch(request)
    if (++changes > 1) return Promise.reject(new TypeError("fetch failed"))
    return Promise.resolve(
      Response.json({ code: 20429 }, { status: 429, headers: { "twilio-request-id": `RQ${"a".repeat(32)}` } })
    )
  }
  const http = FetchHttpClient.layer.pipe(
    Layer.provide(Layer.succeed(FetchHttpClient.Fetch, (input, init) => fetch(new Request(input, init))))
  )
  const layer = Layer.orDie(
    services(http, {
      credentials: { apiKey, apiSecret: Redacted.make(apiSecret) },
      baseUrl: "https://flex-api.twilio.com:443",
      retry: { times: 2 }
    })
  )
  const { client, audit, close } = await open(layer)
  await call(client, "set_participant_status", write(1, 2, "closed"))
  await close()
  assert.strictEqual(changes, 2)
  assert.lengthOf(audit, 1)
  assert.match(audit[0] ?? "", /result=unknown reason=OutcomeUnknown$/u)
})

it("none for what is no write: a list, a dry run, a call that is refused before the decision", async () => {
  const written = await lines({
    calls: [
      ["list_participants", channel(1)],
      ["set_participant_status", { ...write(1, 2, "closed"), dry_run: true }],
      ["set_participant_status", write(1, 1, "closed")],
      ["set_participant_status", { ...write(1, 2, "closed"), status: "open" }]
    ]
  })
  assert.deepStrictEqual(written, [])
})

describe("cancellation", () => {
  /** Leaves the requests with this method unanswered; gives the signal of the first that arrives. */
  const hold = (method: "GET" | "POST") =>
    new Promise<AbortSignal>((resolve) => {
      served.answerWith((request) => {
        if (request.method !== method) return served.sandbox.fetch(request)
        resolve(request.signal)
        return new Promise<Response>(() => {})
      })
    })
  const aborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      signal.addEventListener("abort", () => resolve())
    })

  for (const era of ["2025", "2026"] as const) {
    const begin = async (name: string, args: object) => {
      const host = raw([], environment(served.url))
      if (era === "2025") await host.initialize("2025-11-25")
      const id = host.nextId()
      const params = { name, arguments: args }
      void (era === "2025" ? host.request("tools/call", params) : host.modern("tools/call", params)).catch(() => {})
      return { host, cancel: () => host.send({ method: "notifications/cancelled", params: { requestId: id } }) }
    }

    it(`${era}: a cancelled call interrupts its request to Twilio`, async () => {
      const arrival = hold("GET")
      const { host, cancel } = await begin("list_participants", channel(1))
      const signal = await arrival
      assert.isFalse(signal.aborted)
      cancel()
      await aborted(signal)
      await host.end()
      assert.strictEqual(host.log(), "")
    })

    it(`${era}: a write cancelled after sending is reported as outcome unknown`, async () => {
      const arrival = hold("POST")
      const { host, cancel } = await begin("set_participant_status", write(1, 2, "closed"))
      const signal = await arrival
      cancel()
      await aborted(signal)
      await host.until(() => (host.log().includes("\n") ? true : undefined))
      await host.end()
      assert.match(host.log(), /^time=\S+ audit=set_participant_status .* result=unknown reason=interrupted$/mu)
    })

    it(`${era}: a write cancelled before sending leaves no line, and no write`, async () => {
      const arrival = hold("GET")
      const { host, cancel } = await begin("set_participant_status", write(1, 2, "closed"))
      const signal = await arrival
      cancel()
      await aborted(signal)
      await host.end()
      assert.strictEqual(host.log(), "")
      assert.isTrue(served.requests.every((request) => request.startsWith("GET ")))
    })
  }

  for (const [what, result, isSent] of [
    ["before a request left: it was not sent", "not_sent", false],
    ["after one left", "unknown", true]
  ] as const) {
    it(`a write that is decided, and cancelled ${what}`, async () => {
      let begin = () => {}
      const isBegun = new Promise<void>((resolve) => {
        begin = resolve
      })
      const plan = {
        agent: { ...agent, standing: "active" },
        status: "closed",
        others: [],
        customerAlone: false,
        customerAloneNow: false,
        alreadyThere: false,
        lastAgent: false
      } as const
      const layer = Layer.mock(Conversations.Conversations)({
        plan: () => Effect.succeed(plan),
        // It waits: for Twilio's clock, for the rate limit, or for the answer.
        move: () =>
          Effect.gen(function* () {
            const tell = yield* TwilioClient.OnAttempt
            tell("Tasks.reservation")
            if (isSent) tell("Participants.setStatus")
            begin()
            return yield* Effect.never
          })
      })
      const { client, audit, close } = await open(layer)
      const giveUp = new AbortController()
      const given = client
        .callTool({ name: "set_participant_status", arguments: write(1, 2, "closed") }, { signal: giveUp.signal })
        .catch(() => {})
      await isBegun
      giveUp.abort()
      await given
      await vi.waitUntil(() => audit.length > 0)
      await close()
      assert.lengthOf(audit, 1)
      assert.match(audit[0] ?? "", new RegExp(` result=${result} reason=interrupted$`, "u"))
    })
  }

  for (const end of ["stdin", "SIGTERM"] as const) {
    it(`the end of the server (${end}) during a write is reported as outcome unknown`, async () => {
      const arrival = hold("POST")
      const host = raw([], environment(served.url))
      await host.initialize("2025-11-25")
      host.send({
        id: 9,
        method: "tools/call",
        params: { name: "set_participant_status", arguments: write(1, 2, "closed") }
      })
      await arrival
      if (end === "stdin") host.child.stdin.end()
      else host.child.kill("SIGTERM")
      await host.closed
      assert.match(host.log(), /^time=\S+ audit=set_participant_status .* result=unknown reason=interrupted$/mu)
    })
  }

  it("a host whose time is up, a minute, cancels: the write is interrupted, and reported", async () => {
    const arrival = hold("POST")
    const client = await connect({ env: environment(served.url) })
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    const failure = client
      .callTool({ name: "set_participant_status", arguments: write(1, 2, "closed") })
      .catch((error: unknown) => String(error))
    const signal = await arrival
    vi.advanceTimersByTime(60_000)
    vi.useRealTimers()
    assert.match(String(await failure), /timed out/iu)
    await aborted(signal)
    await client.close()
    assert.match(client.log(), /result=unknown reason=interrupted$/mu)
  })

  it("a person who is asked in vain, by a host that gives up: nothing is sent", async () => {
    const host = raw([], environment(served.url))
    await host.initialize("2025-11-25", { elicitation: {} })
    const id = host.nextId()
    host.request("tools/call", { name: "set_participant_status", arguments: write(1, 2, "closed") }).catch(() => {})
    const asked = await host.until(() => host.messages.find(({ method }) => method === "elicitation/create"))
    host.send({ method: "notifications/cancelled", params: { requestId: id } })
    const withdrawn = await host.until(() => host.messages.find(({ method }) => method === "notifications/cancelled"))
    assert.strictEqual(withdrawn.params?.["requestId"], asked.id)
    host.send({ id: asked.id, result: { action: "accept", content: {} } })
    await host.request("tools/call", { name: "list_participants", arguments: channel(1) })
    await host.end()
    assert.isTrue(served.requests.every((request) => request.startsWith("GET ")))
  })
})

describe("two writes at once to one participant", () => {
  it("go one after the other, and the second meets what the first has done", async () => {
    const client = await connect({ env: environment(served.url) })
    const both = await Promise.all([
      call(client, "set_participant_status", write(1, 2, "wrapup")),
      call(client, "set_participant_status", write(1, 2, "wrapup"))
    ])
    await client.close()
    const methods = served.requests.map((request) => request.split(" ")[0]).join(" ")
    assert.match(methods, /^(GET )+POST (GET )+POST( GET)*$/u)
    assert.strictEqual(both[0]?.data?.["result"], "accepted")
    assert.match(both[1]?.text ?? "", /^Twilio refused the change.*in wrap-up already.*Nothing was changed/u)
  })

  it("to two conversations go at once", async () => {
    const posts: Array<() => void> = []
    const bothArrived = new Promise<void>((resolve) => {
      served.answerWith(async (request) => {
        if (request.method === "POST") {
          await new Promise<void>((go) => {
            posts.push(go)
            if (posts.length === 2) resolve()
          })
        }
        return served.sandbox.fetch(request)
      })
    })
    const client = await connect({ env: environment(served.url) })
    const both = Promise.all([
      call(client, "set_participant_status", write(1, 2, "wrapup")),
      call(client, "set_participant_status", write(2, 2, "wrapup"))
    ])
    await bothArrived
    for (const go of posts) go()
    for (const one of await both) assert.strictEqual(one.data?.["result"], "accepted")
    await client.close()
  })
})
