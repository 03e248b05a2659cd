/** The rate limit that a sweep shares with the MCP servers, through a real Redis. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createClient } from "redis"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { freePort } from "../support/postgres.ts"
import { begin, centre, conversation, sweep } from "../support/sweep.ts"

const isMissing = spawnSync("redis-server", ["-v"]).error !== undefined
if (isMissing && process.env["CI"] !== undefined) throw new Error("CI runs without Redis: apt-get install redis-server")

const rules = ["--wrapping-longer-than", "2h"]
const one = () => centre([conversation([["ana", "wrapup", 200]], { status: "closed" })])

describe.skipIf(isMissing)(
  `on Redis${isMissing ? " (skipped: no redis-server here; apt-get install redis-server runs these)" : ""}`,
  () => {
    const folder = mkdtempSync(join(tmpdir(), "sweep-redis-"))
    let server: ChildProcess
    let url = ""
    const client = () => createClient({ url, socket: { reconnectStrategy: 50 } }).on("error", () => {})
    let redis: ReturnType<typeof client>
    beforeAll(async () => {
      const port = await freePort()
      url = `redis://127.0.0.1:${port}`
      const options = ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder]
      server = spawn("redis-server", options, { stdio: "ignore" })
      redis = client()
      await redis.connect()
    })
    afterAll(async () => {
      redis.destroy()
      server.kill()
      await once(server, "exit")
      rmSync(folder, { recursive: true, force: true })
    })

    /** As if others had sent so many requests for the list of tasks in a window that is long. */
    const used = (served: Awaited<ReturnType<typeof one>>, count: number) =>
      redis.set(`flex-interactions:limit:flex-interactions/${served.sandbox.credentials.apiKey}/Tasks.list`, count, {
        PX: 600_000
      })
    const lists = (served: Awaited<ReturnType<typeof one>>) =>
      served.requests.filter((request) => /\/Tasks\?/u.test(request))

    test("where the others have used half of the budget it waits, and goes on when there is room", async () => {
      const served = await one()
      await used(served, 4)
      const command = begin(served, rules, { REDIS_URL: url, FLEX_API_RATE_LIMIT: "8" })
      // It has found the workspace, and now would list tasks.
      await expect.poll(() => served.requests.length, { timeout: 30_000 }).toBeGreaterThan(0)
      const before = lists(served)
      await redis.del(`flex-interactions:limit:flex-interactions/${served.sandbox.credentials.apiKey}/Tasks.list`)
      const { code } = await command.ended
      await served.close()
      expect([before, code]).toEqual([[], 2])
      expect(lists(served).length).toBeGreaterThan(0)
    })

    test("with a larger share it does not wait there, and one more request stands in Redis for the others to see", async () => {
      const served = await one()
      await used(served, 4)
      const { code } = await sweep(served, [...rules, "--rate-limit-share", "1"], {
        REDIS_URL: url,
        FLEX_API_RATE_LIMIT: "8"
      })
      const key = `flex-interactions:limit:flex-interactions/${served.sandbox.credentials.apiKey}/Tasks.list`
      expect([code, Number(await redis.get(key))]).toEqual([2, 4 + lists(served).length])
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
