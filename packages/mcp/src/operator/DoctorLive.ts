/**
 * `doctor --live KD… UO…`: reads one real conversation, and reports what it shows of the points that Twilio's documents leave open and
 * this project assumes. It reads only; what only a change would show is said to be open.
 */
import {
  Channels,
  Events,
  type Participant,
  Participants,
  Tasks,
  TwilioClient,
  TwilioError,
  Workspace
} from "@flex-interactions/core"
import type { Sid } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { failed, type Found, ok, skipped } from "./Finding.ts"

/** Lists as Twilio gives them: core checks them against what was asked, and reads again what is left out. */
const listTasks = TwilioClient.endpoint({
  name: "Doctor.tasks",
  host: "taskrouter",
  method: "GET",
  path: "/v1/Workspaces/{WorkspaceSid}/Tasks",
  access: "read",
  rows: "tasks",
  perSecond: 3,
  reply: Schema.decodeUnknownResult(
    Schema.Struct({
      tasks: Schema.Array(
        Schema.Struct({ sid: Schema.String, attributes: Schema.optionalKey(Schema.NullOr(Schema.String)) })
      )
    })
  )
})

const listReservations = TwilioClient.endpoint({
  name: "Doctor.reservations",
  host: "taskrouter",
  method: "GET",
  path: "/v1/Workspaces/{WorkspaceSid}/Workers/{WorkerSid}/Reservations",
  access: "read",
  rows: "reservations",
  reply: Schema.decodeUnknownResult(
    Schema.Struct({
      reservations: Schema.Array(Schema.Struct({ sid: Schema.String, reservation_status: Schema.String }))
    })
  )
})

/** An agent whom the channel lists, and the reservation that its routing properties name. */
interface Agent {
  readonly taskSid: Sid.TaskSid
  readonly workerSid: Sid.WorkerSid | undefined
  readonly reservationSid: Sid.ReservationSid
  readonly status: string
}

const some = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`

const counted = (words: ReadonlyArray<string>): string =>
  [...new Set(words)].map((word) => `${words.filter((other) => other === word).length} ${word}`).join(", ") || "none"

const isGone = ({ reason }: TwilioError.TwilioError) => reason._tag === "NotFound"

/** What can't be read says so, and the others are read all the same. */
const told = <R>(self: Effect.Effect<Found, TwilioError.TwilioError, R>) =>
  Effect.catchTag(self, "TwilioError", ({ reason }) =>
    Effect.succeed(failed(reason.message, "This point stays open. Fix what the checks above say, and try again."))
  )

const byReading = (what: string): Found => skipped(`${what}: reading does not show it`)

/** The checks, each by its name, in order. */
export const checks = Effect.fnUntraced(function* (channel: Participant.ChannelRef) {
  const client = yield* TwilioClient.TwilioClient
  const tasks = yield* Tasks.Tasks
  const channels = yield* Channels.Channels
  const participants = yield* Participants.Participants
  const events = yield* Events.Events
  const workspace = yield* Workspace.Workspace

  const agentOf = Effect.fnUntraced(function* ({ routingProperties: routing }: Participant.Participant) {
    const { reservationSid, taskSid, workerSid } = routing ?? {}
    if (taskSid === undefined || reservationSid === undefined) return []
    const status = yield* tasks.reservation(taskSid, reservationSid).pipe(
      Effect.map(({ status = "without a status" }): string => status),
      Effect.catchIf(isGone, () => Effect.succeed("gone"))
    )
    return [{ taskSid, reservationSid, workerSid, status } satisfies Agent]
  })

  const agents = yield* Effect.cached(
    Effect.gen(function* () {
      const everyone = yield* participants.list(channel)
      const listed = everyone.filter(({ type }) => type === "agent")
      const known = yield* Effect.forEach(listed, agentOf, { concurrency: 4 })
      return { listed: listed.length, known: known.flat() }
    })
  )
  const gone = Effect.map(agents, ({ known }) => known.filter(({ status }) => status === "gone"))

  const conversation = Effect.gen(function* () {
    const { status = "without a status", type = "of no type" } = yield* channels.get(channel)
    const { known, listed } = yield* agents
    return ok(
      `the channel is ${status}, ${type}; it lists ${some(listed, "agent")}, ${some(known.length, "of them has", "of them have")} a reservation: ${counted(known.map(({ status }) => status))}`
    )
  })

  const departed = Effect.gen(function* () {
    const over = (yield* agents).known.filter(({ status }) => ["completed", "gone"].includes(status))
    return over.length === 0
      ? skipped("nobody who is listed has left: try a conversation that an agent has left")
      : ok(
          `agents who left stay listed: ${some(over.length, "agent")} here (${counted(over.map(({ status }) => status))})`
        )
  })

  const wrapping = Effect.gen(function* () {
    const [worker] = (yield* agents).known.flatMap(({ workerSid }) => workerSid ?? [])
    if (worker === undefined) return skipped("no agent with a worker is listed")
    const params = { workspaceSid: yield* workspace.sid, workerSid: worker }
    const { reservations } = yield* client.execute(listReservations, {
      params,
      query: { ReservationStatus: "wrapping", PageSize: "50" }
    })
    const others = reservations.filter(({ reservation_status }) => reservation_status !== "wrapping")
    return others.length > 0
      ? ok(
          `a worker's list takes the filter and ignores it: ${counted(reservations.map((row) => row.reservation_status))}`
        )
      : ok(`a worker's list takes the filter: ${some(reservations.length, "reservation")}, each wrapping`)
  })

  const inLists = Effect.gen(function* () {
    const params = { workspaceSid: yield* workspace.sid }
    const listed = yield* client.execute(listTasks, { params, query: { PageSize: "50" } })
    const without = listed.tasks.filter(({ attributes }) => attributes == null)
    return listed.tasks.length === 0
      ? skipped("the workspace has no task now")
      : ok(`of ${some(listed.tasks.length, "listed task")} ${listed.tasks.length - without.length} have attributes`)
  })

  const byExpression = Effect.gen(function* () {
    const params = { workspaceSid: yield* workspace.sid }
    const { tasks: listed } = yield* client.execute(listTasks, {
      params,
      query: { EvaluateTaskAttributes: `flexInteractionChannelSid == '${channel.channelSid}'`, PageSize: "50" }
    })
    const foreign = listed.filter(({ attributes }) => attributes != null && !attributes.includes(channel.channelSid))
    const known = new Set(listed.map(({ sid }) => sid))
    const missed = (yield* agents).known.filter(({ status, taskSid }) => status !== "gone" && !known.has(taskSid))
    if (foreign.length > 0) return ok(`taken, and ignored: ${some(foreign.length, "task")} of other channels came back`)
    return missed.length > 0
      ? ok(`taken, and ${some(missed.length, "task")} of listed agents did not come back`)
      : ok(`taken: ${some(listed.length, "task")}, all of this channel, and no listed agent's is missing`)
  })

  const invites = Effect.gen(function* () {
    const found = yield* channels.invites(channel)
    const compared = yield* Effect.forEach(
      found,
      Effect.fnUntraced(function* ({ routing }) {
        const { status: then = "without a status", taskSid } = routing?.properties ?? {}
        if (taskSid === undefined) return "without a task"
        const now = yield* tasks.get(taskSid).pipe(
          Effect.map(({ status = "without a status" }): string => status),
          Effect.catchIf(isGone, () => Effect.succeed("gone"))
        )
        return now === then ? `says ${then}, as its task does` : `says ${then}, and its task is ${now}`
      }),
      { concurrency: 4 }
    )
    return found.length === 0
      ? skipped("none is listed")
      : ok(`${some(found.length, "invite is", "invites are")} listed: ${counted(compared)}`)
  })

  const actors = Effect.gen(function* () {
    const { known } = yield* agents
    const [first] = known
    if (first === undefined) return skipped("no agent with a reservation is listed")
    const found = yield* Stream.runCollect(
      Stream.take(
        events.stream(
          { types: ["reservation.wrapup", "reservation.completed"], task: first.taskSid },
          { pageSize: 50 }
        ),
        50
      )
    )
    const words = found.map(
      ({ actorType = "no actor_type", source = "no source", type = "" }) => `${type} by ${actorType} from ${source}`
    )
    return words.length === 0
      ? skipped("the task of the first agent has no such event yet")
      : ok(`${counted(words)}; compare it with who did it`)
  })

  const outlived = Effect.gen(function* () {
    const [first] = yield* gone
    if (first === undefined) return skipped("the task of every listed agent is there")
    const { status = "without a status" } = yield* channels.get(channel)
    const ended = yield* Stream.runCollect(
      Stream.take(
        events.stream(
          { types: ["task.system-deleted", "task.completed", "task.canceled"], task: first.taskSid },
          { pageSize: 5 }
        ),
        5
      )
    )
    return ok(
      `a listed agent's task is gone, and the channel is ${status}; it ended by ${counted(ended.map(({ type = "" }) => type))}`
    )
  })

  const underWorker = Effect.gen(function* () {
    const { workerSid, reservationSid } = (yield* gone)[0] ?? {}
    if (workerSid === undefined) return skipped("the task of every listed agent is there")
    const params = { workspaceSid: yield* workspace.sid, workerSid }
    const { reservations } = yield* client.execute(listReservations, { params, query: { PageSize: "1000" } })
    return ok(
      reservations.some(({ sid }) => sid === reservationSid)
        ? "a reservation whose task is gone is still listed under its worker"
        : "a reservation whose task is gone is not among the last 1,000 of its worker"
    )
  })

  const restricted = Effect.map(participants.page(channel, { pageSize: 1 }), () =>
    ok("these credentials may read the Flex API; whether a restricted key may shows with one (expected: error 70051)")
  )

  const all: ReadonlyArray<readonly [string, Effect.Effect<Found, TwilioError.TwilioError>]> = [
    ["conversation", conversation],
    ["1 repeated status", Effect.succeed(byReading("closed twice, or wrapup for one who is wrapping"))],
    ["2 agents who left", departed],
    ["3 delay", Effect.succeed(byReading("how soon the reservation shows a change"))],
    ["4 filter wrapping", wrapping],
    ["5 attributes in lists", inLists],
    ["6 tasks by channel", byExpression],
    ["7 invites", invites],
    ["8 who changed it", actors],
    ["9 closed once more", Effect.succeed(byReading("closing a closed channel"))],
    ["10 inactive", Effect.succeed(byReading("inactive where Leave is switched off"))],
    ["11 restricted key", restricted],
    ["12 outlived tasks", outlived],
    ["13 old reservations", underWorker]
  ]
  return all.map(([name, found]) => [`live ${name}`, told(found)] as const)
})
