/** A host and a server in this process, on services of the test's own: for what no real server can be made to do at will. */
import { InMemoryTransport } from "@modelcontextprotocol/client"
import { type Participant, TwilioClient } from "@flex-interactions/core"
import { Console, Effect, Exit, Layer, Logger, Scope } from "effect"
import * as Calls from "../../packages/mcp/src/protocol/Calls.ts"
import * as Server from "../../packages/mcp/src/protocol/Server.ts"
import { services } from "../../packages/mcp/src/tools/index.ts"
import * as Limits from "../../packages/mcp/src/tools/Limits.ts"
import { client as host, type HostOptions, sid } from "./calls.ts"

/** The agent of the first ready-made interaction. */
export const agent = {
  sid: sid(1, "UT", 2),
  type: "agent",
  interactionSid: sid(1, "KD"),
  channelSid: sid(1, "UO")
} as Participant.Agent

/** The services that a test does not give: to ask any of them is a defect. */
const others = Layer.provide(Layer.fresh(services({})), Layer.mock(TwilioClient.TwilioClient)({}))

export const open = async (layer: Layer.Layer<never>, limits: Calls.Options = {}, answer?: HostOptions["answer"]) => {
  const log: Array<unknown> = []
  const audit: Array<string> = []
  const scope = await Effect.runPromise(Scope.make())
  const calls = await Calls.make(limits).pipe(
    Effect.provide([others, layer, Logger.layer([Logger.make(({ cause, message }) => log.push([message, cause]))])]),
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
