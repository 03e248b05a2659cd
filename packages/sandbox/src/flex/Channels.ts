/** An interaction's channels: list, fetch, and closing one or making it inactive. And the interaction itself, which names its channel. */
import { form, parsed } from "../Form.ts"
import { list, rows } from "../Paging.ts"
import type { Answer } from "../Reply.ts"
import type { Call, Route } from "../Router.ts"
import { setChannel } from "../Rules.ts"
import type { Channel, World } from "../World.ts"
import { refusals } from "./Participants.ts"

const interaction = "/v1/Interactions/{Sid}"
const path = "/v1/Interactions/{InteractionSid}/Channels"

export const routes = (world: World): ReadonlyArray<Route> => {
  const channelOf = ({ sid }: Call) => world.interactions.get(sid("InteractionSid"))?.get(sid("Sid"))

  /**
   * Documented: a form with `Status`, `closed` or `inactive`, and `Routing`, JSON, whose `status` says what becomes of the agents:
   * `closed`, or `wrapup` (seen); `inactive` takes `closed` only; 45358 and 45359 for a missing and another `Status`. Assumed:
   * the error for another `Routing`, and for a channel in another state.
   */
  const update = async (call: Call): Promise<Answer> => {
    const { reply, request, url } = call
    const channel = channelOf(call)
    if (channel === undefined) return reply.notFound()
    const fields = await form(request)
    if (fields === undefined) return reply.tooLarge()
    const status = fields.get("Status")
    if (status === null) return reply.error(400, 45358, "Missing required parameter Status in the post body")
    if (status !== "closed" && status !== "inactive")
      return reply.error(400, 45359, "Status must be one of: closed, inactive")
    const asked = routingOf(fields.get("Routing"))
    if (asked === "wrong") return reply.invalid('Routing must be JSON with a status: {"status":"closed"}')
    if (status === "inactive" && asked !== "closed")
      return reply.invalid("Routing with status closed is required for inactive")
    const before = channel.status
    const done = setChannel(world, channel, status, asked ?? "wrapup", world.clock.now())
    const { repeat } = world.settings
    if (done === "wrong-state" && (repeat !== 200 || before !== status)) {
      const refused = repeat === 200 ? 409 : repeat
      return reply.error(refused, refusals[refused], `Channel is in a state that does not allow ${status}`)
    }
    return { response: Response.json(resource(url, channel)), note: `channel ${before} -> ${channel.status}` }
  }

  return [
    {
      host: "flex",
      resource: "interactions",
      method: "GET",
      path: interaction,
      sid: "KD",
      answer: ({ reply, sid, url }) => {
        const [channel] = world.interactions.get(sid("Sid"))?.values() ?? []
        if (channel === undefined) return reply.notFound()
        const own = `${url.origin}/v1/Interactions/${channel.interactionSid}`
        const [invite] = channel.invites
        return {
          response: Response.json({
            sid: channel.interactionSid,
            channel: { type: channel.type, sid: channel.channelSid },
            routing: invite === undefined ? null : { properties: invite.properties },
            url: own,
            links: { channels: `${own}/Channels` },
            interaction_context_sid: null,
            webhook_ttid: null
          }),
          note: "fetched"
        }
      }
    },
    {
      host: "flex",
      resource: "channels",
      method: "GET",
      path,
      isList: true,
      answer: (call) => {
        const channels = world.interactions.get(call.sid("InteractionSid"))
        if (channels === undefined) return call.reply.notFound()
        const all = [...channels.values()].map((channel) => ({ sid: channel.channelSid, channel }))
        return list(call, world.settings, "channels", rows(all, world.taken, "UO"), ({ channel }) =>
          resource(call.url, channel)
        )
      }
    },
    {
      host: "flex",
      resource: "channels",
      method: "GET",
      path: `${path}/{Sid}`,
      sid: "UO",
      answer: (call) => {
        const channel = channelOf(call)
        if (channel === undefined) return call.reply.notFound()
        return { response: Response.json(resource(call.url, channel)), note: channel.status }
      }
    },
    { host: "flex", resource: "channels", method: "POST", path: `${path}/{Sid}`, sid: "UO", answer: update }
  ]
}

/** What `Routing` asks for the agents. */
const routingOf = (json: string | null): "closed" | "wrapup" | "wrong" | undefined => {
  if (json === null) return undefined
  const status = parsed(json)?.["status"]
  return status === "closed" || status === "wrapup" ? status : "wrong"
}

/** Documented: the fields; no dates. An error belongs to a channel that failed. */
const resource = ({ origin }: URL, channel: Channel) => {
  const own = `${origin}/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}`
  const failed = channel.status === "failed"
  return {
    sid: channel.channelSid,
    interaction_sid: channel.interactionSid,
    type: channel.type,
    status: channel.status,
    error_code: failed ? 19025 : null,
    error_message: failed ? "Channel validation error" : null,
    url: own,
    links: { participants: `${own}/Participants`, invites: `${own}/Invites`, transfers: `${own}/Transfers` }
  }
}
