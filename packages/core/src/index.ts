/** The participants of a Twilio Flex interaction channel, as Effect services. */
export * as FlexClient from "./FlexClient.ts"
export * as FlexError from "./FlexError.ts"
export * as Participant from "./Participant.ts"
export * as Participants from "./Participants.ts"
export * as Sid from "./Sid.ts"
