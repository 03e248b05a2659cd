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

  for (const [what, misbehaviour] of Object.entries({ ...Misbehaviours.toAll, ...Misbehaviours.toSuccess })) {
    it(`a list, answered with ${what}`, async () => {
      assert.isEmpty(await ask(Truth.list(1), (asked) => (asked.number === 1 ? misbehaviour : Truth.honestly)(asked)))
    })
  }
})
