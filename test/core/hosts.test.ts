/** The two hosts: which request goes where, and that credentials go nowhere else. */
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient } from "@flex-interactions/core"
import { ConfigProvider, Effect, Layer, Result, Schema } from "effect"
import { credentials, double } from "../support/double.ts"

const endpoint = (host: "flex" | "taskrouter") =>
  TwilioClient.endpoint({
    name: "Tests.get",
    host,
    method: "GET",
    path: "/v1/Anything",
    access: "read",
    reply: Schema.decodeUnknownResult(Schema.Unknown)
  })

type Options = Partial<TwilioClient.Options>

/** The origin that a request to this host goes to, or the error. */
const originOf = (host: "flex" | "taskrouter", options: Options) => {
  const http = double(Response.json({}))
  return TwilioClient.TwilioClient.use((client) => client.execute(endpoint(host), { params: {} })).pipe(
    Effect.map(() => new URL(http.requests[0]?.url ?? "").origin),
    Effect.provide(TwilioClient.layer({ credentials, ...options }).pipe(Layer.provide(http.layer))),
    Effect.result,
    Effect.map((result) => ({ result, requests: http.requests }))
  )
}

describe("requests go", () => {
  for (const [what, options, flex, taskrouter] of [
    ["to Twilio by default", {}, "https://flex-api.twilio.com", "https://taskrouter.twilio.com"],
    [
      "to edge and region",
      { edge: "dublin", region: "ie1" },
      "https://flex-api.dublin.ie1.twilio.com",
      "https://taskrouter.dublin.ie1.twilio.com"
    ],
    [
      "to the origins that are set",
      { baseUrl: "https://flex.example", taskRouterBaseUrl: "https://tasks.example" },
      "https://flex.example",
      "https://tasks.example"
    ],
    [
      "to TaskRouter's origin, and Twilio's Flex",
      { taskRouterBaseUrl: "https://tasks.example" },
      "https://flex-api.twilio.com",
      "https://tasks.example"
    ],
    [
      "to TaskRouter's origin, and Flex of edge and region",
      { taskRouterBaseUrl: "https://tasks.example", edge: "dublin", region: "ie1" },
      "https://flex-api.dublin.ie1.twilio.com",
      "https://tasks.example"
    ]
  ] satisfies ReadonlyArray<readonly [string, Options, string, string]>) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual((yield* originOf("flex", options)).result, Result.succeed(flex))
        assert.deepStrictEqual((yield* originOf("taskrouter", options)).result, Result.succeed(taskrouter))
        assert.deepStrictEqual(TwilioClient.origins({ credentials, ...options }), Result.succeed({ flex, taskrouter }))
      })
    )
  }
})

describe("TaskRouter is off where only Flex has another origin:", () => {
  for (const options of [
    { baseUrl: "https://flex.example" },
    { baseUrl: "http://localhost:8080", edge: "dublin", region: "ie1" }
  ]) {
    it.effect(`nothing is sent, and the error names the setting (${JSON.stringify(options)})`, () =>
      Effect.gen(function* () {
        const { requests, result } = yield* originOf("taskrouter", options)
        assert.isEmpty(requests)
        const error = Result.isFailure(result) ? result.failure : undefined
        assert.isTrue(error?._tag === "TwilioError" && error.reason._tag === "Forbidden")
        if (error?._tag !== "TwilioError" || error.reason._tag !== "Forbidden") return
        assert.strictEqual(error.reason.setting, "TASKROUTER_API_BASE_URL")
        assert.isUndefined(error.status)
        assert.match(error.message, /TaskRouter is turned off.*nothing was sent.*set TASKROUTER_API_BASE_URL/u)
        assert.deepStrictEqual(
          Result.map(TwilioClient.origins({ credentials, ...options }), ({ taskrouter }) => taskrouter),
          Result.succeed(undefined)
        )
      })
    )
  }

  it.effect("from the environment too, and on again with both", () =>
    Effect.gen(function* () {
      const of = (env: Record<string, string>) =>
        TwilioClient.fromConfig.pipe(
          Effect.flatMap((options) => Effect.fromResult(TwilioClient.origins(options))),
          Effect.provideService(
            ConfigProvider.ConfigProvider,
            ConfigProvider.fromEnvRecord({
              TWILIO_API_KEY: credentials.apiKey,
              TWILIO_API_SECRET: "secret",
              FLEX_API_BASE_URL: "https://flex.example",
              ...env
            })
          )
        )
      assert.isUndefined((yield* of({})).taskrouter)
      assert.isUndefined((yield* of({ TASKROUTER_API_BASE_URL: "" })).taskrouter)
      const both = yield* of({ TASKROUTER_API_BASE_URL: "https://tasks.example" })
      assert.strictEqual(both.taskrouter, "https://tasks.example")
    })
  )
})

describe("TaskRouter's origin is refused", () => {
  for (const [input, problem] of [
    ["http://tasks.example", /^taskRouterBaseUrl must be https/u],
    ["nonsense", /^taskRouterBaseUrl is not a URL; an example: https:\/\/taskrouter/u],
    ["https://user:pass@tasks.example", /^taskRouterBaseUrl must not contain credentials/u],
    ["https://tasks.example/v1", /^taskRouterBaseUrl must be an origin/u]
  ] as const) {
    it.effect(`if it is like ${input}`, () =>
      Effect.gen(function* () {
        const { requests, result } = yield* originOf("flex", { taskRouterBaseUrl: input })
        assert.isEmpty(requests)
        assert.match(Result.isFailure(result) ? result.failure.message : "", problem)
      })
    )
  }
})
