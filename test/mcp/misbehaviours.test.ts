/** Whatever comes back, what the assistant is told is true: the built server over stdio, to a Twilio on raw sockets. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Host from "../support/host.ts"
import * as Misbehaviours from "../support/misbehaviours.ts"
import * as RawServer from "../support/rawServer.ts"
import * as Truth from "../support/truth.ts"

describe("the server over stdio", () => {
  let script: (asked: RawServer.Asked) => RawServer.Script = Truth.honestly
  let server: RawServer.RawServer
  let host: Awaited<ReturnType<typeof Host.connect>>
  beforeAll(async () => {
    server = await RawServer.serve((asked) => script(asked))
    host = await Host.connect({ env: Truth.environment(server.url, false) })
  })
  afterAll(async () => {
    await host.close()
    await server.close()
  })

  /** Asks, gives the lie in the answer, and lets the next call be right. */
  const ask = async (ask: Truth.Ask, misbehaviour: Misbehaviours.Misbehaviour) => {
    server.clear()
    script = misbehaviour
    const lie = Truth.lie(ask, await Truth.askServer(host, ask), server.applied)
    script = Truth.honestly
    const next = await Truth.askServer(host, Truth.list(2))
    return [lie, next.as === "listed" ? undefined : next.words].filter((problem) => problem !== undefined)
  }

  for (const [what, misbehaviour] of Object.entries({ ...Misbehaviours.toChanges, ...Misbehaviours.toAll })) {
    it(`a change, answered with ${what}`, async () => {
      for (const change of [Truth.made(1), Truth.refused(1)]) {
        // What is looked up before a change is answered as it should be.
        const problems = await ask(change, (asked) =>
          asked.method === "GET" ? Truth.honestly(asked) : misbehaviour(asked)
        )
        assert.isEmpty(problems)
      }
    })
  }

  for (const [what, misbehaviour] of Object.entries({
    ...Misbehaviours.toAll,
    ...Misbehaviours.toLists,
    ...Misbehaviours.toSuccess
  })) {
    it(`a list, answered with ${what}`, async () => {
      let times = 0
      const problems = await ask(Truth.list(1), (asked) =>
        (asked.path.includes("/Participants") && ++times === 1 ? misbehaviour : Truth.honestly)(asked)
      )
      assert.isEmpty(problems)
      assert.isAtLeast(times, 1)
    })
  }

  for (const length of [1, 2, 20, 21]) {
    it(`a list, answered with pages that go round in a circle of ${length}, ends`, async () => {
      server.clear()
      script = (asked) => {
        if (!asked.path.includes("/Participants")) return Truth.honestly(asked)
        const next = `https://flex-api.twilio.com/v1/x?Page=${asked.number}&PageToken=PT${asked.number % length}`
        return [{ do: "send", bytes: RawServer.reply(200, { participants: [], meta: { next_page_url: next } }) }]
      }
      const channel = { interaction_sid: `KD${"1".repeat(32)}`, channel_sid: `UO${"1".repeat(32)}` }
      const { isError, text } = await Host.call(host, "list_participants", channel)
      assert.isTrue(isError)
      assert.match(text, /the pages repeat/u)
      assert.isAtMost(server.asked.length, 3 * length + 2)
    })
  }

  it("a change, refused for now, sent again and lost: the audit does not name the request that was refused", async () => {
    server.clear()
    const requestId = `RQ${"a".repeat(32)}`
    let changes = 0
    script = (asked) => {
      if (asked.method === "GET") return Truth.honestly(asked)
      const refusal = RawServer.reply(429, { code: 20429 }, { "Twilio-Request-Id": requestId })
      return ++changes === 1 ? [{ do: "send", bytes: refusal }] : [{ do: "reset" }]
    }
    const told = await Truth.askServer(host, Truth.made(77))
    assert.strictEqual(told.as, "unknown")
    assert.strictEqual(changes, 2)
    const line = host
      .stderr()
      .split("\n")
      .find((line) => line.includes("result=unknown") && line.includes("77"))
    assert.isDefined(line)
    assert.notInclude(line, requestId)
  })
})

describe("the server over stdio, with TaskRouter", () => {
  /** Does all of it at once, each in a channel of its own, which says what goes wrong; gives what was told, and the lies. */
  const all = async (
    cases: ReadonlyArray<{
      readonly ask: (channel: number) => Truth.Ask
      readonly misbehaviour: Misbehaviours.Misbehaviour
    }>
  ) => {
    const server = await RawServer.serve((asked) => {
      const sid = /(?:KD|WT)(\d{31})\d/u.exec(asked.path)?.[1]
      return (cases[Number(sid ?? 0) - 1]?.misbehaviour ?? Truth.honestly)(asked)
    })
    const host = await Host.connect({ env: Truth.environment(server.url, true) })
    const told = await Promise.all(
      cases.map(async ({ ask }, index) => {
        const asked = ask(index + 1)
        const told = await Truth.askServer(host, asked)
        return { told, lie: Truth.lie(asked, told, server.applied, server.promised) }
      })
    )
    const next = await Truth.askServer(host, Truth.list(100_000))
    await host.close()
    await server.close()
    assert.strictEqual(next.as, "listed", next.words)
    return { told: told.map(({ told }) => told.as), lies: told.flatMap(({ lie }) => lie ?? []) }
  }

  const isProof = ({ path }: RawServer.Asked) => path.includes("/Reservations/")
  const send = (bytes: string): RawServer.Script => [{ do: "send", bytes }]
  const broken = { ...Misbehaviours.toAll, ...Misbehaviours.toSuccess }
  const onlyChanges =
    (misbehaviour: Misbehaviours.Misbehaviour): Misbehaviours.Misbehaviour =>
    (asked) =>
      (asked.method === "GET" ? Truth.honestly : misbehaviour)(asked)

  it("changes, answered with everything that can go wrong: each that is confirmed was applied, none that was not", async () => {
    const { lies, told } = await all(
      Object.values({ ...Misbehaviours.toChanges, ...Misbehaviours.toAll }).flatMap((misbehaviour) =>
        [Truth.made, Truth.refused].map((ask) => ({ ask, misbehaviour: onlyChanges(misbehaviour) }))
      )
    )
    assert.deepStrictEqual(lies, [])
    // Reading proves what a lost answer did not say.
    assert.isAbove(told.filter((as) => as === "confirmed").length, 80)
    assert.include(told, "unknown")
  })

  /** A reservation as the change would leave it, with something wrong. */
  const forged = (change: (row: { readonly [key: string]: unknown }) => unknown) => (asked: RawServer.Asked) => {
    const { bytes } = Truth.honest(asked)
    const row = JSON.parse(bytes.slice(bytes.indexOf("\r\n\r\n"))) as { readonly [key: string]: unknown }
    const moved = { ...row, reservation_status: "wrapping", date_updated: "2026-01-01T00:00:02Z" }
    return send(RawServer.reply(200, change(moved)))
  }
  const other = (prefix: string) => `${prefix}${"8".repeat(32)}`
  const alien: ReadonlyArray<Misbehaviours.Misbehaviour> = [
    forged((row) => ({ ...row, sid: other("WR") })),
    forged((row) => ({ ...row, task_sid: other("WT") })),
    forged((row) => ({ ...row, workspace_sid: other("WS") })),
    forged(({ reservation_status, date_updated }) => ({ sid: other("WR"), reservation_status, date_updated })),
    forged((row) => [row]),
    forged(() => ({})),
    forged(() => null),
    forged((row) => ({ reservations: [row], meta: {} })),
    () => send(RawServer.reply(404, { code: 20404, status: 404 })),
    () => send(RawServer.reply(500, "")),
    () => send(RawServer.reply(401, { code: 20003, status: 401 }))
  ]

  for (const [what, ofChange] of Object.entries({
    "is lost": () => [{ do: "reset" }],
    "is accepted and not carried out": (asked) => [
      { do: "promise" },
      ...Truth.honestly(asked).filter((step) => step.do !== "apply")
    ]
  } satisfies { readonly [what: string]: Misbehaviours.Misbehaviour })) {
    it(`a change that ${what}, and then reservations of others, none, or broken replies: never confirmed`, async () => {
      for (const isFirst of [false, true]) {
        const { lies, told } = await all(
          [...alien, ...Object.values(broken)].map((misbehaviour) => {
            let isChanged = isFirst
            return {
              ask: Truth.made,
              misbehaviour: (asked) => {
                if (asked.method === "POST") {
                  isChanged = true
                  return ofChange(asked)
                }
                return isProof(asked) && isChanged ? misbehaviour(asked) : Truth.honestly(asked)
              }
            }
          })
        )
        assert.deepStrictEqual(lies, [])
        assert.notInclude(told, "confirmed")
        assert.notInclude(told, "refused")
      }
    })
  }

  it("a change that is made, and then broken replies to what would prove it: confirmed or accepted, and never denied", async () => {
    const { lies, told } = await all(
      Object.values(broken).map((misbehaviour) => ({
        ask: Truth.made,
        misbehaviour: (asked) => (isProof(asked) && asked.before.length > 0 ? misbehaviour : Truth.honestly)(asked)
      }))
    )
    assert.deepStrictEqual(lies, [])
    assert.sameMembers([...new Set(told)], ["confirmed", "made"])
  })

  it("lists, whose channel and reservations are answered with everything that can go wrong: a standing is true or unknown", async () => {
    const { lies } = await all(
      [...alien.slice(0, 4), ...Object.values(broken)].flatMap((misbehaviour) =>
        [isProof, ({ path }: RawServer.Asked) => /\/Channels\/UO\w+$/u.test(path)].map((isBroken) => ({
          ask: Truth.list,
          misbehaviour: (asked: RawServer.Asked) => (isBroken(asked) ? misbehaviour : Truth.honestly)(asked)
        }))
      )
    )
    // Where the channel can't be read, the list may fail: it says nothing then.
    assert.deepStrictEqual(lies, [])
  })
})
