/** Whatever Twilio's OpenAPI documents allow is decoded, and nothing of it is lost on the way. */
import { assert, describe, it } from "@effect/vitest"
import { Channels, Events, Tasks, type TwilioError, Workers } from "@flex-interactions/core"
import { Arbitrary, Effect, Schema, Stream } from "effect"
import { double } from "../support/double.ts"
import { generated } from "../support/generated.ts"
import { channel, services, type Services, sid } from "../support/services.ts"

const taskrouter = "taskrouter.v1.workspace"
const interactions = "flex.v1.interaction.interaction_channel"

const resources = [
  ["a task", Tasks.Task, generated("taskrouter", `${taskrouter}.task`)],
  ["a reservation of a task", Tasks.Reservation, generated("taskrouter", `${taskrouter}.task.task_reservation`)],
  ["a reservation of a worker", Tasks.Reservation, generated("taskrouter", `${taskrouter}.worker.worker_reservation`)],
  ["a worker", Workers.Worker, generated("taskrouter", `${taskrouter}.worker`)],
  ["an event", Events.Event, generated("taskrouter", `${taskrouter}.event`)],
  ["a channel", Channels.Channel, generated("flex", interactions)],
  ["an invite", Channels.Invite, generated("flex", `${interactions}.interaction_channel_invite`)]
] as const

const isDate = (text: unknown) => typeof text === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/u.test(text)

/** As it is compared: a date by its time, attributes by their JSON, whatever the order of their keys. */
const plain = (name: string, value: unknown): unknown => {
  if (isDate(value) || name.startsWith("date_") || name.endsWith("_date")) return Date.parse(String(value))
  if (name !== "attributes" || typeof value !== "string") return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** Of no type in the documents: what does not fit is left out. */
const untyped = new Set(["event_data", "routing"])

describe("what Twilio's documents allow", () => {
  for (const [what, schema, resource] of resources) {
    it.effect.prop(`${what} is decoded, and loses nothing that has a place in it`, { resource }, ({ resource }) =>
      Effect.sync(() => {
        const codec: Schema.Codec<object, object> = schema
        const decoded = Schema.decodeUnknownSync(codec)(resource)
        for (const value of Object.values(decoded)) assert.isTrue(value !== null && value !== undefined)
        const encoded = Schema.encodeSync(codec)(decoded) as Record<string, unknown>
        for (const name of Object.keys(schema.from.fields)) {
          if (untyped.has(name)) continue
          assert.deepStrictEqual(plain(name, encoded[name]), plain(name, resource[name] ?? undefined), name)
        }
      })
    )
  }
})

type Ask = Effect.Effect<unknown, TwilioError.TwilioError, Services>
const [task, worker] = [sid("WT", 1), sid("WK", 1)] as const

/** How many each service that lists them finds, and the key of the rows. */
const lists: ReadonlyArray<
  readonly [
    what: string,
    ask: Effect.Effect<number, TwilioError.TwilioError, Services>,
    rows: string,
    Arbitrary.Arbitrary<Record<string, unknown>>
  ]
> = [
  ["tasks", Tasks.Tasks.use((tasks) => Stream.runCount(tasks.stream())), "tasks", resources[0][2]],
  [
    "reservations of a task",
    Effect.map(
      Tasks.Tasks.use((tasks) => tasks.reservations(task)),
      (found) => found.length
    ),
    "reservations",
    resources[1][2]
  ],
  [
    "reservations of a worker",
    Workers.Workers.use((workers) => Stream.runCount(workers.reservations(worker))),
    "reservations",
    resources[2][2]
  ],
  ["events", Events.Events.use((events) => Stream.runCount(events.stream())), "events", resources[4][2]],
  [
    "channels",
    Effect.map(
      Channels.Channels.use((channels) => channels.list(channel.interactionSid)),
      (found) => found.length
    ),
    "channels",
    resources[5][2]
  ],
  [
    "invites",
    Effect.map(
      Channels.Channels.use((channels) => channels.invites(channel)),
      (found) => found.length
    ),
    "invites",
    resources[6][2]
  ]
]
/** What would make a row the answer to another request. */
const asked = new Set(["workspace_sid", "task_sid", "worker_sid", "interaction_sid", "channel_sid"])

/** Over a client that answers with this, whatever is asked. */
const over = <A>(body: unknown, ask: Effect.Effect<A, TwilioError.TwilioError, Services>) =>
  Effect.provide(ask, services(double(Response.json(body)).layer, { workspaceSid: sid("WS", 1) }))

describe("a page of what Twilio's documents allow", () => {
  for (const [what, ask, rows, resource] of lists) {
    it.effect.prop(
      `of ${what} is read, row by row`,
      { page: Arbitrary.array(resource, { maxLength: 5 }) },
      ({ page }) =>
        Effect.gen(function* () {
          const own = page.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => !asked.has(key))))
          assert.strictEqual(yield* over({ [rows]: own }, ask), page.length)
        })
    )
  }
})

describe("whatever comes instead of an answer", () => {
  const reads: { readonly [name: string]: Ask } = {
    "Tasks.get": Tasks.Tasks.use((tasks) => tasks.get(task)),
    "Tasks.channel": Tasks.Tasks.use((tasks) => tasks.channel(task)),
    "Tasks.page": Tasks.Tasks.use((tasks) => tasks.page({ channel })),
    "Tasks.reservation": Tasks.Tasks.use((tasks) => tasks.reservation(task, sid("WR", 1))),
    "Workers.get": Workers.Workers.use((workers) => workers.get(worker)),
    "Workers.find": Workers.Workers.use((workers) => workers.find("ana")),
    "Channels.get": Channels.Channels.use((channels) => channels.get(channel)),
    "Channels.ofInteraction": Channels.Channels.use((channels) => channels.ofInteraction(channel.interactionSid)),
    ...Object.fromEntries(lists.map(([what, ask]) => [what, ask]))
  }
  const names = ["tasks", "reservations", "workers", "events", "channels", "invites", "meta", "sid", "attributes"]
  const shaped = Schema.Struct(Object.fromEntries(names.map((name) => [name, Schema.optionalKey(Schema.Json)])))
  const body = Schema.Union([Schema.Json, shaped, Schema.Struct({ tasks: Schema.Array(shaped) })])

  for (const [name, ask] of Object.entries(reads)) {
    it.effect.prop(
      `is read by ${name}, or is UnexpectedResponse or NotFound, and never a defect`,
      { body },
      ({ body }) =>
        Effect.gen(function* () {
          const result = yield* Effect.result(over(body, ask))
          if (result._tag === "Success") return
          const { failure } = result
          const reason = failure._tag === "TwilioError" ? failure.reason._tag : failure._tag
          assert.include(["UnexpectedResponse", "NotFound"], reason)
        })
    )
  }
})
