/** `--max-writes`, counted for two processes on a real Redis, which goes and comes back. */
import type { Client } from "@modelcontextprotocol/client"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"
import { call, channel, connect, environment, write } from "../support/host.ts"
import * as Redis from "../support/redis.ts"
import { type Served, start } from "../support/served.ts"

type Host = Client & { readonly stderr: () => string }

describe.skipIf(Redis.isMissing)(
  `on Redis${Redis.isMissing ? " (skipped: no redis-server here; apt-get install redis-server runs these)" : ""}`,
  () => {
    let redis: Redis.Server
    let served: Served
    let hosts: ReadonlyArray<Host>
    beforeAll(async () => {
      redis = await Redis.start()
    })
    afterAll(() => redis.kill())
    beforeEach(async () => {
      hosts = []
      served = await start()
    })
    afterEach(async () => {
      await Promise.all(hosts.map((host) => host.close()))
      await served.close()
    })

    const serve = async (maxWrites: number, more: Record<string, string> = {}): Promise<Host> => {
      const host = await connect({
        args: ["--max-writes", `${maxWrites}`, "--confirm=never", "--allow-end"],
        env: environment(served.url, { TASKROUTER_API_BASE_URL: served.url, REDIS_URL: redis.url, ...more })
      })
      hosts = [...hosts, host]
      return host
    }
    /** A test that does not share with the others. */
    const account = (n: number) => ({
      TWILIO_API_KEY: served.sandbox.credentials.apiKey,
      TWILIO_API_SECRET: served.sandbox.credentials.apiSecret,
      TWILIO_ACCOUNT_SID: `AC${`${n}`.padStart(32, "0")}`
    })
    const end = (host: Host, group: number) => call(host, "end_conversation", { ...channel(group), status: "closed" })
    const posts = () => served.requests.filter((request) => request.startsWith("POST ")).length

    it("two processes together send no more than N, however many ask at once", async () => {
      const [one, two] = [await serve(3, account(1)), await serve(3, account(1))]
      const answers = await Promise.all([1, 4, 7, 8, 10, 11].map((group) => end(group % 2 === 0 ? one : two, group)))
      assert.strictEqual(posts(), 3)
      const refused = answers.filter(({ isError }) => isError)
      assert.lengthOf(refused, 3)
      for (const { text } of refused) {
        assert.match(text, /allows 3 writes an hour.*Nothing was changed\. The next is possible in (?:59m|1h)/u)
      }
      // One that allows more on the same account counts theirs too.
      const three = await serve(4, account(1))
      assert.isFalse((await call(three, "set_participant_status", write(2, 2, "wrapup"))).isError)
      assert.match(
        (await call(three, "set_participant_status", write(2, 3, "wrapup"))).text,
        /allows 4 writes an hour/u
      )
      // And another account is counted for itself.
      const other = await serve(1, account(2))
      assert.isFalse((await call(other, "set_participant_status", write(2, 3, "wrapup"))).isError)
    })

    it("while Redis is away no write is sent, and the answer says so; reading works; then it counts again", async () => {
      const host = await serve(2, account(3))
      assert.isFalse((await call(host, "set_participant_status", write(4, 2, "closed"))).isError)
      await redis.kill()
      const sent = posts()
      for (const group of [2, 7]) {
        const { isError, text } = await end(host, group)
        assert.isTrue(isError)
        assert.match(text, /counted in Redis, which does not answer now.*Nothing was changed/u)
      }
      assert.isFalse((await call(host, "list_participants", channel(2))).isError)
      assert.strictEqual(posts(), sent)
      assert.match(host.stderr(), /result=not_sent reason=MaxWrites/u)

      await redis.startAgain()
      await vi.waitUntil(() => /Redis is there again/u.test(host.stderr()), { timeout: 30_000, interval: 50 })
      assert.isFalse((await end(host, 2)).isError)
      assert.strictEqual(posts(), sent + 1)
    })

    it("a server that is started while Redis is away sends none either", async () => {
      await redis.kill()
      const host = await serve(2, account(4))
      assert.match((await end(host, 2)).text, /counted in Redis, which does not answer now/u)
      assert.strictEqual(posts(), 0)
      await redis.startAgain()
    })
  }
)
