/** The floor: the operations by hand, on node:http with connections that stay open. */
import { type Client, byHand, type Participant } from "./by-hand.ts"
import { overHttp } from "./flex.ts"
import { operate } from "./operating.ts"

const workspace = `/v1/Workspaces/${process.env["TWILIO_WORKSPACE_SID"]}`
const get = async (path: string) => JSON.parse(await overHttp("GET", path))
const pathOf = ({ channelSid, interactionSid }: Parameters<Client["list"]>[0]) =>
  `/v1/Interactions/${interactionSid}/Channels/${channelSid}`

interface Row {
  readonly sid: string
  readonly type: string
  readonly routing_properties: { readonly task_sid: string; readonly reservation_sid: string } | null
}
const toParticipant = ({ routing_properties: routing, sid, type }: Row): Participant => ({
  sid,
  type,
  routing: routing === null ? undefined : { task: routing.task_sid, reservation: routing.reservation_sid }
})
const toReservation = (row: {
  readonly reservation_status: string
  readonly worker_name: string
  readonly sid: string
}) => ({
  sid: row.sid,
  status: row.reservation_status,
  worker: row.worker_name
})

const participants: Client["participants"] = async (channel) => {
  const found: Array<Participant> = []
  let next: string | undefined = `${pathOf(channel)}/Participants?PageSize=1000`
  while (next !== undefined) {
    const page = await get(next)
    found.push(...page.participants.map(toParticipant))
    const url = page.meta.next_page_url === null ? undefined : new URL(page.meta.next_page_url)
    next = url && `${url.pathname}${url.search}`
  }
  return found
}

await operate(
  byHand({
    list: async (channel) => (await participants(channel)).length,
    participants,
    channelStatus: async (channel) => (await get(pathOf(channel))).status,
    reservation: async (task, reservation) =>
      toReservation(await get(`${workspace}/Tasks/${task}/Reservations/${reservation}`)),
    reservations: async (task) =>
      (await get(`${workspace}/Tasks/${task}/Reservations`)).reservations.map(toReservation),
    tasks: async ({ expression, status }) => {
      const query = new URLSearchParams(status.map((one) => ["AssignmentStatus", one]))
      if (expression !== undefined) query.set("EvaluateTaskAttributes", expression)
      const { tasks } = await get(`${workspace}/Tasks?${query}`)
      return tasks.map(({ attributes, sid }: { readonly attributes: string; readonly sid: string }) => {
        const { flexInteractionChannelSid, flexInteractionSid } = JSON.parse(attributes)
        return { sid, channel: { interactionSid: flexInteractionSid, channelSid: flexInteractionChannelSid } }
      })
    },
    setStatus: (channel, participant, status) =>
      overHttp("POST", `${pathOf(channel)}/Participants/${participant}`, `Status=${status}`),
    close: (channel) => overHttp("POST", pathOf(channel), "Status=closed")
  })
)
