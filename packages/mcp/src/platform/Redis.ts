/**
 * What replicas share through Redis: the account's rate limit, and which answers to a question were used. Redis may be
 * away, at the start or later: then each process goes by itself, and goes back to sharing when Redis is there again.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import { createClient } from "redis"
import type * as Option from "effect/Option"

const prefix = "flex-interactions:"

/** A client that connects when it can. Until then, and whenever the connection is lost, a command fails at once. */
const redis = (url: string) =>
  Layer.effect(
    Redis.Redis,
    Effect.gen(function* () {
      const run = Effect.runForkWith(yield* Effect.context<never>())
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
      let isAway = false
      client.on("error", (error: NodeJS.ErrnoException) => {
        if (!isAway) run(Effect.logWarning(`Redis is away (${error.code ?? error.name}); it is tried again and again`))
        isAway = true
      })
      client.on("ready", () => {
        if (isAway) run(Effect.logInfo("Redis is there again"))
        isAway = false
      })
      // Resolves once it is connected, which nobody waits for; what goes wrong is told as an error event.
      void client.connect().catch(() => {})

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

/** The store for the client's rate limiter, and the Redis that it is in. */
export const layer = (url: string) =>
  RateLimiter.layerStoreRedis({ prefix: `${prefix}limit:` }).pipe(Layer.provideMerge(redis(url)))

/** Marks the answer with this nonce as used for so long; `false` if it was already, at whatever replica. None while Redis is away. */
export const spend =
  (redis: Redis.Redis["Service"]) =>
  (nonce: string, seconds: number): Effect.Effect<Option.Option<boolean>> =>
    redis.send("SET", `${prefix}answer:${nonce}`, "1", "NX", "EX", `${seconds}`).pipe(
      Effect.timeout("1 second"),
      Effect.map((reply) => reply !== null),
      Effect.option
    )

/** Does a Redis answer there? Fails with what is in the way, in a word. */
export const ping = (url: string): Effect.Effect<void, string> =>
  Effect.tryPromise({
    try: async () => {
      const client = createClient({ url, socket: { connectTimeout: 5000, reconnectStrategy: false } })
      client.on("error", () => {})
      await client.connect()
      await client.ping()
      client.destroy()
    },
    catch: (error) => {
      const { code, message = "" } = error as NodeJS.ErrnoException
      return code ?? /^[A-Z]+/u.exec(message)?.[0] ?? "unknown"
    }
  })
