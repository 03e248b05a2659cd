/** `--http`: the settings that only HTTP has, and serving by them until the process is asked to end. */
import { hkdfSync } from "node:crypto"
import { TwilioClient } from "@flex-interactions/core"
import type { McpServerFactory } from "@modelcontextprotocol/server"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpClient from "effect/http/HttpClient"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type * as Auth from "../protocol/Auth.ts"
import * as Http from "../protocol/Http.ts"
import * as Listen from "../protocol/Listen.ts"
import * as Notices from "../protocol/Notices.ts"
import * as PublicUrl from "../protocol/PublicUrl.ts"
import { escaped } from "../tools/Plain.ts"
import * as Address from "./Address.ts"
import * as Settings from "./Settings.ts"

export interface HttpSettings {
  readonly host: string
  readonly port: number
  readonly url: URL | undefined
  readonly auth: Auth.Settings | undefined
  readonly drain: Duration.Duration
  /** Signs the questions to a person; `undefined`: a new key for this process. */
  readonly confirmationKey: Uint8Array | undefined
}

/** Serves over HTTP; see {@link Listen.serve}. `limits` says in the log what the operator limits. */
export const serve = (settings: HttpSettings) =>
  Effect.fnUntraced(function* (server: McpServerFactory, limits: string, hint?: string) {
    const fetchKeys = yield* fetch
    const say = yield* Notices.make
    const log = (line: string) =>
      Effect.sync(() => process.stderr.write(`flex-interactions-mcp: ${escaped(line, 1000)}\n`))
    const address = (port: number) => `${Address.inUrl(settings.host)}:${port}`
    const url = (port: number) => settings.url ?? new URL(`http://${address(port)}/mcp`)
    return yield* Listen.serve(
      (port) =>
        Http.make({
          server,
          url: url(port),
          ...(settings.auth === undefined ? undefined : { auth: settings.auth }),
          fetch: fetchKeys,
          onError: (problem) => say(`protocol: ${problem}`)
        }),
      {
        host: settings.host,
        port: settings.port,
        drain: settings.drain,
        onListening: (port) =>
          Effect.andThen(
            log(
              `listening on http://${address(port)}${url(port).pathname}` +
                (settings.auth === undefined
                  ? ", without authentication: for programs of this machine only"
                  : "token" in settings.auth
                    ? ", for holders of the bearer token"
                    : `, for holders of a token of ${settings.auth.issuer}`) +
                `; ${limits}`
            ),
            hint === undefined ? Effect.void : log(hint)
          )
      }
    )
  }, Effect.scoped)

/** The keys are fetched as everything else is: through the proxy, where there is one. */
export const fetch = Effect.map(
  Effect.context<HttpClient.HttpClient>(),
  (context): typeof globalThis.fetch =>
    (input, { signal } = {}) =>
      Effect.runPromiseWith(context)(
        Effect.map(
          HttpClient.get(String(input), { acceptJson: true }),
          ({ status, stream }) => new Response(Stream.toReadableStream(stream), { status })
        ),
        { signal: signal ?? undefined }
      )
)

/** What the settings say about HTTP, checked. */
export const settings = Effect.fnUntraced(function* (written: Settings.Written) {
  const { host, port } = yield* address(written.http ?? Settings.defaultAddress)
  const publicUrl = written.url === undefined ? undefined : yield* url("url", written.url)
  const auth = yield* authentication(written)
  const seconds = Number(written.drain ?? 10)
  if (!(seconds >= 0 && seconds <= 600)) return yield* Settings.fail("drain", "must be a number of seconds, 0 to 600")

  if (!Address.isLoopback(host)) {
    if (auth === undefined) {
      return yield* Settings.fail(
        "http",
        `is ${host}, which other machines can reach, and nothing says who may call; set FLEX_MCP_TOKEN, FLEX_MCP_TOKEN_FILE or FLEX_MCP_JWKS_URL`
      )
    }
    if (publicUrl === undefined && Address.isWildcard(host)) {
      return yield* Settings.fail(
        "url",
        `is not set; with this address it must say where clients reach this server, so that requests under other names can be refused`
      )
    }
  }
  return {
    host,
    port,
    url: publicUrl,
    auth,
    drain: Duration.seconds(seconds),
    confirmationKey: yield* confirmationKey(written, auth)
  }
})

const address = (text: string): Effect.Effect<Address.Address, TwilioClient.SettingsError> => {
  const parsed = Address.parse(text)
  return parsed === undefined
    ? Effect.fail(
        Settings.fail("http", `must be HOST:PORT, HOST or PORT, such as ${Settings.defaultAddress} or [::1]:3920`)
      )
    : Effect.succeed(parsed)
}

const examples = { url: "https://mcp.example.com/mcp", jwksUrl: "https://login.example.com/keys" }

const url = (name: keyof typeof examples, text: string): Effect.Effect<URL, TwilioClient.SettingsError> => {
  // Some authorization servers, Azure AD B2C among them, have a query in the URL of their keys.
  const problem = PublicUrl.problem(text, { query: name === "jwksUrl" })
  return problem === undefined
    ? Effect.succeed(new URL(text))
    : Effect.fail(Settings.fail(name, `${problem}; an example is ${examples[name]}`))
}

const authentication = Effect.fnUntraced(function* (written: Settings.Written) {
  const hasToken = written.token !== undefined || written.tokenFile !== undefined
  if (written.jwksUrl === undefined) {
    for (const name of ["issuer", "audience"] as const) {
      if (written[name] !== undefined)
        return yield* Settings.fail("jwksUrl", `is not set, but ${Settings.called(name)} is`)
    }
    return hasToken ? { token: yield* secret(written, "token") } : undefined
  }
  if (hasToken) return yield* Settings.fail("jwksUrl", "is set, and so is a bearer token; choose one")
  for (const name of ["issuer", "audience"] as const) {
    if (written[name] === undefined)
      return yield* Settings.fail(name, `is not set, but ${Settings.called("jwksUrl")} is`)
  }
  const issuer = written.issuer ?? ""
  // It is compared as it is, and need not be a URL. It is published.
  const problem = /^https?:/iu.test(issuer) ? PublicUrl.problem(issuer, { http: true }) : undefined
  if (problem !== undefined) return yield* Settings.fail("issuer", problem)
  return {
    jwksUrl: yield* url("jwksUrl", written.jwksUrl),
    issuer,
    audience: written.audience ?? ""
  }
})

/** The text of a secret that is given in a variable or in a file. */
const secret = Effect.fnUntraced(function* (written: Settings.Written, name: "token" | "confirmSecret") {
  const given = written[name]
  const file = written[`${name}File`]
  if (given !== undefined && file !== undefined) {
    return yield* Settings.fail(name, `is set, and so is ${Settings.called(`${name}File`)}; choose one`)
  }
  const text =
    file === undefined
      ? (given ?? "")
      : yield* Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(file)).pipe(
          Effect.mapError(({ reason }) =>
            Settings.fail(
              `${name}File`,
              `names a file that cannot be read (${reason._tag}); check its path and who may read it`
            )
          )
        )
  const trimmed = text.trim()
  // 128 bits at the least, as hexadecimal digits or anything denser; and only what an Authorization header can carry.
  return /^[\w~+/.=-]{32,}$/u.test(trimmed)
    ? Redacted.make(trimmed)
    : yield* Settings.fail(
        file === undefined ? name : `${name}File`,
        "must hold at least 32 characters out of A-Z a-z 0-9 - . _ ~ + / =; `openssl rand -hex 32` makes one"
      )
})

/**
 * The key that signs the questions to a person. Replicas with the same secret, or with the same bearer token, have the same
 * one, so that each of them can take the answer to what another asked.
 */
const confirmationKey = Effect.fnUntraced(function* (written: Settings.Written, auth: Auth.Settings | undefined) {
  const shared =
    written.confirmSecret !== undefined || written.confirmSecretFile !== undefined
      ? yield* secret(written, "confirmSecret")
      : auth !== undefined && "token" in auth
        ? auth.token
        : undefined
  return shared === undefined
    ? undefined
    : new Uint8Array(hkdfSync("sha256", Redacted.value(shared), "", "flex-interactions confirmation", 32))
})
