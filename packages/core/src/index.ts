/** The participants of a Twilio Flex interaction channel, as Effect services. */
export * as TwilioClient from "./TwilioClient.ts"
export * as TwilioError from "./TwilioError.ts"
export * as Participant from "./Participant.ts"
export * as Participants from "./Participants.ts"
export * as Sid from "./Sid.ts"
