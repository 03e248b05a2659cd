/** Reservations, of a task and of a worker: list, fetch, and moving one by hand. */
import { form } from "../Form.ts"
import { list, rows } from "../Paging.ts"
import type { Answer } from "../Reply.ts"
import type { Call, Route } from "../Router.ts"
import { accept, setReservation } from "../Rules.ts"
import type { Reservation, ReservationStatus, World } from "../World.ts"
import { isoDate } from "./Dates.ts"
import { etag, staleness } from "./Tasks.ts"

const ofTask = "/v1/Workspaces/{WorkspaceSid}/Tasks/{TaskSid}/Reservations"
const ofWorker = "/v1/Workspaces/{WorkspaceSid}/Workers/{WorkerSid}/Reservations"

/** Documented. */
const statuses: ReadonlySet<string> = new Set([
  "pending",
  "accepted",
  "rejected",
  "timeout",
  "canceled",
  "rescinded",
  "wrapping",
  "completed"
])

/** Documented: where a status may come from, when it is set by hand. */
const from: Partial<Record<string, ReadonlyArray<ReservationStatus>>> = {
  accepted: ["pending"],
  rejected: ["pending"],
  wrapping: ["accepted"],
  completed: ["accepted", "wrapping"]
}

export const routes = (world: World): ReadonlyArray<Route> => {
  /** The task or worker that the path names. */
  const ownerOf = ({ sid }: Call) => {
    const owner = world.tasks.get(sid("TaskSid")) ?? world.workers.get(sid("WorkerSid"))
    return owner?.workspaceSid === sid("WorkspaceSid") ? owner : undefined
  }
  const reservationOf = (call: Call): Reservation | undefined =>
    ownerOf(call)?.reservations.find(({ sid }) => sid === call.sid("Sid"))

  /** Documented: the filters. Assumed: a status that does not exist is 400; the oldest comes first. By setting: `wrapping`. */
  const listed = (call: Call): Answer => {
    const { reply, url } = call
    const owner = ownerOf(call)
    if (owner === undefined) return reply.notFound()
    const [status, workerSid] = ["ReservationStatus", "WorkerSid"].map((name) => url.searchParams.get(name))
    const { wrappingFilter } = world.settings
    if (
      typeof status === "string" &&
      (!statuses.has(status) || (status === "wrapping" && wrappingFilter === "refused"))
    ) {
      return reply.invalid("ReservationStatus is not valid")
    }
    const wanted = status === "wrapping" && wrappingFilter === "ignored" ? null : status
    const all = owner.reservations.filter(
      (reservation) =>
        (wanted === null || reservation.status === wanted) &&
        (workerSid === null || reservation.worker.sid === workerSid)
    )
    return list(call, world.settings, "reservations", rows(all, world.taken, "WR"), (row) => resource(world, url, row))
  }

  const shown = (call: Call, reservation: Reservation, note: string): Answer => ({
    response: Response.json(resource(world, call.url, reservation), { headers: { ETag: etag(reservation) } }),
    note
  })
  const fetched = (call: Call): Answer => {
    const reservation = reservationOf(call)
    if (reservation === undefined) return call.reply.notFound()
    return shown(call, reservation, `${reservation.worker.name}: ${reservation.status}`)
  }

  /**
   * Documented: `ReservationStatus`, `If-Match`; 20001 for a reservation in another state (seen). So a supervisor ends the work of an agent who
   * stays in the conversation: the participant is as it was.
   */
  const update = async (call: Call): Promise<Answer> => {
    const { reply, request } = call
    const reservation = reservationOf(call)
    if (reservation === undefined) return reply.notFound()
    const stale = staleness(call, reservation)
    if (stale !== undefined) return stale
    const fields = await form(request)
    if (fields === undefined) return reply.tooLarge()
    const status = fields.get("ReservationStatus")
    if (status === null) return shown(call, reservation, "nothing changed")
    const before = reservation.status
    if (from[status]?.includes(before) !== true) {
      return reply.invalid(`Cannot update reservation ${reservation.sid} to ${status}, it is ${before}`)
    }
    const at = world.clock.now()
    if (status === "accepted") accept(world, reservation, at)
    else setReservation(world, reservation, status as ReservationStatus, at)
    return shown(call, reservation, `reservation ${before} -> ${reservation.status}`)
  }

  return [ofTask, ofWorker].flatMap((path): ReadonlyArray<Route> => {
    const one = { host: "taskrouter", resource: "reservations", path: `${path}/{Sid}`, sid: "WR" } as const
    return [
      { host: "taskrouter", resource: "reservations", method: "GET", path, isList: true, answer: listed },
      { ...one, method: "GET", answer: fetched },
      { ...one, method: "POST", answer: update }
    ]
  })
}

/** Documented: the fields. Assumed: its address is that below its task. */
const resource = (world: World, { origin }: URL, reservation: Reservation) => {
  const workspace = `${origin}/v1/Workspaces/${reservation.task.workspaceSid}`
  const task = `${workspace}/Tasks/${reservation.task.sid}`
  return {
    account_sid: world.accountSid,
    date_created: isoDate(reservation.created),
    date_updated: isoDate(reservation.updated),
    reservation_status: reservation.status,
    sid: reservation.sid,
    task_sid: reservation.task.sid,
    worker_name: reservation.worker.name,
    worker_sid: reservation.worker.sid,
    workspace_sid: reservation.task.workspaceSid,
    url: `${task}/Reservations/${reservation.sid}`,
    links: { task, worker: `${workspace}/Workers/${reservation.worker.sid}`, workspace }
  }
}
