/**
 * The channels of an interaction: a channel's status, closing it or making it inactive, and who was invited.
 *
 * Source: Twilio's pages "Interaction Channels Subresource" and "Interaction Channel Invites Subresource", and its OpenAPI
 * document of Flex.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Endpoint from "./internal/endpoint.ts"
import { asOf, dated, field, fitting, loose, open } from "./internal/field.ts"
import { invalid } from "./internal/invalid.ts"
import * as Paging from "./internal/paging.ts"
import type { ChannelRef } from "./Participant.ts"
import * as Sid from "./Sid.ts"
import { TaskAttributes, TaskStatus } from "./Tasks.ts"
import { type Answer, TwilioClient } from "./TwilioClient.ts"
import { NotFound, TwilioError, UnexpectedResponse } from "./TwilioError.ts"

/**
 * Where a channel is: one of these, or what Twilio may add.
 *
 * - `setup`: it is being made; `failed`: that failed, and `errorCode` says why.
 * - `active`: it is live. `transfer` and `pause` (Twilio's newer pages and SDK have both, its OpenAPI document neither): so it
 *   is, but for a while.
 * - `inactive`: the agents are gone and the conversation is kept. The customer's next message makes it active again, with a
 *   new task if the account is set up so.
 * - `closed`: the conversation is over and cannot be written to. The customer's next message starts another interaction.
 *
 * @example
 * ```ts
 * import { Channels } from "@flex-interactions/core"
 *
 * Channels.knownChannelStatuses.includes("inactive") // => true
 * ```
 */
export const knownChannelStatuses = ["setup", "active", "failed", "closed", "inactive", "pause", "transfer"] as const

/**
 * One of {@link knownChannelStatuses}, or any other word.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Channels } from "@flex-interactions/core"
 *
 * Schema.is(Channels.ChannelStatus)("active") // => true
 * ```
 */
export const ChannelStatus = open(knownChannelStatuses)
/** What {@link ChannelStatus} accepts. */
export type ChannelStatus = typeof ChannelStatus.Type

/**
 * A channel. It says neither when its status changed nor which conversation (`CH…`) it has.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Channels } from "@flex-interactions/core"
 *
 * const channel = Schema.decodeUnknownSync(Channels.Channel)({
 *   sid: "UO00000000000000000000000000000001",
 *   status: "active",
 *   type: "sms",
 *   error_code: null
 * })
 * channel // => { channelSid: "UO00000000000000000000000000000001", status: "active", type: "sms" }
 * ```
 */
export const Channel = Schema.Struct({
  interactionSid: fitting(Sid.InteractionSid),
  /** `sid`. */
  channelSid: fitting(Sid.ChannelSid),
  status: field(ChannelStatus),
  /** The medium: voice, sms, email, web, whatsapp, chat, messenger, gbm, … */
  type: field(Schema.String),
  errorCode: field(Schema.Finite),
  errorMessage: field(Schema.String),
  url: field(Schema.String),
  asOf
}).pipe(
  Schema.encodeKeys({
    interactionSid: "interaction_sid",
    channelSid: "sid",
    errorCode: "error_code",
    errorMessage: "error_message"
  })
)
/** What {@link Channel} makes of Twilio's JSON. */
export type Channel = typeof Channel.Type

/**
 * An invite of an agent into a channel. It has no status: its task has one. `task` is what the task was when the invite was
 * made; whether Twilio brings it up to date later is not documented, so read the task by its SID.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Channels } from "@flex-interactions/core"
 *
 * const invite = Schema.decodeUnknownSync(Channels.Invite)({
 *   sid: "KG00000000000000000000000000000001",
 *   routing: { properties: { sid: "WT00000000000000000000000000000001", queue_name: "Sales" } }
 * })
 * invite.routing?.properties?.taskSid // => "WT00000000000000000000000000000001"
 * ```
 */
export const Invite = Schema.Struct({
  sid: fitting(Sid.InviteSid),
  interactionSid: fitting(Sid.InteractionSid),
  channelSid: fitting(Sid.ChannelSid),
  routing: loose(
    Schema.Struct({
      properties: loose(
        Schema.Struct({
          /** `sid`. */
          taskSid: loose(Sid.TaskSid),
          workspaceSid: loose(Sid.WorkspaceSid),
          /** `assignment_status`, when the invite was made. */
          status: loose(TaskStatus),
          queueName: loose(Schema.String),
          attributes: loose(TaskAttributes)
        }).pipe(
          Schema.encodeKeys({
            taskSid: "sid",
            workspaceSid: "workspace_sid",
            status: "assignment_status",
            queueName: "queue_name"
          })
        )
      )
    })
  ),
  url: field(Schema.String)
}).pipe(Schema.encodeKeys({ interactionSid: "interaction_sid", channelSid: "channel_sid" }))
/** What {@link Invite} makes of Twilio's JSON. */
export type Invite = typeof Invite.Type

/**
 * What a channel can be set to, and what becomes of its agents' tasks and reservations: all of them are `completed`, or go to
 * `wrapping`. `inactive` takes `completed` only, which is its default; the default of `closed` is `wrapping` (both
 * documented).
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Channels } from "@flex-interactions/core"
 *
 * const isChange = Schema.is(Channels.ChannelChange)
 * isChange({ status: "closed", agents: "completed" }) // => true
 * isChange({ status: "inactive", agents: "wrapping" }) // => false
 * ```
 */
export const ChannelChange = Schema.Union([
  Schema.Struct({
    status: Schema.Literal("closed"),
    agents: Schema.optionalKey(Schema.Literals(["completed", "wrapping"]))
  }),
  Schema.Struct({ status: Schema.Literal("inactive"), agents: Schema.optionalKey(Schema.Literal("completed")) })
])
/** What {@link ChannelChange} accepts. */
export type ChannelChange = typeof ChannelChange.Type

/**
 * The service. All methods check their input before any I/O, fail with `TwilioError` alone, and need nothing from the
 * context.
 *
 * @example
 * ```ts
 * import { Effect, Layer, Result } from "effect"
 * import { Channels, Participant } from "@flex-interactions/core"
 *
 * const isLive = (channel: Participant.ChannelRef) =>
 *   Effect.map(Channels.Channels.use((channels) => channels.get(channel)), ({ status }) => status === "active")
 *
 * const closed = Layer.mock(Channels.Channels, { get: (channel) => Effect.succeed({ ...channel, status: "closed" }) })
 * const channel = Participant.channel("KD00000000000000000000000000000001", "UO00000000000000000000000000000001")
 * await Effect.runPromise(Effect.provide(isLive(Result.getOrThrow(channel)), closed)) // => false
 * ```
 */
export class Channels extends Context.Service<
  Channels,
  {
    /**
     * The channel. `connection: "fresh"` reads it over a connection that nothing else was sent over, as a read does that
     * proves a change: the reply cannot be the one to another request.
     */
    readonly get: (
      channel: ChannelRef,
      options?: { readonly connection?: "kept" | "fresh" }
    ) => Effect.Effect<Channel & ChannelRef, TwilioError>

    /** The channels of an interaction. Twilio says that there is one; its document shows several. */
    readonly list: (interaction: Sid.InteractionSid) => Effect.Effect<ReadonlyArray<Channel>, TwilioError>

    /**
     * The channel of an interaction, for which only its own SID is at hand: the one that it has, or, of several, the one that
     * is `active`. Where that does not tell, it fails with `NotFound` (none) or `UnexpectedResponse` (more than one).
     */
    readonly ofInteraction: (interaction: Sid.InteractionSid) => Effect.Effect<Channel & ChannelRef, TwilioError>

    /**
     * Sets a channel to `closed` or `inactive`; this can't be undone. Success says that Twilio accepted the change; whether the
     * reply shows the new status already is not documented. `OutcomeUnknown` says that nobody knows whether the change was
     * applied; `Conflict`, that the channel is in a state that does not allow it.
     *
     * Closing a channel that is closed already completes what is still `wrapping`: Twilio's own SDK does that (it is not
     * documented).
     */
    readonly update: (channel: ChannelRef, change: ChannelChange) => Effect.Effect<Channel & ChannelRef, TwilioError>

    /** Who was invited to the channel. Whether Twilio still lists an invite that was answered is not documented. */
    readonly invites: (channel: ChannelRef) => Effect.Effect<ReadonlyArray<Invite>, TwilioError>
  }
>()("@flex-interactions/core/Channels") {}

const path = "/v1/Interactions/{InteractionSid}/Channels"
const notFound =
  "this account has no such interaction or channel: check that the SIDs come from one task of this account; a channel without activity for 180 days is gone"

const getChannel = Endpoint.make({
  name: "Channels.get",
  host: "flex",
  method: "GET",
  path: `${path}/{ChannelSid}`,
  access: "read",
  reply: Schema.decodeUnknownResult(Channel),
  notFound
})

const updateChannel = Endpoint.make({
  name: "Channels.update",
  host: "flex",
  method: "POST",
  path: `${path}/{ChannelSid}`,
  access: "write",
  reply: Schema.decodeUnknownResult(Channel),
  notFound,
  conflict: "the channel has this status already, or is in a state that does not allow it"
})

const listChannels = Paging.endpoint({
  name: "Channels.list",
  host: "flex",
  path,
  rows: "channels",
  row: Channel,
  notFound
})

const listInvites = Paging.endpoint({
  name: "Channels.invites",
  host: "flex",
  path: `${path}/{ChannelSid}/Invites`,
  rows: "invites",
  row: Invite,
  notFound
})

/**
 * The service, on a {@link TwilioClient}.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Channels, TwilioClient } from "@flex-interactions/core"
 *
 * const live = Channels.layer.pipe(Layer.provide(TwilioClient.layerConfig()), Layer.provide(FetchHttpClient.layer))
 * ```
 */
export const layer: Layer.Layer<Channels, never, TwilioClient> = Layer.effect(
  Channels,
  Effect.gen(function* () {
    const client = yield* TwilioClient
    const channels = Paging.make(client, listChannels, ({ interactionSid }, answer) => (row: Channel): Channel => ({
      ...row,
      interactionSid,
      ...dated(answer)
    }))
    const invites = Paging.make(client, listInvites, ({ channelSid, interactionSid }) => (row: Invite): Invite => ({
      ...row,
      channelSid,
      interactionSid
    }))

    const ofInteraction = Effect.fnUntraced(function* (interactionSid: Sid.InteractionSid) {
      const found = (yield* channels.list({ interactionSid })).filter(hasSid)
      const live = found.filter(({ status }) => status === "active")
      const [channel, ...others] = found.length > 1 && live.length > 0 ? live : found
      if (channel !== undefined && others.length === 0) return { ...channel, interactionSid }
      return yield* new TwilioError({
        operation: listChannels.name,
        reason:
          channel === undefined
            ? new NotFound({ problem: "this interaction has no channel" })
            : new UnexpectedResponse({
                problem: `this interaction has ${others.length + 1} channels, and nothing tells which is meant: name the channel too`
              })
      })
    })

    return Channels.of({
      get: (channel, options) =>
        Effect.map(client.executeWithReply(getChannel, { params: channel, ...options }), of(channel)),
      list: (interactionSid) => channels.list({ interactionSid }),
      ofInteraction,
      update: (channel, change) =>
        isChange(change)
          ? Effect.map(client.executeWithReply(updateChannel, { params: channel, form: formOf(change) }), of(channel))
          : Effect.fail(
              invalid(
                updateChannel.name,
                "change: expected status closed with agents completed or wrapping, or status inactive with agents completed"
              )
            ),
      invites: (channel) => invites.list(channel)
    })
  })
)

const isChange = Schema.is(ChannelChange)

const hasSid = (channel: Channel): channel is Channel & Pick<ChannelRef, "channelSid"> =>
  channel.channelSid !== undefined

/** Twilio takes `Routing` as JSON in a form. Without it the agents go to wrapping. */
const formOf = ({ agents, status }: ChannelChange): { readonly [name: string]: string } =>
  agents === "completed" || status === "inactive"
    ? { Status: status, Routing: JSON.stringify({ status: "closed" }) }
    : { Status: status }

/** The channel that was asked for: Twilio may leave its SIDs out. */
const of =
  ({ channelSid, interactionSid }: ChannelRef) =>
  (answer: Answer<Channel>): Channel & ChannelRef => ({ ...answer.value, channelSid, interactionSid, ...dated(answer) })
