/** The rate limit, shared by several processes through a real Redis. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { fileURLToPath } from "node:url"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import { RateLimiter } from "effect/persistence"
import { start } from "../support/served.ts"
import { call, channel, double, empty } from "../support/double.ts"

const hasRedis = (() => {
  try {
    execFileSync("redis-server", ["--version"])
    return true
  } catch {
    return false
  }
})()
if (!hasRedis && process.env["CI"] === "true")
  throw new Error("CI runs without redis-server: apt-get install redis-server")

/** A real Redis on a free port, for as long as the test's scope is open. */
const redis = Effect.acquireRelease(
  Effect.promise(async () => {
    const probe = createServer().listen(0, "127.0.0.1")
    await once(probe, "listening")
    const { port } = probe.address() as AddressInfo
    await new Promise((resolve) => probe.close(resolve))
    const server: ChildProcess = spawn(
      "redis-server",
      ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
      { stdio: ["ignore", "pipe", "inherit"] }
    )
    for await (const chunk of server.stdout ?? []) if (String(chunk).includes("Ready to accept connections")) break
    return { server, url: `redis://127.0.0.1:${port}` }
  }),
  ({ server }) => Effect.promise(() => stop(server))
)

const stop = async (server: ChildProcess) => {
  if (server.exitCode !== null || server.signalCode !== null) return
  server.kill("SIGKILL")
  await once(server, "exit")
}

describe.skipIf(!hasRedis)(
  `on Redis${hasRedis ? "" : " (skipped: no redis-server here; apt-get install redis-server runs these)"}`,
  () => {
    it.live("two processes share one account's budget", () =>
      Effect.gen(function* () {
        const { url } = yield* redis
        const served = yield* Effect.acquireRelease(
          Effect.promise(() => start()),
          ({ close }) => Effect.promise(close)
        )
        const caller = () =>
          Effect.promise(async () => {
            const child = spawn(
              process.execPath,
              [
                "--conditions=@flex-interactions/source",
                "--import",
                "tsx",
                fileURLToPath(new URL("../support/rateLimitCaller.ts", import.meta.url)),
                url,
                served.url
              ],
              { cwd: fileURLToPath(new URL("../..", import.meta.url)), stdio: ["ignore", "pipe", "inherit"] }
            )
            let out = ""
            child.stdout.on("data", (chunk) => (out += String(chunk)))
            await once(child, "close")
            return JSON.parse(out) as { readonly listed: number; readonly heldBack: number }
          })
        const [one, two] = yield* Effect.all([caller(), caller()], { concurrency: 2 })
        // Each asks five times; six requests an hour are allowed to both together.
        assert.lengthOf(served.requests, 6)
        assert.strictEqual(one.listed + two.listed, 6)
        assert.strictEqual(one.heldBack + two.heldBack, 4)
      })
    )

    it.live("that goes away stops nobody, and says so", () =>
      Effect.gen(function* () {
        const { server, url } = yield* redis
        const lines: Array<string> = []
        const http = double(empty())
        yield* call(http, (participants) =>
          Effect.gen(function* () {
            yield* participants.list(channel)
            yield* Effect.promise(() => stop(server))
            yield* participants.list(channel)
          })
        ).pipe(
          Effect.provide([
            RateLimiter.layerStoreRedis().pipe(Layer.provide(NodeRedis.layer({ url, disableOfflineQueue: true }))),
            Logger.layer([Logger.make(({ message }) => lines.push(String(message)))])
          ])
        )
        assert.lengthOf(http.requests, 2)
        assert.lengthOf(
          lines.filter((line) => /shared rate limit cannot be reached/u.test(line)),
          1
        )
      })
    )
  }
)
