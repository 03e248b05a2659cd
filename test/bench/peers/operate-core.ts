/** The operations as this project's library has them, with its defaults, on node:http. */
import {
  Channels,
  Conversations,
  Participant,
  Participants,
  Tasks,
  TwilioClient,
  Workers,
  Workspace
} from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { wrapping } from "../operations.ts"
import { operate } from "./operating.ts"

const services = Conversations.layer.pipe(
  Layer.provideMerge([Channels.layer, Participants.layer, Tasks.layer, Workers.layer]),
  Layer.provide(Workspace.layerConfig()),
  Layer.provide(TwilioClient.layerConfig()),
  Layer.provide(NodeHttp.layer)
)
const runtime = ManagedRuntime.make(services)
const channelOf = ({ channelSid, interactionSid }: { readonly channelSid: string; readonly interactionSid: string }) =>
  Result.getOrThrow(Participant.channel(interactionSid, channelSid))
const run = <A, E>(use: (conversations: Conversations.Conversations["Service"]) => Effect.Effect<A, E>) =>
  runtime.runPromise(Conversations.Conversations.use(use))

await operate({
  list: (channel) =>
    runtime.runPromise(
      Participants.Participants.use((participants) =>
        Effect.map(participants.list(channelOf(channel)), ({ length }) => length)
      )
    ),
  find: () =>
    run((conversations) =>
      Effect.flatMap(Stream.runCount(conversations.find({ standing: "wrapping" })), (found) =>
        found === wrapping ? Effect.void : Effect.die(`${found} in wrap-up`)
      )
    ),
  roster: (channel) => run((conversations) => conversations.roster(channelOf(channel))),
  move: ({ channelSid, interactionSid, participantSid }) =>
    run((conversations) =>
      Effect.flatMap(
        conversations.move(
          Result.getOrThrow(Participant.participant(interactionSid, channelSid, participantSid)),
          "wrapup"
        ),
        ({ result }) => (result === "confirmed" ? Effect.void : Effect.die(result))
      )
    ),
  end: (channel) =>
    run((conversations) =>
      Effect.flatMap(conversations.end(channelOf(channel), "closed"), ({ result }) =>
        result === "confirmed" ? Effect.void : Effect.die(result)
      )
    )
})
await runtime.dispose()
