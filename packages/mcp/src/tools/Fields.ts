/** Fields that several tools have, in the same words. */
import { type Conversation, type Participant, Sid } from "@flex-interactions/core"
import * as Schema from "effect/Schema"
import { name } from "./Plain.ts"

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

/** How many there are to answer with at most. */
export const limit = (most: number, byDefault: number) =>
  Schema.optionalKey(
    Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: most })).annotate({
      description: `At most; default ${byDefault}, e.g. ${Math.min(most, 20)}`
    })
  )

export const cursor = Schema.optionalKey(
  Schema.String.check(Schema.isPattern(/^[\w-]+$/u)).annotate({
    description: 'next_cursor of the last answer, e.g. "eyJhYm91dCI6"'
  })
)
export const nextCursor = Schema.optionalKey(text("More: pass it as cursor"))

/** Shows SIDs that are left out otherwise: each costs an assistant some twenty tokens. */
export const details = (what: string) =>
  Schema.optionalKey(Schema.Boolean.annotate({ description: `Also ${what} SIDs. Default false, e.g. true` }))

export const worker = Schema.optionalKey(
  Schema.String.check(Schema.isMinLength(1), Schema.isMaxLength(200)).annotate({
    description: 'An agent: friendly name, e-mail, full name or WK SID, e.g. "Alice"'
  })
)

export const standings = ["active", "wrapping"] as const

/** What is known of an agent, in an answer. */
export const agent = {
  worker: Schema.optionalKey(text("The agent's name")),
  standing: Schema.optionalKey(text("active, wrapping, left, invited, gone or unknown")),
  minutes: Schema.optionalKey(Schema.Int.annotate({ description: "Since when, in minutes" }))
}

/** How Twilio's answers say it: each key only where it is known, and names as data. */
export const agentOf = ({
  minutes,
  standing,
  worker
}: Pick<Conversation.Person, "minutes" | "standing" | "worker">) => ({
  ...(worker === undefined ? undefined : { worker: name(worker) }),
  ...(standing === undefined ? undefined : { standing }),
  ...(minutes === undefined ? undefined : { minutes })
})

export const alone = Schema.Union([Schema.Boolean, Schema.Literal("unknown")])

export const onTheWay = Schema.optionalKey(
  Schema.Struct({ queued: Schema.Int, offered: Schema.Int }).annotate({
    description: "queued: tasks waiting for an agent; offered: asked, not answered"
  })
)
