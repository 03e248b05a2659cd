/**
 * What a sweep would do, found with few requests: lists of a thousand rows for those who do not matter, and at most three
 * requests for each who does. Who is company for a customer is read once, from one list of all tasks that are open, and not from each
 * channel. Nothing is sent that changes anything.
 *
 * The lists are read first, and only who may matter is kept of them: memory does not grow with the contact centre. Then each is looked at,
 * one after the other, and is planned before the next ones are looked at.
 */
import {
  Channels,
  Conversation,
  Conversations,
  Events,
  Participant,
  Participants,
  Tasks,
  TwilioError,
  Workers,
  type Sid
} from "@flex-interactions/core"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { Row } from "./Row.ts"
import type { Rules } from "./Rules.ts"

/** So many requests at the same time. */
const concurrency = 8
/** Who may matter, as the lists say: a task, and what is known of its agent. */
interface Found {
  readonly channel: Participant.ChannelRef
  readonly taskSid: Sid.TaskSid
  readonly queue: string | undefined
  /** By the rule about a worker. */
  readonly ofWorker?: Pick<Candidate, "action" | "standing" | "reservation">
}

/** A conversation in which a task ended, and when the last one did. */
interface Ended {
  readonly channel: Participant.ChannelRef
  readonly queue: string | undefined
  at: number
}

/** An agent's part in a conversation that a rule is about. */
interface Candidate {
  readonly rule: "wrapping" | "worker"
  readonly action: Participant.ParticipantStatus
  readonly standing: "active" | "wrapping"
  readonly channel: Participant.ChannelRef
  readonly reservation: Tasks.Reservation
  readonly taskSid: Sid.TaskSid
  readonly queue: string | undefined
}

/** A task that is open, of a channel that matters. */
interface Open {
  readonly taskSid: Sid.TaskSid | undefined
  readonly isYoung: boolean
  readonly status: string
}

/** Which tasks are open in the channels that may matter; without `isWhole` the list left out attributes, and nobody can tell. */
interface Company {
  readonly open: ReadonlyMap<string, ReadonlyArray<Open>>
  readonly isWhole: boolean
}

/** A plan as it is made. */
export interface Plan {
  /** How many are looked at, of whom some turn out not to matter. */
  readonly found: number
  /** What is to be done about each of these. */
  readonly rows: Stream.Stream<ReadonlyArray<Row>, TwilioError.TwilioError>
}

const ago = (from: DateTime.Utc | undefined, to: DateTime.Utc | undefined) =>
  from === undefined || to === undefined ? undefined : DateTime.distance(from, to)

const isAtLeast = (age: Duration.Duration | undefined, bound: Duration.Duration) =>
  age !== undefined && Duration.isGreaterThanOrEqualTo(age, bound)

const minutesOf = (age: Duration.Duration | undefined) =>
  age === undefined ? undefined : Math.floor(Duration.toMinutes(age))

/** An absent one is no error: it went while the sweep ran. */
const orGone = <A, R>(self: Effect.Effect<A, TwilioError.TwilioError, R>) =>
  self.pipe(
    Effect.map(Option.some),
    Effect.catchReason("TwilioError", "NotFound", (_, error) =>
      // Not the 404 of the workspace.
      /tasks|reservations?|channel|participants/iu.test(error.operation) ? Effect.succeedNone : Effect.fail(error)
    )
  )

/** One who can't be read is a row that says so: others may fare better, but not with credentials that are refused. */
const orFailed =
  (row: () => Omit<Row, "why" | "customerAlone">) =>
  <R>(self: Effect.Effect<ReadonlyArray<Row>, TwilioError.TwilioError, R>) =>
    self.pipe(
      Effect.catch((error): Effect.Effect<ReadonlyArray<Row>, TwilioError.TwilioError> =>
        error.reason._tag === "Unauthorized" || error.reason._tag === "Forbidden"
          ? Effect.fail(error)
          : Effect.sync(() => [
              { ...row(), why: "could not be read", customerAlone: "unknown", result: "failed", detail: error.message }
            ])
      )
    )

/** Without the keys that have no value. */
const defined = <A extends object>(record: A) =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as {
    readonly [K in keyof A]?: Exclude<A[K], undefined>
  }

export const make = Effect.gen(function* () {
  const channels = yield* Channels.Channels
  const conversations = yield* Conversations.Conversations
  const events = yield* Events.Events
  const participants = yield* Participants.Participants
  const tasks = yield* Tasks.Tasks
  const workers = yield* Workers.Workers

  /** A list may leave attributes out; then the task is read alone. */
  const channelOf = Effect.fnUntraced(function* (task: Tasks.Task) {
    const found = Tasks.channelOf(task)
    if (Result.isSuccess(found)) return found.success
    if (found.failure !== "attributes not read" || task.sid === undefined) return undefined
    const whole = yield* orGone(tasks.get(task.sid))
    return Option.getOrUndefined(
      Option.flatMap(whole, (whole) => Option.fromUndefinedOr(Result.getOrUndefined(Tasks.channelOf(whole))))
    )
  })

  const inQueues = ({ queues }: Rules, name: string | undefined) => queues.length === 0 || queues.includes(name ?? "")

  /** Tasks in wrap-up that are old enough. The list has the oldest first: the first that is too young ends it. */
  const wrapping = (rules: Rules, longerThan: Duration.Duration, handled: ReadonlySet<string>) =>
    tasks.stream({ statuses: ["wrapping"] }).pipe(
      Stream.takeWhile(
        ({ asOf, dateCreated }) => dateCreated === undefined || isAtLeast(ago(dateCreated, asOf), longerThan)
      ),
      Stream.filter(
        ({ sid, taskQueueFriendlyName }) =>
          sid !== undefined && !handled.has(sid) && inQueues(rules, taskQueueFriendlyName)
      ),
      Stream.mapEffect(
        (task) =>
          Effect.map(channelOf(task), (channel): ReadonlyArray<Found> =>
            channel === undefined || task.sid === undefined
              ? []
              : [{ channel, taskSid: task.sid, queue: task.taskQueueFriendlyName }]
          ),
        { concurrency }
      ),
      Stream.flattenIterable
    )

  /** The conversations of a worker that the action would change. */
  const ofWorker = (
    rules: Rules,
    { action, name }: NonNullable<Rules["worker"]>
  ): Stream.Stream<Found, TwilioError.TwilioError | Conversation.Ambiguous> =>
    Stream.unwrap(
      Effect.map(oneWorker(name), (sid) =>
        Stream.fromIterable(action === "wrapup" ? (["active"] as const) : (["active", "wrapping"] as const)).pipe(
          Stream.flatMap((standing) =>
            workers.reservations(sid, standing === "active" ? "accepted" : "wrapping").pipe(
              Stream.mapEffect(
                Effect.fnUntraced(function* (reservation): Effect.fn.Return<
                  ReadonlyArray<Found>,
                  TwilioError.TwilioError
                > {
                  const { taskSid } = reservation
                  if (taskSid === undefined) return []
                  const task = Option.getOrUndefined(yield* orGone(tasks.get(taskSid)))
                  if (task === undefined || !inQueues(rules, task.taskQueueFriendlyName)) return []
                  const channel = Result.getOrUndefined(Tasks.channelOf(task))
                  const queue = task.taskQueueFriendlyName
                  return channel === undefined
                    ? []
                    : [{ channel, taskSid, queue, ofWorker: { action, standing, reservation } }]
                }),
                { concurrency }
              ),
              Stream.flattenIterable
            )
          )
        )
      )
    )

  const oneWorker = Effect.fnUntraced(function* (name: string) {
    const found = yield* workers.find(name, { limit: 100 })
    const [worker, ...others] = found
    if (worker?.sid === undefined) {
      return yield* new TwilioError.TwilioError({
        operation: "Sweep.worker",
        reason: new TwilioError.NotFound({
          problem: `no worker has the SID, friendly name, e-mail address or full name ${JSON.stringify(name.slice(0, 100))}`
        })
      })
    }
    if (others.length > 0) {
      const candidates = found
        .slice(0, 10)
        .map(({ attributes, friendlyName, sid }) => defined({ sid, friendlyName, fullName: attributes?.fullName }))
      return yield* new Conversation.Ambiguous({ name: name.slice(0, 100), candidates, total: found.length })
    }
    return worker.sid
  })

  /** The agents of a task whom the rule is about. */
  const candidates = Effect.fnUntraced(function* (rules: Rules, { ofWorker, ...found }: Found) {
    if (ofWorker !== undefined) return [{ rule: "worker", ...found, ...ofWorker } satisfies Candidate]
    const { wrapping } = rules
    if (wrapping === undefined) return []
    return Option.getOrElse(yield* orGone(tasks.reservations(found.taskSid)), () => [])
      .filter(({ asOf, dateUpdated, status }) => status === "wrapping" && isAtLeast(ago(dateUpdated, asOf), wrapping))
      .map((reservation): Candidate => ({
        rule: "wrapping",
        action: "closed",
        standing: "wrapping",
        reservation,
        ...found
      }))
  })

  /** One list of all open tasks, of which only those of these channels are kept. */
  const companyIn = Effect.fnUntraced(function* (
    of: ReadonlySet<string>,
    statuses: NonNullable<Tasks.TaskFilter["statuses"]>,
    young: Duration.Duration
  ): Effect.fn.Return<Company, TwilioError.TwilioError> {
    const open = new Map<string, Array<Open>>()
    let isWhole = true
    if (of.size === 0) return { open, isWhole }
    yield* tasks.stream({ statuses }).pipe(
      Stream.runForEachWhile((task) =>
        Effect.sync(() => {
          const found = Tasks.channelOf(task)
          if (Result.isFailure(found)) {
            if (found.failure === "attributes not read") isWhole = false
            return isWhole
          }
          const { channelSid } = found.success
          if (!of.has(channelSid)) return true
          const isYoung = !isAtLeast(ago(task.dateUpdated, task.asOf), young)
          open.set(channelSid, [
            ...(open.get(channelSid) ?? []),
            { taskSid: task.sid, isYoung, status: task.status ?? "" }
          ])
          return true
        })
      )
    )
    return { open, isWhole }
  })

  const wayOfAgent = (
    candidate: Candidate,
    status: string | undefined,
    everyone: ReadonlyArray<Participant.Participant>,
    company: Effect.Effect<Company, TwilioError.TwilioError>
  ): Effect.Effect<Conversation.Alone, TwilioError.TwilioError> => {
    const { action, channel, reservation, taskSid } = candidate
    if (status !== "active" || !everyone.some(({ type }) => type === "customer")) return Effect.succeed(false)
    return Effect.flatMap(company, ({ isWhole, open }): Effect.Effect<Conversation.Alone, TwilioError.TwilioError> => {
      if (isWhole) {
        const others = (open.get(channel.channelSid) ?? []).filter((other) => other.taskSid !== taskSid)
        return Effect.succeed(others.every((other) => other.status === "wrapping"))
      }
      const sid = agentIn(everyone, reservation, taskSid)?.sid
      if (sid === undefined) return Effect.succeed("unknown")
      return conversations
        .plan({ ...channel, participantSid: sid }, action, { company: true })
        .pipe(Effect.map(({ customerAlone }) => customerAlone))
    })
  }

  const agentIn = (
    everyone: ReadonlyArray<Participant.Participant>,
    reservation: Tasks.Reservation,
    taskSid: Sid.TaskSid
  ) =>
    everyone.find(
      ({ routingProperties: routing, type }) =>
        type === "agent" && (routing?.reservationSid === reservation.sid || routing?.taskSid === taskSid)
    )

  const isOver = ({ action, standing }: Candidate, status: string | undefined) =>
    status === "closed" && standing === "wrapping" && action === "closed"

  /** Decides for an agent. */
  const decide = Effect.fnUntraced(function* (
    rules: Rules,
    candidate: Candidate,
    company: Effect.Effect<Company, TwilioError.TwilioError>
  ) {
    const status = Option.getOrUndefined(yield* orGone(channels.get(candidate.channel)))?.status
    // A wrap-up in a closed channel is completed by the channel.
    const listed = isOver(candidate, status) ? Option.none() : yield* orGone(participants.list(candidate.channel))
    const everyone = Option.getOrElse(listed, () => [])
    const customerAlone = yield* wayOfAgent(candidate, status, everyone, company)
    const participant = agentIn(everyone, candidate.reservation, candidate.taskSid)
    return rowOf(rules, candidate, status, participant, customerAlone)
  })

  const rowOf = (
    rules: Rules,
    candidate: Candidate,
    status: string | undefined,
    participant: Participant.Participant | undefined,
    customerAlone: Conversation.Alone
  ): Row => {
    const { action, channel, queue, reservation, rule, standing, taskSid } = candidate
    const completes = isOver(candidate, status)
    const minutes = minutesOf(ago(reservation.dateUpdated, reservation.asOf))
    const ends = customerAlone === true && (rules.ifLast === "closed" || rules.ifLast === "inactive")
    const skip =
      participant?.sid === undefined && !completes
        ? "the channel lists no participant with this reservation"
        : customerAlone !== false && rules.ifLast === "skip"
          ? lastAgentWords[String(customerAlone) as "true" | "unknown"]
          : customerAlone === "unknown" && rules.ifLast !== "allow"
            ? lastAgentWords.unknown
            : undefined
    const since = standing === "wrapping" ? "in wrap-up" : "active"
    return {
      rule,
      action: completes ? "complete" : ends ? `end-${rules.ifLast as Conversation.EndStatus}` : action,
      why: `${since}${minutes === undefined ? "" : ` for ${minutes} minutes`}${completes ? ", in a channel that is closed" : ""}`,
      interactionSid: channel.interactionSid,
      channelSid: channel.channelSid,
      ...defined({
        participantSid: participant?.sid,
        reservationSid: reservation.sid,
        workerSid: reservation.workerSid,
        worker: reservation.workerName,
        queue,
        since: reservation.dateUpdated,
        minutes,
        skip
      }),
      taskSid,
      standing,
      customerAlone
    }
  }

  /** The conversations in which a task ended within the look-back, and the time, by Twilio's clock. */
  const ended = Effect.fnUntraced(function* (rules: Rules, lookBack: Duration.Duration) {
    const found = new Map<string, Ended>()
    // The clock of this machine may be wrong: the newest event of the last 30 days says what time it is.
    const first = yield* Stream.runHead(events.stream({ types: endings }, { pageSize: 1 }))
    const now = Option.getOrUndefined(Option.flatMap(first, ({ asOf }) => Option.fromUndefinedOr(asOf)))
    if (now === undefined) return { found, now }
    const since = DateTime.subtractDuration(now, lookBack)
    yield* events.stream({ types: endings, since }).pipe(
      Stream.runForEach(({ data = {}, date }) =>
        Effect.sync(() => {
          const channel = Tasks.channelOf(data)
          if (Result.isFailure(channel) || date === undefined || !inQueues(rules, data.taskQueueName)) return
          const at = DateTime.toEpochMillis(date)
          if (at < DateTime.toEpochMillis(since)) return
          const known = found.get(channel.success.channelSid)
          if (known === undefined)
            found.set(channel.success.channelSid, { channel: channel.success, queue: data.taskQueueName, at })
          else known.at = Math.max(known.at, at)
        })
      )
    )
    return { found, now }
  })

  /** Decides for a customer who may have been alone for so long. */
  const decideAlone = Effect.fnUntraced(function* (
    action: Conversation.EndStatus,
    now: DateTime.Utc | undefined,
    { at, channel, queue }: Ended,
    company: Effect.Effect<Company, TwilioError.TwilioError>
  ): Effect.fn.Return<ReadonlyArray<Row>, TwilioError.TwilioError> {
    const found = yield* orGone(channels.get(channel))
    if (!Option.exists(found, ({ status }) => status === "active")) return []
    const { isWhole, open } = yield* company
    // One in wrap-up is no company; but the customer is alone only since then.
    if ((open.get(channel.channelSid) ?? []).some(({ isYoung, status }) => status !== "wrapping" || isYoung)) return []
    const everyone = Option.getOrElse(yield* orGone(participants.list(channel)), () => [])
    if (!everyone.some(({ type }) => type === "customer")) return []
    const customerAlone = isWhole ? true : (yield* conversations.roster(channel)).customerAlone
    if (customerAlone === false) return []
    const since = DateTime.makeUnsafe(at)
    const minutes = minutesOf(ago(since, now))
    const row: Row = {
      rule: "alone",
      action: `end-${action}`,
      why: `the customer has been alone for ${minutes} minutes`,
      interactionSid: channel.interactionSid,
      channelSid: channel.channelSid,
      ...defined({ queue, minutes, skip: customerAlone === "unknown" ? lastAgentWords.unknown : undefined }),
      since,
      customerAlone
    }
    return [row]
  })

  /** Reads the lists. `handled` has the tasks and conversations that were planned before, and gets these. */
  return Effect.fnUntraced(function* (
    rules: Rules,
    handled: Set<string>
  ): Effect.fn.Return<Plan, TwilioError.TwilioError | Conversation.Ambiguous> {
    const { alone, worker } = rules
    const agents = yield* Stream.runCollect(
      Stream.concat(
        rules.wrapping === undefined ? Stream.empty : wrapping(rules, rules.wrapping, handled),
        worker === undefined ? Stream.empty : ofWorker(rules, worker)
      )
    )
    const { found, now } =
      alone === undefined ? { found: new Map<string, Ended>(), now: undefined } : yield* ended(rules, alone.lookBack)
    const customers = [...found.values()].filter(
      ({ at, channel }) =>
        alone !== undefined &&
        !handled.has(channel.channelSid) &&
        isAtLeast(ago(DateTime.makeUnsafe(at), now), alone.longerThan)
    )
    // Only where a customer may be alone, and then once.
    const company = yield* Effect.cached(
      companyIn(
        new Set([...agents, ...customers].map(({ channel }) => channel.channelSid as string)),
        alone === undefined ? ["pending", "reserved", "assigned"] : ["pending", "reserved", "assigned", "wrapping"],
        alone?.longerThan ?? Duration.zero
      )
    )
    const ofAgents = Stream.fromIterable(agents).pipe(
      Stream.mapEffect(
        (found) =>
          Effect.gen(function* () {
            const all = yield* candidates(rules, found)
            if (all.length === 0 || !isNew(handled, found.taskSid)) return []
            return yield* Effect.forEach(all, (candidate) => decide(rules, candidate, company))
          }).pipe(
            orFailed(() => {
              handled.add(found.taskSid)
              const { channel, ofWorker, queue, taskSid } = found
              return {
                rule: ofWorker === undefined ? "wrapping" : "worker",
                action: ofWorker?.action ?? "closed",
                ...channel,
                ...defined({ queue }),
                taskSid
              }
            })
          ),
        { concurrency }
      )
    )
    const ofCustomers = Stream.fromIterable(customers).pipe(
      Stream.mapEffect(
        (each) =>
          decideAlone(alone?.action ?? "closed", now, each, company).pipe(
            Effect.map((rows) => rows.filter(() => isNew(handled, each.channel.channelSid))),
            orFailed(() => {
              handled.add(each.channel.channelSid)
              return {
                rule: "alone",
                action: `end-${alone?.action ?? "closed"}`,
                ...each.channel,
                ...defined({ queue: each.queue })
              }
            })
          ),
        { concurrency }
      )
    )
    return { found: agents.length + customers.length, rows: Stream.concat(ofAgents, ofCustomers) }
  })
})

const isNew = (handled: Set<string>, key: string) => {
  if (handled.has(key)) return false
  handled.add(key)
  return true
}

/** How a task ends: completed, canceled, or deleted by TaskRouter after 24 hours with an agent. */
const endings = ["task.completed", "task.canceled", "task.system-deleted"]

export const lastAgentWords = {
  true: "the last agent: the customer would be alone",
  unknown: "it can't be seen whether the customer would be alone"
} as const

export type Planner = Effect.Success<typeof make>
