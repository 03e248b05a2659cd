/**
 * The channels of an interaction: a channel's status, closing it or making it inactive, and who was invited.
 *
 * Source: Twilio's pages "Interaction Channels Subresource" and "Interaction Channel Invites Subresource", and its OpenAPI
 * document of Flex.
 */
import * as Schema from "effect/Schema"
import * as Sid from "./Sid.ts"
import { TaskAttributes, TaskStatus } from "./Tasks.ts"
import { asOf, field, fitting, loose, open } from "./internal/field.ts"

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
  errorCode: field(Schema.Number),
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
