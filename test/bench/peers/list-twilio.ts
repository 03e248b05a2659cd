/** Twilio's own SDK: `list` gathers everyone, `each` hands them out one by one. */
import Twilio from "twilio"
import { credentials, sids } from "../channel.ts"
import { listing } from "./listing.ts"

const { accountSid, apiKey, apiSecret } = credentials
const twilio = Twilio(apiKey, apiSecret, { accountSid })
twilio.flexApi.baseUrl = process.env["FLEX_API_BASE_URL"] ?? ""

await listing(({ way, size, pageSize }) => {
  const { interactionSid, channelSid } = sids(size)
  const { participants } = twilio.flexApi.v1.interaction(interactionSid).channels(channelSid)
  if (way === "list") return participants.list({ pageSize }).then(({ length }) => length)
  return new Promise((resolve, reject) => {
    let count = 0
    participants.each({
      pageSize,
      callback: () => count++,
      done: (error?: Error) => (error === undefined ? resolve(count) : reject(error))
    })
  })
})
