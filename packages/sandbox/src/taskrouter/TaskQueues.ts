/** Task queues: list. Those that a task or a channel names are there. */
import { list, rows } from "../Paging.ts"
import type { Route } from "../Router.ts"
import { flexWorkspace, type World } from "../World.ts"
import { named } from "../Sid.ts"
import { isoDate } from "./Dates.ts"

const path = "/v1/Workspaces/{WorkspaceSid}/TaskQueues"

export const routes = (world: World): ReadonlyArray<Route> => [
  {
    host: "taskrouter",
    resource: "task_queues",
    method: "GET",
    path,
    isList: true,
    // Assumed: names are compared exactly, case and all.
    answer: (call) => {
      const { reply, sid, url } = call
      const workspace = world.workspaces.get(sid("WorkspaceSid"))
      if (workspace === undefined) return reply.notFound()
      const asked = url.searchParams.get("FriendlyName")
      const names = new Set<string>(["Everyone"])
      for (const task of world.tasks.values()) if (task.workspaceSid === workspace.sid) names.add(task.queue)
      if (workspace.sid === flexWorkspace(world).sid) {
        for (const interaction of world.interactions.values())
          for (const { queue } of interaction.values()) names.add(queue)
      }
      const all = [...names]
        .filter((name) => asked === null || name === asked)
        .map((name) => ({ name, sid: named("WQ", name) }))
      const own = `${url.origin}/v1/Workspaces/${workspace.sid}`
      return list(call, world.settings, "task_queues", rows(all, world.taken, "WQ"), ({ name, sid }) => ({
        account_sid: world.accountSid,
        assignment_activity_name: null,
        assignment_activity_sid: null,
        date_created: isoDate(workspace.created),
        date_updated: isoDate(workspace.created),
        friendly_name: name,
        links: {
          workspace: own,
          statistics: `${own}/TaskQueues/${sid}/Statistics`,
          real_time_statistics: `${own}/TaskQueues/${sid}/RealTimeStatistics`,
          cumulative_statistics: `${own}/TaskQueues/${sid}/CumulativeStatistics`,
          list_statistics: `${own}/TaskQueues/Statistics`
        },
        max_reserved_workers: 1,
        reservation_activity_name: null,
        reservation_activity_sid: null,
        sid,
        target_workers: "1==1",
        task_order: "FIFO",
        url: `${own}/TaskQueues/${sid}`,
        workspace_sid: workspace.sid
      }))
    }
  }
]
