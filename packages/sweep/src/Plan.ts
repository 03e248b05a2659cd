/**
 * What a sweep would do, found with few requests: lists of a thousand rows for those who do not matter, and at most three
 * requests for each who does. Who is company for a customer is read from one list of all tasks that are open, and not from each
 * channel. Nothing is sent that changes anything.
 *
 * What matters is taken in batches, so that memory does not grow with the contact centre.
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
import { keyOf, type Row } from "./Row.ts"
import type { Rules } from "./Rules.ts"

/** So many requests at the same time. */
const concurrency = 8
/** So many are looked at before the list of open tasks is read for them. */
const batchSize = 5000

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

/** Which tasks are open in these channels; without `isWhole` the list left out attributes, and nobody can tell. */
interface Company {
  readonly open: ReadonlyMap<string, ReadonlyArray<Open>>
  readonly isWhole: boolean
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

  /** Agents in wrap-up for so long. The list has the oldest first: the first that is too young ends it. */
  const wrapping = (rules: Rules, longerThan: Duration.Duration) =>
    tasks.stream({ statuses: ["wrapping"] }).pipe(
      Stream.takeWhile(
        ({ asOf, dateCreated }) => dateCreated === undefined || isAtLeast(ago(dateCreated, asOf), longerThan)
      ),
      Stream.filter(({ taskQueueFriendlyName }) => inQueues(rules, taskQueueFriendlyName)),
      Stream.mapEffect(
        Effect.fnUntraced(function* (task) {
          const taskSid = task.sid
          if (taskSid === undefined) return []
          const channel = yield* channelOf(task)
          if (channel === undefined) return []
          const found = Option.getOrElse(yield* orGone(tasks.reservations(taskSid)), () => [])
          return found
            .filter(
              ({ asOf, dateUpdated, status }) => status === "wrapping" && isAtLeast(ago(dateUpdated, asOf), longerThan)
            )
            .map((reservation): Candidate => ({
              rule: "wrapping",
              action: "closed",
              standing: "wrapping",
              channel,
              reservation,
              taskSid,
              queue: task.taskQueueFriendlyName
            }))
        }),
        { concurrency }
      ),
      Stream.flattenIterable
    )

  /** The conversations of a worker that the action would change. */
  const ofWorker = (rules: Rules, { action, name }: NonNullable<Rules["worker"]>) =>
    Stream.unwrap(
      Effect.map(oneWorker(name), (sid) =>
        Stream.fromIterable(action === "wrapup" ? (["active"] as const) : (["active", "wrapping"] as const)).pipe(
          Stream.flatMap((standing) =>
            workers.reservations(sid, standing === "active" ? "accepted" : "wrapping").pipe(
              Stream.mapEffect(
                Effect.fnUntraced(function* (reservation) {
                  const { taskSid } = reservation
                  if (taskSid === undefined) return []
                  const task = Option.getOrUndefined(yield* orGone(tasks.get(taskSid)))
                  if (task === undefined || !inQueues(rules, task.taskQueueFriendlyName)) return []
                  const channel = Result.getOrUndefined(Tasks.channelOf(task))
                  const queue = task.taskQueueFriendlyName
                  return channel === undefined
                    ? []
                    : [{ rule: "worker", action, standing, channel, reservation, taskSid, queue } satisfies Candidate]
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
    { isWhole, open }: Company
  ): Effect.Effect<Conversation.Alone, TwilioError.TwilioError> => {
    const { action, channel, reservation, taskSid } = candidate
    if (status !== "active" || !everyone.some(({ type }) => type === "customer")) return Effect.succeed(false)
    if (isWhole) return Effect.succeed(!(open.get(channel.channelSid) ?? []).some((other) => other.taskSid !== taskSid))
    const sid = agentIn(everyone, reservation, taskSid)?.sid
    if (sid === undefined) return Effect.succeed("unknown")
    return conversations
      .plan({ ...channel, participantSid: sid }, action, { company: true })
      .pipe(Effect.map(({ customerAlone }) => customerAlone))
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

  /** Decides for a batch of agents. */
  const decide = Effect.fnUntraced(function* (rules: Rules, batch: ReadonlyArray<Candidate>) {
    const seen = yield* Effect.forEach(
      batch,
      Effect.fnUntraced(function* (candidate) {
        const status = Option.getOrUndefined(yield* orGone(channels.get(candidate.channel)))?.status
        // A wrap-up in a closed channel is completed by the channel.
        const everyone = isOver(candidate, status) ? Option.none() : yield* orGone(participants.list(candidate.channel))
        return { candidate, status, everyone: Option.getOrElse(everyone, () => []) }
      }),
      { concurrency }
    )
    const active = new Set(
      seen
        .filter(({ everyone, status }) => status === "active" && everyone.some(({ type }) => type === "customer"))
        .map(({ candidate }) => candidate.channel.channelSid as string)
    )
    const company = yield* companyIn(active, ["pending", "reserved", "assigned"], Duration.zero)
    return yield* Effect.forEach(
      seen,
      ({ candidate, everyone, status }) =>
        Effect.map(wayOfAgent(candidate, status, everyone, company), (customerAlone) =>
          rowOf(rules, candidate, status, agentIn(everyone, candidate.reservation, candidate.taskSid), customerAlone)
        ),
      { concurrency }
    )
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

  /** The last time that a task of a channel ended, by Twilio's clock, channel by channel. */
  const ended = Effect.fnUntraced(function* (rules: Rules, lookBack: Duration.Duration) {
    const found = new Map<
      string,
      { readonly channel: Participant.ChannelRef; readonly queue: string | undefined; at: number }
    >()
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

  /** Customers who have been alone for so long. */
  const alone = (rules: Rules, rule: NonNullable<Rules["alone"]>) =>
    Stream.unwrap(
      Effect.map(ended(rules, rule.lookBack), ({ found, now }) =>
        Stream.fromIterable(found.values()).pipe(
          Stream.filter(({ at }) => isAtLeast(ago(DateTime.makeUnsafe(at), now), rule.longerThan)),
          Stream.grouped(batchSize),
          Stream.mapEffect((batch) => decideAlone(rule, now, batch))
        )
      )
    )

  const decideAlone = Effect.fnUntraced(function* (
    rule: NonNullable<Rules["alone"]>,
    now: DateTime.Utc | undefined,
    batch: ReadonlyArray<{
      readonly channel: Participant.ChannelRef
      readonly queue: string | undefined
      readonly at: number
    }>
  ) {
    const active = (yield* Effect.forEach(
      batch,
      (each) =>
        Effect.map(orGone(channels.get(each.channel)), (channel) =>
          Option.exists(channel, ({ status }) => status === "active") ? [each] : []
        ),
      { concurrency }
    )).flat()
    const company = yield* companyIn(
      new Set(active.map(({ channel }) => channel.channelSid as string)),
      ["pending", "reserved", "assigned", "wrapping"],
      rule.longerThan
    )
    const rows = yield* Effect.forEach(
      active,
      Effect.fnUntraced(function* ({ at, channel, queue }) {
        const open = company.open.get(channel.channelSid) ?? []
        // One in wrap-up is no company; but the customer is alone only since then.
        if (open.some(({ isYoung, status }) => status !== "wrapping" || isYoung)) return []
        const everyone = Option.getOrElse(yield* orGone(participants.list(channel)), () => [])
        if (!everyone.some(({ type }) => type === "customer")) return []
        const customerAlone = company.isWhole ? true : (yield* conversations.roster(channel)).customerAlone
        if (customerAlone === false) return []
        const since = DateTime.makeUnsafe(at)
        const minutes = minutesOf(ago(since, now))
        const row: Row = {
          rule: "alone",
          action: `end-${rule.action}`,
          why: `the customer has been alone for ${minutes} minutes`,
          interactionSid: channel.interactionSid,
          channelSid: channel.channelSid,
          ...defined({ queue, minutes, skip: customerAlone === "unknown" ? lastAgentWords.unknown : undefined }),
          since,
          customerAlone
        }
        return [row]
      }),
      { concurrency }
    )
    return rows.flat()
  })

  /** The rows, batch by batch, each agent and each conversation once. `handled` has those of before, and gets these. */
  const batches = (
    rules: Rules,
    handled: Set<string>
  ): Stream.Stream<ReadonlyArray<Row>, TwilioError.TwilioError | Conversation.Ambiguous> => {
    const agents = Stream.concat(
      rules.wrapping === undefined ? Stream.empty : wrapping(rules, rules.wrapping),
      rules.worker === undefined ? Stream.empty : ofWorker(rules, rules.worker)
    ).pipe(
      Stream.filter(({ channel, reservation: { sid } }) => isNew(handled, sid ?? channel.channelSid)),
      Stream.grouped(batchSize),
      Stream.mapEffect((batch) => decide(rules, batch))
    )
    const customers = (rules.alone === undefined ? Stream.empty : alone(rules, rules.alone)).pipe(
      Stream.map((rows) => rows.filter((row) => isNew(handled, keyOf(row))))
    )
    return Stream.concat(agents, customers)
  }

  return { batches }
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
