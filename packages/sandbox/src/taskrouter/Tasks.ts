/** Tasks: list, fetch, and ending one by hand. */
import { form, parsed } from "../Form.ts"
import { list, rows } from "../Paging.ts"
import type { Answer } from "../Reply.ts"
import type { Call, Route } from "../Router.ts"
import { isOver, setReservation, setTask, workflow } from "../Rules.ts"
import { named } from "../Sid.ts"
import type { OwnTask, Task, TaskStatus, World } from "../World.ts"
import { isoDate } from "./Dates.ts"
import { compile } from "./Expression.ts"

const path = "/v1/Workspaces/{WorkspaceSid}/Tasks"

const statuses: ReadonlyArray<string> = ["pending", "reserved", "assigned", "wrapping", "completed", "canceled"]

/** Documented: where a status may come from, when it is set by hand. */
const from: Partial<Record<string, ReadonlyArray<TaskStatus>>> = {
  wrapping: ["assigned"],
  completed: ["assigned", "wrapping"],
  canceled: ["pending", "reserved"]
}

export const routes = (world: World): ReadonlyArray<Route> => {
  /**
   * Documented: the filters and `Ordering`. Assumed: a value that does not exist, an expression or an order that is none, is 400; `Priority`,
   * `RoutingTarget` and the filters by queue and workflow compare exactly; `HasAddons` finds nothing.
   */
  const listed = (call: Call): Answer => {
    const { reply, sid, url } = call
    const workspaceSid = sid("WorkspaceSid")
    if (!world.workspaces.has(workspaceSid)) return reply.notFound()
    const query = (name: string) => url.searchParams.get(name)
    const asked = url.searchParams.getAll("AssignmentStatus").flatMap((value) => value.split(","))
    const wrong = asked.find((status) => !statuses.includes(status))
    if (wrong !== undefined) return reply.invalid(`AssignmentStatus must be one of: ${statuses.join(", ")}`)
    const expression = query("EvaluateTaskAttributes")
    const fits = expression === null ? () => true : compile(expression)
    if (fits === undefined) return reply.invalid("EvaluateTaskAttributes is not valid")
    const compare = orderOf(query("Ordering") ?? "DateCreated:asc")
    if (compare === undefined) return reply.invalid("Ordering is not valid")
    const exact = (name: string, value: string | null) => query(name) === null || query(name) === value
    const all = [...world.tasks.values()]
      .filter(
        (task) =>
          task.workspaceSid === workspaceSid &&
          (asked.length === 0 || asked.includes(task.status)) &&
          exact("Priority", `${task.priority}`) &&
          exact("TaskQueueName", task.queue) &&
          exact("TaskQueueSid", named("WQ", task.queue)) &&
          exact("WorkflowName", workflow) &&
          exact("WorkflowSid", named("WW", workflow)) &&
          exact("RoutingTarget", task.routingTarget) &&
          exact("HasAddons", "false") &&
          fits(parsed(task.attributes) ?? {})
      )
      .sort(compare)
    return list(call, world.settings, "tasks", rows(all, world.taken, "WT"), (task) => ({
      ...resource(world, url, task),
      ...(world.settings.listAttributes === "null" ? { attributes: null } : {})
    }))
  }

  const taskOf = ({ sid }: Call): OwnTask | undefined => {
    const task = world.tasks.get(sid("Sid"))
    return task?.workspaceSid === sid("WorkspaceSid") ? task : undefined
  }

  const shown = (call: Call, task: Task, note: string): Answer => ({
    response: Response.json(resource(world, call.url, task), { headers: { ETag: etag(task) } }),
    note
  })

  /**
   * Documented: `If-Match`, 412 if it is another version; a status and attributes are two requests; 20001 for a task in another state
   * (seen). Its reservation follows (documented for wrapping and completed).
   */
  const update = async (call: Call): Promise<Answer> => {
    const { reply, request } = call
    const task = taskOf(call)
    if (task === undefined) return reply.notFound()
    const stale = staleness(call, task)
    if (stale !== undefined) return stale
    const fields = await form(request)
    if (fields === undefined) return reply.tooLarge()
    const [status, attributes, reason] = ["AssignmentStatus", "Attributes", "Reason"].map((name) => fields.get(name))
    if (typeof status === "string" && typeof attributes === "string") {
      return reply.invalid("AssignmentStatus and Attributes cannot be updated in one request")
    }
    const at = world.clock.now()
    if (typeof attributes === "string") {
      if (parsed(attributes) === undefined) return reply.invalid("Attributes must be JSON")
      task.attributes = attributes
      task.updated = at
      task.version += 1
      return shown(call, task, "attributes changed")
    }
    if (typeof status !== "string") return shown(call, task, "nothing changed")
    const before = task.status
    if (from[status]?.includes(before) !== true) {
      return reply.invalid(
        `Cannot update task ${task.sid} because it is not in a state that allows ${status}, it is ${before}`
      )
    }
    const reservation = task.reservations.findLast(({ status }) => !isOver(status))
    if (status === "canceled" && reservation !== undefined) setReservation(world, reservation, "canceled", at)
    if (status === "wrapping" && reservation !== undefined) setReservation(world, reservation, "wrapping", at)
    if (status === "completed" && reservation !== undefined) setReservation(world, reservation, "completed", at)
    setTask(world, task, status as TaskStatus, at, reason ?? undefined)
    return shown(call, task, `task ${before} -> ${task.status}`)
  }

  return [
    { host: "taskrouter", resource: "tasks", method: "GET", path, isList: true, answer: listed },
    {
      host: "taskrouter",
      resource: "tasks",
      method: "GET",
      path: `${path}/{Sid}`,
      sid: "WT",
      answer: (call) => {
        const task = taskOf(call)
        return task === undefined ? call.reply.notFound() : shown(call, task, task.status)
      }
    },
    { host: "taskrouter", resource: "tasks", method: "POST", path: `${path}/{Sid}`, sid: "WT", answer: update }
  ]
}

/** Documented: an ETag for optimistic concurrency. Assumed: it counts the changes. */
export const etag = ({ version }: { readonly version: number }): string => `"${version}"`

/** Documented: 412 if `If-Match` names another version. */
export const staleness = ({ reply, request }: Call, row: { readonly version: number }): Answer | undefined => {
  const wanted = request.headers.get("if-match")
  if (wanted === null || wanted === "*" || wanted === etag(row)) return undefined
  return reply.error(412, 20412, "The resource was changed meanwhile", { ETag: etag(row) })
}

type Compare = (a: Task, b: Task) => number
const orders: Readonly<Record<string, Compare>> = {
  DateCreated: (a, b) => a.created - b.created,
  VirtualStartTime: (a, b) => a.created - b.created,
  Priority: (a, b) => a.priority - b.priority
}

/** Documented: one of three, or two but for both dates, each `asc` or `desc`. */
const orderOf = (ordering: string): Compare | undefined => {
  const parts = ordering
    .split(",")
    .map((part) => /^(DateCreated|VirtualStartTime|Priority):(asc|desc)$/u.exec(part.trim()))
  const names = new Set(parts.map((part) => part?.[1]))
  if (names.has(undefined) || (names.has("DateCreated") && names.has("VirtualStartTime"))) return undefined
  return (a, b) => {
    for (const part of parts) {
      const order = orders[part?.[1] ?? ""]?.(a, b) ?? 0
      if (order !== 0) return part?.[2] === "desc" ? -order : order
    }
    return 0
  }
}

/** Documented: the fields. A task names no worker. */
const resource = (world: World, { origin }: URL, task: Task) => {
  const workspace = `${origin}/v1/Workspaces/${task.workspaceSid}`
  const own = `${workspace}/Tasks/${task.sid}`
  const [queue, flow] = [named("WQ", task.queue), named("WW", workflow)]
  return {
    account_sid: world.accountSid,
    age: Math.floor((world.clock.now() - task.created) / 1000),
    assignment_status: task.status,
    attributes: task.attributes as string | null,
    addons: "{}",
    date_created: isoDate(task.created),
    date_updated: isoDate(task.updated),
    task_queue_entered_date: isoDate(task.created),
    priority: task.priority,
    reason: task.reason,
    sid: task.sid,
    task_queue_sid: queue,
    task_queue_friendly_name: task.queue,
    task_channel_sid: named("TC", task.taskChannel),
    task_channel_unique_name: task.taskChannel,
    timeout: 86_400,
    workflow_sid: flow,
    workflow_friendly_name: workflow,
    workspace_sid: task.workspaceSid,
    url: own,
    links: {
      task_queue: `${workspace}/TaskQueues/${queue}`,
      workflow: `${workspace}/Workflows/${flow}`,
      workspace,
      reservations: `${own}/Reservations`
    },
    virtual_start_time: isoDate(task.created),
    ignore_capacity: false,
    routing_target: task.routingTarget
  }
}
