/** The tools. To add one is a file and a line here. */
import {
  Channels,
  Conversations,
  Participants,
  Tasks,
  type TwilioClient,
  Workers,
  Workspace
} from "@flex-interactions/core"
import * as Layer from "effect/Layer"
import { endConversation } from "./EndConversation.ts"
import { findConversations } from "./FindConversations.ts"
import { listParticipants } from "./ListParticipants.ts"
import * as Scope from "./Scope.ts"
import { setParticipantStatus } from "./SetParticipantStatus.ts"
import type { Tool } from "./Tool.ts"
import type { Writes } from "./Write.ts"

export type Services = Scope.Conversations

/** In the order in which hosts get them. */
export const tools: ReadonlyArray<Tool<Services | Writes>> = [
  findConversations,
  listParticipants,
  setParticipantStatus,
  endConversation
]

/** The services that the tools use, on a `TwilioClient`. The workspace is looked up unless it is given; `onlyQueue`: see `Scope`. */
export const services = (options: {
  readonly workspaceSid?: string | undefined
  readonly onlyQueue?: ReadonlyArray<string> | undefined
}): Layer.Layer<Services, TwilioClient.SettingsError, TwilioClient.TwilioClient> => {
  const { onlyQueue = [], workspaceSid } = options
  return Scope.layer(onlyQueue).pipe(
    Layer.provide(Conversations.layer),
    Layer.provide([Channels.layer, Participants.layer, Tasks.layer, Workers.layer]),
    Layer.provide(Workspace.layer(workspaceSid === undefined ? {} : { workspaceSid }))
  )
}
