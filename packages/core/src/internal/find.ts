/**
 * Where conversations are found: a task, an interaction, a worker's reservations, all tasks in one state. Each is a list of
 * pages whose rows are read only when they are asked for, from the cheapest fact that a filter needs to the dearest.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Channels } from "../Channels.ts"
import { Ambiguous, type Cursor, type Involvement, type Page, type Query } from "../Conversation.ts"
import type { ChannelRef, Participant } from "../Participant.ts"
import type { Participants } from "../Participants.ts"
import * as Sid from "../Sid.ts"
import { channelOf, type Reservation, type Task, type Tasks } from "../Tasks.ts"
import { NotFound, TwilioError } from "../TwilioError.ts"
import type { Workers } from "../Workers.ts"
import { invalid } from "./invalid.ts"
import { type Look, seenAs, type Sight, sightOf } from "./look.ts"
import { standingIn } from "./proof.ts"

/** What has to be read for a row is read when it is run; `None`: it does not fit. */
type Row = Effect.Effect<Option.Option<Involvement>, TwilioError>

interface Rows {
  readonly rows: ReadonlyArray<Row>
  readonly next?: Cursor | undefined
}

/** Pages of rows, each of at most so many. */
type Source = (place: Cursor, size: number) => Effect.Effect<Rows, TwilioError>

/** An agent's part in a conversation, as far as it is known. */
interface Part {
  readonly taskSid?: Sid.TaskSid | undefined
  readonly reservationSid?: Sid.ReservationSid | undefined
  readonly workerSid?: Sid.WorkerSid | undefined
  readonly sight: Sight
}

/** So many rows are read at the same time: a usual page in two rounds. */
const concurrency = 10
/** A page that costs little before its first row. */
const streamedAtOnce = 20
/** One call reads no more pages of its source than this, however few rows fit. */
const pagesPerCall = 5
const maxLimit = 1000
/** More people than this with one name are not counted. */
const namesakes = 100

const operation = "Conversations.find"
const wrong = (problem: string) => Effect.fail(invalid(operation, problem))

/** The status of a reservation, and of its task, with this standing. */
const statuses = {
  active: { reservation: "accepted", task: "assigned" },
  wrapping: { reservation: "wrapping", task: "wrapping" }
} as const

/** Those who were asked and did not come have no part in the conversation. */
const hasPart = ({ status = "" }: Reservation) => !["rejected", "timeout", "canceled", "rescinded"].includes(status)

const partOf = (reservation: Reservation): Part => ({
  taskSid: reservation.taskSid,
  reservationSid: reservation.sid,
  workerSid: reservation.workerSid,
  sight: sightOf(reservation)
})

const involvement = ({
  channel,
  channelType,
  part,
  participant,
  task
}: {
  readonly channel: ChannelRef | undefined
  readonly channelType: string | undefined
  readonly part: Part | undefined
  readonly participant: Participant | undefined
  readonly task: Task | undefined
}): Involvement => ({
  ...defined({
    taskSid: part?.taskSid ?? task?.sid,
    reservationSid: part?.reservationSid,
    workerSid: part?.workerSid,
    interactionSid: channel?.interactionSid,
    channelSid: channel?.channelSid,
    participantSid: participant?.sid
  }),
  ...(part === undefined ? undefined : seenAs(part.sight)),
  ...defined({
    taskStatus: task?.status,
    channelType: task?.attributes?.channelType ?? channelType,
    queue: task?.taskQueueFriendlyName
  })
})

/** Without the keys that have no value. */
const defined = <A extends object>(record: A) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof A]?: Exclude<A[K], undefined>
  }

const isSame = (one: string | undefined, other: string | undefined) =>
  one !== undefined && one.toLowerCase() === other?.toLowerCase()

/** Is this participant the agent with that part? */
const plays =
  ({ reservationSid, taskSid }: Part) =>
  ({ routingProperties: routing, type }: Participant) =>
    type === "agent" && (isSame(routing?.reservationSid, reservationSid) || isSame(routing?.taskSid, taskSid))

export const make = (services: {
  readonly channels: Channels["Service"]
  readonly look: Look
  readonly participants: Participants["Service"]
  readonly tasks: Tasks["Service"]
  readonly workers: Workers["Service"]
}) => {
  const { channels, look, participants, tasks, workers } = services

  /** The worker with this SID, friendly name, e-mail address or full name. */
  const workerOf = Effect.fnUntraced(function* (name: string) {
    const sid = Sid.parse("WK", name)
    if (Result.isSuccess(sid)) return sid.success
    const found = yield* workers.find(name, { limit: namesakes })
    const [worker, ...others] = found
    if (worker?.sid === undefined) {
      return yield* new TwilioError({
        operation,
        reason: new NotFound({
          problem: `no worker has the SID, friendly name, e-mail address or full name ${JSON.stringify(name.slice(0, 100))}`
        })
      })
    }
    if (others.length > 0) {
      const candidates = found.slice(0, 10).map(({ attributes, friendlyName, sid }) => ({
        ...(sid === undefined ? undefined : { sid }),
        ...(friendlyName === undefined ? undefined : { friendlyName }),
        ...(attributes?.fullName === undefined ? undefined : { fullName: attributes.fullName })
      }))
      return yield* new Ambiguous({ name: name.slice(0, 100), candidates, total: found.length })
    }
    return worker.sid
  })

  /** Does the agent's part fit? What can't be read does not fit, and is an error rather than a row too few. */
  const fitsPart = Effect.fnUntraced(function* (query: Query, workerSid: string | undefined, part: Part | undefined) {
    const { longerThan, standing, worker } = query
    if (worker !== undefined && !isSame(part?.workerSid, workerSid)) return false
    if (standing === undefined && longerThan === undefined) return true
    if (part === undefined) return false
    const { at, read, unseen } = part.sight
    if (unseen !== undefined) return yield* new TwilioError({ operation, reason: unseen })
    if (standing !== undefined && standingIn(read) !== standing) return false
    if (longerThan === undefined) return true
    if (read === undefined || read === "gone" || read.updated === undefined || at === undefined) return false
    return Duration.isGreaterThanOrEqualTo(DateTime.distance(read.updated, at), Duration.fromInputUnsafe(longerThan))
  })

  /** A row, read from the cheapest fact that a filter needs to the dearest. */
  const rowOf = (
    query: Query,
    workerSid: string | undefined,
    given: {
      readonly part: Effect.Effect<Part | undefined, TwilioError>
      readonly task: (part: Part | undefined) => Effect.Effect<Task | undefined, TwilioError>
      readonly participant?: Participant
      readonly channelType?: string | undefined
    }
  ): Row =>
    Effect.gen(function* () {
      const part = yield* given.part
      if (!(yield* fitsPart(query, workerSid, part))) return Option.none()
      if (query.queues !== undefined && part?.sight.unseen !== undefined) {
        return yield* new TwilioError({ operation, reason: part.sight.unseen })
      }
      const task = yield* given.task(part)
      if (query.queues !== undefined && !query.queues.includes(task?.taskQueueFriendlyName ?? "")) return Option.none()
      const channel = given.participant ?? (task === undefined ? undefined : Result.getOrUndefined(channelOf(task)))
      if (query.interaction !== undefined && !isSame(query.interaction, channel?.interactionSid)) return Option.none()
      const participant =
        given.participant ??
        (channel === undefined || part === undefined ? undefined : yield* participantOf(channel, part))
      return Option.some(involvement({ channel, part, participant, task, channelType: given.channelType }))
    })

  /** The participant who plays the part, unless nobody in the channel's list does, or the channel is gone. */
  const participantOf = (channel: ChannelRef, part: Part) =>
    participants.stream(channel).pipe(
      Stream.filter(plays(part)),
      Stream.runHead,
      Effect.map(Option.getOrUndefined),
      Effect.catchIf(isGone("Participants.list"), () => Effect.succeed(undefined))
    )

  /** A list may leave attributes out, and a task may be gone since. */
  const whole = (taskSid: Sid.TaskSid | undefined, task?: Task): Effect.Effect<Task | undefined, TwilioError> => {
    if (task?.attributes !== undefined || taskSid === undefined) return Effect.succeed(task)
    return tasks.get(taskSid).pipe(Effect.catchIf(isGone("Tasks.get"), () => Effect.succeed(task)))
  }

  const ofTask = (query: Query, worker: string | undefined, taskSid: Sid.TaskSid): Source =>
    Effect.fnUntraced(function* () {
      const [task, reservations] = yield* Effect.all([tasks.get(taskSid), tasks.reservations(taskSid)], {
        concurrency: 2
      })
      const parts = reservations.filter(hasPart).map(partOf)
      const rows = (parts.length === 0 ? [undefined] : parts).map((part) =>
        rowOf(query, worker, { part: Effect.succeed(part), task: () => Effect.succeed(task) })
      )
      return { rows }
    })

  const ofInteraction = (query: Query, worker: string | undefined, interaction: Sid.InteractionSid): Source =>
    Effect.fnUntraced(function* (place, size) {
      const { list = 0, ...cursor } = place
      const found = yield* channels.list(interaction)
      const channel = found[list]
      if (channel?.channelSid === undefined) return { rows: [] }
      const ref = { interactionSid: interaction, channelSid: channel.channelSid }
      const page = yield* participants.page(ref, { pageSize: size, ...(isStart(cursor) ? undefined : { cursor }) })
      const rows = page.items
        .filter(({ type }) => type === "agent")
        .map((participant) => {
          const { reservationSid, taskSid, workerSid } = participant.routingProperties ?? {}
          return rowOf(query, worker, {
            participant,
            channelType: channel.type,
            part: Effect.map(look.agent(participant), (sight) => ({ taskSid, reservationSid, workerSid, sight })),
            task: ({ sight } = { sight: { isAsked: false, read: undefined } }) =>
              sight.read === undefined || sight.read === "gone" ? Effect.succeed(undefined) : whole(taskSid)
          })
        })
      const more = list + 1 < found.length ? { list: list + 1 } : undefined
      return { rows, next: page.next === undefined ? more : { list, ...page.next } }
    })

  const ofWorker = (query: Query, worker: Sid.WorkerSid): Source => {
    const lists = query.standing === undefined ? (["active", "wrapping"] as const) : [query.standing]
    return Effect.fnUntraced(function* (place, size) {
      const { list = 0, ...cursor } = place
      const standing = lists[list]
      if (standing === undefined) return { rows: [] }
      const page = yield* workers.reservationsPage(worker, statuses[standing].reservation, {
        pageSize: size,
        ...(isStart(cursor) ? undefined : { cursor })
      })
      const rows = page.items.map((reservation) =>
        rowOf(query, worker, {
          part: Effect.succeed(partOf(reservation)),
          task: () => whole(reservation.taskSid)
        })
      )
      const more = list + 1 < lists.length ? { list: list + 1 } : undefined
      return { rows, next: page.next === undefined ? more : { list, ...page.next } }
    })
  }

  /**
   * All tasks that are assigned, or wrapping, queue by queue where the query names some. Those that are younger than what is
   * looked for come last, and are not read.
   */
  const ofStanding = (query: Query, standing: "active" | "wrapping"): Source => {
    const queues = query.queues === undefined ? [undefined] : [...new Set(query.queues)]
    return Effect.fnUntraced(function* (place, size) {
      const { list = 0, ...cursor } = place
      if (list >= queues.length) return { rows: [] }
      const queue = queues[list]
      const page = yield* tasks.page(
        { statuses: [statuses[standing].task], ...(queue === undefined ? undefined : { taskQueueName: queue }) },
        { pageSize: size, ...(isStart(cursor) ? undefined : { cursor }) }
      )
      const rows = page.items.flatMap((task) => {
        const { sid } = task
        if (sid === undefined) return []
        const part = tasks.reservations(sid).pipe(
          // A task that ended meanwhile has no part that fits.
          Effect.catchIf(isGone("Tasks.reservations"), () => Effect.succeed([])),
          Effect.map((reservations) =>
            reservations.map(partOf).findLast(({ sight }) => standingIn(sight.read) === standing)
          )
        )
        return [rowOf(query, undefined, { part, task: () => whole(sid, task) })]
      })
      const last = page.items.at(-1)
      const areYounger =
        query.longerThan !== undefined &&
        last?.dateCreated !== undefined &&
        last.asOf !== undefined &&
        Duration.isLessThan(DateTime.distance(last.dateCreated, last.asOf), Duration.fromInputUnsafe(query.longerThan))
      const more = list + 1 < queues.length ? { list: list + 1 } : undefined
      return { rows, next: areYounger || page.next === undefined ? more : { list, ...page.next } }
    })
  }

  /** The source that costs least for this query; the rest of the query are filters. */
  const sourceOf = Effect.fnUntraced(function* (query: Query) {
    yield* check(query)
    const worker = query.worker === undefined ? undefined : yield* workerOf(query.worker)
    if (query.task !== undefined) return ofTask(query, worker, query.task)
    if (query.interaction !== undefined) return ofInteraction(query, worker, query.interaction)
    if (worker !== undefined) return ofWorker(query, worker)
    return query.standing === undefined ? yield* wrong(atLeastOne) : ofStanding(query, query.standing)
  })

  const stream = (query: Query): Stream.Stream<Involvement, TwilioError | Ambiguous> =>
    Stream.unwrap(
      Effect.map(sourceOf(query), (source) =>
        Stream.paginate({} as Cursor, (place) =>
          Effect.map(source(place, streamedAtOnce), ({ next, rows }) => [rows, Option.fromUndefinedOr(next)] as const)
        )
      )
    ).pipe(
      Stream.mapEffect((row) => row, { concurrency }),
      Stream.filterMap((found) => Option.match(found, { onNone: () => Result.failVoid, onSome: Result.succeed }))
    )

  const page = Effect.fnUntraced(function* (
    query: Query,
    options: { readonly limit?: number; readonly cursor?: Cursor }
  ): Effect.fn.Return<Page, TwilioError | Ambiguous> {
    const { cursor = {}, limit = streamedAtOnce } = options
    if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit) {
      return yield* wrong(`limit: expected a whole number from 1 to ${maxLimit}`)
    }
    const source = yield* sourceOf(query)
    const conversations: Array<Involvement> = []
    // A token is for pages of one size: it stays the same, and what is left of a page is for the next call.
    let { size = limit, skip = 0, ...place } = cursor
    for (let pages = 1; ; pages++) {
      const { next, rows } = yield* source(place, size)
      while (skip < rows.length && conversations.length < limit) {
        const some = rows.slice(skip, skip + limit - conversations.length)
        for (const row of yield* Effect.forEach(some, (row) => row, { concurrency })) {
          if (Option.isSome(row)) conversations.push(row.value)
        }
        skip += some.length
      }
      if (skip < rows.length) return { conversations, next: { ...place, size, skip } }
      if (next === undefined) return { conversations }
      if (conversations.length >= limit || pages >= pagesPerCall) return { conversations, next: { ...next, size } }
      place = next
      skip = 0
    }
  })

  return { stream, page }
}

/** Twilio's own 404 of this endpoint: that of a gateway, or of the workspace, does not say that it is gone. */
const isGone =
  (endpoint: string) =>
  ({ operation, reason }: TwilioError): boolean =>
    operation === endpoint && reason._tag === "NotFound" && reason.code !== undefined

const isStart = ({ page, pageToken }: Cursor) => page === undefined && pageToken === undefined

const atLeastOne = "query: expected at least one of task, interaction, worker and standing"

const isSpan = (input: Duration.Input) => {
  const span = Duration.fromInput(input)
  return Option.isSome(span) && Duration.isGreaterThanOrEqualTo(span.value, Duration.zero)
}

/** Types are gone at run time. */
const check = ({ interaction, longerThan, queues, standing, task, worker }: Query) => {
  const checks: ReadonlyArray<readonly [given: unknown, problem: string | undefined]> = [
    [task, named("task", Sid.problem("WT", task))],
    [interaction, named("interaction", Sid.problem("KD", interaction))],
    [standing, standing === "active" || standing === "wrapping" ? undefined : "standing: expected active or wrapping"],
    [worker, worker?.trim() === "" ? "worker: expected a SID or a name, got an empty string" : undefined],
    [
      longerThan,
      longerThan === undefined || isSpan(longerThan) ? undefined : "longerThan: expected a duration, zero or more"
    ],
    [queues, queues?.length === 0 ? "queues: expected the name of at least one" : undefined]
  ]
  const problem = checks.find(([given, problem]) => given !== undefined && problem !== undefined)?.[1]
  return problem === undefined ? Effect.void : wrong(problem)
}

const named = (name: string, problem: string | undefined) => (problem === undefined ? undefined : `${name}: ${problem}`)
