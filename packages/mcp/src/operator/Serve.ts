/** Serving by the settings, over whatever transport, until it ends. */
import { TwilioClient } from "@flex-interactions/core"
import type { McpServerFactory } from "@modelcontextprotocol/server"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Calls from "../protocol/Calls.ts"
import * as Server from "../protocol/Server.ts"
import * as Stdio from "../protocol/Stdio.ts"
import type { Example } from "../platform/Sandbox.ts"
import * as Limits from "../tools/Limits.ts"
import { escaped } from "../tools/Plain.ts"
import * as Process from "./Process.ts"
import * as Settings from "./Settings.ts"

/** What a way of serving brings along. */
export interface Way<E, R, R2> {
  /** Serves until it ends. `limits` says what the operator limits, and `hint` what can be tried, for the log. */
  readonly transport: (server: McpServerFactory, limits: string, hint?: string) => Effect.Effect<void, E, R>
  /** The client of Twilio; left aside where the settings ask for the sandbox. */
  readonly twilio: MakeClient<R2>
  readonly confirmation?: Calls.Options["confirmation"]
  readonly sharedWrites?: Calls.Options["sharedWrites"]
}

type Client<R> = Layer.Layer<TwilioClient.TwilioClient, TwilioClient.SettingsError, R>

interface Made<R> {
  readonly layer: Client<R>
  /** Of the sandbox: a conversation to try, in these queues. */
  readonly example?: (queues: ReadonlyArray<string>) => Example | undefined
}

type MakeClient<R> = (options: TwilioClient.Options) => Effect.Effect<Client<R>>

export const serve = <E, R, R2>(written: Settings.Written, way: Way<E, R, R2>) =>
  Effect.gen(function* () {
    const limits = yield* Settings.limits(written)
    const isSandbox = yield* Settings.onSandbox(written)
    const made = yield* Effect.cached(yield* client(written, way.twilio))
    const workspaceSid = yield* Settings.workspace(written)
    const calls = yield* Effect.cached(
      load(
        Effect.map(made, ({ layer }) => layer),
        { ...limits, workspaceSid, confirmation: way.confirmation ?? {}, sharedWrites: way.sharedWrites }
      )
    )
    // The sandbox is made at once: a seed that cannot be used ends the command, like other wrong settings. Those of Twilio were
    // checked above; calls that arrive later than a second after the start find everything loaded.
    yield* isSandbox ? calls : Effect.forkScoped(Effect.delay(calls, "1 second"))
    const loaded = Effect.tapCause(calls, (cause) => Effect.logError("what calls need could not be loaded", cause))
    const run = Effect.runPromiseWith(yield* Effect.context<Effect.Services<typeof loaded>>())
    let answer: Promise<Server.Answer> | undefined
    const example = isSandbox ? (yield* made).example?.(limits.onlyQueue) : undefined
    const server = Server.make(
      { version: Process.version, offer: Limits.offer(limits), examples: example?.sids },
      (request) =>
        (answer ??= run(loaded)).then(
          (answer) => answer(request),
          () => Server.failed(notLoaded)
        )
    )
    yield* way.transport(server, Limits.inForce(limits), example === undefined ? undefined : hintOf(example))
    return 0
  }).pipe(Effect.scoped)

/** Answers calls until the scope closes. What that takes is loaded now. */
const load = Effect.fnUntraced(function* <R>(
  client: Effect.Effect<Client<R>, TwilioClient.SettingsError>,
  options: Calls.Options & { readonly workspaceSid: string | undefined }
) {
  const [{ make }, { services }] = yield* Effect.promise(() =>
    Promise.all([import("../protocol/Calls.ts"), import("../tools/index.ts")])
  )
  return yield* Effect.provide(make(options), yield* Layer.build(Layer.provide(services(options), yield* client)))
})

/** An upgrade has replaced the files of the server that runs. */
const notLoaded =
  "This server could not load all of itself; its log says why. Nothing was changed. Tell the operator to restart it."

/**
 * The client by the settings, which are checked now: of Twilio or, where they say so, of the sandbox. What it takes is loaded when
 * the inner effect runs.
 */
export const client = Effect.fnUntraced(function* <R>(written: Settings.Written, twilio: MakeClient<R>) {
  const isSandbox = yield* Settings.onSandbox(written)
  yield* Settings.workspace(written)
  const options = isSandbox ? undefined : yield* TwilioClient.fromConfig
  if (options !== undefined && written.onlyQueue !== undefined) {
    const { taskrouter } = yield* Effect.fromResult(TwilioClient.origins(options))
    const { onlyQueue } = yield* Settings.limits(written)
    const problem = Limits.scopeProblem(
      onlyQueue,
      taskrouter === undefined ? Settings.called("taskRouterBaseUrl") : undefined
    )
    if (problem !== undefined) return yield* Settings.fail("onlyQueue", problem)
  }
  const made: Effect.Effect<Made<R>, TwilioClient.SettingsError> = options === undefined
    ? sandbox(written.sandboxSeed)
    : Effect.map(twilio(options), (layer) => ({ layer }))
  return made
})

const sandbox = (seed: string | undefined): Effect.Effect<Made<never>, TwilioClient.SettingsError> =>
  Effect.flatMap(
    Effect.promise(() => import("../platform/Sandbox.ts")),
    ({ make }) => Effect.mapError(make(seed), (problem) => Settings.fail("sandboxSeed", problem))
  )

/** A sentence that somebody who tries it can paste into an assistant. */
const hintOf = ({ sids: { KD, UO }, worker }: Example): string =>
  `to try it, ask the assistant: "Who is in the Flex conversation ${KD} ${UO}, and ${
    worker === undefined ? "is the customer alone in it" : `what would happen if ${worker} left it`
  }?"`

/** Serves over stdio, and says in the log what the operator limits, and what can be tried. */
export const overStdio = (server: McpServerFactory, limits: string, hint?: string): Effect.Effect<void> => {
  process.stderr.write(`flex-interactions-mcp: serving over stdio; ${limits}\n`)
  if (hint !== undefined) process.stderr.write(`flex-interactions-mcp: ${escaped(hint, 500)}\n`)
  return Stdio.serve(server)
}
