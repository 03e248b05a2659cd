/**
 * The conversations that tools see: all of the account, or those of the queues that the operator names (`--only-queue`). Tools
 * reach core through this service alone, so none of them can forget the scope.
 *
 * A task is inside if TaskRouter shows it in one of the queues, by the exact name; one that can't be read is outside. A
 * conversation is inside if one of its tasks is. What is outside answers as what does not exist, in the same words; of agents
 * outside, in a conversation that is inside, there is a number and nothing else.
 */
import { Conversations as Core, Participants, type Conversation, Tasks, TwilioError } from "@flex-interactions/core"
import type { Participant, Sid } from "@flex-interactions/core"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { name } from "./Plain.ts"
import { Refused, unreadable } from "./ToolError.ts"

type Core = Core.Conversations["Service"]

/** How many agents are in it of whom nothing else is shown; left out where there is no scope. */
export interface Hidden {
  readonly hidden?: number
}

type Scoped<Method> = Method extends (...args: infer Args) => Effect.Effect<infer A, infer E>
  ? (...args: Args) => Effect.Effect<A extends Conversation.Page ? A : A & Hidden, E | Refused>
  : never

/** What an answer says of them. */
export const note = (hidden = 0): string | undefined =>
  hidden === 0
    ? undefined
    : `Not shown: ${hidden === 1 ? "1 agent who is" : `${hidden} agents who are`} listed too, of another queue or of one that is no longer known.`

/** Core's service, as far as tools use it. A plan is the one that this service gave, or none. */
export class Conversations extends Context.Service<
  Conversations,
  {
    /** The names of the queues; none: everything is inside. Cursors are bound to them. */
    readonly queues: ReadonlyArray<string>
    readonly findPage: Scoped<Core["findPage"]>
    readonly roster: Scoped<Core["roster"]>
    readonly plan: Scoped<Core["plan"]>
    readonly move: Scoped<Core["move"]>
    readonly planEnd: Scoped<Core["planEnd"]>
    readonly end: Scoped<Core["end"]>
  }
>()("@flex-interactions/mcp/Conversations") {}

export const layer = (
  queues: ReadonlyArray<string>
): Layer.Layer<Conversations, never, Core.Conversations | Participants.Participants | Tasks.Tasks> =>
  Layer.effect(
    Conversations,
    Effect.gen(function* () {
      const core = yield* Core.Conversations
      return Conversations.of(
        queues.length === 0
          ? { queues, ...core }
          : scoped(queues, core, yield* Participants.Participants, yield* Tasks.Tasks)
      )
    })
  )

interface InTime {
  readonly within?: Duration.Input
}

/** So many tasks are read at the same time. */
const concurrency = 4

const isLive = ({ status = "" }: Tasks.Task): boolean => !["completed", "canceled"].includes(status)

/** The tasks of a conversation: those inside by their SIDs, and how many others an agent has, or waits for, now. */
interface Sorted {
  readonly inside: ReadonlySet<string>
  readonly foreign: number
}

type Agent = Pick<Conversation.Person, "routingProperties" | "standing" | "type">

const taskOf = ({ routingProperties }: Agent): string | undefined => routingProperties?.taskSid?.toLowerCase()

const scoped = (
  queues: ReadonlyArray<string>,
  core: Core,
  participants: Participants.Participants["Service"],
  tasks: Tasks.Tasks["Service"]
): Conversations["Service"] => {
  const names = named(queues)
  const isInside = ({ taskQueueFriendlyName }: Tasks.Task): boolean => queues.includes(taskQueueFriendlyName ?? "")
  const absent = (what: string) => notFound(`${what}, or it is not of the queues that this server is for (${names})`)
  const noTask = absent("there is no task with this SID: it ended more than five minutes ago, or was never here")
  const noConversation = absent("there is no conversation with these SIDs")
  const blind = ({ reason }: TwilioError.TwilioError) => Effect.fail(unreadable(names, reason))

  /** What is read here takes of the call's time too. */
  const inTime =
    ({ within = "60 seconds" }: InTime = {}) =>
    <A, E>(self: Effect.Effect<A, E>) =>
      Effect.timeoutOrElse(self, { duration: within, orElse: () => blind(late) })

  /** All tasks that TaskRouter has of it, those that have just ended included. */
  const listed = (filter: Tasks.TaskFilter) => tasks.stream(filter).pipe(Stream.runCollect, Effect.catch(blind))

  /** An agent whose task the list does not have has one that is new, or gone. */
  const sort = Effect.fnUntraced(function* (
    found: ReadonlyArray<Tasks.Task>,
    agents: ReadonlyArray<Agent>
  ): Effect.fn.Return<Sorted, Refused> {
    const known = new Map(found.map((task) => [task.sid?.toLowerCase(), task]))
    const missing = agents
      .filter((agent) => agent.standing !== undefined && agent.standing !== "gone" && !known.has(taskOf(agent)))
      .flatMap(({ routingProperties }) => routingProperties?.taskSid ?? [])
    const read = yield* Effect.forEach(missing, readTask, { concurrency })
    for (const task of read) if (task !== undefined) known.set(task.sid?.toLowerCase(), task)
    const all = [...known.values()]
    return {
      inside: new Set(all.filter(isInside).flatMap(({ sid }) => sid?.toLowerCase() ?? [])),
      foreign:
        all.filter((task) => isLive(task) && !isInside(task)).length +
        // Nobody can tell of what queue this one is.
        agents.filter((agent) => taskOf(agent) === undefined && agent.standing !== "left").length
    }
  })

  const readTask = (sid: Sid.TaskSid): Effect.Effect<Tasks.Task | undefined, Refused> =>
    tasks.get(sid).pipe(Effect.catch((error) => (isGone(error) ? Effect.succeed(undefined) : blind(error))))

  /** What core says of a conversation, once it is known to be inside; anything else is not told. */
  const within = Effect.fnUntraced(function* <A, E extends TwilioError.TwilioError>(
    channel: Participant.ChannelRef,
    ask: Effect.Effect<A, E>,
    agentsOf: (answer: A) => ReadonlyArray<Agent>
  ) {
    const { channelSid, interactionSid } = channel
    const ref = { channelSid, interactionSid }
    const [answer, found] = yield* Effect.all([Effect.result(ask), listed({ channel: ref })], {
      concurrency: 2
    })
    if (Result.isFailure(answer)) {
      const { reason } = answer.failure
      if (reason.status !== undefined && reason._tag === "NotFound") return yield* noConversation
      // Core has looked into the list of participants: what it says of it is for those who may see it.
      if (reason.status === undefined && (reason._tag === "NotFound" || reason._tag === "Conflict")) {
        const everyone = yield* participants.list(ref).pipe(Effect.catchIf(isGone, () => Effect.fail(noConversation)))
        const agents = everyone.map((person) => ({ ...person, standing: "unknown" as const }))
        if ((yield* sort(found, agents.filter(isAgent))).inside.size === 0) return yield* noConversation
      }
      return yield* answer.failure
    }
    const sorted = yield* sort(found, agentsOf(answer.success))
    return sorted.inside.size === 0 ? yield* noConversation : { answer: answer.success, sorted }
  })

  const shows = ({ inside }: Sorted, agent: Agent): boolean => inside.has(taskOf(agent) ?? "")

  /** Those who are hidden stay as a number: how many others there are is what the customer's company is about. */
  const others = <Plan extends Conversation.Plan | Conversation.Moved>(plan: Plan, sorted: Sorted) => {
    const shown = plan.others.map((other) =>
      shows(sorted, other)
        ? other
        : { type: other.type, interactionSid: other.interactionSid, channelSid: other.channelSid }
    )
    return { ...plan, others: shown, hidden: plan.others.filter((other) => !shows(sorted, other)).length }
  }

  const agentsIn = <Known extends Conversation.EndPlan | Conversation.Ended>(known: Known, sorted: Sorted) => {
    const agents = known.agents.filter((agent) => shows(sorted, agent))
    return { ...known, agents, hidden: known.agents.length - agents.length }
  }

  /** Core's own plans, which tell a change what has been read, by what was shown of them. */
  const plans = new WeakMap<Conversation.Plan, { readonly plan: Conversation.Plan; readonly sorted: Sorted }>()
  const endPlans = new WeakMap<Conversation.EndPlan, { readonly plan: Conversation.EndPlan; readonly sorted: Sorted }>()

  const prepare = Effect.fnUntraced(function* (
    agent: Participant.ParticipantRef,
    status: Participant.ParticipantStatus,
    options?: Parameters<Core["plan"]>[2]
  ) {
    const asked = within(agent, core.plan(agent, status, options), (plan) => [plan.agent, ...plan.others])
    const { answer: plan, sorted } = yield* inTime(options)(asked)
    if (!shows(sorted, plan.agent)) return yield* noParticipant
    return { plan, sorted }
  })

  const prepareEnd = Effect.fnUntraced(function* (
    channel: Participant.ChannelRef,
    status: Conversation.EndStatus,
    options?: Parameters<Core["planEnd"]>[2]
  ) {
    const asked = within(channel, core.planEnd(channel, status, options), ({ agents }) => agents)
    const { answer: plan, sorted } = yield* inTime(options)(asked)
    return sorted.foreign > 0 ? yield* foreign(sorted.foreign) : { plan, sorted }
  })

  const findPage = Effect.fnUntraced(function* (...[query, options]: Parameters<Core["findPage"]>) {
    if (query.task !== undefined) {
      const task = yield* readTask(query.task)
      if (task === undefined || !isInside(task)) return yield* noTask
    }
    const found = query.interaction === undefined ? undefined : yield* listed({ interaction: query.interaction })
    const page = yield* core
      .findPage({ ...query, queues }, options)
      .pipe(
        Effect.catchTag("TwilioError", (error) =>
          Effect.fail(!isGone(error) ? error : error.operation.startsWith("Tasks.") ? noTask : noConversation)
        )
      )
    return found === undefined || page.conversations.length > 0 || found.some(isInside) ? page : yield* noConversation
  })

  return {
    queues,

    findPage: (query, options) => inTime(options)(findPage(query, options)),

    roster: Effect.fnUntraced(function* (channel, options) {
      const asked = within(channel, core.roster(channel, options), ({ participants }) => participants.filter(isAgent))
      const { answer, sorted } = yield* inTime(options)(asked)
      const shown = answer.participants.filter((person) => !isAgent(person) || shows(sorted, person))
      return { ...answer, participants: shown, hidden: answer.participants.length - shown.length }
    }),

    plan: Effect.fnUntraced(function* (agent, status, options) {
      const prepared = yield* prepare(agent, status, options)
      const shown = others(prepared.plan, prepared.sorted)
      plans.set(shown, prepared)
      return shown
    }),

    move: Effect.fnUntraced(function* (agent, status, options = {}) {
      const given = options.plan === undefined ? undefined : plans.get(options.plan)
      const { plan, sorted } = given ?? (yield* prepare(agent, status, options))
      return others(yield* core.move(agent, status, { ...options, plan }), sorted)
    }),

    planEnd: Effect.fnUntraced(function* (channel, status, options) {
      const prepared = yield* prepareEnd(channel, status, options)
      const shown = agentsIn(prepared.plan, prepared.sorted)
      endPlans.set(shown, prepared)
      return shown
    }),

    end: Effect.fnUntraced(function* (channel, status, options = {}) {
      const given = options.plan === undefined ? undefined : endPlans.get(options.plan)
      const { plan, sorted } = given ?? (yield* prepareEnd(channel, status, options))
      return agentsIn(yield* core.end(channel, status, { ...options, plan }), sorted)
    })
  }
}

const isAgent = ({ type }: Agent): boolean => type === "agent"

/** Twilio says that there is no such thing: not the 404 of a gateway, nor that of the workspace. */
const isGone = ({ operation, reason }: TwilioError.TwilioError): boolean =>
  reason._tag === "NotFound" &&
  reason.code !== undefined &&
  /^(?:Tasks\.(?:get|reservations)|Channels|Participants)/u.test(operation)

const notFound = (problem: string) =>
  new TwilioError.TwilioError({ operation: "Scope", reason: new TwilioError.NotFound({ problem }) })

/** As core says it of a participant whom the channel does not list. */
const noParticipant = notFound("the channel lists no participant with this SID: nothing was sent")

const late = new TwilioError.TwilioError({
  operation: "Scope",
  reason: new TwilioError.NetworkError({ problem: "no answer from Twilio in time", timedOut: true })
})

const foreign = (count: number) =>
  new Refused({
    what: `In this conversation ${count === 1 ? "a task is" : `${count} tasks are`} open that this server does not show: to end it would end ${count === 1 ? "that" : "those"} too.`,
    next: "A person can end the conversation in Flex, or move out the agents that list_participants shows."
  })

/** As many names as a sentence takes. */
export const named = (queues: ReadonlyArray<string>): string => {
  const shown = queues.slice(0, 3).map((queue) => JSON.stringify(name(queue)))
  return [...shown, ...(queues.length > 3 ? [`and ${queues.length - 3} more`] : [])].join(", ")
}
