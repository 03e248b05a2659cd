/** Replies as no document has them: nothing is taken for a proof that is none. All on raw sockets, over core's own client. */
import { assert, describe, it } from "@effect/vitest"
import { Conversations, type Conversation, type TwilioError } from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import { Effect, Layer } from "effect"
import { credentials } from "../../support/double.ts"
import { type Asked, type RawServer, reply, type Script, serve } from "../../support/rawServer.ts"
import { services, sid } from "../../support/services.ts"

const channel = { interactionSid: sid("KD", 1), channelSid: sid("UO", 1) }
const agent = { ...channel, participantSid: sid("UT", 2) }
const routing = { task_sid: sid("WT", 2), worker_sid: sid("WK", 2), reservation_sid: sid("WR", 2) }
const participant = { interaction_sid: channel.interactionSid, channel_sid: channel.channelSid }

/** What Twilio says before and after the change. */
interface Twilio {
  readonly reservation: unknown
  readonly channel: unknown
  /** Headers of TaskRouter's replies. */
  readonly headers?: Readonly<Record<string, string>>
}

const date = { Date: "Tue, 24 Nov 2026 12:00:00 GMT" }
const reservation = (status: unknown, updated: unknown = "2026-11-24T11:00:00Z") => ({
  sid: routing.reservation_sid,
  task_sid: routing.task_sid,
  worker_name: "ana",
  reservation_status: status,
  date_updated: updated
})
const open = { sid: channel.channelSid, interaction_sid: channel.interactionSid, status: "active" }
const active: Twilio = { reservation: reservation("accepted"), channel: open }
const wrapping = (changes: Partial<Twilio> = {}): Twilio => ({
  reservation: reservation("wrapping", "2026-11-24T12:00:00Z"),
  channel: open,
  ...changes
})

const twilio = (before: Twilio, after: Twilio) => {
  let now = before
  return ({ method, path }: Asked): Script => {
    const send = (body: unknown, headers: Readonly<Record<string, string>> = date): Script => [
      { do: "send", bytes: reply(200, body, headers) }
    ]
    if (method === "POST") {
      now = after
      return [{ do: "apply" }, ...send({ ...participant, sid: agent.participantSid, type: "agent" })]
    }
    if (path.includes("/Reservations/")) return send(now.reservation, now.headers)
    if (path.includes("/Participants")) {
      const participants = [
        { ...participant, sid: sid("UT", 1), type: "customer", routing_properties: null },
        { ...participant, sid: agent.participantSid, type: "agent", routing_properties: routing }
      ]
      return send({ participants, meta: { next_page_url: null } })
    }
    return send(now.channel)
  }
}

const moving = (before: Twilio, after: Twilio) =>
  Effect.acquireUseRelease(
    Effect.promise(() => serve(twilio(before, after))),
    (server) =>
      Conversations.Conversations.use((conversations) => conversations.move(agent, "wrapup")).pipe(
        Effect.match({
          onSuccess: ({ agent, result }): Told => ({ result, agent }),
          onFailure: (error): Told => ({ result: error._tag === "TwilioError" ? error.reason._tag : error._tag })
        }),
        Effect.map((told) => ({ told, server })),
        Effect.provide(
          Conversations.layer.pipe(
            Layer.provide(
              services(NodeHttp.layer, {
                credentials,
                baseUrl: server.url,
                taskRouterBaseUrl: server.url,
                workspaceSid: sid("WS", 1)
              })
            )
          )
        )
      ),
    (server: RawServer) => Effect.promise(() => server.close())
  )

interface Told {
  readonly result: Conversation.Result | TwilioError.Reason["_tag"] | "LastAgent"
  readonly agent?: Conversation.Moved["agent"]
}

describe.concurrent("a reading that proves nothing", () => {
  for (const [what, before, after, result, standing] of [
    [
      "the target with the date of before",
      active,
      wrapping({ reservation: reservation("wrapping") }),
      "pending",
      "wrapping"
    ],
    [
      "the target without a date",
      active,
      wrapping({ reservation: reservation("wrapping", null) }),
      "pending",
      "wrapping"
    ],
    [
      "the target with a date that is none",
      active,
      wrapping({ reservation: reservation("wrapping", "soon") }),
      "pending",
      "wrapping"
    ],
    ["no date before", { ...active, reservation: reservation("accepted", null) }, wrapping(), "pending", "wrapping"],
    ["no status", active, wrapping({ reservation: reservation(null) }), "accepted", "unknown"],
    [
      "a status that nobody knows",
      active,
      wrapping({ reservation: reservation("paused", "2026-11-24T12:00:00Z") }),
      "pending",
      "unknown"
    ],
    [
      "another reservation",
      active,
      wrapping({ reservation: { ...reservation("wrapping", "2026-11-24T12:00:00Z"), sid: sid("WR", 9) } }),
      "accepted",
      "unknown"
    ],
    ["another channel", active, wrapping({ channel: { ...open, sid: sid("UO", 9) } }), "accepted", "wrapping"],
    [
      "a channel without a status before",
      { ...active, channel: { ...open, status: null } },
      wrapping(),
      "accepted",
      "wrapping"
    ],
    [
      "a channel without a status after",
      active,
      wrapping({ channel: { ...open, status: null } }),
      "accepted",
      "wrapping"
    ],
    [
      "a channel with a status that nobody knows",
      active,
      wrapping({ channel: { ...open, status: "parked" } }),
      "wider",
      "wrapping"
    ],
    ["no status before", { ...active, reservation: reservation(null) }, wrapping(), "accepted", "wrapping"]
  ] satisfies ReadonlyArray<readonly [string, Twilio, Twilio, Conversation.Result, Conversation.Standing]>) {
    it.live(`${what}: ${result}`, () =>
      Effect.gen(function* () {
        const { server, told } = yield* moving(before, after)
        assert.strictEqual(told.result, result)
        assert.strictEqual(told.agent?.standing, standing)
        assert.lengthOf(server.applied, 1)
      })
    )
  }

  it.live("as it should be: confirmed, with minutes by the Date of the reply", () =>
    Effect.gen(function* () {
      const { told } = yield* moving(active, wrapping({ headers: { Date: "Tue, 24 Nov 2026 12:07:59 GMT" } }))
      assert.strictEqual(told.result, "confirmed")
      assert.strictEqual(told.agent?.minutes, 7)
    })
  )

  it.live("without a Date, or with one that is none, it is known since when, and not how many minutes", () =>
    Effect.gen(function* () {
      for (const headers of [{}, { Date: "today" }]) {
        const { told } = yield* moving(active, wrapping({ headers }))
        assert.strictEqual(told.result, "confirmed")
        assert.isDefined(told.agent?.since)
        assert.notProperty(told.agent, "minutes")
      }
    })
  )
})

describe("connections", () => {
  it.live("the change, and each reading that proves it, come over one that nothing else was sent over", () =>
    Effect.gen(function* () {
      const { server } = yield* moving(active, wrapping())
      const change = server.asked.findIndex(({ method }) => method === "POST")
      const proving = server.asked.slice(change)
      assert.lengthOf(proving, 3)
      for (const { connection } of proving) {
        assert.lengthOf(
          server.asked.filter((other) => other.connection === connection),
          1
        )
      }
    })
  )
})

it.live("a channel whose list has no end is an error after 10,000 participants, and nothing is sent", () =>
  Effect.gen(function* () {
    const rows = Array.from({ length: 1000 }, () => ({ ...participant, type: "customer" }))
    let page = 0
    const endless = (asked: Asked): Script =>
      asked.path.includes("/Participants")
        ? [
            {
              do: "send",
              bytes: reply(200, {
                participants: rows,
                meta: { next_page_url: `https://flex-api.twilio.com/v1?PageToken=PT${++page}` }
              })
            }
          ]
        : twilio(active, active)(asked)
    const server = yield* Effect.acquireRelease(
      Effect.promise(() => serve(endless)),
      (server) => Effect.promise(() => server.close())
    )
    const conversations = Conversations.layer.pipe(
      Layer.provide(
        services(NodeHttp.layer, {
          credentials,
          baseUrl: server.url,
          taskRouterBaseUrl: server.url,
          workspaceSid: sid("WS", 1)
        })
      )
    )
    const asking = Conversations.Conversations.use((conversations) =>
      Effect.all([Effect.flip(conversations.roster(channel)), Effect.flip(conversations.move(agent, "closed"))])
    )
    for (const error of yield* Effect.provide(asking, conversations)) {
      assert.match(error.message, /more than 10000 participants; nothing was sent/u)
    }
    assert.strictEqual(page, 22)
  }).pipe(Effect.scoped)
)

describe("a 404 that is not Twilio's own", () => {
  const notFound = (body: unknown): Script => [{ do: "send", bytes: reply(404, body) }]
  const twilios = { code: 20404, message: "not found", status: 404 }
  const task = {
    sid: routing.task_sid,
    assignment_status: "assigned",
    attributes: JSON.stringify({
      flexInteractionSid: channel.interactionSid,
      flexInteractionChannelSid: channel.channelSid
    })
  }

  /** What `find` says where one kind of request is answered with 404. */
  const finding = (missing: (path: string) => boolean, body: unknown, query: Conversation.Query) =>
    Effect.gen(function* () {
      const answer = (asked: Asked): Script => {
        const send = (found: unknown): Script => [{ do: "send", bytes: reply(200, found, date) }]
        if (missing(asked.path)) return notFound(body)
        if (/\/Reservations(\?|$)/u.test(asked.path)) {
          return send({ reservations: [reservation("accepted")], meta: { next_page_url: null } })
        }
        if (/\/Tasks\/WT/u.test(asked.path)) return send(task)
        if (asked.path.includes("/Tasks")) return send({ tasks: [task], meta: { next_page_url: null } })
        return twilio(active, active)(asked)
      }
      const server = yield* Effect.acquireRelease(
        Effect.promise(() => serve(answer)),
        (server) => Effect.promise(() => server.close())
      )
      const options = { credentials, baseUrl: server.url, taskRouterBaseUrl: server.url, workspaceSid: sid("WS", 1) }
      return yield* Conversations.Conversations.use((conversations) => conversations.findPage(query)).pipe(
        Effect.match({ onSuccess: ({ conversations }) => conversations, onFailure: ({ _tag }) => _tag }),
        Effect.provide(Conversations.layer.pipe(Layer.provide(services(NodeHttp.layer, options))))
      )
    }).pipe(Effect.scoped)

  const byTask = { task: routing.task_sid as never }
  const isParticipants = (path: string) => path.includes("/Participants")
  const isReservations = (path: string) => /\/Reservations(\?|$)/u.test(path)

  it.live("of the participants is an error, and not a conversation without its agent", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* finding(isParticipants, "<html>", byTask), "TwilioError")
      const [found] = yield* finding(isParticipants, twilios, byTask)
      assert.notProperty(found, "participantSid")
    })
  )

  it.live("of a task's reservations ends a search by standing; Twilio's own leaves out the one task that ended", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* finding(isReservations, "<html>", { standing: "active" }), "TwilioError")
      assert.deepStrictEqual(yield* finding(isReservations, twilios, { standing: "active" }), [])
    })
  )
})
