/** Many moves among faults that are drawn at random, always the same ones: what is told is held against what was done. */
import { assert, describe, it } from "@effect/vitest"
import type * as Sandbox from "@flex-interactions/sandbox"
import { Effect } from "effect"
import { agentOf, onReadyMade } from "../../support/conversations.ts"

/** Numbers that look random, and are the same each time (Lehmer's generator). */
const drawing = (seed: number) => {
  let state = seed * 7919 + 1
  const next = () => (state = (state * 48_271) % 2_147_483_647)
  return <A>(choices: ReadonlyArray<A>): A => choices[next() % choices.length] as A
}

/** What may happen to the change. */
const changes: ReadonlyArray<Sandbox.Fault | undefined> = [
  undefined,
  { kind: "drop", when: "before" },
  { kind: "drop", when: "after" },
  { kind: "truncated" },
  { kind: "html", status: 502, applied: true },
  { kind: "html", status: 502 },
  { kind: "answer", status: 200, body: {}, applied: true },
  { kind: "answer", status: 200, body: { error: "maintenance" } },
  { kind: "answer", status: 503, body: { code: 20503, status: 503 }, headers: { "retry-after": "0" } },
  { kind: "answer", status: 409, body: { code: 45008, status: 409 } },
  { kind: "answer", status: 421, body: "misdirected" },
  { kind: "rate-limited", retryAfter: 0 },
  { kind: "rate-limited", retryAfter: 900 }
]

/** What may happen to readings. */
const readings: ReadonlyArray<Sandbox.Fault> = [
  { kind: "html", status: 500 },
  { kind: "drop", when: "before" },
  { kind: "truncated" },
  { kind: "rate-limited", retryAfter: 0 },
  { kind: "answer", status: 403, body: { code: 70051, status: 403 } },
  { kind: "answer", status: 404, body: { code: 20404, status: 404 } },
  { kind: "answer", status: 200, body: {} }
]
const post = /^POST /u

describe("whatever goes wrong", () => {
  const world = onReadyMade()

  it.effect(
    "what is told as done was done, what is told as not done was not, and it was sent again only if it was not done",
    () =>
      Effect.gen(function* () {
        const told = new Map<string, number>()
        for (let run = 0; run < 200; run++) {
          const draw = drawing(run)
          world.reset()
          const sentBefore = world.changes().length
          const status = draw(["wrapup", "closed"] as const)
          const name = draw(["one", "two", "stuck", "wrapping", "text"] as const)
          world.sandbox().settings.reservationDelay = draw([0, 0, 0, 400, 60_000])
          const before = world.statusOf(name)
          const change = draw(changes)
          if (change !== undefined) world.fault({ ...change, method: "POST" })
          const fault = (resource: string) =>
            world.fault({ ...draw(readings), resource, method: "GET", times: draw([1, 2, 5, "always"] as const) })
          const when = draw(["never", "never", "before", "after", "after"] as const)
          if (when === "before") fault(draw(["reservations", "reservations", "tasks", "channels", "participants"]))
          if (when === "after") world.on("after", post, () => fault(draw(["reservations", "channels", "tasks"])))
          const result = yield* world.inNoTime(
            world.run(
              (conversations) =>
                Effect.match(
                  conversations.move(agentOf(name), status, { ifLast: draw(["allow", "refuse"] as const) }),
                  {
                    onSuccess: ({ result }) => result as string,
                    onFailure: (error) => (error._tag === "TwilioError" ? error.reason._tag : error._tag)
                  }
                ),
              { retry: { times: 2, base: "1 millis" } }
            )
          )
          told.set(result, (told.get(result) ?? 0) + 1)
          const applied = world.statusOf(name) === status && before !== status
          const sent = world.changes().length - sentBefore
          const what = `run ${run}: ${name}, ${status}, ${JSON.stringify(change)}: ${result}, applied ${applied}`
          switch (result) {
            case "confirmed":
            case "pending":
            case "accepted":
            case "wider":
              assert.isTrue(applied, what)
              break
            case "already":
              assert.strictEqual(before, status, what)
              assert.strictEqual(sent, 0, what)
              break
            case "OutcomeUnknown":
              break
            default:
              assert.isFalse(applied, what)
          }
          if (sent > 1) assert.include(["rate-limited", "answer"], change?.kind, what)
          assert.isAtMost(sent, 2, what)
        }
        // It would prove little if some of them never came.
        for (const word of ["confirmed", "pending", "accepted", "already", "OutcomeUnknown", "LastAgent"]) {
          assert.isAbove(told.get(word) ?? 0, 2, `${word} in ${JSON.stringify([...told])}`)
        }
      }),
    120_000
  )
})
