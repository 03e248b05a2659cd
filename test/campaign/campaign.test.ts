/** The short form of `pnpm campaign`, and proof that it finds what is wrong. */
import { Effect } from "effect"
import { HttpClient, HttpClientResponse } from "effect/http"
import { assert, describe, it } from "vitest"
import { isWrite, ofConversations, services } from "./calls.ts"
import { draw, ways } from "./cases.ts"
import { shifted, toChanges, toReads } from "./misbehaviours.ts"
import { campaign, type Instead, openWay, run } from "./run.ts"

describe("whatever goes wrong between a client and Twilio", () => {
  it("what is told as done was done, what is told as not done was not, and what is proven was so: 2,000 runs", async () => {
    const summary = await campaign({ seed: 1, runs: 2000 })
    assert.deepStrictEqual(
      summary.lies.map(({ lies, found, smallest }) => ({ lies, seed: found.seed, smallest })),
      []
    )
    assert.strictEqual(summary.runs, 2000)
    assert.sameMembers([...summary.ways.keys()], [...ways])
    assert.sameMembers([...summary.operations.keys()], [...services, ...ofConversations])
    // Nearly everything that can go wrong did, and each word was told: of one that never comes it would prove nothing.
    const all = new Set([...Object.keys(toChanges), ...Object.keys(toReads), ...Object.keys(shifted)])
    assert.isAbove(summary.misbehaviours.size, 0.9 * all.size)
    for (const word of ["confirmed", "pending", "accepted", "already", "OutcomeUnknown", "LastAgent", "Conflict"]) {
      assert.isAbove(summary.words.get(word) ?? 0, 0, `${word} in ${JSON.stringify([...summary.words])}`)
    }
  }, 600_000)

  it("a seed makes the same case each time", () => {
    for (let seed = 0; seed < 100; seed++) assert.deepStrictEqual(draw(seed), draw(seed))
    assert.notDeepEqual(draw(1), { ...draw(2), seed: 1 })
  })
})

describe("the campaign itself", () => {
  const way = "node:http, core's own"
  const path = (url: string) => url.split("/").at(-1)

  /** Takes a change whose answer was lost for one that was made. */
  const takesLossForSuccess: Instead = HttpClient.transform((reply, { method, url }) =>
    method === "GET"
      ? reply
      : reply.pipe(
          Effect.catch(({ request }) =>
            Effect.succeed(HttpClientResponse.fromWeb(request, Response.json({ sid: path(url) })))
          )
        )
  )
  /** Takes every failure of a change for a refusal. */
  const takesFailureForRefusal: Instead = HttpClient.transform((reply, { method }) =>
    method === "GET"
      ? reply
      : Effect.map(reply, (response) =>
          response.status < 500
            ? response
            : HttpClientResponse.fromWeb(response.request, Response.json({ code: 20409 }, { status: 409 }))
        )
  )

  for (const [what, instead] of Object.entries({ takesLossForSuccess, takesFailureForRefusal })) {
    it(`finds a client that ${what.replaceAll(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`)}, and shrinks the case to one call and one fault`, async () => {
      const { lies } = await campaign({ seed: 1, runs: 400, way, instead, mostLies: 1, lanes: 8 })
      const [lie] = lies
      if (lie === undefined) return assert.fail("no lie was found")
      const [step] = lie.smallest.steps
      assert.lengthOf(lie.smallest.steps, 1)
      assert.lengthOf(step?.faults ?? [], 1)
      assert.strictEqual(step?.faults[0]?.on, "change")
      assert.isTrue(step !== undefined && isWrite(step.call))
      assert.strictEqual(lie.smallest.retries, 0)
      // It is the client's: core's own tells no lie in the same case.
      const honest = await openWay(way)
      assert.deepStrictEqual(
        (await run(honest, lie.smallest)).flatMap(({ lies }) => lies),
        []
      )
    }, 300_000)
  }
})
