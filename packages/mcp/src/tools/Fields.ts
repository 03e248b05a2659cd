/** Fields that several tools have, in the same words. */
import { type Participant, Sid } from "@flex-interactions/core"
import * as Schema from "effect/Schema"

/** What names a channel. */
export const channel = {
  interaction_sid: Sid.InteractionSid.annotate({
    description: "Task attribute flexInteractionSid, e.g. KD0123456789abcdef0123456789abcdef"
  }),
  channel_sid: Sid.ChannelSid.annotate({
    description: "Task attribute flexInteractionChannelSid, e.g. UO0123456789abcdef0123456789abcdef"
  })
}

export const channelOf = (input: {
  readonly interaction_sid: Sid.InteractionSid
  readonly channel_sid: Sid.ChannelSid
}): Participant.ChannelRef => ({ interactionSid: input.interaction_sid, channelSid: input.channel_sid })

/** Text in an answer. */
export const text = (description: string) => Schema.String.annotate({ description })

/** A SID in an answer; `kind` says whose. */
export const sid = (kind: string) => Schema.optionalKey(text(`${kind} SID`))
