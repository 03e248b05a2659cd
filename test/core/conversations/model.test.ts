/** Several programs work on the same conversations, at random: what `Conversations` says agrees with a model after every step. */
import { assert, describe, it } from "@effect/vitest"
import { Conversations, TwilioError } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Arbitrary, Context, Effect, Layer, Redacted, Schema, Stream } from "effect"
import { FetchHttpClient } from "effect/http"
import { faster } from "../../support/faster.ts"
import * as Model from "../../support/model.ts"
import { services } from "../../support/services.ts"

const names = ["ana", "ben", "cho"]
const minute = 60_000
/** Time passes faster here than a busy machine answers. */
const unhurried = { within: "1 hour" } as const

/** Which room and which agent are taken from those that there are. */
const index = Schema.Literals([0, 1, 2, 3])
const Move = Schema.Struct({
  do: Schema.Literal("move"),
  room: index,
  agent: index,
  status: Schema.Literals(["wrapup", "closed", "closed"]),
  ifLast: Schema.Literals(["allow", "refuse"]),
  program: Schema.Literals([0, 1])
})
const End = Schema.Struct({
  do: Schema.Literal("end"),
  room: index,
  status: Schema.Literals(["closed", "inactive"]),
  program: Schema.Literals([0, 1])
})
/** What a step does: operations of programs, all at once; or something that happens to a conversation. */
const Step = Schema.Union([
  Schema.Struct({ do: Schema.Literal("programs"), operations: Schema.Array(Schema.Union([Move, Move, End])) }),
  Schema.Struct({ do: Schema.Literal("one"), operation: Schema.Union([Move, Move, Move, End]) }),
  Schema.Struct({ do: Schema.Literal("invite"), room: index, worker: Schema.Literals([...names, "nobody", "nobody"]) }),
  Schema.Struct({ do: Schema.Literal("accept"), room: index, worker: Schema.Literals(names) }),
  Schema.Struct({ do: Schema.Literal("decline"), room: index }),
  Schema.Struct({ do: Schema.Literal("message"), room: index }),
  Schema.Struct({ do: Schema.Literal("wait"), minutes: Schema.Literals([1, 10, 1500]) })
])
type Step = typeof Step.Type
type Operation = typeof Move.Type | typeof End.Type

/** A contact centre, the model of it, and programs that work on it. */
const open = () => {
  let machine = 1_800_000_000_000
  const conversation = (...workers: ReadonlyArray<string>) => ({
    channels: [
      {
        participants: [
          { type: "customer" as const },
          ...workers.map((worker) => ({ type: "agent" as const, worker, minutes: 1 }))
        ]
      }
    ]
  })
  const sandbox = Sandbox.make({
    seed: {
      workers: names.map((friendly_name) => ({ friendly_name })),
      interactions: [conversation("ana", "ben"), conversation("cho")]
    },
    now: () => machine
  })
  const channels = [...sandbox.state.values()].flatMap((interaction) => [...interaction.values()])
  const since = machine - minute
  const agent = (worker: string): Model.Agent => ({ worker, reservation: "active", since, attached: "active" })
  const rooms: Array<Model.Room> = [
    { status: "active", agents: [agent("ana"), agent("ben")], waiting: [] },
    { status: "active", agents: [agent("cho")], waiting: [] }
  ]

  /** No two changes are made in the same second, since Twilio's dates have whole ones. */
  const handle = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init)
    if (request.method === "POST") machine += 1100
    return sandbox.fetch(request)
  }
  const { apiKey, apiSecret } = sandbox.credentials
  const http = FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, handle as typeof fetch)))
  const [workspaceSid = ""] = sandbox.taskrouter.workspaces.keys()
  const below = services(http, {
    credentials: { apiKey, apiSecret: Redacted.make(apiSecret) },
    workspaceSid,
    timeouts: { attempt: "1 hour", total: "2 hours" }
  })
  // Each layer is a process of its own, as far as the library knows.
  const program = () => Layer.build(Layer.fresh(Layer.provide(Conversations.layer, Layer.orDie(below))))
  return { sandbox, channels, rooms, now: () => sandbox.clock.now(), programs: Effect.all([program(), program()]) }
}
type Centre = ReturnType<typeof open>

const refOf = (centre: Centre, room: number) => {
  const { channelSid, interactionSid } = centre.channels[room] ?? assert.fail("no such room")
  return { channelSid: channelSid as never, interactionSid: interactionSid as never }
}
const agentsOf = (centre: Centre, room: number) =>
  centre.channels[room]?.participants.filter(({ type }) => type === "agent") ?? []

/** An operation as a program does it: the result, or the tag of the error. */
const perform = Effect.fnUntraced(function* (
  conversations: Conversations.Conversations["Service"],
  centre: Centre,
  room: number,
  operation: Model.Operation
) {
  const ref = refOf(centre, room)
  const told =
    operation.do === "end"
      ? conversations.end(ref, operation.status, unhurried)
      : conversations.move(
          { ...ref, participantSid: agentsOf(centre, room)[operation.agent]?.sid as never },
          operation.status,
          { ifLast: operation.ifLast, ...unhurried }
        )
  return yield* Effect.match(
    told as Effect.Effect<{ readonly result: string }, TwilioError.TwilioError | { readonly _tag: string }>,
    {
      onSuccess: ({ result }) => result,
      onFailure: (error) => (error instanceof TwilioError.TwilioError ? error.reason._tag : error._tag)
    }
  )
})

/** The room as the sandbox has it. */
const actual = ({ channels, sandbox }: Centre, room: number, was: Model.Room, now: number): Model.Room => {
  const channel = channels[room] ?? assert.fail("no such room")
  const agents = channel.participants.filter(({ type }) => type === "agent")
  return {
    status: channel.status as Model.Room["status"],
    waiting: was.waiting.slice(0, channel.status === "active" ? undefined : 0),
    agents: agents.map(({ routing, status }, index): Model.Agent => {
      const reservation = sandbox.taskrouter.reservations.get(String(routing?.["reservation_sid"]))
      const before = was.agents[index] ?? assert.fail("an agent joined")
      const is = { accepted: "active", wrapping: "wrapping", completed: "left" } as const
      const standing = reservation === undefined ? before.reservation : is[reservation.status as keyof typeof is]
      return {
        ...before,
        attached: status,
        reservation: standing,
        since: standing === before.reservation ? before.since : now
      }
    })
  }
}

const orders = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  all.length <= 1 ? [all] : all.flatMap((one, n) => orders(all.toSpliced(n, 1)).map((rest) => [one, ...rest]))

/** What the dates of a room say is the sandbox's; everything else is compared. */
const undated = ({ agents, ...room }: Model.Room) => ({
  ...room,
  agents: agents.map(({ attached, reservation, worker }) => ({ attached, reservation, worker }))
})

/** Operations at the same time. */
const together = Effect.fnUntraced(function* (
  centre: Centre,
  programs: ReadonlyArray<Conversations.Conversations["Service"]>,
  operations: ReadonlyArray<Operation>
) {
  const todo = operations.flatMap((operation) => {
    const room = operation.room % centre.rooms.length
    const many = centre.rooms[room]?.agents.length ?? 0
    if (operation.do === "move" && many === 0) return []
    const model: Model.Operation = operation.do === "end" ? operation : { ...operation, agent: operation.agent % many }
    return [{ room, model, program: operation.program }]
  })
  const before = centre.now()
  const told = yield* Effect.forEach(
    todo,
    ({ model, program, room }) => perform(programs[program] ?? assert.fail("no such program"), centre, room, model),
    { concurrency: "unbounded" }
  )
  for (const [room, was] of centre.rooms.entries()) {
    const here = todo.flatMap((one, index) => (one.room === room ? [{ ...one, told: told[index] ?? "" }] : []))
    const is = actual(centre, room, was, centre.now())
    const what = JSON.stringify({ here, was: undated(was), is: undated(is) })
    if (new Set(here.map(({ program }) => program)).size <= 1) {
      // One program does one thing after the other: it is as in one of the orders.
      const fits = orders(here).some((order) => {
        let state = was
        return (
          order.every(({ model, told }) => {
            const done = Model.apply(state, model, before)
            state = done.room
            return done.told === told
          }) && JSON.stringify(undated(state)) === JSON.stringify(undated(is))
        )
      })
      assert.isTrue(fits, what)
    } else {
      // Programs that know nothing of each other: each was told the truth.
      for (const { model, told } of here) {
        const success = ["confirmed", "accepted", "already", "wider", "pending"].includes(told)
        if (model.do === "end") {
          if (success && told !== "wider") assert.notStrictEqual(is.status, "active", what)
          continue
        }
        const agent = is.agents[model.agent]
        const wasAgent = was.agents[model.agent]
        if (told === "confirmed") {
          assert.include(model.status === "closed" ? ["left"] : ["wrapping", "left"], agent?.reservation, what)
          assert.notDeepEqual(agent, wasAgent, what)
        }
        if (told === "wider") assert.isTrue(agent?.reservation === "left" || is.status !== "active", what)
      }
      const changed = here.some(({ told }) => ["confirmed", "accepted", "pending", "wider"].includes(told))
      if (!changed) assert.deepStrictEqual(undated(is), undated(was), what)
    }
    centre.rooms[room] = is
  }
})

/** Something happens, to the sandbox and to the model. */
const happen = (centre: Centre, step: Exclude<Step, { readonly do: "programs" | "one" }>) => {
  const { channels, rooms, sandbox } = centre
  if (step.do === "wait") return sandbox.clock.advance(step.minutes * minute)
  const n = step.room % rooms.length
  const [channel, room] = [channels[n] ?? assert.fail("no room"), rooms[n] ?? assert.fail("no room")]
  const task = [...sandbox.taskrouter.tasks.values()].find(
    (task) => task.channel === channel && (task.status === "pending" || task.status === "reserved")
  )
  const [first, ...others] = room.waiting
  switch (step.do) {
    case "invite": {
      if (room.status !== "active" || room.waiting.length > 1) return
      const worker = step.worker === "nobody" ? undefined : step.worker
      sandbox.invite(channel, worker === undefined ? {} : { worker })
      rooms[n] = { ...room, waiting: [...room.waiting, { worker }] }
      return
    }
    case "accept": {
      if (task === undefined || first === undefined || room.agents.length > 4) return
      const worker = first.worker ?? step.worker
      sandbox.accept(task.sid, worker)
      const agent: Model.Agent = { worker, reservation: "active", since: centre.now(), attached: "active" }
      rooms[n] = { ...room, waiting: others, agents: [...room.agents, agent] }
      return
    }
    case "decline": {
      if (task === undefined || first?.worker === undefined) return
      sandbox.decline(task.sid)
      // Documented: who was named and declines ends the task.
      rooms[n] = { ...room, waiting: others }
      return
    }
    case "message":
      if (room.status === "closed") return
      sandbox.message(channel)
      if (room.status === "inactive") rooms[n] = { ...room, status: "active", waiting: [{}] }
  }
}

/** Whatever `Conversations` says of what there is now, held against the model. */
const agree = Effect.fnUntraced(function* (centre: Centre, conversations: Conversations.Conversations["Service"]) {
  const now = centre.now()
  const part = (room: number, agent: number) => `${room}/${agent}`
  const all = centre.rooms.flatMap((room, n) =>
    room.agents.map((agent, index) => ({ ...agent, part: part(n, index), standing: Model.standingOf(agent, now) }))
  )
  const partOf = (found: { readonly participantSid?: string }) => {
    for (const [n] of centre.rooms.entries()) {
      const index = agentsOf(centre, n).findIndex(({ sid }) => sid === found.participantSid)
      if (index >= 0) return part(n, index)
    }
    return "nobody"
  }
  const rows = (found: ReadonlyArray<{ readonly participantSid?: string; readonly standing?: string }>) =>
    found.map((row) => `${partOf(row)} ${row.standing}`).toSorted()

  for (const [n, room] of centre.rooms.entries()) {
    const ref = refOf(centre, n)
    const roster = yield* conversations.roster(ref, { onTheWay: true, ...unhurried })
    const agents = roster.participants.filter(({ type }) => type === "agent")
    assert.deepStrictEqual(
      {
        status: roster.status,
        agents: agents.map(({ standing }) => standing),
        onTheWay: roster.onTheWay,
        customerAlone: roster.customerAlone,
        unseen: roster.unseen
      },
      {
        status: room.status,
        agents: room.agents.map((agent) => Model.standingOf(agent, now)),
        onTheWay: {
          queued: room.waiting.filter(({ worker }) => worker === undefined).length,
          offered: room.waiting.filter(({ worker }) => worker !== undefined).length
        },
        customerAlone: Model.isAlone(room, now),
        unseen: undefined
      }
    )
    const ofInteraction = yield* Stream.runCollect(conversations.find({ interaction: ref.interactionSid }))
    assert.deepStrictEqual(
      rows(ofInteraction),
      all
        .filter(({ part }) => part.startsWith(`${n}/`))
        .map(({ part, standing }) => `${part} ${standing}`)
        .toSorted()
    )
    for (const [index, { sid }] of agentsOf(centre, n).entries()) {
      const agent = { ...ref, participantSid: sid as never }
      const plan = yield* conversations.plan(agent, "closed", unhurried)
      const standing = all.find((one) => one.part === part(n, index))?.standing
      assert.deepStrictEqual(
        [plan.agent.standing, plan.customerAlone, plan.customerAloneNow, plan.lastAgent, plan.channelStatus],
        [
          standing,
          Model.isAlone(room, now, index),
          Model.isAlone(room, now),
          Model.isAlone(room, now, index),
          room.status
        ]
      )
      assert.strictEqual((yield* conversations.plan(agent, "wrapup", unhurried)).alreadyThere, standing === "wrapping")
    }
  }
  for (const standing of ["active", "wrapping"] as const) {
    const found = yield* Stream.runCollect(conversations.find({ standing }))
    assert.deepStrictEqual(
      rows(found),
      all
        .filter((one) => one.standing === standing)
        .map(({ part }) => `${part} ${standing}`)
        .toSorted()
    )
  }
  for (const worker of names) {
    const found = yield* Stream.runCollect(conversations.find({ worker }))
    assert.deepStrictEqual(
      rows(found),
      all
        .filter((one) => one.worker === worker && (one.standing === "active" || one.standing === "wrapping"))
        .map(({ part, standing }) => `${part} ${standing}`)
        .toSorted()
    )
  }
})

const run = Effect.fnUntraced(function* (steps: ReadonlyArray<Step>) {
  const centre = open()
  const programs = (yield* centre.programs).map((services) => Context.get(services, Conversations.Conversations))
  for (const [n, step] of steps.entries()) {
    if (step.do === "programs") yield* together(centre, programs, step.operations.slice(0, 3))
    else if (step.do === "one") yield* together(centre, programs, [step.operation])
    else happen(centre, step)
    yield* agree(centre, programs[n % 2] ?? assert.fail("no program"))
  }
})

describe("several programs at once, on the sandbox", () => {
  it.live.prop(
    "what find, roster and plan say agrees with a model after every step, and so does what move and end told",
    { steps: Arbitrary.array(Arbitrary.schema(Step), { minLength: 1, maxLength: 10 }) },
    ({ steps }) => Effect.scoped(run(steps)).pipe(faster(400)),
    { timeout: 120_000, arbitrary: { runs: 40 } }
  )
})
