/** The tools. To add one is a file and a line here. */
import { Participants, type TwilioClient } from "@flex-interactions/core"
import type * as Layer from "effect/Layer"
import { listParticipants } from "./ListParticipants.ts"
import { setParticipantStatus } from "./SetParticipantStatus.ts"
import type { Services, Tool } from "./Tool.ts"
import type { Writes } from "./Write.ts"

export const tools: ReadonlyArray<Tool<Services | Writes>> = [listParticipants, setParticipantStatus]

/** The services that the tools use, on a `TwilioClient`. */
export const services: Layer.Layer<Services, never, TwilioClient.TwilioClient> = Participants.layer
