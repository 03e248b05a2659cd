/** The operations by hand, on Twilio's own SDK with its defaults. */
import Twilio from "twilio"
import { credentials } from "../channel.ts"
import { byHand, type Client } from "./by-hand.ts"
import { operate } from "./operating.ts"

const { accountSid, apiKey, apiSecret } = credentials
const twilio = Twilio(apiKey, apiSecret, { accountSid })
twilio.flexApi.baseUrl = process.env["FLEX_API_BASE_URL"] ?? ""
twilio.taskrouter.baseUrl = process.env["TASKROUTER_API_BASE_URL"] ?? ""

const workspace = twilio.taskrouter.v1.workspaces(process.env["TWILIO_WORKSPACE_SID"] ?? "")
const channelOf = ({ channelSid, interactionSid }: Parameters<Client["list"]>[0]) =>
  twilio.flexApi.v1.interaction(interactionSid).channels(channelSid)
const toReservation = (row: {
  readonly reservationStatus: string
  readonly workerName: string
  readonly sid: string
}) => ({
  sid: row.sid,
  status: row.reservationStatus,
  worker: row.workerName
})

await operate(
  byHand({
    list: async (channel) => (await channelOf(channel).participants.list()).length,
    participants: async (channel) =>
      (await channelOf(channel).participants.list()).map(({ routingProperties: routing, sid, type }) => ({
        sid,
        type,
        routing: routing ? { task: routing.task_sid, reservation: routing.reservation_sid } : undefined
      })),
    channelStatus: async (channel) => (await channelOf(channel).fetch()).status,
    reservation: async (task, reservation) =>
      toReservation(await workspace.tasks(task).reservations(reservation).fetch()),
    reservations: async (task) => (await workspace.tasks(task).reservations.list()).map(toReservation),
    tasks: async ({ expression, status }) => {
      const tasks = await workspace.tasks.list({
        assignmentStatus: [...status],
        ...(expression === undefined ? undefined : { evaluateTaskAttributes: expression })
      })
      return tasks.map(({ attributes, sid }) => {
        const { flexInteractionChannelSid, flexInteractionSid } = JSON.parse(attributes)
        return { sid, channel: { interactionSid: flexInteractionSid, channelSid: flexInteractionChannelSid } }
      })
    },
    setStatus: (channel, participant, status) =>
      channelOf(channel)
        .participants(participant)
        .update({ status: status as "wrapup" }),
    close: (channel) => channelOf(channel).update({ status: "closed" })
  })
)
