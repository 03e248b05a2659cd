/** The participants of an interaction's channel: list, and moving an agent to `wrapup` or `closed`. */
import { form } from "../Form.ts"
import { list } from "../Paging.ts"
import type { Answer } from "../Reply.ts"
import type { Call, Route } from "../Router.ts"
import { setStatus } from "../Rules.ts"
import { type Channel, indexFrom, type Participant, type World } from "../World.ts"

const path = "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants"

/** Documented and left out on purpose: the POST to the list, which adds a participant. */
export const routes = (world: World): ReadonlyArray<Route> => {
  const { settings } = world
  const channelOf = ({ sid }: Call) => world.interactions.get(sid("InteractionSid"))?.get(sid("ChannelSid"))

  /** Assumed: the error for each violation of what is documented, a form with `Status`, `closed` or `wrapup`, for agents only. */
  const modify = async (call: Call): Promise<Answer> => {
    const { reply, request, sid, url } = call
    const channel = channelOf(call)
    const participant = channel?.bySid.get(sid("Sid"))
    if (channel === undefined || participant === undefined) return reply.notFound()
    const fields = await form(request)
    if (fields === undefined) return reply.tooLarge()
    const status = fields.get("Status")
    if (status === null) return reply.invalid("Missing required parameter Status in the post body")
    if (status !== "closed" && status !== "wrapup") return reply.invalid("Status must be one of: closed, wrapup")
    const before = participant.status
    const done = setStatus(world, channel, participant, status, world.clock.now())
    if (done === "not-an-agent") {
      return reply.error(settings.nonAgent, refusals[settings.nonAgent], "Participant must be an agent")
    }
    if (done === "wrong-state" && settings.repeat !== 200) {
      const message = `Participant is in a state that does not allow ${status}`
      return reply.error(settings.repeat, refusals[settings.repeat], message)
    }
    return { response: Response.json(resource(url, channel, participant)), note: `${before} -> ${participant.status}` }
  }

  return [
    {
      host: "flex",
      resource: "participants",
      method: "GET",
      path,
      isList: true,
      answer: (call) => {
        const channel = channelOf(call)
        if (channel === undefined) return call.reply.notFound()
        const indexOf = (sid: string) => {
          const participant = channel.bySid.get(sid)
          return participant === undefined ? undefined : indexFrom(channel, participant.position)
        }
        return list(call, settings, "participants", { all: channel.listed, indexOf }, (participant) =>
          resource(call.url, channel, participant)
        )
      }
    },
    { host: "flex", resource: "participants", method: "POST", path: `${path}/{Sid}`, sid: "UT", answer: modify }
  ]
}

/** Documented by name, 45008 "resource in a state that does not allow"; assumed: which goes with which status. */
export const refusals = { 400: 45004, 403: 45003, 409: 45008, 422: 45008 } as const

/** A participant as Twilio shows it (documented): no status, whatever the operation. */
const resource = (url: URL, channel: Channel, participant: Participant) => ({
  sid: participant.sid,
  channel_sid: channel.channelSid,
  interaction_sid: channel.interactionSid,
  type: participant.type,
  routing_properties: participant.routing,
  url: `${url.origin}/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}/Participants/${participant.sid}`
})
