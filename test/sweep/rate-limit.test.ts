/** The rate limit that a sweep shares with the MCP servers, through a real Redis. */
import { createClient } from "redis"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { call, connect } from "../support/host.ts"
import * as Redis from "../support/redis.ts"
import { begin, centre, conversation, env, sweep } from "../support/sweep.ts"

const rules = ["--wrapping-longer-than", "2h"]
const one = () => centre([conversation([["ana", "wrapup", 200]], { status: "closed" })])

describe.skipIf(Redis.isMissing)(
  `on Redis${Redis.isMissing ? " (skipped: no redis-server here; apt-get install redis-server runs these)" : ""}`,
  () => {
    let server: Redis.Server
    let url = ""
    const client = () => createClient({ url, socket: { reconnectStrategy: 50 } }).on("error", () => {})
    let redis: ReturnType<typeof client>
    beforeAll(async () => {
      server = await Redis.start()
      url = server.url
      redis = client()
      await redis.connect()
    })
    afterAll(async () => {
      redis.destroy()
      await server.kill()
    })

    type Centre = Awaited<ReturnType<typeof one>>
    const keyOf = ({ sandbox }: Centre, endpoint: string) =>
      `flex-interactions:limit:flex-interactions/${sandbox.credentials.apiKey}/${endpoint}`
    /** As if others had sent so many requests to an endpoint, in a window that is long. */
    const used = (served: Centre, endpoint: string, count: number) =>
      redis.set(keyOf(served, endpoint), count, { PX: 600_000 })
    const lists = (served: Centre) => served.requests.filter((request) => /\/Tasks\?/u.test(request))
    const settings = () => ({ REDIS_URL: url, FLEX_API_RATE_LIMIT: "8" })

    test("where all together have used half of the budget it waits, while an assistant's calls go through; and it continues when there is room", async () => {
      const served = await one()
      const endpoints = [
        "Tasks.list",
        "Tasks.get",
        "Tasks.reservations",
        "Tasks.reservation",
        "Channels.get",
        "Participants.list"
      ]
      for (const endpoint of endpoints) await used(served, endpoint, 4)
      // Of three a second too.
      await used(served, "Tasks.byAttributes", 1)
      const command = begin(served, rules, settings())
      // It has found the workspace, and now would list tasks.
      await expect.poll(() => served.requests.length, { timeout: 30_000 }).toBeGreaterThan(0)
      const host = await connect({ env: env(served, settings()) })
      const [interaction_sid, interaction] = [...served.sandbox.state.entries()][0] ?? []
      const [channel_sid] = interaction?.keys() ?? []
      const { isError, text } = await call(host, "list_participants", { interaction_sid, channel_sid })
      await host.close()
      const before = lists(served)
      for (const endpoint of endpoints) await redis.del(keyOf(served, endpoint))
      const { code } = await command.ended
      await served.close()
      expect([isError ?? false, text]).toEqual([false, expect.stringContaining('"participants"')])
      expect([before, code]).toEqual([[], 2])
      expect(lists(served).length).toBeGreaterThan(0)
    })

    test("with a larger share it does not wait there, and one more request stands in Redis for the others to see", async () => {
      const served = await one()
      await used(served, "Tasks.list", 4)
      const { code } = await sweep(served, [...rules, "--rate-limit-share", "1"], settings())
      expect([code, Number(await redis.get(keyOf(served, "Tasks.list")))]).toEqual([2, 4 + lists(served).length])
      await served.close()
    })
  }
)

test("a Redis that is away stops nothing", async () => {
  const served = await one()
  const { code } = await sweep(served, rules, { REDIS_URL: "redis://127.0.0.1:1", FLEX_API_RATE_LIMIT: "8" })
  await served.close()
  expect(code).toBe(2)
})
