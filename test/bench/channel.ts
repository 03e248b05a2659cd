/** The channels that the bench's own Twilio serves, one for each size, and who may ask for them. */

export const credentials = {
  accountSid: `AC${"0".repeat(31)}1`,
  apiKey: `SK${"0".repeat(31)}1`,
  apiSecret: "sandbox-api-secret"
}

/** HTTP Basic, as every contestant sends it. */
export const authorization = `Basic ${btoa(`${credentials.apiKey}:${credentials.apiSecret}`)}`

const digits = (n: number) => `${n}`.padStart(32, "0")

export const sids = (size: number) => ({ interactionSid: `KD${digits(size)}`, channelSid: `UO${digits(size)}` })

/** Every fourth participant is an agent, from the second on. */
export const participantSid = (size: number, index: number) =>
  `UT${`${size}`.padStart(16, "0")}${`${index}`.padStart(16, "0")}`

export const path = (size: number) => {
  const { interactionSid, channelSid } = sids(size)
  return `/v1/Interactions/${interactionSid}/Channels/${channelSid}/Participants`
}

/** What the sandbox starts with: a channel of each size. */
export const seed = (sizes: ReadonlyArray<number>) => ({
  interactions: sizes.map((size) => ({
    sid: sids(size).interactionSid,
    channels: [
      {
        sid: sids(size).channelSid,
        participants: Array.from({ length: size }, (_, index) => ({
          sid: participantSid(size, index),
          type: index % 4 === 1 ? ("agent" as const) : ("customer" as const)
        }))
      }
    ]
  }))
})
