/** The services of core, by the settings of the environment, with a share of the account's rate limit. */
import {
  Channels,
  Conversations,
  Events,
  Participants,
  Tasks,
  TwilioClient,
  Workers,
  Workspace
} from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Http from "./Http.ts"
import * as Settings from "./Settings.ts"

/** Exports traces and metrics, if there is a collector. */
export const telemetry = Layer.unwrap(
  Effect.gen(function* () {
    if (!(yield* Settings.collector)) return Layer.empty
    const { layer } = yield* Effect.promise(() => import("./Otlp.ts"))
    return layer
  })
)

/** What a sweep needs, and how many requests a second it may send to an endpoint. */
export const services = Effect.fnUntraced(function* (share: number) {
  const given = yield* TwilioClient.fromConfig
  const { rateLimit = { limit: 20, window: "1 second" } } = given
  const options = { ...given, rateLimit: rateLimit === false ? rateLimit : { ...rateLimit, share } }
  const redis = yield* Settings.redisUrl
  const client = TwilioClient.layer(options).pipe(Layer.provide(Http.layer))
  const shared =
    redis === undefined
      ? client
      : Layer.provide(
          client,
          Layer.unwrap(
            Effect.map(
              Effect.promise(() => import("./Redis.ts")),
              ({ layer }) => layer(Redacted.value(redis))
            )
          )
        )
  const layer = Conversations.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(Channels.layer, Events.layer, Participants.layer, Tasks.layer, Workers.layer)),
    Layer.provideMerge(Workspace.layerConfig()),
    Layer.provideMerge(shared)
  )
  return { layer, perSecond: rateLimit === false ? undefined : rateLimit.limit * share }
})
