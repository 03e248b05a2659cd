/** Events: what happened, for 30 days. */
import { list, rows } from "../Paging.ts"
import type { Answer } from "../Reply.ts"
import type { Call, Route } from "../Router.ts"
import { workflow } from "../Rules.ts"
import { named } from "../Sid.ts"
import type { Event, World } from "../World.ts"
import { fromIsoDate, isoDate } from "./Dates.ts"

const path = "/v1/Workspaces/{WorkspaceSid}/Events"

const minute = 60_000
/** Documented. */
const kept = 30 * 24 * 60 * minute

/** Documented: the filters, and what of an event each compares. */
const filters: Readonly<Record<string, (event: Event) => unknown>> = {
  EventType: ({ type }) => type,
  TaskSid: ({ task }) => task.sid,
  ReservationSid: ({ reservation }) => reservation?.sid,
  WorkerSid: ({ reservation }) => reservation?.worker.sid,
  TaskQueueSid: ({ task }) => named("WQ", task.queue),
  WorkflowSid: () => named("WW", workflow),
  TaskChannel: ({ task }) => task.taskChannel,
  Sid: ({ sid }) => sid
}

export const routes = (world: World): ReadonlyArray<Route> => {
  const known = (workspaceSid: string) =>
    world.events.filter((event) => event.task.workspaceSid === workspaceSid && event.at >= world.clock.now() - kept)

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
    { host: "taskrouter", resource: "events", method: "GET", path, isList: true, answer: listed },
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

/** Documented: the fields. Assumed: the actor is always the workspace. */
const resource = (world: World, { origin }: URL, event: Event) => {
  const { at, reservation, sid, task, type } = event
  const workspace = `${origin}/v1/Workspaces/${task.workspaceSid}`
  const own = `${workspace}/Tasks/${task.sid}`
  const about = type.startsWith("reservation.") ? reservation : undefined
  return {
    account_sid: world.accountSid,
    actor_sid: task.workspaceSid,
    actor_type: "workspace",
    actor_url: workspace,
    description: `${about === undefined ? "Task" : "Reservation"} ${about?.sid ?? task.sid} ${type.slice(type.indexOf(".") + 1)}`,
    event_data: dataOf(world, event),
    event_date: isoDate(at),
    event_date_ms: Math.floor(at),
    event_type: type,
    resource_sid: about?.sid ?? task.sid,
    resource_type: about === undefined ? "task" : "reservation",
    resource_url: about === undefined ? own : `${own}/Reservations/${about.sid}`,
    sid,
    source: "twilio",
    source_ip_address: null,
    url: `${workspace}/Events/${sid}`,
    workspace_sid: task.workspaceSid
  }
}

/** Documented: it has what the event is about. Assumed: its keys, after those of the event callback. */
const dataOf = (world: World, { at, reservation, task, was }: Event) => ({
  workspace_sid: task.workspaceSid,
  workspace_name: world.workspaces.get(task.workspaceSid)?.name ?? "",
  task_sid: task.sid,
  task_attributes: was.attributes,
  task_assignment_status: was.status,
  task_age: `${Math.floor((at - task.created) / 1000)}`,
  task_priority: `${task.priority}`,
  task_queue_sid: named("WQ", task.queue),
  task_queue_name: task.queue,
  task_channel_sid: named("TC", task.taskChannel),
  task_channel_unique_name: task.taskChannel,
  workflow_sid: named("WW", workflow),
  workflow_name: workflow,
  ...(was.reason === null ? {} : { task_completed_reason: was.reason }),
  ...(reservation === undefined
    ? {}
    : {
        reservation_sid: reservation.sid,
        worker_sid: reservation.worker.sid,
        worker_name: reservation.worker.name,
        worker_attributes: JSON.stringify(reservation.worker.attributes),
        worker_activity_name: reservation.worker.activity
      })
})
