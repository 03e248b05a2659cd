/** The tools. To add one is a file and a line here. */
import { Participants } from "@flex-interactions/core"
import type * as Layer from "effect/Layer"
import { listParticipants } from "./ListParticipants.ts"
import { setParticipantStatus } from "./SetParticipantStatus.ts"
import type { Tool } from "./Tool.ts"
import type { Writes } from "./Write.ts"

/** In the order in which hosts get them. */
export const tools: ReadonlyArray<Tool<Services | Writes>> = [listParticipants, setParticipantStatus]

/** The services that the tools use, on a `TwilioClient`. */
export const services = Participants.layer

export type Services = Layer.Success<typeof services>
