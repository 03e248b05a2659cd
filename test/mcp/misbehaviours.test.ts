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
    host = await Host.connect({ env: { ...Host.environment(server.url), FLEX_API_RATE_LIMIT: "off" } })
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
      assert.isEmpty(await ask(Truth.list(1), (asked) => (asked.number === 1 ? misbehaviour : Truth.honestly)(asked)))
    })
  }

  for (const length of [1, 2, 20, 21]) {
    it(`a list, answered with pages that go round in a circle of ${length}, ends, and so do the calls that follow its cursor`, async () => {
      server.clear()
      script = ({ number }) => {
        const next = `https://flex-api.twilio.com/v1/x?Page=${number}&PageToken=PT${number % length}`
        return [{ do: "send", bytes: RawServer.reply(200, { participants: [], meta: { next_page_url: next } }) }]
      }
      const channel = { interaction_sid: `KD${"1".repeat(32)}`, channel_sid: `UO${"1".repeat(32)}` }
      let answer = await Host.call(host, "list_participants", channel)
      while (!answer.isError) {
        const cursor = answer.data?.["next_cursor"]
        assert.isString(cursor)
        answer = await Host.call(host, "list_participants", { ...channel, cursor })
        assert.isAtMost(server.asked.length, 3 * length + 1)
      }
      assert.match(answer.text, /the pages repeat/u)
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
