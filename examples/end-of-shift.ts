/** A service of a program's own on top of the library: when a shift ends, its worker wraps up in every channel. */
import { type TwilioError, Participant, Participants, type Sid } from "@flex-interactions/core"
import { Context, Effect, Layer, Option, Stream } from "effect"

/** What became of the worker in one channel. */
export interface Outcome {
  readonly channel: Participant.ChannelRef
  /** `"unknown"`: the change was sent and its answer was lost; a person should look. */
  readonly result: "wrapping up" | "not there" | "has left" | "unknown" | "failed"
  readonly why?: string
}

export class Shifts extends Context.Service<
  Shifts,
  {
    /** Goes through all channels, four at a time; one that fails does not keep the others from being done. */
    readonly end: (
      worker: Sid.WorkerSid,
      channels: ReadonlyArray<Participant.ChannelRef>
    ) => Effect.Effect<ReadonlyArray<Outcome>>
  }
>()("examples/end-of-shift/Shifts") {
  static readonly layer = Layer.effect(
    Shifts,
    Effect.gen(function* () {
      const participants = yield* Participants.Participants

      const find = (worker: Sid.WorkerSid, channel: Participant.ChannelRef) =>
        participants.stream(channel).pipe(
          Stream.filter(Participant.isAgent),
          Stream.filter((agent) => agent.routingProperties?.workerSid === worker),
          Stream.runHead
        )

      const endIn = Effect.fn("Shifts.endIn")(
        function* (worker: Sid.WorkerSid, channel: Participant.ChannelRef) {
          const agent = yield* find(worker, channel)
          if (Option.isNone(agent)) return yield* became("not there")
          yield* participants.setStatus(Participant.ref(agent.value), "wrapup")
          return yield* became("wrapping up")
        },
        Effect.catchReasons("TwilioError", {
          NotFound: () => became("not there"),
          Conflict: () => became("has left"),
          OutcomeUnknown: () => became("unknown")
        })
      )

      const end = Effect.fn("Shifts.end")((worker: Sid.WorkerSid, channels: ReadonlyArray<Participant.ChannelRef>) =>
        Effect.forEach(
          channels,
          (channel) =>
            endIn(worker, channel).pipe(
              Effect.match({
                onSuccess: (result): Outcome => ({ channel, result }),
                onFailure: (error: TwilioError.TwilioError): Outcome => ({
                  channel,
                  result: "failed",
                  why: error.message
                })
              })
            ),
          { concurrency: 4 }
        )
      )

      return Shifts.of({ end })
    })
  )
}

const became = (result: Outcome["result"]) => Effect.succeed(result)
