/** The client of Twilio, over node:http. */
import { TwilioClient } from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import * as Layer from "effect/Layer"

export const layer = (options: TwilioClient.Options) => Layer.provide(TwilioClient.layer(options), NodeHttp.layer)
