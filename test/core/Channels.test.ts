/** Channels: read, closed, made inactive; and who was invited. */
import { assert, describe, it } from "@effect/vitest"
import { Channels, Participant, Tasks, type TwilioError } from "@flex-interactions/core"
import { DateTime, Effect, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import { type Answer, double, refused } from "../support/double.ts"
import { channel, onSandbox, services, sid } from "../support/services.ts"

const { asked, run, sandbox } = onSandbox()
const use = <A>(f: (channels: Channels.Channels["Service"]) => Effect.Effect<A, TwilioError.TwilioError>) =>
  Channels.Channels.use(f)

const path = "/Interactions/KD00000000000000000000000000000001/Channels"

describe("a channel", () => {
  it.effect("has its status, its type, and the time of the reply by Twilio's clock", () =>
    Effect.gen(function* () {
      sandbox().clock.advance(3_600_000)
      const { asOf, url, ...rest } = yield* run(use((channels) => channels.get(channel)))
      assert.deepStrictEqual(rest, { ...channel, status: "active", type: "sms" })
      const clock = sandbox().clock.now()
      assert.isTrue(asOf !== undefined && Math.abs(clock - DateTime.toEpochMillis(asOf)) < 60_000)
      assert.deepStrictEqual(Result.getOrThrow(Participant.channelFromUrl(url ?? "")), channel)
    })
  )

  it.effect("is found by its interaction alone, with one request", () =>
    Effect.gen(function* () {
      const found = yield* run(use((channels) => channels.ofInteraction(channel.interactionSid)))
      assert.deepInclude(found, { ...channel, status: "active" })
      assert.deepStrictEqual(asked(), [`GET ${path}?PageSize=1000`])
    })
  )

  it.effect("is listed with its interaction", () =>
    Effect.gen(function* () {
      const list = yield* run(use((channels) => channels.list(channel.interactionSid)))
      assert.deepStrictEqual(
        list.map(({ channelSid, interactionSid, status }) => [channelSid, interactionSid, status]),
        [[channel.channelSid, channel.interactionSid, "active"]]
      )
    })
  )

  it.effect("that does not exist is NotFound, and says what may have become of it", () =>
    Effect.gen(function* () {
      const other = { ...channel, channelSid: sid("UO", 9) }
      const asks: ReadonlyArray<Parameters<typeof use<unknown>>[0]> = [
        (channels) => channels.get(other),
        (channels) => channels.list(sid("KD", 9)),
        (channels) => channels.invites(other),
        (channels) => channels.update(other, { status: "closed" })
      ]
      for (const ask of asks) {
        const error = yield* run(use(ask)).pipe(Effect.asVoid, Effect.flip)
        assert.match(error.message, /no such interaction or channel.*180 days/u)
      }
    })
  )

  it.effect("lists its invites, each with its task", () =>
    Effect.gen(function* () {
      const [invites, tasks] = yield* run(
        Effect.all([use((channels) => channels.invites(channel)), Tasks.Tasks.use((tasks) => tasks.get(sid("WT", 1)))])
      )
      assert.strictEqual(invites.length, 4)
      const invite = invites.find(({ routing }) => routing?.properties?.taskSid === sid("WT", 1))
      assert.deepInclude(invite, channel)
      assert.strictEqual(invite?.sid, tasks.attributes?.inviteSid)
      assert.deepInclude(invite?.routing?.properties?.attributes, channel)
    })
  )
})

describe("a channel is set to", () => {
  const statuses = Effect.gen(function* () {
    const tasks = yield* Tasks.Tasks
    const [one, two] = yield* Effect.all([tasks.get(sid("WT", 1)), tasks.get(sid("WT", 2))])
    return [one.status, two.status]
  })

  for (const [change, status, agents] of [
    [{ status: "closed" }, "closed", ["wrapping", "wrapping"]],
    [{ status: "closed", agents: "wrapping" }, "closed", ["wrapping", "wrapping"]],
    [{ status: "closed", agents: "completed" }, "closed", ["completed", "completed"]],
    [{ status: "inactive" }, "inactive", ["completed", "completed"]],
    [{ status: "inactive", agents: "completed" }, "inactive", ["completed", "completed"]]
  ] as const) {
    it.effect(`${JSON.stringify(change)}, and its agents are ${agents[0]}`, () =>
      Effect.gen(function* () {
        const [updated, after] = yield* run(
          Effect.all([use((channels) => channels.update(channel, change)), statuses], { concurrency: 1 })
        )
        assert.deepInclude(updated, { ...channel, status })
        assert.deepStrictEqual(after, agents as never)
      })
    )
  }

  it.effect("closed once more: what was wrapping is completed", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const channels = yield* Channels.Channels
        yield* channels.update(channel, { status: "closed" })
        yield* channels.update(channel, { status: "closed", agents: "completed" })
        return yield* statuses
      })
      assert.deepStrictEqual(yield* run(program), ["completed", "completed"])
    })
  )

  it.effect("nothing once it is over: Conflict says so", () =>
    Effect.gen(function* () {
      const change = { status: "closed", agents: "completed" } as const
      const closeTwice = Effect.gen(function* () {
        const channels = yield* Channels.Channels
        yield* channels.update(channel, change)
        return yield* channels.update(channel, { status: "inactive" })
      })
      const error = yield* Effect.flip(run(closeTwice))
      assert.strictEqual(error._tag === "TwilioError" && error.reason._tag, "Conflict")
      assert.match(error.message, /has this status already, or is in a state that does not allow it/u)
    })
  )

  for (const change of [
    undefined,
    {},
    { status: "active" },
    { status: "inactive", agents: "wrapping" },
    { status: "closed", agents: "left" },
    "closed"
  ]) {
    it.effect(`${JSON.stringify(change)} never: refused before anything is sent`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(run(use((channels) => channels.update(channel, change as never))))
        assert.match(error.message, /^Channels\.update: change: expected status closed with agents/u)
        assert.deepStrictEqual(asked(), [])
      })
    )
  }

  it.effect("what Twilio's documents name, and no more: Routing only where agents are to be completed", () =>
    Effect.gen(function* () {
      const http = double(Response.json({ sid: channel.channelSid }))
      const update = (change: Channels.ChannelChange) =>
        Effect.provide(
          use((channels) => channels.update(channel, change)),
          services(http.layer)
        )
      yield* update({ status: "closed" })
      yield* update({ status: "closed", agents: "wrapping" })
      yield* update({ status: "closed", agents: "completed" })
      yield* update({ status: "inactive" })
      const bodies = yield* Effect.promise(() => Promise.all(http.requests.map((request) => request.text())))
      const routing = encodeURIComponent('{"status":"closed"}')
      assert.deepStrictEqual(bodies, [
        "Status=closed",
        "Status=closed",
        `Status=closed&Routing=${routing}`,
        `Status=inactive&Routing=${routing}`
      ])
    })
  )
})

describe("the channel of an interaction", () => {
  const row = (n: number, status: string) => ({ sid: sid("UO", n), status })
  const of = (...channels: ReadonlyArray<object>) =>
    Effect.provide(
      use((service) => service.ofInteraction(channel.interactionSid)),
      services(double(Response.json({ channels })).layer)
    )

  it.effect("is the active one of several", () =>
    Effect.gen(function* () {
      const found = yield* of(row(1, "closed"), row(2, "active"), row(3, "failed"))
      assert.strictEqual(found.channelSid, sid("UO", 2))
    })
  )

  it.effect("is not guessed where nothing tells", () =>
    Effect.gen(function* () {
      for (const [channels, tag, message] of [
        [[], "NotFound", /this interaction has no channel/u],
        [[{ status: "active" }], "NotFound", /this interaction has no channel/u],
        [[row(1, "active"), row(2, "active")], "UnexpectedResponse", /has 2 channels.*name the channel too/u],
        [[row(1, "closed"), row(2, "closed"), row(3, "setup")], "UnexpectedResponse", /has 3 channels/u]
      ] as const) {
        const error = yield* Effect.flip(of(...channels))
        assert.strictEqual(error._tag === "TwilioError" && error.reason._tag, tag)
        assert.match(error.message, message)
      }
    })
  )
})

describe("an update is", () => {
  const update = (answer: Answer) =>
    Effect.result(
      Effect.provide(
        use((channels) => channels.update(channel, { status: "closed" })),
        services(double(answer).layer)
      )
    )

  for (const body of [
    { sid: channel.channelSid },
    { interaction_sid: channel.interactionSid },
    { sid: `UO${"0".repeat(31)}1`, interaction_sid: null, status: "failed", error_code: 19025 }
  ]) {
    it.effect(`accepted by a reply that names the channel or the interaction: ${JSON.stringify(body)}`, () =>
      Effect.gen(function* () {
        const updated = yield* update(Response.json(body))
        assert.isTrue(updated._tag === "Success")
        if (updated._tag === "Success") assert.deepInclude(updated.success, channel)
      })
    )
  }

  for (const [what, answer] of [
    ["names another channel", Response.json({ sid: sid("UO", 9), interaction_sid: channel.interactionSid })],
    ["names another interaction", Response.json({ sid: channel.channelSid, interaction_sid: sid("KD", 9) })],
    ["names nothing", Response.json({ status: "closed" })],
    ["is a list", Response.json({ channels: [{ sid: channel.channelSid }] })],
    ["is no JSON", new Response("<html>")],
    ["is a redirect", new Response(null, { status: 302 })],
    ["is a 500", refused(500, 20500)],
    ["is an undocumented refusal", refused(418, 20001)],
    ["never comes", Effect.never]
  ] as const) {
    it.effect(`OutcomeUnknown if the reply ${what}, and is not sent again`, () =>
      Effect.gen(function* () {
        const http = double(answer)
        const waiting = yield* use((channels) => channels.update(channel, { status: "closed" })).pipe(
          Effect.provide(services(http.layer, { retry: { times: 3 } })),
          Effect.flip,
          Effect.forkChild
        )
        yield* http.asked(1)
        yield* TestClock.adjust("2 minutes")
        const error = yield* Fiber.join(waiting)
        assert.strictEqual(error._tag === "TwilioError" && error.reason._tag, "OutcomeUnknown")
        assert.strictEqual(http.requests.length, 1)
      })
    )
  }
})

describe("a read of a channel", () => {
  it.effect("is over a connection of its own where that is asked for, as a change always is", () =>
    Effect.gen(function* () {
      const http = double(Response.json({ sid: channel.channelSid }))
      yield* Effect.provide(
        use((channels) =>
          Effect.all([
            channels.get(channel),
            channels.get(channel, { connection: "fresh" }),
            channels.update(channel, { status: "closed" })
          ])
        ),
        services(http.layer)
      )
      assert.deepStrictEqual(
        http.requests.map(({ headers }) => headers.get("connection")),
        [null, "close", "close"]
      )
    })
  )
})
