/** Workers: list, fetch. */
import { list, rows } from "../Paging.ts"
import type { Answer } from "../Reply.ts"
import type { Call, Route } from "../Router.ts"
import { activities } from "../Rules.ts"
import { named } from "../Sid.ts"
import type { Worker, World } from "../World.ts"
import { isoDate } from "./Dates.ts"
import { compile } from "./Expression.ts"

const path = "/v1/Workspaces/{WorkspaceSid}/Workers"

export const routes = (world: World): ReadonlyArray<Route> => {
  /**
   * Documented: the filters; an expression is over the attributes and four fields of the worker. Assumed: `FriendlyName` is the whole name, in
   * any case; the oldest comes first; filters by queue and `Ordering` are ignored; an expression that is none is 400.
   */
  const listed = (call: Call): Answer => {
    const { reply, sid, url } = call
    const workspaceSid = sid("WorkspaceSid")
    if (!world.workspaces.has(workspaceSid)) return reply.notFound()
    const query = (name: string) => url.searchParams.get(name)
    const [name, activity, activitySid, available] = ["FriendlyName", "ActivityName", "ActivitySid", "Available"].map(
      query
    )
    const expression = query("TargetWorkersExpression")
    const fits = expression === null ? () => true : compile(expression)
    if (fits === undefined) return reply.invalid("TargetWorkersExpression is not valid")
    const all = [...world.workers.values()].filter(
      (worker) =>
        worker.workspaceSid === workspaceSid &&
        (name === null || worker.name.toLowerCase() === name?.toLowerCase()) &&
        (activity === null || worker.activity === activity) &&
        (activitySid === null || named("WA", worker.activity) === activitySid) &&
        (available === null || activities[worker.activity] === ["true", "1", "yes"].includes(available ?? "")) &&
        fits({
          ...worker.attributes,
          sid: worker.sid,
          friendly_name: worker.name,
          activity_sid: named("WA", worker.activity),
          activity_name: worker.activity
        })
    )
    return list(call, world.settings, "workers", rows(all, world.taken, "WK"), (worker) => ({
      ...resource(world, url, worker),
      ...(world.settings.listAttributes === "null" ? { attributes: null } : {})
    }))
  }

  return [
    { host: "taskrouter", resource: "workers", method: "GET", path, isList: true, answer: listed },
    {
      host: "taskrouter",
      resource: "workers",
      method: "GET",
      path: `${path}/{Sid}`,
      sid: "WK",
      answer: ({ reply, sid, url }) => {
        const worker = world.workers.get(sid("Sid"))
        if (worker === undefined || worker.workspaceSid !== sid("WorkspaceSid")) return reply.notFound()
        return {
          response: Response.json(resource(world, url, worker), { headers: { ETag: '"0"' } }),
          note: worker.name
        }
      }
    }
  ]
}

/** Documented: the fields; attributes are JSON. */
const resource = (world: World, { origin }: URL, worker: Worker) => {
  const workspace = `${origin}/v1/Workspaces/${worker.workspaceSid}`
  const own = `${workspace}/Workers/${worker.sid}`
  const activitySid = named("WA", worker.activity)
  return {
    account_sid: world.accountSid,
    activity_name: worker.activity,
    activity_sid: activitySid,
    attributes: JSON.stringify(worker.attributes),
    available: activities[worker.activity] ?? false,
    date_created: isoDate(worker.created),
    date_status_changed: isoDate(worker.created),
    date_updated: isoDate(worker.created),
    friendly_name: worker.name,
    sid: worker.sid,
    workspace_sid: worker.workspaceSid,
    url: own,
    links: {
      channels: `${own}/Channels`,
      activity: `${workspace}/Activities/${activitySid}`,
      workspace,
      worker_statistics: `${own}/Statistics`,
      reservations: `${own}/Reservations`
    }
  }
}
