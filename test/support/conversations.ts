/** Conversations on a sandbox with the ready-made world, over HTTP; each request and reply is judged. */
import { Conversations } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { afterEach, assert, beforeEach } from "vitest"
import { type Judged, judged } from "./openapi.ts"
import { services } from "./services.ts"

type Options = Parameters<typeof services>[1] & {
  /** TaskRouter is turned off; or the workspace is not configured. */
  readonly without?: "TaskRouter" | "workspace"
}
export type Service = Conversations.Conversations["Service"]

/** A conversation of the ready-made world, as a reference; `n` counts its participants from 1. */
export const channelOf = (name: keyof typeof Sandbox.ready.conversations) => {
  const { channelSid, interactionSid } = Sandbox.ready.conversations[name]
  return { channelSid, interactionSid } as never as { readonly channelSid: never; readonly interactionSid: never }
}
export const agentOf = (name: keyof typeof Sandbox.ready.conversations, n = 2) => ({
  ...channelOf(name),
  participantSid: Sandbox.ready.conversations[name].participants[n - 1]?.participantSid as never
})

/** A sandbox behind a port for each test of a file. */
export const onReadyMade = (settings: Partial<Sandbox.Settings> = {}, seed: Sandbox.Seed = Sandbox.readyMade) => {
  let served: Judged | undefined
  let isHonest = true
  const current = () => served ?? assert.fail("no test runs")
  beforeEach(async () => {
    isHonest = true
    served = await judged(Sandbox.make({ seed, settings }))
  })
  afterEach(async () => {
    const { close, verdict, wrongly } = current()
    await close()
    assert.deepStrictEqual([isHonest ? verdict : [], wrongly], [[], []])
  })
  /** Each layer is a process of its own, as far as the library knows. */
  const layer = ({ without, ...options }: Options = {}) => {
    const { sandbox, url } = current()
    const { apiKey, apiSecret } = sandbox.credentials
    const below = services(FetchHttpClient.layer, {
      credentials: { apiKey, apiSecret: Redacted.make(apiSecret) },
      baseUrl: url,
      ...(without === "TaskRouter" ? undefined : { taskRouterBaseUrl: url }),
      ...(without === "workspace" ? undefined : { workspaceSid: Sandbox.ready.workspaceSid }),
      ...options
    })
    return Layer.provideMerge(Conversations.layer, Layer.orDie(below))
  }
  return {
    sandbox: () => current().sandbox,
    url: () => current().url,
    /** From here on the sandbox may answer what Twilio's documents do not have. */
    fault: (...faults: ReadonlyArray<Sandbox.Fault>) => {
      isHonest = false
      current().sandbox.faults.add(...faults)
    },
    /** What was asked so far: `METHOD /path?query`, without the origin, the workspace and the version. */
    asked: () => current().requests.map((request) => request.replace(/\/v1(\/Workspaces\/WS\w+)?/u, "")),
    /** The changes among them. */
    changes: () => current().requests.filter((request) => request.startsWith("POST ")),
    layer,
    run: <A, E>(use: (conversations: Service) => Effect.Effect<A, E>, options: Options = {}) =>
      Effect.provide(Effect.flatMap(Conversations.Conversations, use), layer(options))
  }
}
