/** Workers: found by whatever name they go by, and their reservations. */
import { assert, describe, it } from "@effect/vitest"
import { Tasks, type TwilioError, Workers } from "@flex-interactions/core"
import { Effect, Schema, Stream } from "effect"
import { double, refused } from "../support/double.ts"
import { onSandbox, services, sid } from "../support/services.ts"

const { asked, run, sandbox } = onSandbox()

const use = <A>(f: (workers: Workers.Workers["Service"]) => Effect.Effect<A, TwilioError.TwilioError>) =>
  Workers.Workers.use(f)
const find = (word: string, options?: { readonly limit?: number }) =>
  Effect.map(
    use((workers) => workers.find(word, options)),
    (found) => found.map((worker) => worker.sid)
  )
const on = (http: ReturnType<typeof double>) => services(http.layer, { workspaceSid: sid("WS", 1) })

describe("attributes of a worker", () => {
  const attributes = (text: string) => Schema.decodeUnknownSync(Workers.Worker)({ attributes: text }).attributes

  it("have the full name and the e-mail address, and keep everything else", () => {
    assert.deepStrictEqual(attributes('{"full_name":"Ana","email":null,"roles":["agent"]}'), {
      fullName: "Ana",
      other: { email: null, roles: ["agent"] }
    })
  })

  for (const text of ["", "Ana", "[]", "null"]) {
    it(`that are no JSON object are kept as they are: ${text}`, () => {
      assert.deepStrictEqual(attributes(text), { other: {}, text })
    })
  }
})

describe("a worker", () => {
  it.effect("is read with attributes", () =>
    Effect.gen(function* () {
      const worker = yield* run(use((workers) => workers.get(sid("WK", 1))))
      assert.deepInclude(worker, { sid: sid("WK", 1), friendlyName: "ana", available: true })
      assert.deepInclude(worker.attributes, { fullName: "Ana O'Hara", email: "ana@example.com" })
    })
  )

  it.effect("who does not exist is NotFound", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(run(use((workers) => workers.get(sid("WK", 9)))))
      assert.match(error.message, /this workspace has no such worker/u)
    })
  )

  for (const [what, word, found, requests] of [
    ["SID", sid("WK", 2), [2], ["/Workers/"]],
    ["SID that nobody has", sid("WK", 9), [], ["/Workers/"]],
    ["friendly name, in any case, with spaces around it", " BEN ", [2], ["FriendlyName", "TargetWorkersExpression"]],
    ["e-mail address", "ana@example.com", [1], ["FriendlyName", "TargetWorkersExpression"]],
    ["full name, with an apostrophe", "Ana O'Hara", [1], ["FriendlyName", "TargetWorkersExpression"]],
    ["full name that two have", "Sam Smith", [2, 3], ["FriendlyName", "TargetWorkersExpression"]],
    ["name of nobody", "Zoe", [], ["FriendlyName", "TargetWorkersExpression"]],
    ["part of a name", "Sam", [3], ["FriendlyName", "TargetWorkersExpression"]],
    ["word that would be an expression", "x' OR '1' == '1", [], ["FriendlyName", "TargetWorkersExpression"]]
  ] as const) {
    it.effect(`is found by a ${what}, and an expression is asked for whatever is no SID`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(
          yield* run(find(word)),
          found.map((n) => sid("WK", n))
        )
        assert.strictEqual(asked().length, requests.length)
        for (const [index, part] of requests.entries()) assert.include(asked()[index], part)
      })
    )
  }

  it.effect("whose friendly name is another's full name or e-mail address is one of several", () =>
    Effect.gen(function* () {
      const ben = { sid: sid("WK", 2), friendly_name: "ben", attributes: '{"email":"ben"}' }
      const http = double(
        Response.json({ workers: [ben] }),
        Response.json({
          workers: [
            ben,
            { sid: sid("WK", 4), friendly_name: "b.low", attributes: '{"full_name":"Ben"}' },
            { sid: sid("WK", 5), friendly_name: "b.high", attributes: '{"full_name":"Benjamin"}' }
          ]
        })
      )
      assert.deepStrictEqual(yield* Effect.provide(find("Ben"), on(http)), [sid("WK", 2), sid("WK", 4)])
    })
  )

  it.effect("is found though the list leaves attributes out: those who may fit are read alone", () =>
    Effect.gen(function* () {
      sandbox().settings.listAttributes = "null"
      const found = yield* run(use((workers) => workers.find("Sam Smith")))
      assert.deepStrictEqual(
        found.map(({ attributes }) => attributes?.fullName),
        ["Sam Smith", "Sam Smith"]
      )
      assert.strictEqual(asked().length, 4)
    })
  )

  it.effect("is not nobody because a gateway has no such page, or because no workspace is found", () =>
    Effect.gen(function* () {
      const gateway = double(new Response("<html>", { status: 404 }))
      const none = double(Response.json({}), Response.json({ workspaces: [] }))
      for (const layer of [on(gateway), services(none.layer)]) {
        const error = yield* Effect.flip(Effect.provide(find(sid("WK", 1)), layer))
        assert.strictEqual(error._tag === "TwilioError" && error.reason._tag, "NotFound")
      }
    })
  )

  it.effect("is one of as many as were asked for", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* run(find("Sam Smith", { limit: 1 }))).length, 1)
    })
  )

  for (const [word, problem] of [
    ["", /expected a SID, a name or an e-mail address/u],
    ["  ", /expected a SID, a name or an e-mail address/u],
    [undefined, /expected a SID, a name or an e-mail address/u],
    ['O\'Hara "Ana"', /quotation marks of both kinds/u],
    ["a\\", /backslash/u],
    ["a\nb", /control character/u]
  ] as const) {
    it.effect(`is not looked for by ${JSON.stringify(word)}`, () =>
      Effect.gen(function* () {
        assert.match((yield* Effect.flip(run(find(word as string), { workspaceSid: undefined }))).message, problem)
        assert.deepStrictEqual(asked(), [])
      })
    )
  }

  it.effect("is not looked for with a limit that is none", () =>
    Effect.gen(function* () {
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        assert.match((yield* Effect.flip(run(find("ana", { limit })))).message, /limit: expected a whole number/u)
      }
    })
  )

  it.effect("of another name is nobody, whatever Twilio lists", () =>
    Effect.gen(function* () {
      const http = double(
        Response.json({ workers: [{ sid: sid("WK", 1), friendly_name: "anabel" }] }),
        Response.json({
          workers: [
            { sid: sid("WK", 1), attributes: '{"full_name":"Ana Maria"}' },
            { sid: sid("WK", 2), attributes: "not JSON" },
            { sid: sid("WK", 3), attributes: '{"email":"ANA"}' },
            { sid: sid("WK", 4), attributes: null },
            { attributes: null }
          ]
        }),
        refused(404, 20404)
      )
      assert.deepStrictEqual(yield* Effect.provide(find("ana"), on(http)), [sid("WK", 3)])
      assert.strictEqual(http.requests.length, 3)
    })
  )
})

describe("reservations of a worker", () => {
  const collect = (status?: "accepted" | "wrapping" | "completed" | "onHold") =>
    use((workers) => Stream.runCollect(workers.reservations(sid("WK", 2), status)))

  it.effect("are of the status that was asked for, with task, name and time", () =>
    Effect.gen(function* () {
      const [reservation, ...others] = yield* run(collect("wrapping"))
      assert.deepStrictEqual(others, [])
      assert.deepInclude(reservation, {
        sid: sid("WR", 2),
        taskSid: sid("WT", 2),
        workerSid: sid("WK", 2),
        workerName: "Ben",
        status: "wrapping"
      })
      assert.isDefined(reservation?.asOf)
      assert.deepStrictEqual(yield* run(collect("accepted")), [])
    })
  )

  for (const wrappingFilter of ["honoured", "ignored", "refused"] as const) {
    it.effect(`by wrapping are the same where Twilio's filter is ${wrappingFilter}`, () =>
      Effect.gen(function* () {
        sandbox().settings.wrappingFilter = wrappingFilter
        const both = Effect.gen(function* () {
          const workers = yield* Workers.Workers
          const stream = yield* Stream.runCollect(workers.reservations(sid("WK", 2), "wrapping"))
          const page = yield* workers.reservationsPage(sid("WK", 2), "wrapping")
          return [stream, page.items].map((found) => found.map((reservation) => reservation.sid))
        })
        assert.deepStrictEqual(yield* run(both), [[sid("WR", 2)], [sid("WR", 2)]])
        // A filter that was refused once is not sent again.
        assert.deepStrictEqual(
          asked().map((request) => request.includes("ReservationStatus=wrapping")),
          wrappingFilter === "refused" ? [true, false, false] : [true, true]
        )
      })
    )
  }

  it.effect("by a status that Twilio's filter has not are filtered here", () =>
    Effect.gen(function* () {
      const rows = ["accepted", "onHold"].map((status, n) => ({ sid: sid("WR", n), reservation_status: status }))
      const http = double(Response.json({ reservations: rows }))
      const page = use((workers) => workers.reservationsPage(sid("WK", 2), "onHold"))
      const [all, { items }] = yield* Effect.provide(Effect.all([collect("onHold"), page]), on(http))
      for (const found of [all, items])
        assert.deepStrictEqual(
          found.map(({ status }) => status),
          ["onHold"]
        )
      assert.notInclude(http.requests[0]?.url, "ReservationStatus")
    })
  )

  it.effect("are not asked for again after a refusal that is about something else", () =>
    Effect.gen(function* () {
      for (const [status, answer] of [
        ["accepted", refused(400, 20001)],
        ["wrapping", refused(403, 20403)],
        ["wrapping", refused(405, 20004)],
        ["wrapping", refused(503, 20503)]
      ] as const) {
        const http = double(answer)
        yield* Effect.flip(Effect.provide(collect(status), on(http)))
        assert.strictEqual(http.requests.length, 1)
      }
    })
  )

  it.effect("are paged", () =>
    Effect.gen(function* () {
      const program = Effect.gen(function* () {
        const [tasks, workers] = [yield* Tasks.Tasks, yield* Workers.Workers]
        const all = yield* Stream.runCollect(workers.reservations(sid("WK", 1)))
        const one = yield* workers.reservationsPage(sid("WK", 1), undefined, { pageSize: 1 })
        const two = yield* workers.reservationsPage(sid("WK", 1), undefined, {
          pageSize: 1,
          ...(one.next && { cursor: one.next })
        })
        // `asOf` is each reply's own time: the pages are asked for one after the other.
        const timeless = (items: ReadonlyArray<Tasks.Reservation>) =>
          items.map((item) => ({ ...item, asOf: undefined }))
        assert.deepStrictEqual(timeless([...one.items, ...two.items]), timeless(all))
        return yield* Effect.forEach(all, ({ taskSid }) => (taskSid ? tasks.get(taskSid) : Effect.die("no task")))
      })
      assert.deepStrictEqual(
        (yield* run(program)).map((task) => task.sid),
        [sid("WT", 1), sid("WT", 10)]
      )
    })
  )

  it.effect("of something else than a worker are not asked for", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        run(
          use((workers) => Stream.runCollect(workers.reservations(sid("WT", 1)))),
          { workspaceSid: undefined }
        )
      )
      assert.include(error.message, "workerSid: expected WK")
      assert.deepStrictEqual(asked(), [])
    })
  )
})
