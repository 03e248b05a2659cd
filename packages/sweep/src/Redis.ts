/**
 * The account's rate limit, shared through Redis with the MCP servers. Loaded only with `REDIS_URL`. Redis may be away, at the start or
 * later: then this process keeps to its part by itself.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import { createClient } from "redis"

/** The same as the MCP server's. */
const prefix = "flex-interactions:limit:"

/** A client that connects when it can. Until then, and whenever the connection is lost, a command fails at once. */
const redis = (url: string) =>
  Layer.effect(
    Redis.Redis,
    Effect.gen(function* () {
      const client = yield* Effect.acquireRelease(
        Effect.sync(() =>
          createClient({
            url,
            disableOfflineQueue: true,
            socket: { connectTimeout: 5000, reconnectStrategy: (retries) => Math.min(2 ** retries * 100, 10_000) }
          })
        ),
        (client) => Effect.sync(() => client.destroy())
      )
      client.on("error", () => {})
      yield* Effect.promise(() => client.connect().catch(() => {})).pipe(Effect.timeoutOption("2 seconds"))
      const none = Effect.fail(new Redis.RedisError({ cause: "this client has one connection only" }))
      return yield* Redis.make({
        send: <A>(command: string, ...args: ReadonlyArray<string>) =>
          Effect.tryPromise({
            try: () => client.sendCommand([command, ...args]) as Promise<A>,
            catch: (cause) => new Redis.RedisError({ cause })
          }),
        connect: none,
        subscribe: () => none
      })
    })
  )

/** The store. */
export const layer = (url: string) => RateLimiter.layerStoreRedis({ prefix }).pipe(Layer.provide(redis(url)))
