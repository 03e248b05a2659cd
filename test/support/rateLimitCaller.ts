/** One of two processes that share a budget: lists five times at once, six times an hour being allowed to both together. */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import { TwilioClient, Participant, Participants } from "@flex-interactions/core"
import { Console, Effect, Layer, Redacted, Result } from "effect"
import { FetchHttpClient } from "effect/http"
import { RateLimiter } from "effect/persistence"
import { sid } from "./requests.ts"

const [redisUrl = "", baseUrl = ""] = process.argv.slice(2)

const program = Effect.gen(function* () {
  const participants = yield* Participants.Participants
  const channel = yield* Effect.fromResult(Participant.channel(sid(1, "KD"), sid(1, "UO")))
  const results = yield* Effect.forEach([1, 2, 3, 4, 5], () => Effect.result(participants.list(channel)), {
    concurrency: "unbounded"
  })
  const heldBack = results.filter((result) => Result.isFailure(result) && result.failure.reason._tag === "RateLimited")
  yield* Console.log(JSON.stringify({ listed: results.filter(Result.isSuccess).length, heldBack: heldBack.length }))
})

const layer = Participants.layer.pipe(
  Layer.provide(
    TwilioClient.layer({
      baseUrl,
      credentials: { accountSid: `AC${"0".repeat(31)}1`, authToken: Redacted.make("sandbox-auth-token") },
      rateLimit: { limit: 6, window: "1 hour" },
      timeouts: { total: "5 seconds" }
    })
  ),
  Layer.provide(RateLimiter.layerStoreRedis()),
  Layer.provide(NodeRedis.layer({ url: redisUrl, disableOfflineQueue: true })),
  Layer.provide(FetchHttpClient.layer)
)

await Effect.runPromise(Effect.provide(program, layer))
