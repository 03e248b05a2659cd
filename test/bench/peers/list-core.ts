/** This project's library, over fetch or over node:http: `list` gathers everyone, `stream` hands them out one by one. */
import { TwilioClient, Participant, Participants } from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { credentials, sids } from "../channel.ts"
import { listing } from "./listing.ts"

await listing(({ way, size, pageSize }) => {
  const { interactionSid, channelSid } = sids(size)
  const program = Effect.gen(function* () {
    const participants = yield* Participants.Participants
    const channel = yield* Effect.fromResult(Participant.channel(interactionSid, channelSid))
    if (way.endsWith("list")) return (yield* participants.list(channel, { pageSize })).length
    return yield* Stream.runCount(participants.stream(channel, { pageSize }))
  })
  const client = TwilioClient.layer({
    rateLimit: false,
    baseUrl: process.env["FLEX_API_BASE_URL"] ?? "",
    credentials: { apiKey: credentials.apiKey, apiSecret: Redacted.make(credentials.apiSecret) }
  }).pipe(Layer.provide(way.startsWith("fetch") ? FetchHttpClient.layer : NodeHttp.layer))
  return Effect.runPromise(Effect.provide(program, Layer.provide(Participants.layer, client)))
})
