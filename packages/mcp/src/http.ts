/**
 * The server as a web-standard handler, for workers and for other servers: `@flex-interactions/mcp/http`. It needs `fetch`
 * and Web Crypto, and nothing of Node.
 */
import { TwilioClient } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Calls from "./protocol/Calls.ts"
import * as Entry from "./protocol/Entry.ts"
import * as Http from "./protocol/Http.ts"
import * as PublicUrl from "./protocol/PublicUrl.ts"
import * as Server from "./protocol/Server.ts"
import * as Tools from "./tools/index.ts"
import * as Limits from "./tools/Limits.ts"

declare const PACKAGE_VERSION: string

export interface Options {
  /**
   * Where clients reach this handler, path included, such as `https://mcp.example.com/mcp`. Requests under another host name
   * are refused, except on loopback.
   */
  readonly url: string
  /** Twilio's: an API key, or the account's own. */
  readonly credentials:
    | { readonly apiKey: string; readonly apiSecret: string }
    | { readonly accountSid: string; readonly authToken: string }
  /**
   * Who may call: holders of one bearer token (32 characters or more), or of a JWT with this issuer and audience, signed by
   * a key of this JWKS. `"none"` leaves it to what stands in front of the handler.
   */
  readonly auth:
    | { readonly token: string }
    | { readonly jwksUrl: string; readonly issuer: string; readonly audience: string }
    | "none"
  /** Another origin for Twilio's API. */
  readonly apiBaseUrl?: string
  /** The tool that writes does not exist, whatever else is set. */
  readonly readOnly?: boolean
  /** The origin of TaskRouter's API, where `apiBaseUrl` is another one; without it TaskRouter is turned off then. */
  readonly taskRouterBaseUrl?: string
  /** Flex's TaskRouter workspace; looked up if it is not given. */
  readonly workspaceSid?: string
  /** The statuses that are offered; by default both. */
  readonly allowStatus?: ReadonlyArray<"wrapup" | "closed">
  /** There is a tool that ends a conversation; by default there is none. */
  readonly allowEnd?: boolean
  /**
   * The queues whose tasks there are, by their exact names; by default all. What is of another queue does not exist for those
   * who call. It needs TaskRouter.
   */
  readonly onlyQueue?: ReadonlyArray<string>
  /** So many writes are sent in an hour at most, 1 to 1,000,000; each instance counts its own. By default any number. */
  readonly maxWrites?: number
  /**
   * When a person is asked before a write: `"when-possible"`: where the host can be asked, and elsewhere the write is sent;
   * `"always"`: where the host cannot be asked the write is refused; `"never"`. By default `"auto"`, which is `"always"` over
   * HTTP.
   */
  readonly confirm?: "auto" | "when-possible" | "always" | "never"
  /**
   * Signs the questions to a person, 32 bytes or more. Where several instances serve the same clients, each needs the same
   * one: an answer comes to any of them.
   */
  readonly confirmationKey?: Uint8Array
}

export interface WebHandler {
  readonly fetch: (request: Request) => Promise<Response>
  /** Ends what is in flight. */
  readonly close: () => Promise<void>
}

/**
 * The handler. It rejects with an error that names the option if one cannot work.
 *
 * @example
 * ```ts
 * import { make } from "@flex-interactions/mcp/http"
 *
 * const handler = await make({
 *   url: "https://mcp.example.com/mcp",
 *   credentials: { apiKey: "SK00000000000000000000000000000001", apiSecret: "secret" },
 *   auth: { token: "0123456789abcdef0123456789abcdef" }
 * })
 * const response = await handler.fetch(new Request("https://mcp.example.com/healthz"))
 * ```
 */
export const make = (options: Options): Promise<WebHandler> =>
  Effect.gen(function* () {
    const { auth, credentials } = options
    if (auth !== "none" && "token" in auth && auth.token.length < 32) {
      return yield* new TwilioClient.SettingsError({
        setting: "auth.token",
        problem: "must have 32 characters or more"
      })
    }
    const urls = {
      url: options.url,
      ...(auth !== "none" && "jwksUrl" in auth ? { "auth.jwksUrl": auth.jwksUrl } : undefined)
    }
    for (const [setting, text] of Object.entries(urls)) {
      const problem = PublicUrl.problem(text, { query: setting !== "url" })
      if (problem !== undefined) return yield* new TwilioClient.SettingsError({ setting, problem })
    }
    const twilio = {
      credentials:
        "apiKey" in credentials
          ? { apiKey: credentials.apiKey, apiSecret: Redacted.make(credentials.apiSecret) }
          : { accountSid: credentials.accountSid, authToken: Redacted.make(credentials.authToken) },
      ...(options.apiBaseUrl === undefined ? undefined : { baseUrl: options.apiBaseUrl }),
      ...(options.taskRouterBaseUrl === undefined ? undefined : { taskRouterBaseUrl: options.taskRouterBaseUrl })
    }
    const tooMany = options.maxWrites === undefined ? undefined : Limits.maxWritesProblem(options.maxWrites)
    if (tooMany !== undefined) return yield* new TwilioClient.SettingsError({ setting: "maxWrites", problem: tooMany })
    if (options.onlyQueue !== undefined) {
      const { taskrouter } = yield* Effect.fromResult(TwilioClient.origins(twilio))
      const problem = Limits.scopeProblem(options.onlyQueue, taskrouter === undefined ? "taskRouterBaseUrl" : undefined)
      if (problem !== undefined) return yield* new TwilioClient.SettingsError({ setting: "onlyQueue", problem })
    }
    const client = TwilioClient.layer(twilio).pipe(Layer.provide(FetchHttpClient.layer))

    const scope = yield* Scope.make()
    const services = yield* Layer.buildWithScope(Tools.services(options).pipe(Layer.provide(client)), scope)
    const limits = { ...options, confirm: Limits.confirmOver("http", options.confirm ?? "auto") }
    const answer = yield* Calls.make({ ...limits, confirmation: { key: options.confirmationKey } }).pipe(
      Effect.provide(services),
      Scope.provide(scope)
    )
    const server = Server.make({ version: PACKAGE_VERSION, offer: Limits.offer(limits) }, answer)
    const handler = Http.make({
      server,
      url: new URL(options.url),
      ...(auth === "none"
        ? undefined
        : {
            auth: "token" in auth ? { token: Redacted.make(auth.token) } : { ...auth, jwksUrl: new URL(auth.jwksUrl) }
          })
    })
    return {
      fetch: handler.fetch,
      close: () => handler.close().then(() => Effect.runPromise(Scope.close(scope, Exit.void)))
    }
  }).pipe(
    Effect.provideService(Logger.CurrentLoggers, new Set([Logger.withConsoleError(Entry.line)])),
    Effect.runPromise
  )
