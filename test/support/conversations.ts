/** Conversations on a sandbox with the ready-made world, over HTTP; each request and reply is judged. */
import { Conversations, type TwilioClient } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Fiber, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { TestClock } from "effect/testing"
import { afterEach, assert, beforeEach } from "vitest"
import { type Judged, judged } from "./openapi.ts"
import { services } from "./services.ts"

type Options = Partial<TwilioClient.Options> & {
  readonly workspaceSid?: string
  /** TaskRouter is turned off; or the workspace is not configured. */
  readonly without?: "TaskRouter" | "workspace"
}
export type Service = Conversations.Conversations["Service"]
export type Name = keyof typeof Sandbox.ready.conversations

/** A conversation of the ready-made world, as a reference. */
export const channelOf = (name: Name) => {
  const { channelSid, interactionSid } = Sandbox.ready.conversations[name]
  return { channelSid, interactionSid } as never as { readonly channelSid: never; readonly interactionSid: never }
}
/** One of its participants; `n` counts from 1, and the second is an agent everywhere. */
export const agentOf = (name: Name, n = 2) => ({
  ...channelOf(name),
  participantSid: Sandbox.ready.conversations[name].participants[n - 1]?.participantSid as never
})

/** What is done, once, when the next request that fits has come, or when it was carried out. */
interface Hook {
  readonly when: "before" | "after"
  readonly request: RegExp
  readonly run: () => unknown
}

/** A sandbox behind a port for each test of a file. */
export const onReadyMade = (settings: Partial<Sandbox.Settings> = {}, seed: Sandbox.Seed = Sandbox.readyMade) => {
  let served: Judged | undefined
  let isHonest = true
  let hooks: ReadonlyArray<Hook> = []
  let inFlight = 0
  const current = () => served ?? assert.fail("no test runs")

  const reached = async (when: Hook["when"], { method, url }: Request) => {
    const hook = hooks.find((hook) => hook.when === when && hook.request.test(`${method} ${new URL(url).pathname}`))
    if (hook === undefined) return
    hooks = hooks.filter((other) => other !== hook)
    await hook.run()
  }

  beforeEach(async () => {
    isHonest = true
    hooks = []
    inFlight = 0
    const sandbox = Sandbox.make({ seed, settings })
    served = await judged({
      ...sandbox,
      fetch: async (request) => {
        await reached("before", request)
        try {
          return await sandbox.fetch(request)
        } finally {
          await reached("after", request)
        }
      }
    })
  })
  afterEach(async () => {
    const { close, verdict, wrongly } = current()
    await close()
    assert.deepStrictEqual([isHonest ? verdict : [], wrongly], [[], []])
  })

  /** Counts what is on its way, to the end of the reply. */
  const counting: typeof fetch = async (input, init) => {
    inFlight += 1
    try {
      const response = await fetch(input, init)
      const body = await response.arrayBuffer()
      return new Response(body, { status: response.status, headers: response.headers })
    } finally {
      inFlight -= 1
    }
  }

  /** Each layer is a process of its own, as far as the library knows. */
  const layer = ({ without, ...options }: Options = {}) => {
    const { sandbox, url } = current()
    const { apiKey, apiSecret } = sandbox.credentials
    const http = FetchHttpClient.layer.pipe(Layer.provide(Layer.succeed(FetchHttpClient.Fetch, counting)))
    const below = services(http, {
      credentials: { apiKey, apiSecret: Redacted.make(apiSecret) },
      baseUrl: url,
      ...(without === "TaskRouter" ? undefined : { taskRouterBaseUrl: url }),
      ...(without === "workspace" ? undefined : { workspaceSid: Sandbox.ready.workspaceSid }),
      ...options
    })
    return Layer.provideMerge(Conversations.layer, Layer.orDie(below))
  }

  /** Runs under the test's clock, which passes only while no request is on its way. */
  const inNoTime = <A, E>(program: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(program)
      while (fiber.pollUnsafe() === undefined) {
        for (let turns = 0; turns < 5; turns++) yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
        if (inFlight === 0) yield* TestClock.adjust("50 millis")
      }
      return yield* Fiber.join(fiber)
    })

  return {
    sandbox: () => current().sandbox,
    url: () => current().url,
    /** What the agent of a conversation is for Twilio, though no operation shows it. */
    statusOf: (name: Name, n = 2) => {
      const { channelSid, interactionSid, participants } = Sandbox.ready.conversations[name]
      const channel = current().sandbox.state.get(interactionSid)?.get(channelSid)
      return channel?.bySid.get(participants[n - 1]?.participantSid ?? "")?.status
    },
    /** From here on the sandbox may answer what Twilio's documents do not have. */
    fault: (...faults: ReadonlyArray<Sandbox.Fault>) => {
      isHonest = false
      current().sandbox.faults.add(...faults)
    },
    /** Has something happen, once, just before, or just after, a request such as `POST /v1/…` is carried out. */
    on: (when: Hook["when"], request: RegExp, run: () => unknown) => {
      hooks = [...hooks, { when, request, run }]
    },
    /** Back to the ready-made world, with nothing that is to happen. */
    reset: () => {
      hooks = []
      current().sandbox.reset()
    },
    /** Sends something as another program would. */
    send: (method: "POST", path: string, fields: Readonly<Record<string, string>>) => {
      const { sandbox, url } = current()
      const { accountSid, authToken } = sandbox.credentials
      return fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Basic ${btoa(`${accountSid}:${authToken}`)}` },
        body: new URLSearchParams(fields)
      })
    },
    /** What was asked so far: `METHOD /path?query`, without the origin, the workspace and the version. */
    asked: () => current().requests.map((request) => request.replace(/\/v1(\/Workspaces\/WS\w+)?/u, "")),
    /** The changes among them. */
    changes: () => current().requests.filter((request) => request.startsWith("POST ")),
    layer,
    run: <A, E>(use: (conversations: Service) => Effect.Effect<A, E>, options: Options = {}) =>
      Effect.provide(Effect.flatMap(Conversations.Conversations, use), layer(options)),
    inNoTime
  }
}
