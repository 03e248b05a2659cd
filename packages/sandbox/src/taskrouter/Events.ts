/** Events: what happened, for 30 days. */
import { list, rows } from "../Paging.ts"
import type { Answer } from "../Reply.ts"
import type { Call, Route } from "../Router.ts"
import type { Event, World } from "../World.ts"
import { fromIsoDate, isoDate } from "./Dates.ts"

const path = "/v1/Workspaces/{WorkspaceSid}/Events"

const minute = 60_000
/** Documented. */
const kept = 30 * 24 * 60 * minute

/** Documented: the filter, and what of an event it compares. */
const filters: Readonly<Record<string, (event: Event) => unknown>> = {
  EventType: ({ type }) => type,
  TaskSid: ({ data }) => data["task_sid"],
  ReservationSid: ({ data }) => data["reservation_sid"],
  WorkerSid: ({ data }) => data["worker_sid"],
  TaskQueueSid: ({ data }) => data["task_queue_sid"],
  WorkflowSid: ({ data }) => data["workflow_sid"],
  TaskChannel: ({ data }) => data["task_channel_unique_name"],
  Sid: ({ sid }) => sid
}

export const routes = (world: World): ReadonlyArray<Route> => {
  const known = (workspaceSid: string) =>
    world.events.filter((event) => event.workspaceSid === workspaceSid && event.at >= world.clock.now() - kept)

  /**
   * Documented: the filters; the last 15 minutes unless `Minutes` or a date says otherwise. Assumed: the newest comes first; a date that is
   * none is 400.
   */
  const listed = (call: Call): Answer => {
    const { reply, sid, url } = call
    const workspaceSid = sid("WorkspaceSid")
    if (!world.workspaces.has(workspaceSid)) return reply.notFound()
    const query = (name: string) => url.searchParams.get(name)
    const [start, end, minutes] = [query("StartDate"), query("EndDate"), query("Minutes")]
    if (minutes !== null && !/^\d{1,6}$/u.test(minutes)) return reply.invalid("Minutes must be a number")
    const [first, last] = [start, end].map((date) => (date === null ? null : fromIsoDate(date)))
    if (first === undefined || last === undefined)
      return reply.invalid("StartDate and EndDate must be dates of ISO 8601")
    const since = minutes === null && start === null && end === null ? 15 : minutes === null ? null : Number(minutes)
    const all = known(workspaceSid)
      .filter(
        (event) =>
          (since === null || event.at >= world.clock.now() - since * minute) &&
          // What is shown has whole seconds, and so is what is compared.
          (first === null || Math.floor(event.at / 1000) * 1000 >= first) &&
          (last === null || Math.floor(event.at / 1000) * 1000 <= last) &&
          Object.entries(filters).every(([name, value]) => query(name) === null || query(name) === value(event))
      )
      .map((event, index) => ({ event, index, sid: event.sid }))
      .sort((a, b) => b.event.at - a.event.at || b.index - a.index)
    return list(call, world.settings, "events", rows(all, world.taken, "EV"), ({ event }) =>
      resource(world, url, event)
    )
  }

  return [
    { host: "taskrouter", resource: "events", method: "GET", path, answer: listed },
    {
      host: "taskrouter",
      resource: "events",
      method: "GET",
      path: `${path}/{Sid}`,
      sid: "EV",
      answer: ({ reply, sid, url }) => {
        const event = known(sid("WorkspaceSid")).find((event) => event.sid === sid("Sid"))
        if (event === undefined) return reply.notFound()
        return { response: Response.json(resource(world, url, event)), note: event.type }
      }
    }
  ]
}

/** Documented: the fields. Assumed: the actor is the workspace, whoever asked for the change. */
const resource = (world: World, { origin }: URL, event: Event) => {
  const workspace = `${origin}/v1/Workspaces/${event.workspaceSid}`
  const task = `${workspace}/Tasks/${String(event.data["task_sid"])}`
  return {
    account_sid: world.accountSid,
    actor_sid: event.workspaceSid,
    actor_type: "workspace",
    actor_url: workspace,
    description: event.description,
    event_data: event.data,
    event_date: isoDate(event.at),
    event_date_ms: Math.floor(event.at),
    event_type: event.type,
    resource_sid: event.resource.sid,
    resource_type: event.resource.type,
    resource_url: event.resource.type === "task" ? task : `${task}/Reservations/${event.resource.sid}`,
    sid: event.sid,
    source: "twilio",
    source_ip_address: null,
    url: `${workspace}/Events/${event.sid}`,
    workspace_sid: event.workspaceSid
  }
}
