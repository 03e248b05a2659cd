/** SIDs, references and participants: what is read, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { Participant, Sid } from "@flex-interactions/core"
import { Effect, Result, Schema, Stream } from "effect"
import { agent, call, channel, close, double, list, reason, row, type Service } from "../support/double.ts"

const schemas = {
  KD: Sid.InteractionSid,
  UO: Sid.ChannelSid,
  UT: Sid.ParticipantSid,
  WT: Sid.TaskSid,
  WK: Sid.WorkerSid,
  WR: Sid.ReservationSid,
  WS: Sid.WorkspaceSid,
  WQ: Sid.TaskQueueSid,
  WW: Sid.WorkflowSid,
  KG: Sid.InviteSid,
  EV: Sid.EventSid
}

for (const [prefix, schema] of Object.entries(schemas)) {
  const letters = prefix as Sid.ResourcePrefix
  describe(`a SID with ${prefix}`, () => {
    it.effect.prop(
      "is accepted as it is generated, by the parser and by the schema",
      { sid: schema as Schema.Codec<string> },
      ({ sid }) =>
        Effect.sync(() => {
          assert.match(sid, new RegExp(`^${prefix}[0-9a-fA-F]{32}$`, "u"))
          assert.deepStrictEqual(Sid.parse(letters, sid), Result.succeed(sid as never))
        })
    )

    it.effect.prop(
      "is all that is accepted: anything else is told what is wrong, and is not repeated",
      { input: Schema.String },
      ({ input }) =>
        Effect.sync(() => {
          const parsed = Sid.parse(letters, input)
          assert.strictEqual(Result.isSuccess(parsed), new RegExp(`^${prefix}[0-9a-fA-F]{32}$`, "u").test(input))
          if (Result.isFailure(parsed) && input.length > 3) assert.notInclude(parsed.failure, input)
        })
    )

    for (const [input, got] of [
      [`${prefix}${"0".repeat(31)}`, "33 characters"],
      [`${prefix}${"0".repeat(33)}`, "35 characters"],
      [`${prefix}${"0".repeat(31)}g`, "something else at character 34"],
      [`${prefix.toLowerCase()}${"0".repeat(32)}`, `${prefix.toLowerCase()}: the two letters are upper case`],
      [`AC${"0".repeat(32)}`, "an account SID (AC)"],
      [`XX${"0".repeat(32)}`, "other letters at the start"],
      ["", "an empty string"],
      ["../..", "5 characters"],
      [null, "null"],
      [undefined, "undefined"],
      [5, "number"]
    ] as const) {
      it(`says what is wrong: ${got}`, () => {
        const problem = `expected ${prefix} followed by 32 hexadecimal digits, got ${got}`
        assert.deepStrictEqual(Sid.parse(letters, input), Result.fail(problem))
        if (typeof input === "string") {
          const decoded = Schema.decodeUnknownResult(schema as Schema.Codec<string>)(input)
          assert.include(Result.isFailure(decoded) ? decoded.failure.message : "", problem)
        }
      })
    }
  })
}

describe("a reference", () => {
  const url = `https://flex-api.twilio.com/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}`

  it.effect("made from parts, from a participant and from its URL is the same", () =>
    Effect.gen(function* () {
      const listed = { ...channel, sid: agent.participantSid, type: "agent" as const }
      assert.deepStrictEqual(Participant.ref(listed), agent)
      assert.deepStrictEqual(
        yield* Effect.fromResult(Participant.fromUrl(`${url}/Participants/${agent.participantSid}`)),
        agent
      )
      assert.deepStrictEqual(
        yield* Effect.fromResult(Participant.participant(agent.interactionSid, agent.channelSid, agent.participantSid)),
        agent
      )
    })
  )

  it.effect("of a channel is made from its URL, and from that of what is below it", () =>
    Effect.gen(function* () {
      for (const end of [
        "",
        "/",
        "/Participants",
        "/Participants?PageSize=5",
        `/Participants/${agent.participantSid}`,
        "/Invites",
        `/Invites/KG${"0".repeat(32)}`,
        "/Transfers"
      ]) {
        assert.deepStrictEqual(yield* Effect.fromResult(Participant.channelFromUrl(`${url}${end}`)), channel)
      }
    })
  )

  it("of a channel is not made from the URL of anything else", () => {
    for (const bad of [
      "",
      "nonsense",
      url.replace(/\/Channels.*/u, ""),
      `${url}/Messages`,
      `${url}/Invites/KG1/More`,
      `https://taskrouter.twilio.com/v1/Workspaces/WS${"0".repeat(32)}/Tasks/WT${"0".repeat(32)}`
    ]) {
      const made = Participant.channelFromUrl(bad)
      assert.include(Result.isFailure(made) ? made.failure.message : "made", "expected the URL of a channel")
    }
  })

  for (const [what, bad, problem] of [
    ["nonsense", "nonsense", /^reference: url: expected the URL of a participant/u],
    ["the URL of a channel", url, /^reference: url: expected the URL of a participant/u],
    ["another resource", `${url}/Invites/KG1`, /^reference: url: expected the URL of a participant/u],
    ["a short SID", `${url}/Participants/UT1`, /^reference: participantSid: expected UT.*got 3 characters$/u],
    ["an encoded slash", `${url}/Participants/UT%2F..%2F`, /^reference: participantSid: expected UT/u]
  ] as const) {
    it.effect(`is not made from ${what}`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.fromResult(Participant.fromUrl(bad)))
        assert.match(error.message, problem)
        assert.strictEqual(error.reason._tag, "InvalidRequest")
      })
    )
  }
})

const wireOf = (ref: Participant.ChannelRef) => ({ interaction_sid: ref.interactionSid, channel_sid: ref.channelSid })

/** The one participant of a list with this row. */
const read = (row: unknown) =>
  Effect.map(
    call(double(Response.json({ participants: [row] })), (participants) => participants.list(channel)),
    ([participant]) => participant
  )

describe("a participant", () => {
  it.effect("has typed routing properties, and keeps what it does not know", () =>
    Effect.gen(function* () {
      const routing = {
        task_sid: `WT${"0".repeat(32)}`,
        worker_sid: null,
        reservation_sid: "not a SID",
        priority: { level: [1, null] }
      }
      const participant = yield* read({ type: "agent", routing_properties: routing })
      assert.deepStrictEqual(participant?.routingProperties, {
        taskSid: `WT${"0".repeat(32)}`,
        other: { reservation_sid: "not a SID", priority: { level: [1, null] } }
      } as never)
    })
  )

  it.effect("has no SID if Twilio sends something that is not one, and then is no agent to be moved", () =>
    Effect.gen(function* () {
      const participant = yield* read({ sid: `UT${"X".repeat(32)}`, type: "agent" })
      assert.isUndefined(participant?.sid)
      assert.isFalse(participant !== undefined && Participant.isAgent(participant))
    })
  )

  it.effect("has the SIDs of the channel that was asked for, whether Twilio repeats them or not", () =>
    Effect.gen(function* () {
      const upper = { channel_sid: channel.channelSid.toUpperCase(), interaction_sid: null }
      for (const row of [{}, upper, { interaction_sid: channel.interactionSid.toLowerCase() }]) {
        const participant = yield* read(row)
        assert.strictEqual(participant?.channelSid, channel.channelSid)
        assert.strictEqual(participant?.interactionSid, channel.interactionSid)
      }
    })
  )
})

describe("the schemas read what else Twilio sends of a participant, such as the payload of an event:", () => {
  const decode = Schema.decodeUnknownResult(Participant.Participant)

  it.effect.prop(
    "any participant is the same once it was Twilio's JSON",
    { participant: Participant.Participant },
    (all) =>
      Effect.sync(() => {
        const json: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(Participant.Participant)(all.participant)))
        // JSON has no negative zero.
        assert.deepStrictEqual(decode(json), Result.succeed(JSON.parse(JSON.stringify(all.participant))))
      })
  )

  it.effect.prop("a row of a list is what the schema says", { participant: Participant.Participant }, (all) =>
    Effect.gen(function* () {
      const row = { ...Schema.encodeSync(Participant.Participant)(all.participant), ...wireOf(channel) }
      assert.deepStrictEqual(yield* read(row), Result.getOrThrow(decode(JSON.parse(JSON.stringify(row)))))
    })
  )

  it("a reference is read out of a participant", () => {
    const payload = { ...wireOf(channel), sid: agent.participantSid, type: "agent", added: 1 }
    assert.deepStrictEqual(Schema.decodeUnknownSync(Participant.ChannelRef)(payload), channel)
    assert.deepStrictEqual(Schema.decodeUnknownSync(Participant.ParticipantRef)(payload), agent)
  })

  for (const [what, payload, problem] of [
    ["without its channel", { sid: agent.participantSid }, /interactionSid/u],
    ["with a channel that is none", { ...wireOf(channel), channel_sid: "UO1" }, /expected UO.*got 3 characters/u],
    ["with a type of another kind", { ...wireOf(channel), type: 5 }, /expected a string or null/iu],
    ["that is none", [], /object/u]
  ] as const) {
    it(`a participant ${what} is refused`, () => {
      assert.match(String(Result.getOrElse(decode(payload), ({ message }) => message)), problem)
    })
  }
})

describe("a list never gives participants of another channel:", () => {
  const rowOf = (keys: object) => [row(1), { ...row(2), ...keys }]
  const other = `UO${"f".repeat(32)}`
  for (const [what, keys, key] of [
    ["another channel", { channel_sid: other }, "channel_sid"],
    ["another interaction", { interaction_sid: `KD${"f".repeat(32)}` }, "interaction_sid"],
    ["the right interaction, and another channel", { ...wireOf(channel), channel_sid: other }, "channel_sid"],
    ["a channel that is none", { channel_sid: "nonsense" }, "channel_sid"],
    ["a channel that is empty", { channel_sid: "" }, "channel_sid"]
  ] as const) {
    it.effect(`a row that names ${what} is UnexpectedResponse, which names the row`, () =>
      Effect.gen(function* () {
        const pages = [
          Response.json({ participants: [row(0)], meta: { next_page_url: "?PageToken=PT1" } }),
          Response.json({ participants: rowOf(keys) })
        ]
        for (const ask of [list, (service: Service) => Stream.runCollect(service.stream(channel))]) {
          const error = yield* reason(double(...pages), ask)
          assert.strictEqual(error._tag, "UnexpectedResponse")
          assert.strictEqual(
            error.message,
            `participants[1] is not of what was asked for: its ${key} is another (HTTP 200)`
          )
        }
      })
    )
  }
})

describe("a change is accepted only by a reply that is about it:", () => {
  const other = {
    sid: `UT${"f".repeat(32)}`,
    channel_sid: `UO${"f".repeat(32)}`,
    interaction_sid: `KD${"f".repeat(32)}`
  }
  const right = { sid: agent.participantSid, ...wireOf(channel) }
  const { channel_sid, interaction_sid, sid } = right

  for (const reply of [
    right,
    { sid },
    { sid, channel_sid: null, interaction_sid: null },
    { channel_sid },
    { interaction_sid },
    { sid: null, channel_sid },
    { sid: sid.toLowerCase() },
    { sid: sid.toUpperCase(), channel_sid: channel_sid.toLowerCase(), interaction_sid: interaction_sid.toLowerCase() }
  ]) {
    it.effect(`accepted: ${JSON.stringify(reply)}`, () =>
      Effect.gen(function* () {
        const moved = yield* call(double(Response.json(reply)), (service) => service.setStatus(agent, "closed"))
        assert.deepStrictEqual(moved, { ...channel, sid: agent.participantSid, type: "unknown" })
      })
    )
  }

  for (const [reply, problem] of [
    [{}, /does not say what it is about/u],
    [{ error: "maintenance" }, /does not say what it is about/u],
    [{ participants: [] }, /does not say what it is about/u],
    [{ participants: [right] }, /does not say what it is about/u],
    [{ sid: null, channel_sid: null }, /does not say what it is about/u],
    [other, /its sid is another/u],
    [{ ...right, sid: other.sid }, /its sid is another/u],
    [{ ...right, sid: "" }, /its sid is another/u],
    [{ ...right, channel_sid: other.channel_sid }, /its channel_sid is another/u],
    [{ ...right, interaction_sid: other.interaction_sid }, /its interaction_sid is another/u],
    [{ sid, interaction_sid: other.interaction_sid }, /its interaction_sid is another/u],
    [{ channel_sid, interaction_sid: other.interaction_sid }, /its interaction_sid is another/u],
    [{ channel_sid: other.channel_sid }, /its channel_sid is another/u],
    [[right], /another shape/u],
    ["accepted", /another shape/u]
  ] as const) {
    it.effect(`OutcomeUnknown: ${JSON.stringify(reply)}`, () =>
      Effect.gen(function* () {
        for (const status of [200, 201, 202, 206]) {
          const error = yield* reason(double(Response.json(reply, { status })), close)
          assert.strictEqual(error._tag, "OutcomeUnknown")
          assert.match(error.message, problem)
        }
      })
    )
  }
})

describe("any JSON at all", () => {
  for (const [what, f] of [
    ["a list", list],
    ["a change", close]
  ] as const) {
    const right = what === "a list" ? "UnexpectedResponse" : "OutcomeUnknown"
    it.effect.prop(
      `as the reply to ${what} is read, or is ${right}: never a defect`,
      { json: Schema.Json, status: Schema.Literals([200, 201, 204]) },
      ({ json, status }) =>
        Effect.gen(function* () {
          const body = status === 204 ? null : JSON.stringify(json)
          const result = yield* Effect.result(call(double(Effect.sync(() => new Response(body, { status }))), f))
          if (Result.isSuccess(result)) return
          assert.strictEqual(
            result.failure._tag === "TwilioError" ? result.failure.reason._tag : result.failure.message,
            right
          )
        })
    )

    it.effect.prop(
      `with an error's status is a reason, for ${what}`,
      { json: Schema.Json, status: Schema.Int.check(Schema.isBetween({ minimum: 300, maximum: 599 })) },
      ({ json, status }) =>
        Effect.gen(function* () {
          const answer = Effect.sync(() => new Response(status === 304 ? null : JSON.stringify(json), { status }))
          const error = yield* reason(double(answer), f, { retry: { times: 0 } })
          assert.strictEqual(error.status, status)
          assert.isNotEmpty(error.message)
        })
    )
  }

  it.effect("a page whose third row is wrong is told with its path", () =>
    Effect.gen(function* () {
      const http = double(Response.json({ participants: [{}, {}, { type: 5 }] }))
      const error = yield* reason(http, list)
      assert.match(error.message, /another shape: .*\["participants"\]\[2\]\["type"\]/u)
    })
  )
})

describe("a page of another shape is UnexpectedResponse, with the path of the first mismatch:", () => {
  const kinds = ["text", 5, true, [], {}, null]
  const is = (...allowed: ReadonlyArray<unknown>) =>
    kinds.filter((kind) => !allowed.some((one) => JSON.stringify(one) === JSON.stringify(kind)))
  const pages: ReadonlyArray<readonly [path: string, page: (kind: unknown) => unknown, wrong: ReadonlyArray<unknown>]> =
    [
      ['["participants"]', (kind) => ({ participants: kind }), is([])],
      ['["participants"][1]', (kind) => ({ participants: [{}, kind] }), is({})],
      ...["sid", "type", "url"].map(
        (key) =>
          [
            `["participants"][0]["${key}"]`,
            (kind: unknown) => ({ participants: [{ [key]: kind }] }),
            is("text", null)
          ] as const
      ),
      ['["meta"]', (kind) => ({ participants: [], meta: kind }), is({}, null)],
      ['["meta"]["next_page_url"]', (kind) => ({ participants: [], meta: { next_page_url: kind } }), is("text", null)]
    ]
  for (const [path, page, wrong] of pages) {
    for (const kind of wrong) {
      it.effect(`${path} is ${JSON.stringify(kind)}`, () =>
        Effect.gen(function* () {
          const error = yield* reason(double(Response.json(page(kind))), list)
          assert.strictEqual(error._tag, "UnexpectedResponse")
          assert.include(error.message, `the reply has another shape: `)
          assert.include(error.message, `at ${path}`)
        })
      )
    }
  }

  it.effect("a SID of another kind is another channel's", () =>
    Effect.gen(function* () {
      for (const key of ["interaction_sid", "channel_sid"]) {
        const error = yield* reason(double(Response.json({ participants: [{ [key]: 5 }] })), list)
        assert.strictEqual(error._tag, "UnexpectedResponse")
      }
    })
  )
})

describe("an error reply", () => {
  const of = (body: unknown) =>
    reason(double(Response.json(body, { status: 400, headers: { "twilio-request-id": `RQ${"1".repeat(32)}` } })), list)

  it.effect("in Twilio's own form", () =>
    Effect.gen(function* () {
      const found = yield* of({
        code: 21481,
        message: "Invalid PageToken",
        more_info: "https://www.twilio.com/docs/errors/21481",
        status: 400
      })
      assert.deepInclude(found, {
        status: 400,
        code: 21481,
        detail: "Invalid PageToken",
        moreInfo: "https://www.twilio.com/docs/errors/21481",
        requestId: `RQ${"1".repeat(32)}`
      })
    })
  )

  it.effect("in that of RFC 9457, with its list of errors", () =>
    Effect.gen(function* () {
      const found = yield* of({
        type: "https://www.twilio.com/docs/api/errors/45004",
        title: "Validation failed",
        status: 400,
        code: 45004,
        detail: "PageSize is not valid",
        instance: "/x",
        errors: [{ detail: "must be at most 1000", pointer: "#/PageSize" }, { odd: true }, null]
      })
      assert.deepInclude(found, {
        code: 45004,
        detail: "PageSize is not valid; must be at most 1000",
        moreInfo: "https://www.twilio.com/docs/api/errors/45004"
      })
    })
  )

  it.effect("one odd member does not hide the others, and long texts are cut", () =>
    Effect.gen(function* () {
      const found = yield* of({ code: "20404", message: "x".repeat(9999), more_info: "javascript:alert(1)" })
      assert.isUndefined(found.code)
      assert.isUndefined(found.moreInfo)
      assert.strictEqual(found.detail, "x".repeat(500))
    })
  )
})
