/**
 * Conversations, as people work with them: find one, see who is in it and where each agent stands, move an agent on or end
 * it, and know what became of that. `Conversation` has the words.
 *
 * It composes the services of the single resources, and sends nothing that they could not send. Where TaskRouter can't be
 * read, all of it works without: standings are `unknown`, and `unseen` says why.
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Channels } from "./Channels.ts"
import {
  type Ambiguous,
  type Cursor,
  type Ended,
  type EndPlan,
  EndStatus,
  type Involvement,
  type LastAgent,
  type Moved,
  type Page,
  type Plan,
  type Query,
  type Roster
} from "./Conversation.ts"
import { type ChannelRef, type ParticipantRef, ParticipantStatus } from "./Participant.ts"
import { Participants } from "./Participants.ts"
import * as Sid from "./Sid.ts"
import { Tasks } from "./Tasks.ts"
import type { TwilioError } from "./TwilioError.ts"
import { Workers } from "./Workers.ts"
import * as Change from "./internal/change.ts"
import * as Deadline from "./internal/deadline.ts"
import * as End from "./internal/end.ts"
import * as Find from "./internal/find.ts"
import { invalid } from "./internal/invalid.ts"
import * as Look from "./internal/look.ts"
import * as Move from "./internal/move.ts"
import * as RosterOf from "./internal/roster.ts"
import * as Telemetry from "./internal/telemetry.ts"

/** All requests of a call together, its waiting and its proof included: default 60 seconds. */
interface InTime {
  readonly within?: Duration.Input
}

/**
 * The service. Its methods need nothing from the context.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import { Conversations, type Sid } from "@flex-interactions/core"
 *
 * // Is the customer alone in the conversation of this task?
 * const isAlone = Effect.fn("isAlone")(function* (task: Sid.TaskSid) {
 *   const conversations = yield* Conversations.Conversations
 *   const [{ channelSid, interactionSid } = {}] = (yield* conversations.findPage({ task })).conversations
 *   if (channelSid === undefined || interactionSid === undefined) return false
 *   const { customerAlone } = yield* conversations.roster({ channelSid, interactionSid })
 *   return customerAlone
 * })
 * ```
 */
export class Conversations extends Context.Service<
  Conversations,
  {
    /**
     * The agents' parts in conversations that fit the query, as a stream that reads no more than its consumer takes: by task,
     * interaction, worker, or standing (and age). Of a task that waits for an agent there is one row, without an agent. A task or
     * worker that does not exist is `NotFound`; a name that fits several workers is `Ambiguous`. What can't be read fails the
     * stream where a filter depends on it; otherwise the standing is `unknown`.
     */
    readonly find: (query: Query) => Stream.Stream<Involvement, TwilioError | Ambiguous>

    /**
     * The same, up to `limit` (1–1000, default 20) at a time, from `cursor` on, which is `next` of the page before. Keep the
     * query the same from page to page.
     */
    readonly findPage: (
      query: Query,
      options?: { readonly limit?: number; readonly cursor?: Cursor } & InTime
    ) => Effect.Effect<Page, TwilioError | Ambiguous>

    /**
     * Everyone in a channel, where each agent stands, and whether the customer is alone. Who is on the way is looked up where
     * no agent is active, or with `onTheWay`; in a channel with more than 20 agents only the last 20 who came are asked for,
     * unless `everyStanding` is set; `fullNames` reads the full name and the e-mail address of each worker, once for each in the
     * life of the layer.
     */
    readonly roster: (
      channel: ChannelRef,
      options?: {
        readonly onTheWay?: boolean
        readonly everyStanding?: boolean
        readonly fullNames?: boolean
      } & InTime
    ) => Effect.Effect<Roster, TwilioError>

    /**
     * What `move` would meet. Nothing is sent. For `wrapup` it reads where the others stand and who is on the way only with
     * `company`: `wrapup` is never refused for them, and without, `customerAlone` is mostly `unknown`.
     */
    readonly plan: (
      agent: ParticipantRef,
      status: ParticipantStatus,
      options?: { readonly company?: boolean } & InTime
    ) => Effect.Effect<Plan, TwilioError>

    /**
     * Moves an agent to `wrapup` or `closed`, which can't be undone, and says what became of it, by reading before and after.
     * One at a time for each channel, in this process.
     *
     * `closed` that would certainly leave a customer alone is refused with `LastAgent`, unless `ifLast` is `"allow"`; what can't
     * be seen is not refused. `wrapup` for an agent who has left is `Conflict`. A lost answer is looked into and never sent
     * again: `OutcomeUnknown` has in `seen` what was read.
     *
     * With `plan`, of the same change and just made, nothing that it has read is read again.
     */
    readonly move: (
      agent: ParticipantRef,
      status: ParticipantStatus,
      options?: {
        readonly ifLast?: "refuse" | "allow"
        readonly plan?: Plan
        readonly company?: boolean
      } & InTime
    ) => Effect.Effect<Moved, TwilioError | LastAgent>

    /** What `end` would meet. Nothing is sent. */
    readonly planEnd: (channel: ChannelRef, status: EndStatus, options?: InTime) => Effect.Effect<EndPlan, TwilioError>

    /**
     * Ends a conversation for all its agents: `closed`, or `inactive` until the customer writes again. A channel that is closed
     * while an agent is still in wrap-up is closed once more, as Twilio's own Complete does. Otherwise as `move`.
     */
    readonly end: (
      channel: ChannelRef,
      status: EndStatus,
      options?: { readonly plan?: EndPlan } & InTime
    ) => Effect.Effect<Ended, TwilioError>
  }
>()("@flex-interactions/core/Conversations") {}

/**
 * The service, on those of the single resources.
 *
 * @example
 * ```ts
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 * import { Channels, Conversations, Participants, Tasks, TwilioClient, Workers, Workspace } from "@flex-interactions/core"
 *
 * const live = Conversations.layer.pipe(
 *   Layer.provide([Channels.layer, Participants.layer, Tasks.layer, Workers.layer]),
 *   Layer.provide(Workspace.layerConfig()),
 *   Layer.provide(TwilioClient.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 */
export const layer: Layer.Layer<Conversations, never, Channels | Participants | Tasks | Workers> = Layer.effect(
  Conversations,
  Effect.gen(function* () {
    const channels = yield* Channels
    const participants = yield* Participants
    const tasks = yield* Tasks
    const workers = yield* Workers
    const look = Look.make({ channels, participants, tasks })
    const turns = yield* Change.makeTurns
    const finding = Find.make({ channels, look, participants, tasks, workers })
    const roster = yield* RosterOf.make(look, workers)
    const moving = Move.make(look, participants, turns)
    const ending = End.make(look, channels, turns)

    return Conversations.of({
      find: (query) => Stream.withSpan(finding.stream(query), "Conversations.find", spanOf("find")),

      findPage: Effect.fnUntraced(function* (query, options = {}) {
        const deadline = yield* start(options)
        return yield* finding
          .page(query, options)
          .pipe(Deadline.within(deadline, () => Effect.fail(Deadline.tooLateToRead("Conversations.find"))))
      }, withSpan("findPage")),

      roster: Effect.fnUntraced(function* (channel, options = {}) {
        const ref = yield* checkChannel("roster", channel)
        return yield* roster(ref, options, yield* start(options))
      }, withSpan("roster")),

      plan: Effect.fnUntraced(function* (agent, status, options = {}) {
        const ref = yield* checkAgent("plan", agent, status)
        const asks = status === "closed" || options.company === true
        const { plan } = yield* moving.prepare(ref, status, asks, yield* start(options))
        return plan
      }, withSpan("plan")),

      move: Effect.fnUntraced(function* (agent, status, options = {}) {
        const ref = yield* checkAgent("move", agent, status)
        const deadline = yield* start(options)
        return yield* moving
          .moveInTurn(ref, status, options, deadline)
          .pipe(
            turns.take(ref.channelSid, deadline, "Conversations.move"),
            Effect.annotateLogs({ channel: ref.channelSid, participant: ref.participantSid })
          )
      }, withSpan("move")),

      planEnd: Effect.fnUntraced(function* (channel, status, options = {}) {
        const ref = yield* checkEnd("planEnd", channel, status)
        const { plan } = yield* ending.prepare(ref, status, yield* start(options))
        return plan
      }, withSpan("planEnd")),

      end: Effect.fnUntraced(function* (channel, status, options = {}) {
        const ref = yield* checkEnd("end", channel, status)
        const deadline = yield* start(options)
        return yield* ending
          .endInTurn(ref, status, options, deadline)
          .pipe(
            turns.take(ref.channelSid, deadline, "Conversations.end"),
            Effect.annotateLogs({ channel: ref.channelSid })
          )
      }, withSpan("end"))
    })
  })
)

const start = ({ within = "60 seconds" }: InTime) => Deadline.after(within)

const spanOf = (method: string) => ({ attributes: { "twilio.operation": `Conversations.${method}` } })
const withSpan = (method: string) => Telemetry.withSpan(`Conversations.${method}`, `Conversations.${method}`)

const isMove = Schema.is(ParticipantStatus)
const isEnd = Schema.is(EndStatus)

/** Types are gone at run time, and what is read first must not be another's. */
const refuse = (method: string, problem: string) => Effect.fail(invalid(`Conversations.${method}`, problem))

const checkChannel = (method: string, channel: ChannelRef) => {
  const { channelSid, interactionSid }: Partial<ChannelRef> = Object(channel)
  const problem =
    named("interactionSid", Sid.problem("KD", interactionSid)) ?? named("channelSid", Sid.problem("UO", channelSid))
  return problem === undefined ? Effect.succeed(channel) : refuse(method, problem)
}

const checkAgent = Effect.fnUntraced(function* (method: string, agent: ParticipantRef, status: ParticipantStatus) {
  yield* checkChannel(method, agent)
  const problem = named("participantSid", Sid.problem("UT", agent.participantSid))
  if (problem !== undefined) return yield* refuse(method, problem)
  return isMove(status) ? agent : yield* refuse(method, "status: expected wrapup or closed")
})

const checkEnd = Effect.fnUntraced(function* (method: string, channel: ChannelRef, status: EndStatus) {
  yield* checkChannel(method, channel)
  return isEnd(status) ? channel : yield* refuse(method, "status: expected closed or inactive")
})

const named = (name: string, problem: string | undefined) => (problem === undefined ? undefined : `${name}: ${problem}`)
