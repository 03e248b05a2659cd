/** Workspaces: list, fetch. */
import { list, rows } from "../Paging.ts"
import type { Route } from "../Router.ts"
import { named } from "../Sid.ts"
import type { Workspace, World } from "../World.ts"
import { isoDate } from "./Dates.ts"

const path = "/v1/Workspaces"

export const routes = (world: World): ReadonlyArray<Route> => [
  {
    host: "taskrouter",
    resource: "workspaces",
    method: "GET",
    path,
    isList: true,
    // Assumed: names are compared exactly, case and all; the oldest comes first.
    answer: (call) => {
      const name = call.url.searchParams.get("FriendlyName")
      const all = [...world.workspaces.values()]
        .filter((workspace) => name === null || workspace.name === name)
        .sort((a, b) => a.created - b.created)
      return list(call, world.settings, "workspaces", rows(all, world.taken, "WS"), (row) =>
        resource(world, call.url, row)
      )
    }
  },
  {
    host: "taskrouter",
    resource: "workspaces",
    method: "GET",
    path: `${path}/{Sid}`,
    sid: "WS",
    answer: ({ reply, sid, url }) => {
      const workspace = world.workspaces.get(sid("Sid"))
      if (workspace === undefined) return reply.notFound()
      return { response: Response.json(resource(world, url, workspace)), note: "fetched" }
    }
  }
]

/** Documented: the fields. */
const resource = (world: World, { origin }: URL, { created, name, sid }: Workspace) => {
  const own = `${origin}${path}/${sid}`
  const links = {
    activities: "Activities",
    statistics: "Statistics",
    real_time_statistics: "RealTimeStatistics",
    cumulative_statistics: "CumulativeStatistics",
    task_queues: "TaskQueues",
    tasks: "Tasks",
    workers: "Workers",
    workflows: "Workflows",
    task_channels: "TaskChannels",
    events: "Events"
  }
  return {
    account_sid: world.accountSid,
    date_created: isoDate(created),
    date_updated: isoDate(created),
    default_activity_name: "Offline",
    default_activity_sid: named("WA", "Offline"),
    event_callback_url: null,
    events_filter: null,
    friendly_name: name,
    multi_task_enabled: true,
    sid,
    timeout_activity_name: "Offline",
    timeout_activity_sid: named("WA", "Offline"),
    prioritize_queue_order: "FIFO",
    url: own,
    links: Object.fromEntries(Object.entries(links).map(([name, part]) => [name, `${own}/${part}`]))
  }
}
