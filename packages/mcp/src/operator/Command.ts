/** Every command, and every way to serve. */
import { TwilioClient } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redis from "effect/persistence/Redis"
import * as Doctor from "./Doctor.ts"
import * as Help from "./Help.ts"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import * as PrintConfig from "./PrintConfig.ts"
import * as Proxy from "../platform/Proxy.ts"
import * as Process from "./Process.ts"
import * as Serve from "./Serve.ts"
import * as ServeHttp from "./ServeHttp.ts"
import * as Settings from "./Settings.ts"
import * as Stdio from "../protocol/Stdio.ts"
import * as Otlp from "../platform/Otlp.ts"

export const run = (line: Settings.CommandLine): void => Process.run(line, command(line))

const command = (
  line: Settings.CommandLine
): Effect.Effect<number, TwilioClient.SettingsError, FileSystem.FileSystem> => {
  switch (line.command) {
    case "serve":
      return Effect.flatMap(Settings.written, serve)
    case "doctor":
      return Effect.flatMap(Settings.written, (written) =>
        // It tells of a setting that is wrong, like of all others.
        Effect.provide(Doctor.run(line, written), http(written).pipe(Layer.catch(() => NodeHttp.layer)))
      )
    case "print-config":
      return Effect.sync(() => PrintConfig.run(line))
    case "help":
      return help(line.rest)
    case "version":
      return print(Process.version)
  }
}

const print = (text: string) =>
  Effect.sync(() => {
    process.stdout.write(`${text}\n`)
    return 0
  })

const help = ([command, ...others]: ReadonlyArray<string>) => {
  const text = others.length === 0 ? Help.text(command) : undefined
  return text === undefined
    ? Effect.sync(() => Process.refuse(`help takes one of ${Settings.commands.join(", ")}`))
    : print(text)
}

/** The HTTP client of this process: kept alive, and through the proxy where one is set. */
const http = ({ proxy }: Settings.Written): Layer.Layer<HttpClient.HttpClient, TwilioClient.SettingsError> =>
  proxy === undefined ? NodeHttp.layer : Layer.unwrap(Effect.map(Proxy.address(proxy), Proxy.layer))

const twilio = (options: TwilioClient.Options) => Effect.succeed(TwilioClient.layer(options))

const serve = Effect.fnUntraced(function* (written: Settings.Written) {
  const listen = Settings.overHttp(written) ? yield* ServeHttp.settings(written) : undefined
  if (listen === undefined) Stdio.claimStdout()
  const transport = listen === undefined ? Serve.overStdio : ServeHttp.serve(listen)
  const shared =
    written.redisUrl === undefined ? undefined : yield* Effect.promise(() => import("../platform/Redis.ts"))
  const serving = Effect.gen(function* () {
    const redis = yield* Effect.serviceOption(Redis.Redis)
    return yield* Serve.serve(written, {
      transport,
      twilio,
      sharedWrites:
        shared === undefined || Option.isNone(redis)
          ? undefined
          : shared.writes(redis.value, written.accountSid ?? written.apiKey ?? "sandbox"),
      confirmation: {
        key: listen?.confirmationKey,
        spend: Option.isSome(redis) ? shared?.spend(redis.value) : undefined
      }
    })
  }).pipe(
    Effect.provide(
      Layer.mergeAll(
        shared?.layer(yield* redisUrl(written.redisUrl ?? "")) ?? Layer.empty,
        written.otlp === undefined ? Layer.empty : Otlp.layer(Process.version)
      ).pipe(Layer.provideMerge(http(written)))
    ),
    Effect.catchTag("ListenError", (error) => Effect.sync(() => Process.refuse(`${error.message}.`)))
  )
  return yield* written.otlp === undefined ? Effect.withTracerEnabled(serving, false) : serving
})

const redisUrl = (text: string): Effect.Effect<string, TwilioClient.SettingsError> =>
  /^rediss?:\/\/./u.test(text) && URL.canParse(text)
    ? Effect.succeed(text)
    : Effect.fail(Settings.fail("redisUrl", "must be a URL such as redis://redis.example.com:6379"))
