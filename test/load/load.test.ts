/** The short form of `pnpm load`: nothing goes wrong that was not made to, a slow client slows nobody, and a greedy one waits in line. */
import { describe, expect, test } from "vitest"
import { isMissing } from "../support/balanced.ts"
import { overHttp, overStdio, underTheLimit } from "./ways.ts"

const isLinux = process.platform === "linux"
/** It ends what hangs: on a busy machine each of these takes long. */
const timeout = 180_000

test.skipIf(!isLinux)(
  "400 calls through one server over stdio: no error that was not injected",
  async () => {
    const { calls, changes, injected, wrong } = await overStdio(400)
    expect([calls, changes, injected, wrong]).toEqual([400, 4, 8, []])
  },
  timeout
)

test(
  "under the limit a call waits for those that came before it, and not for what a greedy client asks for later",
  async () => {
    const greed = 20
    const { answered, failed, waited } = await underTheLimit(200, { greed, perSecond: 50, replicas: false })
    expect(failed).toEqual([])
    // Each of the others comes round as often as each of the greedy one's calls does, but for the beginning and the end.
    for (const count of answered.others) expect(count).toBeGreaterThanOrEqual(answered.greedy / greed / 2)
    // Those that stood in line before it, and those that were on their way or overtook it just as a turn passed on.
    for (const before of waited) expect(before).toBeLessThanOrEqual(4 * greed)
  },
  timeout
)

describe.skipIf(isMissing || !isLinux)(
  "three replicas behind nginx with a Redis (needs nginx and redis-server)",
  () => {
    test(
      "400 calls by 20 clients, next to 36 that are slow on purpose: no error that was not injected",
      async () => {
        const { calls, changes, injected, slowClients, wrong } = await overHttp(400, { clients: 20, slowly: true })
        expect([calls, changes, injected, wrong]).toEqual([400, 4, 8, []])
        expect(slowClients).toBeGreaterThan(0)
      },
      timeout
    )

    test(
      "under the limit a greedy client at one replica does not starve those of the others",
      async () => {
        const { answered, failed } = await underTheLimit(150, { greed: 20, perSecond: 30, replicas: true })
        expect(failed).toEqual([])
        for (const count of answered.others) expect(count).toBeGreaterThan(2)
      },
      timeout
    )
  }
)
