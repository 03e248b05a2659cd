/** A client on a sandbox in this process: no port, no account. Loaded only when asked for. */
import { readFile } from "node:fs/promises"
import { TwilioClient } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import * as SandboxLayer from "@flex-interactions/sandbox/layer"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

/** A conversation to try, and who is in it. */
export interface Example {
  /** By prefix: KD, UO, and, of an agent, UT and WT. */
  readonly sids: Readonly<Record<string, string>>
  /** The agent's name. */
  readonly worker: string | undefined
}

/** With the interactions of this seed, or its own. Fails with what is wrong with the seed. */
export const make = Effect.fnUntraced(function* (file: string | undefined) {
  const sandbox = file === undefined ? Sandbox.make() : yield* seeded(file)
  const { apiKey, apiSecret } = sandbox.credentials
  return {
    layer: TwilioClient.layer({ credentials: { apiKey, apiSecret: Redacted.make(apiSecret) } }).pipe(
      Layer.provide(SandboxLayer.layer(sandbox))
    ),
    example: (queues: ReadonlyArray<string>) => exampleOf(sandbox, queues)
  }
})

/** The first conversation of these queues (none: of any) that most can be tried on: it is open, and two agents are in it. */
const exampleOf = ({ state, taskrouter }: Sandbox.Sandbox, queues: ReadonlyArray<string>): Example | undefined => {
  const channels = [...state.values()].flatMap((channels) => [...channels.values()])
  const found = channels
    .filter(({ queue }) => queues.length === 0 || queues.includes(queue))
    .map((channel) => ({
      channel,
      agents: channel.listed.filter(({ status, type }) => type === "agent" && status === "active")
    }))
    .toSorted((one, other) => ranked(other) - ranked(one))[0]
  if (found === undefined) return undefined
  const { interactionSid, channelSid } = found.channel
  const [agent] = found.agents
  const { task_sid: task, worker_sid: worker } = agent?.routing ?? {}
  return {
    sids: {
      KD: interactionSid,
      UO: channelSid,
      ...(agent === undefined ? undefined : { UT: agent.sid }),
      ...(typeof task === "string" ? { WT: task } : undefined)
    },
    worker: typeof worker === "string" ? taskrouter.workers.get(worker)?.name : undefined
  }
}

const ranked = ({ agents, channel }: { readonly agents: ReadonlyArray<unknown>; readonly channel: Sandbox.Channel }) =>
  (channel.status === "active" ? 3 : 0) + Math.min(agents.length, 2)

const seeded = (file: string) =>
  Effect.tryPromise({
    try: async () => Sandbox.make({ seed: await Sandbox.seedFromJson(await readFile(file, "utf8")) }),
    catch: (error) => `cannot be used: ${error instanceof Error ? error.message : String(error)}`
  })
