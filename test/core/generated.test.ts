/** Whatever Twilio's OpenAPI documents allow is decoded, and nothing of it is lost on the way. */
import { assert, describe, it } from "@effect/vitest"
import { Channels, Events, Tasks, Workers } from "@flex-interactions/core"
import { Effect, Schema } from "effect"
import { generated } from "../support/generated.ts"

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
