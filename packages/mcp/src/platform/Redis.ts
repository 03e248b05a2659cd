/**
 * What replicas share through Redis: the account's rate limit, which answers to a question were used, and how many writes were
 * sent. Redis may be away, at the start or later: then each process goes by itself, and goes back to sharing when Redis is there
 * again; but what counts writes fails.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import * as Schedule from "effect/Schedule"
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

/**
 * The places that are taken: a sorted set by the time of Redis, which is the same for all. Takes one unless `id` is empty; answers 0,
 * or in how many milliseconds there will be one. An `id` that has a place keeps it: a command whose answer was lost can be sent again.
 */
const takePlace = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window, most, id = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - window)
if id ~= '' and redis.call('ZSCORE', KEYS[1], id) then return 0 end
local taken = redis.call('ZCARD', KEYS[1])
if taken >= most then
  return redis.call('ZRANGE', KEYS[1], taken - most, taken - most, 'WITHSCORES')[2] + window - now
end
if id ~= '' then
  redis.call('ZADD', KEYS[1], now, id)
  redis.call('PEXPIRE', KEYS[1], window)
end
return 0`

/** Counts the writes of this account for all who share the Redis. Each answer takes two seconds at most. */
export const writes = (redis: Redis.Redis["Service"], account: string) => {
  const key = `${prefix}writes:${account}`
  const ask = (id: string, most: number, milliseconds: number) =>
    redis.send<number>("EVAL", takePlace, "1", key, `${milliseconds}`, `${most}`, id).pipe(
      Effect.timeout("1 second"),
      // The first connection takes a moment, and so does another one.
      Effect.retry({ schedule: Schedule.spaced("100 millis"), times: 10 }),
      Effect.timeout("2 seconds")
    )
  return {
    take: ask,
    look: (most: number, milliseconds: number) => ask("", most, milliseconds),
    giveBack: (id: string) => Effect.timeout(redis.send("ZREM", key, id), "1 second")
  }
}

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
