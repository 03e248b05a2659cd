/** Events: what happened, by type and since when. */
import { assert, describe, it } from "@effect/vitest"
import { Events, Tasks, type TwilioError } from "@flex-interactions/core"
import { DateTime, Effect, Result, Stream } from "effect"
import { TestClock } from "effect/testing"
import { double } from "../support/double.ts"
import { channel, onSandbox, services, sid } from "../support/services.ts"

const { asked, run, sandbox } = onSandbox()

const collect = (filter?: Events.EventFilter) => Events.Events.use((events) => Stream.runCollect(events.stream(filter)))
/** `StartDate` of each request so far. */
const starts = () => asked().map((request) => new URLSearchParams(request.slice(request.indexOf("?"))).get("StartDate"))

describe("events", () => {
  it.effect("are of the types that were asked for, one type after the other, each with what it is about", () =>
    Effect.gen(function* () {
      const types = ["reservation.wrapup", "task.wrapup"]
      const [reservation, task, ...others] = yield* run(collect({ types }))
      assert.deepStrictEqual(others, [])
      assert.deepInclude(reservation, {
        type: "reservation.wrapup",
        resourceSid: sid("WR", 2),
        workspaceSid: sid("WS", 1)
      })
      assert.deepInclude(reservation?.data, { taskSid: sid("WT", 2), workerSid: sid("WK", 2), workerName: "Ben" })
      assert.deepStrictEqual(Tasks.channelOf(task?.data ?? {}), Result.succeed(channel))
      assert.isTrue(task?.date !== undefined && task.asOf !== undefined)
      assert.deepStrictEqual(
        asked().map((request) => /EventType=([\w.]+)/u.exec(request)?.[1]),
        types
      )
    })
  )

  it.effect("outlive their task: it is gone, and they still lead to the channel", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const tasks = yield* Tasks.Tasks
        const [event] = yield* collect({ types: ["task.system-deleted"], task: sid("WT", 1) })
        const gone = yield* Effect.flip(tasks.get(sid("WT", 1)))
        return [gone.reason._tag, Tasks.channelOf(event?.data ?? {})] as const
      })
      sandbox().clock.advance(25 * 3_600_000)
      assert.deepStrictEqual(yield* run(program), ["NotFound", Result.succeed(channel)])
    })
  )

  it.effect("are those since a time, which is always sent: without it Twilio lists a quarter of an hour", () =>
    Effect.gen(function* () {
      const now = DateTime.makeUnsafe(sandbox().clock.now())
      yield* TestClock.setTime(DateTime.toEpochMillis(now))
      const all = yield* run(collect())
      const latest = yield* run(collect({ since: DateTime.subtract(now, { minutes: 30 }) }))
      assert.isAbove(all.length, latest.length)
      assert.isTrue(latest.some(({ type }) => type === "reservation.wrapup"))
      assert.isTrue(
        latest.every(
          ({ date }) => date !== undefined && DateTime.toEpochMillis(date) > DateTime.toEpochMillis(now) - 1_801_000
        )
      )
      const second = (date: DateTime.Utc) => `${DateTime.formatIso(date).slice(0, 19)}Z`
      assert.deepStrictEqual(starts(), [
        second(DateTime.subtract(now, { days: 30 })),
        second(DateTime.subtract(now, { minutes: 30 }))
      ])
    })
  )

  it.effect("are of one task, reservation or worker where that is asked for", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(sandbox().clock.now())
      for (const filter of [{ task: sid("WT", 2) }, { reservation: sid("WR", 2) }, { worker: sid("WK", 2) }]) {
        const found = yield* run(collect(filter))
        assert.isAbove(found.length, 0)
        assert.isTrue(found.every(({ data }) => data?.taskSid === sid("WT", 2)))
      }
      assert.deepStrictEqual(
        asked().map((request) => /(\w+Sid)=/u.exec(request)?.[1]),
        ["TaskSid", "ReservationSid", "WorkerSid"]
      )
    })
  )

  it.effect("of another type are left out, whatever Twilio lists", () =>
    Effect.gen(function* () {
      const http = double(
        Response.json({ events: [{ event_type: "task.created" }, { event_type: "task.canceled" }, {}] })
      )
      const found = yield* Effect.provide(
        collect({ types: ["task.canceled"] }),
        services(http.layer, { workspaceSid: sid("WS", 1) })
      )
      assert.deepStrictEqual(
        found.map(({ type }) => type),
        ["task.canceled", undefined]
      )
    })
  )

  it.effect("of the second type are not asked for before those of the first are taken", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(sandbox().clock.now())
      const first = Events.Events.use((events) =>
        Stream.runHead(events.stream({ types: ["task.created", "task.wrapup"] }))
      )
      assert.strictEqual((yield* run(first))._tag, "Some")
      assert.strictEqual(asked().length, 1)
    })
  )

  for (const [filter, problem] of [
    [{ types: [] }, "types: expected at least one, such as task.completed"],
    [{ types: ["task completed"] }, "types: expected at least one, such as task.completed"],
    [{ task: sid("WR", 1) }, "task: expected WT"],
    [{ reservation: "WR1" }, "reservation: expected WR"],
    [{ worker: null }, "worker: expected WK"]
  ] as const) {
    it.effect(`are not asked for by a filter that is wrong: ${JSON.stringify(filter)}`, () =>
      Effect.gen(function* () {
        const ask = collect(filter as never) as Effect.Effect<unknown, TwilioError.TwilioError, Events.Events>
        assert.include((yield* Effect.flip(run(ask, { workspaceSid: undefined }))).message, problem)
        assert.deepStrictEqual(asked(), [])
      })
    )
  }
})
