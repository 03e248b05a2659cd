import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient, TwilioError, Participant, Participants } from "@flex-interactions/core"
import { Cause, Effect, Exit, Layer, Redacted, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { afterAll, beforeAll, beforeEach } from "vitest"
import { sid } from "../support/requests.ts"
import { type Served, start } from "../support/served.ts"

let served: Served
beforeAll(async () => {
  served = await start()
})
afterAll(() => served.close())
beforeEach(() => {
  served.requests.length = 0
  served.answerWith(undefined)
})

const secret = "sandbox-api-secret"
const against = (baseUrl: string, apiSecret = secret) =>
  Participants.layer.pipe(
    Layer.provide(
      TwilioClient.layer({
        baseUrl,
        credentials: { apiKey: `SK${"0".repeat(31)}1`, apiSecret: Redacted.make(apiSecret) },
        retry: { times: 0 },
        rateLimit: false
      })
    ),
    Layer.provide(FetchHttpClient.layer)
  )

const use = <A, E>(
  f: (participants: Participants.Participants["Service"]) => Effect.Effect<A, E>,
  layer: () => Layer.Layer<Participants.Participants, TwilioClient.SettingsError> = () => against(served.url)
) => Effect.suspend(() => Effect.provide(Effect.flatMap(Participants.Participants, f), layer()))

/** Runs a call that must fail, and gives the reason. */
const reason = <A>(
  f: (participants: Participants.Participants["Service"]) => Effect.Effect<A, TwilioError.TwilioError>,
  layer?: () => Layer.Layer<Participants.Participants, TwilioClient.SettingsError>
) =>
  use(f, layer).pipe(
    Effect.flip,
    Effect.map((error) => {
      if (error._tag !== "TwilioError") throw error
      return error.reason
    })
  )

const channel = (group: number) => Effect.fromResult(Participant.channel(sid(group, "KD"), sid(group, "UO")))
const participant = (group: number, n: number) =>
  Effect.fromResult(Participant.participant(sid(group, "KD"), sid(group, "UO"), sid(group, "UT", n)))

describe("the reply", () => {
  it.effect("is told to whoever asks for it, with Twilio's request id, when the call succeeds and when it fails", () =>
    Effect.gen(function* () {
      const replies: Array<TwilioError.ReplyFields> = []
      const set = (n: number) =>
        use((participants) => Effect.flatMap(participant(3, n), (ref) => participants.setStatus(ref, "wrapup"))).pipe(
          Effect.provideService(TwilioClient.OnAttempt, () => (reply) => replies.push(reply)),
          Effect.exit
        )
      yield* set(2)
      yield* set(1)
      assert.deepStrictEqual(
        replies.map(({ status }) => status),
        [200, 422]
      )
      for (const { requestId } of replies) assert.match(requestId ?? "", /^RQ[0-9a-f]{32}$/u)
    })
  )
})

describe("listing", () => {
  it.effect("gives every participant of a channel, with what its agents work on", () =>
    Effect.gen(function* () {
      const everyone = yield* use((participants) => Effect.flatMap(channel(1), participants.list))
      assert.deepStrictEqual(
        everyone.map(({ sid, type }) => [sid, type]),
        [
          [sid(1, "UT", 1), "customer"],
          [sid(1, "UT", 2), "agent"]
        ]
      )
      assert.isUndefined(everyone[0]?.routingProperties)
      assert.deepStrictEqual(everyone[1]?.routingProperties, {
        taskSid: sid(1, "WT", 2),
        workerSid: sid(1, "WK", 2),
        reservationSid: sid(1, "WR", 2),
        other: {}
      } as never)
    })
  )

  it.effect("fetches pages of 1000 unless told otherwise, and no page more than needed", () =>
    Effect.gen(function* () {
      const all = yield* use((participants) => Effect.flatMap(channel(3), participants.list))
      assert.lengthOf(all, 120)
      assert.lengthOf(served.requests, 1)
      assert.include(served.requests[0], "PageSize=1000")
    })
  )

  it.effect("follows the pages to the end, each participant once", () =>
    Effect.gen(function* () {
      const sids = yield* use((participants) =>
        Effect.flatMap(channel(3), (channel) =>
          participants.stream(channel, { pageSize: 50 }).pipe(
            Stream.map(({ sid }) => sid),
            Stream.runCollect
          )
        )
      )
      assert.strictEqual(new Set(sids).size, 120)
      assert.lengthOf(served.requests, 3)
    })
  )

  it.effect("stops at the limit", () =>
    Effect.gen(function* () {
      const some = yield* use((participants) =>
        Effect.flatMap(channel(3), (channel) => participants.list(channel, { limit: 60, pageSize: 50 }))
      )
      assert.lengthOf(some, 60)
      assert.lengthOf(served.requests, 2)
    })
  )

  it.effect("gives one page, and the cursor of the next", () =>
    Effect.gen(function* () {
      const [first, last] = yield* use((participants) =>
        Effect.gen(function* () {
          const ref = yield* channel(3)
          const first = yield* participants.page(ref, { pageSize: 100 })
          const last = yield* participants.page(ref, { pageSize: 100, cursor: first.next ?? {} })
          return [first, last] as const
        })
      )
      assert.lengthOf(first.items, 100)
      assert.lengthOf(last.items, 20)
      assert.isUndefined(last.next)
    })
  )

  it.effect("sends the credentials to the configured origin only, whatever next_page_url says", () =>
    Effect.gen(function* () {
      served.answerWith(async (request) => {
        const reply = await served.sandbox.fetch(request)
        return new Response((await reply.text()).replaceAll(served.url, "https://elsewhere.example"), reply)
      })
      const all = yield* use((participants) =>
        Effect.flatMap(channel(3), (channel) => participants.list(channel, { pageSize: 50 }))
      )
      assert.lengthOf(all, 120)
    })
  )

  it.effect("is not led in circles by pages that repeat", () =>
    Effect.gen(function* () {
      served.answerWith(() =>
        Response.json({ participants: [], meta: { next_page_url: "https://x.example/?Page=1&PageToken=PTagain" } })
      )
      const { _tag } = yield* reason((participants) => Effect.flatMap(channel(3), participants.list))
      assert.strictEqual(_tag, "UnexpectedResponse")
    })
  )
})

describe("setting a status", () => {
  it.effect("moves an agent to wrapup and then to closed", () =>
    Effect.gen(function* () {
      const agent = yield* participant(1, 2)
      const state = served.sandbox.state.get(agent.interactionSid)?.get(agent.channelSid)?.participants[1]
      assert.strictEqual(state?.status, "active")
      const moved = yield* use((participants) => participants.setStatus(agent, "wrapup"))
      assert.strictEqual(moved.sid, agent.participantSid)
      assert.strictEqual(state?.status as string, "wrapup")
      yield* use((participants) => participants.setStatus(agent, "closed"))
      assert.strictEqual(state?.status as string, "closed")
    })
  )

  it.effect("meets a participant that is not an agent as Conflict", () =>
    Effect.gen(function* () {
      const failed = yield* reason((participants) =>
        Effect.flatMap(participant(2, 1), (ref) => participants.setStatus(ref, "closed"))
      )
      assert.strictEqual(failed._tag, "Conflict")
      assert.strictEqual(failed.code, 45008)
      assert.match(failed.requestId ?? "", /^RQ[0-9a-f]{32}$/u)
    })
  )
})

describe("input is refused before any I/O", () => {
  const good = { interactionSid: sid(1, "KD"), channelSid: sid(1, "UO"), participantSid: sid(1, "UT", 2) }
  const bad: ReadonlyArray<readonly [string, Record<string, unknown>, RegExp]> = [
    ["a short interaction SID", { interactionSid: "KD0" }, /interactionSid: expected KD.*3 characters/u],
    ["a path in the place of a SID", { interactionSid: "../../Users" }, /interactionSid: expected KD/u],
    ["swapped SIDs", { interactionSid: good.channelSid }, /got a channel SID \(UO\)/u],
    ["a channel SID in lower case", { channelSid: good.channelSid.toLowerCase() }, /upper case/u],
    [
      "a channel SID with a space",
      { channelSid: `${good.channelSid.slice(0, 33)} ` },
      /something else at character 34/u
    ],
    ["no participant SID", { participantSid: undefined }, /participantSid: .*undefined/u],
    ["another letter in a participant SID", { participantSid: `UT${"g".repeat(32)}` }, /at character 3/u]
  ]
  for (const [what, change, problem] of bad) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const ref = { ...good, ...change } as never
        const failed = yield* reason((participants) => participants.setStatus(ref, "wrapup"))
        assert.strictEqual(failed._tag, "InvalidRequest")
        assert.match(failed.message, problem)
        assert.isUndefined(failed.status)
        assert.isEmpty(served.requests)
      })
    )
  }

  for (const nothing of [undefined, null]) {
    it.effect(`${nothing} in the place of a reference`, () =>
      Effect.gen(function* () {
        const ref = nothing as never
        const failures = yield* Effect.all([
          reason(({ list }) => list(ref)),
          reason(({ page }) => page(ref)),
          reason(({ stream }) => Stream.runCollect(stream(ref))),
          reason(({ setStatus }) => setStatus(ref, "wrapup"))
        ])
        for (const failed of failures) {
          assert.strictEqual(failed._tag, "InvalidRequest")
          assert.match(failed.message, /interactionSid: .*got undefined/u)
        }
        assert.isEmpty(served.requests)
      })
    )
  }

  it.effect("a channel, or a participant as listed, whose status is to be set", () =>
    Effect.gen(function* () {
      for (const ref of [yield* channel(1), { ...(yield* channel(1)), sid: good.participantSid, type: "agent" }]) {
        const failed = yield* reason((participants) => participants.setStatus(ref as never, "wrapup"))
        assert.strictEqual(failed._tag, "InvalidRequest")
        assert.match(failed.message, /participantSid: .*got undefined/u)
      }
      assert.isEmpty(served.requests)
    })
  )

  it.effect("a status that does not exist, or none", () =>
    Effect.gen(function* () {
      for (const status of ["open", undefined]) {
        const failed = yield* reason((participants) => participants.setStatus(good as never, status as never))
        assert.strictEqual(failed._tag, "InvalidRequest")
        assert.match(failed.message, /status: expected wrapup or closed/u)
      }
      assert.isEmpty(served.requests)
    })
  )

  for (const pageSize of [0, -1, 1001, 1.5, Number.NaN]) {
    it.effect(`a page size of ${pageSize}`, () =>
      Effect.gen(function* () {
        const failed = yield* reason((participants) =>
          Effect.flatMap(channel(1), (channel) => participants.list(channel, { pageSize }))
        )
        assert.strictEqual(failed._tag, "InvalidRequest")
        assert.isEmpty(served.requests)
      })
    )
  }
})

describe("what Twilio does not know", () => {
  const unknown = { interactionSid: sid(99, "KD"), channelSid: sid(99, "UO"), participantSid: sid(99, "UT", 2) }
  for (const key of ["interactionSid", "channelSid", "participantSid"] as const) {
    it.effect(`an unknown ${key} is NotFound`, () =>
      Effect.gen(function* () {
        const ref = { ...(yield* participant(1, 2)), [key]: unknown[key] } as Participant.ParticipantRef
        const failed = yield* reason((participants) => participants.setStatus(ref, "wrapup"))
        assert.strictEqual(failed._tag, "NotFound")
        assert.strictEqual(failed.code, 20404)
      })
    )
  }
})

describe("replies and the lack of them", () => {
  it.effect("wrong credentials are Unauthorized, and no error repeats them", () =>
    Effect.gen(function* () {
      const wrong = "not-the-right-secret"
      const exit = yield* use(
        (participants) => Effect.flatMap(channel(1), participants.list),
        () => against(served.url, wrong)
      ).pipe(Effect.exit)
      assert.isTrue(Exit.isFailure(exit))
      if (!Exit.isFailure(exit)) return
      const error = Cause.squash(exit.cause) as TwilioError.TwilioError
      assert.strictEqual(error.reason._tag, "Unauthorized")
      const printed = [Cause.pretty(exit.cause), JSON.stringify(error), String(error)].join("\n")
      assert.notInclude(printed, wrong)
      assert.notInclude(printed, btoa(`SK${"0".repeat(31)}1:${wrong}`))
    })
  )

  it("an error shows its message however it is printed", () => {
    const reason = new TwilioError.NotFound({ status: 404, code: 20404 })
    for (const error of [
      new TwilioError.TwilioError({ operation: "Participants.list", reason }),
      new TwilioClient.SettingsError({ setting: "TWILIO_API_KEY", problem: "is not set" })
    ]) {
      for (const printed of [inspect(error), JSON.stringify(error), String(error), Cause.pretty(Cause.fail(error))])
        assert.include(printed.replaceAll(/' \+\n\s*'/gu, ""), error.message)
    }
  })

  it.effect("an unreachable host is NetworkError, for a write too: it never left", () =>
    Effect.gen(function* () {
      const gone = yield* Effect.promise(() => start())
      yield* Effect.promise(gone.close)
      const nobody = () => against(gone.url)
      const list = yield* reason((participants) => Effect.flatMap(channel(1), participants.list), nobody)
      assert.strictEqual(list._tag, "NetworkError")
      const write = yield* reason(
        (participants) => Effect.flatMap(participant(1, 2), (ref) => participants.setStatus(ref, "closed")),
        nobody
      )
      assert.strictEqual(write._tag, "NetworkError")
    })
  )

  for (const [what, body] of [
    ["HTML", "<html>Bad gateway</html>"],
    ["nothing", ""],
    ["truncated JSON", '{"participants":['],
    ["another shape", '{"participants":{}}']
  ] as const) {
    it.effect(`${what} with a 200 is UnexpectedResponse for a list, OutcomeUnknown for a write`, () =>
      Effect.gen(function* () {
        served.answerWith(() => new Response(what === "another shape" ? '{"participants":{},"sid":5}' : body))
        const list = yield* reason((participants) => Effect.flatMap(channel(1), participants.list))
        assert.strictEqual(list._tag, "UnexpectedResponse")
        const write = yield* reason((participants) =>
          Effect.flatMap(participant(1, 2), (ref) => participants.setStatus(ref, "closed"))
        )
        assert.strictEqual(write._tag, "OutcomeUnknown")
      })
    )
  }

  it.effect("a 502 after a write was received is OutcomeUnknown", () =>
    Effect.gen(function* () {
      served.answerWith(() => new Response("<html>", { status: 502 }))
      const failed = yield* reason((participants) =>
        Effect.flatMap(participant(1, 2), (ref) => participants.setStatus(ref, "closed"))
      )
      assert.strictEqual(failed._tag, "OutcomeUnknown")
    })
  )

  it.effect("null, missing and unknown fields, and a type of tomorrow, never fail a list", () =>
    Effect.gen(function* () {
      served.answerWith(() =>
        Response.json({
          participants: [
            {},
            { sid: null, type: "bot", routing_properties: { worker_sid: null, priority: 3 }, added: [] }
          ]
        })
      )
      const ref = yield* channel(1)
      const all = yield* use((participants) => participants.list(ref))
      assert.deepStrictEqual(all, [
        { type: "unknown", ...ref },
        { type: "bot", ...ref, routingProperties: { other: { priority: 3 } } }
      ])
    })
  )
})

describe("settings", () => {
  for (const [baseUrl, problem] of [
    ["http://flex.example", /https/u],
    ["nonsense", /not a URL/u],
    ["https://user:pass@flex.example", /credentials/u],
    ["https://flex.example/v1", /origin/u]
  ] as const) {
    it.effect(`a base URL like ${baseUrl} is refused without repeating it`, () =>
      Effect.gen(function* () {
        const error = yield* use(
          () => Effect.void,
          () => against(baseUrl)
        ).pipe(Effect.flip)
        assert.strictEqual(error._tag, "SettingsError")
        assert.match(error.message, problem)
        assert.notInclude(error.message, baseUrl)
      })
    )
  }
})
