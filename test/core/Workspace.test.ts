/** The workspace: where it comes from, how often it is looked up, and what is kept of a failure. */
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient, Workspace } from "@flex-interactions/core"
import { ConfigProvider, Deferred, Effect, Exit, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type Answer, credentials, double, refused } from "../support/double.ts"
import { onSandbox, services, sid } from "../support/services.ts"

const { asked, run, sandbox } = onSandbox()
const lookup = Workspace.Workspace.use((workspace) => workspace.sid)
const unset = { workspaceSid: undefined }

const configuration = (workspace?: unknown) => Response.json({ taskrouter_workspace_sid: workspace, secret: "s3cret" })
const named = (...names: ReadonlyArray<string>) =>
  Response.json({ workspaces: names.map((friendly_name, n) => ({ sid: sid("WS", n), friendly_name })) })

/** A lookup over these answers, and what it asked. */
const over = (...answers: ReadonlyArray<Answer>) => {
  const http = double(...answers)
  return { http, layer: services(http.layer), paths: () => http.requests.map(({ url }) => new URL(url).pathname) }
}

describe("the workspace", () => {
  it.effect("is the one that is set, and nothing is asked", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* run(lookup, { workspaceSid: sid("WS", 7) }), sid("WS", 7))
      assert.deepStrictEqual(asked(), [])
    })
  )

  it.effect("else is the one that Flex's configuration names: one request for all callers, and for ever", () =>
    Effect.gen(function* () {
      const many = Effect.gen(function* () {
        const all = yield* Effect.all(
          Array.from({ length: 20 }, () => lookup),
          { concurrency: "unbounded" }
        )
        yield* TestClock.adjust("365 days")
        return new Set([...all, yield* lookup])
      })
      assert.deepStrictEqual(yield* run(many, unset), new Set([sid("WS", 1)]))
      assert.deepStrictEqual(asked(), ["GET /Configuration"])
    })
  )

  it.effect("else, where these credentials may not read that, is the one with Flex's name", () =>
    Effect.gen(function* () {
      const body = { code: 20403, message: "no", more_info: "https://www.twilio.com/docs/errors/20403", status: 403 }
      sandbox().faults.add({ kind: "answer", status: 403, resource: "configuration", body })
      assert.strictEqual(yield* run(lookup, unset), sid("WS", 1))
      assert.deepStrictEqual(asked(), [
        "GET /Configuration",
        "GET /Workspaces?FriendlyName=Flex+Task+Assignment&PageSize=1000"
      ])
    })
  )

  for (const [what, answer] of [
    ["there is no Flex", refused(404, 20404)],
    ["it names none", configuration(null)],
    ["it leaves it out", Response.json({})],
    ["what it names is none", configuration("WS1")]
  ] as const) {
    it.effect(`else, where ${what}, is the one with Flex's name, and not the first of the list`, () =>
      Effect.gen(function* () {
        const { layer, paths } = over(answer, named("Another", "Flex Task Assignment", "flex task assignment"))
        assert.strictEqual(yield* Effect.provide(lookup, layer), sid("WS", 1))
        assert.deepStrictEqual(paths(), ["/v1/Configuration", "/v1/Workspaces"])
      })
    )
  }

  for (const [names, found] of [
    [[], "no workspace"],
    [["Another"], "no workspace"],
    [["Flex Task Assignment", "Flex Task Assignment"], "2 workspaces"]
  ] as const) {
    it.effect(`is not guessed: ${JSON.stringify(names)} is NotFound, which names the setting`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Effect.provide(lookup, over(configuration(), named(...names)).layer))
        assert.strictEqual(error._tag === "TwilioError" && error.reason._tag, "NotFound")
        assert.match(
          error.message,
          new RegExp(`names no workspace, and ${found} of this account is called Flex.*set TWILIO_WORKSPACE_SID`, "u")
        )
      })
    )
  }

  it.effect("is not looked for by name after a fault that passes: the name may be another's", () =>
    Effect.gen(function* () {
      for (const answer of [refused(503, 20503), refused(429, 20429), refused(401, 20003), new Response("<html>")]) {
        const { layer, paths } = over(answer, named("Flex Task Assignment"))
        yield* Effect.flip(Effect.provide(lookup, layer))
        assert.deepStrictEqual(paths(), ["/v1/Configuration"])
      }
    })
  )
})

describe("a lookup that fails", () => {
  it.effect("is shared by those who wait, and forgotten at once if it may pass", () =>
    Effect.gen(function* () {
      const { layer, paths } = over(refused(503, 20503), configuration(sid("WS", 3)))
      const both = Effect.gen(function* () {
        const exits = yield* Effect.all([Effect.exit(lookup), Effect.exit(lookup), Effect.exit(lookup)], {
          concurrency: "unbounded"
        })
        return [exits.map(Exit.isFailure), yield* lookup] as const
      })
      assert.deepStrictEqual(yield* Effect.provide(both, layer), [[true, true, true], sid("WS", 3)])
      assert.strictEqual(paths().length, 2)
    })
  )

  it.effect("for a reason that does not pass is given again for half a minute, and nothing is sent", () =>
    Effect.gen(function* () {
      const { layer, paths } = over(refused(401, 20003), configuration(sid("WS", 3)))
      const later = Effect.gen(function* () {
        yield* Effect.flip(lookup)
        yield* TestClock.adjust("29 seconds")
        const error = yield* Effect.flip(lookup)
        assert.strictEqual(error.reason._tag, "Unauthorized")
        assert.strictEqual(paths().length, 1)
        yield* TestClock.adjust("1 second")
        return yield* lookup
      })
      assert.strictEqual(yield* Effect.provide(later, layer), sid("WS", 3))
    })
  )

  it.effect("because its caller gave up takes nobody else with it", () =>
    Effect.gen(function* () {
      const answer = yield* Deferred.make<Response>()
      const { http, layer, paths } = over(Deferred.await(answer))
      const program = Effect.gen(function* () {
        const impatient = yield* Effect.forkChild(lookup)
        const patient = yield* Effect.forkChild(lookup)
        yield* http.asked(1)
        yield* Fiber.interrupt(impatient)
        yield* Deferred.succeed(answer, configuration(sid("WS", 4)))
        return yield* Fiber.join(patient)
      })
      assert.strictEqual(yield* Effect.provide(program, layer), sid("WS", 4))
      assert.strictEqual(paths().length, 1)
    })
  )

  it.effect("tells nothing of the rest of the configuration", () =>
    Effect.gen(function* () {
      for (const answer of [
        configuration({ url: "s3cret" }),
        configuration(["s3cret"]),
        new Response('{"crm_callback_url": "s3cret", ')
      ]) {
        const error = yield* Effect.flip(Effect.provide(lookup, over(answer).layer))
        assert.strictEqual(error._tag === "TwilioError" && error.reason._tag, "UnexpectedResponse")
        assert.notInclude(JSON.stringify(error) + error.message, "s3cret")
      }
    })
  )
})

describe("the setting", () => {
  const withEnv = (env: { readonly [name: string]: string }) => {
    const http = double(configuration(sid("WS", 2)))
    const layer = Workspace.layerConfig().pipe(
      Layer.provide(TwilioClient.layer({ credentials })),
      Layer.provide(http.layer),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown(env)))
    )
    return Effect.map(Effect.provide(lookup, layer), (found) => [found, http.requests.length])
  }

  it.effect("TWILIO_WORKSPACE_SID is taken from the environment; empty, it is not set", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* withEnv({ TWILIO_WORKSPACE_SID: sid("WS", 5) }), [sid("WS", 5), 0])
      assert.deepStrictEqual(yield* withEnv({ TWILIO_WORKSPACE_SID: "" }), [sid("WS", 2), 1])
      assert.deepStrictEqual(yield* withEnv({}), [sid("WS", 2), 1])
    })
  )

  it.effect("that is no workspace's SID is refused while the layer is built, and is not repeated", () =>
    Effect.gen(function* () {
      const given = `WT${"0".repeat(32)}`
      const [fromEnv, fromOptions] = yield* Effect.all([
        Effect.flip(withEnv({ TWILIO_WORKSPACE_SID: given })),
        Effect.flip(run(lookup, { workspaceSid: given }))
      ])
      const problem = "is not what it should be: expected WS followed by 32 hexadecimal digits, got a task SID (WT)"
      assert.strictEqual(fromEnv.message, `TWILIO_WORKSPACE_SID ${problem}`)
      assert.strictEqual(fromOptions.message, `workspaceSid ${problem}`)
    })
  )
})

describe("queues that are missing", () => {
  const queues = (...names: ReadonlyArray<string>) =>
    Response.json({ task_queues: names.map((friendly_name, n) => ({ sid: sid("WQ", n), friendly_name })), meta: {} })
  const missing = (names: ReadonlyArray<string>, ...answers: ReadonlyArray<Answer>) => {
    const http = double(...answers)
    const layer = Workspace.layer({ workspaceSid: sid("WS", 1) }).pipe(
      Layer.provideMerge(TwilioClient.layer({ credentials, retry: { times: 0 } })),
      Layer.provide(http.layer)
    )
    return Effect.map(Effect.exit(Effect.provide(Workspace.missingQueues(names), layer)), (exit) => ({
      exit,
      asked: http.requests.map(({ url }) => new URL(url).searchParams.get("FriendlyName"))
    }))
  }

  it.effect("are those of which no queue has exactly the name; each is asked for", () =>
    Effect.gen(function* () {
      const { asked, exit } = yield* missing(["Sales", "sales", "None"], queues("Sales"), queues("Sales"), queues())
      assert.deepStrictEqual(exit, Exit.succeed(["sales", "None"]))
      assert.deepStrictEqual(asked, ["Sales", "sales", "None"])
      assert.deepStrictEqual((yield* missing([])).asked, [])
    })
  )

  it.effect("can't be told where the list can't be read: an error, and not that all of them are", () =>
    Effect.gen(function* () {
      const { exit } = yield* missing(["Sales"], refused(403, 70051))
      assert.isTrue(Exit.isFailure(exit))
    })
  )
})
