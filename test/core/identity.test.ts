/** A reply is the answer to its own request, for everything that is read: what names another is never taken for it. */
import { assert, describe, it } from "@effect/vitest"
import { Channels, Events, Participants, Tasks, type TwilioError, Workers } from "@flex-interactions/core"
import { Effect, Stream } from "effect"
import { double } from "../support/double.ts"
import { channel, services, type Services, sid } from "../support/services.ts"

const [task, reservation, worker] = [sid("WT", 1), sid("WR", 1), sid("WK", 1)] as const

type Ask = Effect.Effect<unknown, TwilioError.TwilioError, Services>
const channels = <A>(f: (service: Channels.Channels["Service"]) => Effect.Effect<A, TwilioError.TwilioError>): Ask =>
  Channels.Channels.use(f)
const tasks = <A>(f: (service: Tasks.Tasks["Service"]) => Effect.Effect<A, TwilioError.TwilioError>): Ask =>
  Tasks.Tasks.use(f)
const workers = <A>(f: (service: Workers.Workers["Service"]) => Effect.Effect<A, TwilioError.TwilioError>): Ask =>
  Workers.Workers.use(f)

/** What is asked, the keys of its reply that say what it is about, and the key that has the rows of a list. */
const reads: ReadonlyArray<
  readonly [name: string, ask: Ask, about: { readonly [key: string]: string }, rows?: string]
> = [
  [
    "Channels.get",
    channels((service) => service.get(channel)),
    { sid: channel.channelSid, interaction_sid: channel.interactionSid }
  ],
  [
    "Channels.list",
    channels((service) => service.list(channel.interactionSid)),
    { interaction_sid: channel.interactionSid },
    "channels"
  ],
  [
    "Channels.invites",
    channels((service) => service.invites(channel)),
    { channel_sid: channel.channelSid, interaction_sid: channel.interactionSid },
    "invites"
  ],
  ["Tasks.get", tasks((service) => service.get(task)), { sid: task, workspace_sid: sid("WS", 1) }],
  ["Tasks.channel", tasks((service) => service.channel(task)), { sid: task, workspace_sid: sid("WS", 1) }],
  ["Tasks.stream", tasks((service) => Stream.runCollect(service.stream())), { workspace_sid: sid("WS", 1) }, "tasks"],
  ["Tasks.page", tasks((service) => service.page({ channel })), { workspace_sid: sid("WS", 1) }, "tasks"],
  [
    "Tasks.reservations",
    tasks((service) => service.reservations(task)),
    { task_sid: task, workspace_sid: sid("WS", 1) },
    "reservations"
  ],
  [
    "Tasks.reservation",
    tasks((service) => service.reservation(task, reservation)),
    { sid: reservation, task_sid: task, workspace_sid: sid("WS", 1) }
  ],
  ["Workers.get", workers((service) => service.get(worker)), { sid: worker, workspace_sid: sid("WS", 1) }],
  ["Workers.find", workers((service) => service.find("ana")), { workspace_sid: sid("WS", 1) }, "workers"],
  [
    "Workers.reservations",
    workers((service) => Stream.runCollect(service.reservations(worker))),
    { worker_sid: worker, workspace_sid: sid("WS", 1) },
    "reservations"
  ],
  [
    "Workers.reservationsPage",
    workers((service) => service.reservationsPage(worker, "accepted")),
    { worker_sid: worker, workspace_sid: sid("WS", 1) },
    "reservations"
  ],
  [
    "Events.stream",
    Events.Events.use((service) => Stream.runCollect(service.stream())),
    { workspace_sid: sid("WS", 1) },
    "events"
  ]
]

const send = (ask: Ask, reply: object) =>
  Effect.provide(ask, services(double(Response.json(reply)).layer, { workspaceSid: sid("WS", 1) }))

for (const [name, ask, about, rows] of reads) {
  const reply = (row: object) => (rows === undefined ? row : { [rows]: [about, row] })

  describe(`the reply to ${name}`, () => {
    for (const key of Object.keys(about)) {
      const letters = about[key]?.slice(0, 2) ?? ""
      for (const other of [sid(letters, 9), sid("CH", 1), "", 5]) {
        it.effect(`is not taken if its ${key} is ${JSON.stringify(other)}`, () =>
          Effect.gen(function* () {
            const error = yield* Effect.flip(send(ask, reply({ ...about, [key]: other })))
            const reason = error._tag === "TwilioError" ? error.reason : undefined
            assert.strictEqual(reason?._tag, "UnexpectedResponse")
            const problem =
              typeof other === "number"
                ? /another|expected string/iu
                : rows === undefined
                  ? new RegExp(`about something else than what was asked for: its ${key} is another`, "u")
                  : new RegExp(`${rows}\\[1\\] is not of what was asked for: its ${key} is another`, "u")
            assert.match(reason?.message ?? "", problem)
          })
        )
      }
    }

    const nothing = [{}, Object.fromEntries(Object.keys(about).map((key) => [key, null]))]
    const enough = [
      Object.fromEntries(Object.entries(about).slice(0, 1)),
      Object.fromEntries(Object.entries(about).map(([key, value]) => [key, value.toLowerCase()]))
    ]
    for (const shape of rows === undefined ? enough : [...nothing, ...enough]) {
      it.effect(`is taken if it leaves some out, or writes them in another case: ${JSON.stringify(shape)}`, () =>
        send(ask, rows === undefined ? shape : { [rows]: [shape] })
      )
    }
    for (const shape of rows === undefined ? nothing : []) {
      it.effect(`is not taken if it names nothing: ${JSON.stringify(shape)}`, () =>
        Effect.gen(function* () {
          const error = yield* Effect.flip(send(ask, shape))
          const reason = error._tag === "TwilioError" ? error.reason : undefined
          assert.strictEqual(reason?._tag, "UnexpectedResponse")
          assert.match(reason?.message ?? "", /does not say what it is about/u)
        })
      )
    }
  })
}

describe("Participants", () => {
  it.effect("are read over a connection of their own where that is asked for", () =>
    Effect.gen(function* () {
      const http = double(Response.json({ participants: [] }))
      const ask = Participants.Participants.use((participants) =>
        Effect.all([
          participants.list(channel),
          participants.list(channel, { connection: "fresh" }),
          participants.page(channel, { connection: "fresh" })
        ])
      )
      yield* Effect.provide(ask, services(http.layer))
      assert.deepStrictEqual(
        http.requests.map(({ headers }) => headers.get("connection")),
        [null, "close", "close"]
      )
    })
  )
})
