/** The settings that only a sweep has; those of core are core's. */
import { TwilioClient } from "@flex-interactions/core"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

/** A variable that may hold a password; empty counts as not set. */
export const secret = (name: string) =>
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

export const collector = Effect.map(secret("OTEL_EXPORTER_OTLP_ENDPOINT"), Option.isSome)
