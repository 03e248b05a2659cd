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
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

const secret = (name: string) =>
  Config.option(Config.Redacted(name)).pipe(
    Config.map((found) => Option.filter(found, (value) => Redacted.value(value) !== "")),
    Effect.mapError(() => new TwilioClient.SettingsError({ setting: name, problem: "could not be read" }))
  )

/** The URL of a server, if it is set: it may have a password. */
const urlOf = Effect.fnUntraced(function* (name: string, protocols: RegExp, example: string) {
  const found = yield* secret(name)
  if (Option.isNone(found)) return undefined
  const text = Redacted.value(found.value)
  if (URL.canParse(text) && protocols.test(new URL(text).protocol)) return found.value
  return yield* new TwilioClient.SettingsError({ setting: name, problem: `is not a URL such as ${example}` })
})

export const redisUrl = urlOf("REDIS_URL", /^rediss?:$/u, "redis://localhost:6379")
export const databaseUrl = urlOf("DATABASE_URL", /^postgres(?:ql)?:$/u, "postgres://user@localhost:5432/name")

const collector = Config.option(Config.String("OTEL_EXPORTER_OTLP_ENDPOINT")).pipe(
  Effect.mapError(
    () => new TwilioClient.SettingsError({ setting: "OTEL_EXPORTER_OTLP_ENDPOINT", problem: "could not be read" })
  )
)

/** Exports traces and metrics, if there is a collector. */
export const telemetry = Layer.unwrap(
  Effect.gen(function* () {
    if (!Option.exists(yield* collector, (url) => url !== "")) return Layer.empty
    const { layer } = yield* Effect.promise(() => import("./Otlp.ts"))
    return layer
  })
)

/** Requests a second for each endpoint that a sweep may send; none without a limit. */
const part = (options: TwilioClient.Options, share: number): TwilioClient.Options => {
  const { rateLimit = { limit: 20, window: "1 second" } } = options
  if (rateLimit === false) return options
  return { ...options, rateLimit: { ...rateLimit, limit: Math.max(1, Math.floor(rateLimit.limit * share)) } }
}

/** What a sweep needs, and how many requests a second it may send to an endpoint. */
export const services = Effect.fnUntraced(function* (share: number) {
  const options = part(yield* TwilioClient.fromConfig, share)
  const redis = yield* redisUrl
  const client = TwilioClient.layer(options).pipe(Layer.provide(NodeHttp.layer))
  const shared =
    redis === undefined
      ? client
      : Layer.provide(
          client,
          Layer.unwrap(
            Effect.map(
              Effect.promise(() => import("./Redis.ts")),
              ({ layer }) => layer(Redacted.value(redis), share)
            )
          )
        )
  const layer = Conversations.layer.pipe(
    Layer.provideMerge(Layer.mergeAll(Channels.layer, Events.layer, Participants.layer, Tasks.layer, Workers.layer)),
    Layer.provideMerge(Workspace.layerConfig()),
    Layer.provideMerge(shared)
  )
  const { rateLimit } = options
  return { layer, perSecond: rateLimit === false || rateLimit === undefined ? undefined : rateLimit.limit }
})
