/** A host and a server in this process, on services of the test's own: for what no real server can be made to do at will. */
import { InMemoryTransport } from "@modelcontextprotocol/client"
import {
  Channels,
  Conversations,
  type Participant,
  Participants,
  Tasks,
  TwilioError,
  Workers
} from "@flex-interactions/core"
import { Console, Effect, Exit, Layer, Logger, Scope, Stream } from "effect"
import * as Calls from "../../packages/mcp/src/protocol/Calls.ts"
import * as Server from "../../packages/mcp/src/protocol/Server.ts"
import * as Limits from "../../packages/mcp/src/tools/Limits.ts"
import * as ScopeOf from "../../packages/mcp/src/tools/Scope.ts"
import { client as host, type HostOptions, sid } from "./calls.ts"

/** The agent of the first ready-made interaction. */
export const agent = {
  sid: sid(1, "UT", 2),
  type: "agent",
  interactionSid: sid(1, "KD"),
  channelSid: sid(1, "UO")
} as Participant.Agent

/** TaskRouter is turned off, as a server on another Flex API has it. */
const off = new TwilioError.TwilioError({
  operation: "Tasks.reservation",
  reason: new TwilioError.Forbidden({ setting: "TASKROUTER_API_BASE_URL" })
})

/** What a test does not give: a channel that is active, no TaskRouter; to ask for participants is a defect. */
const others = Layer.mergeAll(
  Layer.mock(Channels.Channels)({
    get: (channel) => Effect.succeed({ ...channel, status: "active" } as Channels.Channel & Participant.ChannelRef)
  }),
  Layer.mock(Participants.Participants)({}),
  Layer.mock(Tasks.Tasks)({
    get: () => Effect.fail(off),
    page: () => Effect.fail(off),
    stream: () => Stream.fail(off),
    reservation: () => Effect.fail(off),
    reservations: () => Effect.fail(off)
  }),
  Layer.mock(Workers.Workers)({ get: () => Effect.fail(off), find: () => Effect.fail(off) })
)
type Others = Layer.Success<typeof others>

/** The tools on these services; each that is missing is one of the {@link others}. */
const on = (given: Layer.Layer<never>, { onlyQueue = [] }: Limits.Limits) => {
  const below = Layer.merge(others, given as Layer.Layer<Others>)
  const services = Layer.mergeAll(others, Layer.provide(Layer.fresh(Conversations.layer), below), given)
  return Layer.merge(Layer.provide(Layer.fresh(ScopeOf.layer(onlyQueue)), services), given)
}

export const open = async (layer: Layer.Layer<never>, limits: Calls.Options = {}, answer?: HostOptions["answer"]) => {
  const log: Array<unknown> = []
  const audit: Array<string> = []
  const scope = await Effect.runPromise(Scope.make())
  const logger = Logger.layer([Logger.make(({ cause, message }) => log.push([message, cause]))])
  const calls = await Layer.build(Layer.merge(on(layer, limits), logger)).pipe(
    Effect.flatMap((services) => Effect.provide(Calls.make(limits), services)),
    Effect.provideService(
      Console.Console,
      Object.assign(Object.create(console) as Console.Console, { error: (line: string) => audit.push(line) })
    ),
    Scope.provide(scope),
    Effect.runPromise
  )
  const make = Server.make({ version: "0.0.0", offer: Limits.offer(limits) }, calls)
  const server = make({ era: "legacy" })
  const client = host({ mode: "legacy", answer })
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  await server.connect(theirs)
  await client.connect(ours)
  return { client, make, log, audit, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
