/** `--max-writes`: how many writes an assistant can have sent in an hour, whatever it tries. */
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Result } from "effect"
import { TestClock } from "effect/testing"
import { afterEach, beforeEach } from "vitest"
import * as Budget from "../../packages/mcp/src/tools/Budget.ts"
import { type Action, call, channel, type HostOptions, write } from "../support/calls.ts"
import { onReadyMade } from "../support/conversations.ts"
import { open } from "../support/inProcess.ts"

/** What the budget says: nothing, or in which words it refuses. */
const said = <A>(self: Effect.Effect<A, { readonly message: string }>) =>
  Effect.map(Effect.result(self), (result) => (Result.isSuccess(result) ? "" : result.failure.message))

const refusedFor = (wait: string) =>
  new RegExp(`allows 3 writes an hour.*Nothing was changed.*possible in ${wait}\\.`, "u")

describe("an hour that slides", () => {
  it.effect("no 60 minutes have more than N, and the refusal says when the next is possible", () =>
    Effect.gen(function* () {
      const { check, take } = Budget.make({ maxWrites: 3 })
      for (const pause of ["0 minutes", "10 minutes", "49 minutes"] as const) {
        yield* TestClock.adjust(pause)
        assert.strictEqual(yield* said(check), "")
        assert.strictEqual(yield* said(take), "")
      }
      // Just before and after the clock's hour: a window that starts over would let three more through.
      assert.match(yield* said(take), refusedFor("1m"))
      yield* TestClock.adjust("59 seconds")
      assert.match(yield* said(check), refusedFor("1s"))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* said(take), "")
      assert.match(yield* said(take), refusedFor("10m"))
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual(yield* said(take), "")
      assert.match(yield* said(take), refusedFor("49m"))
    })
  )

  it.effect("at any time, for any calls: never more than N in the hour before", () =>
    Effect.gen(function* () {
      const { take } = Budget.make({ maxWrites: 5 })
      const sent: Array<number> = []
      for (let minute = 0; minute < 500; minute++) {
        // Bursts and pauses.
        for (let burst = 0; burst < (minute * 7) % 4; burst++) {
          if ((yield* said(take)) === "") sent.push(minute)
        }
        assert.isAtMost(sent.filter((at) => at > minute - 60).length, 5)
        yield* TestClock.adjust("1 minute")
      }
      assert.isAtLeast(sent.length, 5 * 8)
    })
  )

  it.effect("a place that was given back is free, once", () =>
    Effect.gen(function* () {
      const { take } = Budget.make({ maxWrites: 1 })
      const giveBack = yield* take
      assert.match(yield* said(take), /allows 1 write an hour/u)
      yield* giveBack
      assert.strictEqual(yield* said(take), "")
      yield* giveBack
      assert.match(yield* said(take), /allows 1 write an hour/u)
    })
  )

  it.effect("of calls at the same time no more than N are let through", () =>
    Effect.gen(function* () {
      const { take } = Budget.make({ maxWrites: 3 })
      const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.forkChild(said(take)))
      const all = yield* Effect.forEach(fibers, Fiber.join)
      assert.lengthOf(
        all.filter((text) => text === ""),
        3
      )
    })
  )

  it.effect("what counts for all and does not answer refuses, and says so", () =>
    Effect.gen(function* () {
      const silent = Effect.fail({ _tag: "Away" })
      const sharedWrites = { take: () => silent, look: () => silent, giveBack: () => silent }
      const { check, take } = Budget.make({ maxWrites: 3, sharedWrites })
      for (const refused of [yield* said(check), yield* said(take)]) {
        assert.match(refused, /counted in Redis, which does not answer now.*Nothing was changed/u)
      }
      assert.strictEqual(yield* said(Budget.make({ sharedWrites }).take), "")
    })
  )
})

describe("the tools", () => {
  const world = onReadyMade()
  let close: Array<() => Promise<void>> = []
  beforeEach(() => {
    close = []
  })
  afterEach(() => Promise.all(close.map((close) => close())))

  const host = async (maxWrites: number, answer?: HostOptions["answer"]) => {
    const opened = await open(
      world.layer({ retry: { times: 2 } }) as never,
      { allowEnd: true, maxWrites, confirm: answer === undefined ? "never" : "always" },
      answer
    )
    close.push(opened.close)
    return opened
  }
  const out = /allows \d+ writes? an hour \(--max-writes\).*Nothing was changed\. The next is possible in (?:1h|59m)/u
  const move = "set_participant_status"

  it("each write that is sent counts, of whatever tool; the next is refused, and the audit says why", async () => {
    const { audit, client } = await host(2)
    assert.strictEqual((await call(client, move, write(4, 2, "closed"))).data?.["result"], "confirmed")
    const ended = await call(client, "end_conversation", { ...channel(8), status: "closed" })
    assert.strictEqual(ended.data?.["result"], "confirmed")
    for (const [tool, args] of [
      [move, write(2, 2, "closed")],
      [move, { ...write(2, 2, "closed"), if_last_agent: "allow" }],
      ["end_conversation", { ...channel(2), status: "inactive" }]
    ] as const) {
      const refused = await call(client, tool, args)
      assert.isTrue(refused.isError)
      assert.match(refused.text, out)
    }
    assert.lengthOf(world.changes(), 2)
    assert.lengthOf(audit, 5)
    for (const line of audit.slice(2)) assert.match(line, /answer=not_asked result=not_sent reason=MaxWrites$/u)
    // Reading and trying are not limited.
    assert.isFalse((await call(client, "list_participants", channel(2))).isError)
    const dry = await call(client, move, { ...write(2, 2, "closed"), dry_run: true })
    assert.strictEqual(dry.data?.["result"], "dry_run")
  })

  it("what sends nothing does not count: a dry run, what is refused here, what is so already, a person's no", async () => {
    let answer: "accept" | "decline" = "decline"
    const { client } = await host(1, () => answer)
    const nothing: ReadonlyArray<readonly [string, Record<string, unknown>]> = [
      [move, { ...write(2, 2, "closed"), dry_run: true }],
      [move, write(2, 1, "closed")],
      [move, write(1, 2, "closed")],
      [move, write(4, 2, "wrapup")],
      [move, write(2, 2, "wrapup")],
      ["end_conversation", { ...channel(2), status: "closed", dry_run: true }],
      ["end_conversation", { ...channel(2), status: "closed" }]
    ]
    for (const [tool, args] of nothing) assert.notMatch((await call(client, tool, args)).text, out)
    assert.deepStrictEqual(world.changes(), [])
    answer = "accept"
    assert.strictEqual((await call(client, move, write(2, 2, "wrapup"))).data?.["result"], "confirmed")
    assert.match((await call(client, move, write(2, 3, "wrapup"))).text, out)
    assert.lengthOf(world.changes(), 1)
  })

  it("nobody is asked about a write that can't be sent", async () => {
    let questions = 0
    const { client } = await host(1, () => {
      questions += 1
      return "accept"
    })
    await call(client, move, write(2, 2, "wrapup"))
    assert.match((await call(client, move, write(2, 3, "wrapup"))).text, out)
    assert.strictEqual(questions, 1)
  })

  it("the last place is taken while a person thinks: refused, though the person says yes", async () => {
    let isFirst = true
    const { audit, client } = await host(1, async (): Promise<Action> => {
      if (isFirst) {
        isFirst = false
        assert.strictEqual((await call(client, move, write(7, 2, "wrapup"))).data?.["result"], "confirmed")
      }
      return "accept"
    })
    assert.match((await call(client, move, write(2, 2, "wrapup"))).text, out)
    assert.lengthOf(world.changes(), 1)
    assert.match(audit[1] ?? "", /asked=true answer=accept result=not_sent reason=MaxWrites$/u)
  })

  it("what Twilio refuses was sent, and counts; what the client has to send again counts once", async () => {
    const { client } = await host(2)
    world.fault(
      { kind: "answer", status: 409, body: { code: 45008 }, method: "POST" },
      { kind: "rate-limited", method: "POST" }
    )
    assert.match((await call(client, move, write(2, 2, "wrapup"))).text, /^Twilio refused the change/u)
    assert.lengthOf(world.changes(), 1)
    assert.strictEqual((await call(client, move, write(2, 2, "wrapup"))).data?.["result"], "confirmed")
    assert.lengthOf(world.changes(), 3)
    assert.match((await call(client, move, write(2, 3, "wrapup"))).text, out)
  })

  it("of nine at once, to nine conversations, no more than three are sent", async () => {
    const { client } = await host(3)
    const answers = await Promise.all(
      [1, 2, 3, 4, 7, 8, 10, 11, 12].map((group) =>
        call(client, "end_conversation", { ...channel(group), status: "closed" })
      )
    )
    assert.lengthOf(world.changes(), 3)
    assert.lengthOf(
      answers.filter(({ isError }) => !isError),
      3
    )
    for (const { isError, text } of answers) if (isError) assert.match(text, out)
  })
})
