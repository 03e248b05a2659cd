/** Settings: which are taken, which are refused, and that no value is ever repeated. */
import { writeFileSync, mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient, Participants } from "@flex-interactions/core"
import { Config, ConfigProvider, Effect, Layer, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { channel, credentials, double, empty } from "../support/double.ts"

const apiKey = `SK${"0".repeat(31)}1`
const accountSid = `AC${"0".repeat(31)}1`
const key = { TWILIO_API_KEY: apiKey, TWILIO_API_SECRET: "key-secret" }
const account = { TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: "account-secret" }

const from = (env: Record<string, string>) =>
  Effect.provideService(TwilioClient.fromConfig, ConfigProvider.ConfigProvider, ConfigProvider.fromEnvRecord(env))

/** Where a request goes, and as whom, with these settings. */
const request = (layer: ReturnType<typeof TwilioClient.layerConfig>, env: Record<string, string> = {}) =>
  Effect.gen(function* () {
    const http = double(empty())
    yield* Effect.provide(
      Participants.Participants.use((participants) => participants.list(channel)),
      Participants.layer.pipe(
        Layer.provide(layer),
        Layer.provide(Layer.merge(http.layer, ConfigProvider.layer(ConfigProvider.fromEnvRecord(env))))
      )
    )
    const { headers, url } = http.requests[0] ?? new Request("https://x.example")
    return {
      origin: new URL(url).origin,
      as: atob(headers.get("authorization")?.slice("Basic ".length) ?? ""),
      mine: headers.get("x-mine")
    }
  })

describe("from the environment", () => {
  for (const [what, env, expected] of [
    ["an API key", key, { origin: "https://flex-api.twilio.com", as: `${apiKey}:key-secret` }],
    ["an account", account, { origin: "https://flex-api.twilio.com", as: `${accountSid}:account-secret` }],
    ["both: the key", { ...key, ...account }, { origin: "https://flex-api.twilio.com", as: `${apiKey}:key-secret` }],
    [
      "half a key, and an account",
      { ...account, TWILIO_API_KEY: apiKey },
      { origin: "https://flex-api.twilio.com", as: `${accountSid}:account-secret` }
    ],
    [
      "edge and region",
      { ...key, TWILIO_EDGE: "dublin", TWILIO_REGION: "ie1" },
      { origin: "https://flex-api.dublin.ie1.twilio.com", as: `${apiKey}:key-secret` }
    ],
    [
      "an origin, which wins",
      { ...key, TWILIO_REGION: "ie1", FLEX_API_BASE_URL: "http://localhost:8080" },
      { origin: "http://localhost:8080", as: `${apiKey}:key-secret` }
    ],
    [
      "empty variables, which count as not set",
      { ...key, TWILIO_EDGE: "", TWILIO_AUTH_TOKEN: "", FLEX_API_BASE_URL: "" },
      { origin: "https://flex-api.twilio.com", as: `${apiKey}:key-secret` }
    ]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* request(TwilioClient.layerConfig(), env), { ...expected, mine: null })
      })
    )
  }

  it.effect("with Configs in place of some of it", () =>
    Effect.gen(function* () {
      const layer = TwilioClient.layerConfig({
        credentials: Config.succeed(credentials),
        baseUrl: Config.String("MY_ORIGIN"),
        transformClient: HttpClient.mapRequest(HttpClientRequest.setHeader("x-mine", "1"))
      })
      const found = yield* request(layer, { MY_ORIGIN: "https://mine.example", FLEX_API_BASE_URL: "https://x.example" })
      assert.deepInclude(found, { origin: "https://mine.example", mine: "1" })
      const missing = yield* Effect.flip(request(layer))
      assert.match(missing.message, /^baseUrl could not be read$/u)
    })
  )

  it.effect("a rate limit, or none", () =>
    Effect.gen(function* () {
      assert.isUndefined((yield* from(key)).rateLimit)
      assert.deepStrictEqual((yield* from({ ...key, FLEX_API_RATE_LIMIT: "5" })).rateLimit, {
        limit: 5,
        window: "1 second"
      })
      assert.isFalse((yield* from({ ...key, FLEX_API_RATE_LIMIT: "off" })).rateLimit)
    })
  )

  it.effect("an account beside a key says whose rate limit it is", () =>
    Effect.gen(function* () {
      assert.deepInclude((yield* from({ ...key, ...account })).credentials, { accountSid, apiKey })
    })
  )

  for (const [env, message] of [
    [{}, "TWILIO_API_KEY is not set, nor are other credentials"],
    [{ TWILIO_API_KEY: apiKey }, "TWILIO_API_SECRET is not set, but TWILIO_API_KEY is"],
    [{ TWILIO_API_SECRET: "key-secret" }, "TWILIO_API_KEY is not set, but TWILIO_API_SECRET is"],
    [{ TWILIO_ACCOUNT_SID: accountSid }, "TWILIO_AUTH_TOKEN is not set, but TWILIO_ACCOUNT_SID is"],
    [{ TWILIO_AUTH_TOKEN: "account-secret" }, "TWILIO_ACCOUNT_SID is not set, but TWILIO_AUTH_TOKEN is"],
    [
      { ...key, TWILIO_API_KEY: "SK123" },
      "TWILIO_API_KEY is not what it should be: expected SK followed by 32 hexadecimal digits, got 5 characters"
    ],
    [
      { ...key, TWILIO_API_KEY: accountSid },
      "TWILIO_API_KEY is not what it should be: expected SK followed by 32 hexadecimal digits, got an account SID (AC)"
    ],
    [
      { ...account, TWILIO_ACCOUNT_SID: apiKey },
      "TWILIO_ACCOUNT_SID is not what it should be: expected AC followed by 32 hexadecimal digits, got an API key SID (SK)"
    ],
    [
      { ...key, TWILIO_API_SECRET: "key-secret\n" },
      "TWILIO_API_SECRET is empty, or has a space, a line break or another character that Twilio's secrets never have"
    ],
    [
      { ...key, TWILIO_REGION: "ie1" },
      "TWILIO_EDGE is not set, but TWILIO_REGION is: set both, or neither (Flex runs in US1 only, which needs neither)"
    ],
    [
      { ...key, TWILIO_EDGE: "dublin" },
      "TWILIO_REGION is not set, but TWILIO_EDGE is: set both, or neither (Flex runs in US1 only, which needs neither)"
    ],
    [
      { ...key, TWILIO_EDGE: "x.example/", TWILIO_REGION: "ie1" },
      "TWILIO_EDGE may have lower-case letters, digits and dashes only, such as ashburn or us1"
    ],
    [
      { ...key, FLEX_API_BASE_URL: "http://flex.example" },
      "FLEX_API_BASE_URL must be https (http only on loopback): the credentials travel with every request"
    ],
    [
      { ...key, FLEX_API_BASE_URL: "http://127.0.0.1.flex.example" },
      "FLEX_API_BASE_URL must be https (http only on loopback): the credentials travel with every request"
    ],
    [
      { ...key, FLEX_API_RATE_LIMIT: "0" },
      "FLEX_API_RATE_LIMIT must be a whole number of requests a second, 1 or more, or off"
    ],
    [
      { ...key, TWILIO_API_SECRET_FILE: "/x" },
      "TWILIO_API_SECRET and TWILIO_API_SECRET_FILE are both set: set one of them"
    ],
    [
      { TWILIO_API_KEY: apiKey, TWILIO_API_SECRET_FILE: "/x" },
      "TWILIO_API_SECRET_FILE needs a FileSystem: provide the layer of your platform, such as NodeFileSystem.layer"
    ]
  ] as ReadonlyArray<readonly [Record<string, string>, string]>) {
    it.effect(message, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(from(env))
        assert.strictEqual(error.message, message)
        for (const [name, value] of Object.entries(env)) {
          if (name !== "TWILIO_REGION" && value !== "/x") assert.notInclude(JSON.stringify(error), value)
        }
      })
    )
  }
})

describe("a secret in a file", () => {
  const file = (content: string) => {
    const path = join(mkdtempSync(join(tmpdir(), "flex-")), "secret")
    writeFileSync(path, content)
    return path
  }
  const read = (env: Record<string, string>) => Effect.provide(from(env), NodeFileSystem.layer)

  it.effect("is read, without the white space around it", () =>
    Effect.gen(function* () {
      const withKey = yield* read({ TWILIO_API_KEY: apiKey, TWILIO_API_SECRET_FILE: file("from-file\n") })
      assert.deepInclude(withKey.credentials, { apiSecret: Redacted.make("from-file") })
      const withAccount = yield* read({ TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN_FILE: file("from-file\r\n") })
      assert.deepInclude(withAccount.credentials, { authToken: Redacted.make("from-file") })
    })
  )

  for (const [what, path, problem] of [
    [
      "that is not there",
      "/nowhere/at-all",
      /^TWILIO_API_SECRET_FILE names a file that could not be read \(NotFound\)$/u
    ],
    ["that is a folder", tmpdir(), /^TWILIO_API_SECRET_FILE names a file that could not be read \(\w+\)$/u],
    ["that is empty", file(" \n"), /^TWILIO_API_SECRET_FILE names a file that is empty/u],
    [
      "that has a whole shell script in it",
      file("export TOKEN=x\nrm"),
      /^TWILIO_API_SECRET_FILE names a file that is empty, or has a space/u
    ]
  ] as const) {
    it.effect(what, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(read({ TWILIO_API_KEY: apiKey, TWILIO_API_SECRET_FILE: path }))
        assert.match(error.message, problem)
        assert.notInclude(error.message, path)
      })
    )
  }
})

describe("as options", () => {
  const bad: ReadonlyArray<readonly [Partial<TwilioClient.Options>, RegExp]> = [
    [
      { credentials: { ...credentials, apiKey: "" } },
      /^credentials\.apiKey is not what it should be: .*an empty string$/u
    ],
    [{ credentials: { ...credentials, apiSecret: Redacted.make("") } }, /^credentials\.apiSecret is empty/u],
    [{ credentials: { ...credentials, apiSecret: Redacted.make("é") } }, /^credentials\.apiSecret is empty, or/u],
    [
      { credentials: { ...credentials, apiSecret: "a-string" as never } },
      /^credentials\.apiSecret is not redacted: give Redacted\.make\(…\)$/u
    ],
    [{ credentials: undefined as never }, /^credentials are not given$/u],
    [
      { credentials: { authToken: credentials.apiSecret } as never },
      /^credentials\.accountSid is not what it should be: .*got undefined$/u
    ],
    [{ credentials: { accountSid } as never }, /^credentials\.authToken is not redacted/u],
    [{ credentials: { ...credentials, accountSid: "AC" } }, /^credentials\.accountSid is not what/u],
    [{ baseUrl: "nonsense" }, /^baseUrl is not a URL; an example: https:/u],
    [{ baseUrl: "https://user:pass@flex.example" }, /^baseUrl must not contain credentials$/u],
    [{ baseUrl: "https://flex.example/v1" }, /^baseUrl must be an origin, without a path$/u],
    [{ baseUrl: "ftp://localhost" }, /^baseUrl must be https/u],
    [{ edge: "dublin" }, /^region is not set, but edge is/u],
    [{ timeouts: { attempt: 0 } }, /^timeouts\.attempt must be a duration above zero, such as "5 seconds"$/u],
    [{ timeouts: { total: "-1 second" as never } }, /^timeouts\.total must be a duration/u],
    [{ retry: { times: -1 } }, /^retry\.times must be a whole number, 0 or more$/u],
    [{ retry: { times: Number.POSITIVE_INFINITY } }, /^retry\.times must be/u],
    [{ retry: { base: "soon" as never } }, /^retry\.base must be a duration/u],
    [{ rateLimit: { limit: 0, window: "1 second" } }, /^rateLimit must be a whole number of requests, 1 or more$/u],
    [{ rateLimit: { limit: 1, window: 0 } }, /^rateLimit\.window must be a duration/u],
    [{ rateLimit: { limit: 1, window: 1, share: 0 } }, /^rateLimit\.share must be a number above 0, at most 1$/u],
    [{ rateLimit: { limit: 1, window: 1, share: 1.5 } }, /^rateLimit\.share must be/u],
    [{ maxReplyBytes: Number.NaN }, /^maxReplyBytes must be a number above 0$/u]
  ]
  for (const [options, problem] of bad) {
    it.effect(String(problem), () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(request(TwilioClient.layer({ credentials, ...options })))
        assert.match(error.message, problem)
      })
    )
  }

  it.effect("http on loopback, by every name of it", () =>
    Effect.forEach(["http://localhost:1", "http://127.0.0.1:1", "http://127.9.9.9", "http://[::1]:1"], (baseUrl) =>
      Effect.map(request(TwilioClient.layer({ credentials, baseUrl })), ({ origin }) =>
        assert.strictEqual(origin, baseUrl)
      )
    )
  )
})
