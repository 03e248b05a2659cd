/** Lists the participants of a channel and wraps up its agents. The program is the README's; the rest is its setup. */
import { TwilioClient, Participant, Participants } from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import { Effect, Layer } from "effect"

export const wrapUpAgents = Effect.gen(function* () {
  const participants = yield* Participants.Participants
  const channel = yield* Effect.fromResult(
    Participant.channel("KD99eb9408b59ba7e1aa743ccf578ecb7e", "UOf5b09471d41a251023cea2698c6322c9")
  )
  const everyone = yield* participants.list(channel)
  const agents = everyone.filter(Participant.isAgent)
  yield* Effect.forEach(agents, (agent) => participants.setStatus(Participant.ref(agent), "wrapup"))
  yield* Effect.log(`${agents.length} of ${everyone.length} participants are agents; they are wrapping up`)
}).pipe(Effect.catchReason("TwilioError", "NotFound", () => Effect.log("no such channel")))

/** The services, with credentials from the environment. */
export const live = Participants.layer.pipe(Layer.provide(TwilioClient.layerConfig()), Layer.provide(NodeHttp.layer))
