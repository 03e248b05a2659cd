/** Fields that several tools have, in the same words. */
import { type Conversation, type Participant, Sid } from "@flex-interactions/core"
import * as Schema from "effect/Schema"
import { name } from "./Plain.ts"

/** What names a channel. */
export const channel = {
  interaction_sid: Sid.InteractionSid.annotate({
    description: "From find_conversations, e.g. KD0123456789abcdef0123456789abcdef"
  }),
  channel_sid: Sid.ChannelSid.annotate({
    description: "From find_conversations, e.g. UO0123456789abcdef0123456789abcdef"
  })
}

export const channelOf = (input: {
  readonly interaction_sid: Sid.InteractionSid
  readonly channel_sid: Sid.ChannelSid
}): Participant.ChannelRef => ({ interactionSid: input.interaction_sid, channelSid: input.channel_sid })

/** Text in an answer. Its key says what it is; only what a key cannot say has a description, because every host pays for it. */
export const text = Schema.optionalKey(Schema.String)

/** A whole number in an answer. `Int` would announce the bounds of JavaScript's. */
const count = Schema.Finite

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
export const nextCursor = Schema.optionalKey(
  Schema.String.annotate({ description: "There is more: pass it as cursor" })
)

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
  worker: text,
  standing: text,
  /** For how long the agent has stood so. */
  minutes: Schema.optionalKey(count)
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

/** Agents of whom something is known, in an answer: at most 20. */
export const agentsOf = (agents: ReadonlyArray<Parameters<typeof agentOf>[0]>) =>
  agents
    .filter(({ standing = "unknown", worker }) => worker !== undefined || standing !== "unknown")
    .slice(0, 20)
    .map(agentOf)

export const alone = Schema.Literals([true, false, "unknown"])

/** `queued`: so many tasks wait for an agent; `offered`: so many agents were asked and have not answered. */
export const onTheWay = Schema.optionalKey(Schema.Record(Schema.String, count))
