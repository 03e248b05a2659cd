/** Invites of agents into a channel: list, and one more. */
import { form, parsed } from "../Form.ts"
import { list, rows } from "../Paging.ts"
import type { Answer } from "../Reply.ts"
import type { Call, Route } from "../Router.ts"
import { invite, reserve } from "../Rules.ts"
import type { Channel, Invite, World } from "../World.ts"

const path = "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Invites"

export const routes = (world: World): ReadonlyArray<Route> => {
  const channelOf = ({ sid }: Call) => world.interactions.get(sid("InteractionSid"))?.get(sid("ChannelSid"))

  /** Nobody has taken its task yet. */
  const isOpen = ({ taskSid }: Invite) => ["pending", "reserved"].includes(world.tasks.get(taskSid)?.status ?? "")

  /**
   * Documented: `Routing`, JSON, with `properties.workspace_sid`, and a queue or worker by SID among others; the reply is 201. Assumed:
   * a worker who is named is offered the task at once; queues other than the channel's are not known by their SID.
   */
  const create = async (call: Call): Promise<Answer> => {
    const { reply, request, url } = call
    const channel = channelOf(call)
    if (channel === undefined) return reply.notFound()
    const fields = await form(request)
    if (fields === undefined) return reply.tooLarge()
    const properties = parsed(JSON.stringify(parsed(fields.get("Routing") ?? "")?.["properties"] ?? null))
    if (properties === undefined) return reply.invalid("Routing must be JSON with properties")
    if (!world.workspaces.has(String(properties["workspace_sid"])))
      return reply.invalid("Routing must name a workspace_sid")
    const worker = world.workers.get(String(properties["worker_sid"]))
    if (properties["worker_sid"] !== undefined && worker === undefined)
      return reply.invalid("There is no such worker_sid")
    if (channel.status !== "active")
      return reply.error(409, 45008, "Channel is in a state that does not allow an invite")
    const at = world.clock.now()
    const task = invite(world, channel, worker === undefined ? {} : { worker }, at)
    if (worker !== undefined) reserve(world, task, worker, at)
    const made = channel.invites.at(-1)
    if (made === undefined) return reply.notFound()
    return { response: Response.json(resource(url, channel, made), { status: 201 }), note: `invited, task ${task.sid}` }
  }

  return [
    {
      host: "flex",
      resource: "invites",
      method: "GET",
      path,
      isList: true,
      answer: (call) => {
        const channel = channelOf(call)
        if (channel === undefined) return call.reply.notFound()
        const all = world.settings.answeredInvites === "stay" ? channel.invites : channel.invites.filter(isOpen)
        return list(call, world.settings, "invites", rows(all, world.taken, "KG"), (invite) =>
          resource(call.url, channel, invite)
        )
      }
    },
    { host: "flex", resource: "invites", method: "POST", path, answer: create }
  ]
}

/** Documented: the shape, and that it has no status. */
const resource = ({ origin }: URL, { channelSid, interactionSid }: Channel, { properties, sid }: Invite) => ({
  sid,
  interaction_sid: interactionSid,
  channel_sid: channelSid,
  routing: { reservation: null, properties },
  url: `${origin}/v1/Interactions/${interactionSid}/Channels/${channelSid}/Invites/${sid}`
})
