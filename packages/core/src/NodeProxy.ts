/**
 * The client of `NodeHttp` through a proxy, for programs on Node. It is not in the index: import
 * `@flex-interactions/core/NodeProxy`.
 *
 * The proxy is asked for a tunnel (`CONNECT`), and what is in the tunnel is TLS with the origin: the proxy never sees the
 * credentials. Whatever else the proxy answers ends here: it is never taken for an answer of the origin.
 */
import * as http from "node:http"
import * as https from "node:https"
import { isIPv6, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { ConnectionOptions } from "node:tls"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import type * as Layer from "effect/Layer"
import * as NodeHttp from "./NodeHttp.ts"
import * as TwilioClient from "./TwilioClient.ts"

/**
 * A proxy, as {@link address} makes it.
 *
 * @example
 * ```ts
 * import type * as NodeProxy from "@flex-interactions/core/NodeProxy"
 *
 * const hostOf = ({ url }: NodeProxy.Address) => url.host
 * ```
 */
export interface Address {
  readonly url: URL
  /** The value of `Proxy-Authorization`, where the URL has a user. A secret. */
  readonly authorization: string | undefined
}

/**
 * The proxy that a text names, such as the value of `HTTPS_PROXY`: `http://` or `https://`, perhaps with a user and a password, in
 * which `%25` stands for a `%` and `%40` for an `@`. Fails with a `SettingsError` that names `HTTPS_PROXY` and repeats no value.
 *
 * @example
 * ```ts
 * import { Effect } from "effect"
 * import * as NodeProxy from "@flex-interactions/core/NodeProxy"
 *
 * const proxy = Effect.runSync(NodeProxy.address("http://proxy.example.com:3128"))
 * proxy.url.host // => "proxy.example.com:3128"
 * ```
 */
export const address = (text: string): Effect.Effect<Address, TwilioClient.SettingsError> => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === "" || !/^https?:$/u.test(url.protocol)) {
    return wrong("must be a URL such as http://proxy.example.com:3128")
  }
  const { password, username } = url
  if (username === "" && password === "") return Effect.succeed({ url, authorization: undefined })
  return Effect.try({
    try: () => `${decodeURIComponent(username)}:${decodeURIComponent(password)}`,
    catch: () => "has a user or a password with a % that does not belong to a code such as %40: write %25 for a %"
  }).pipe(
    Effect.map((pair) => ({ url, authorization: `Basic ${Buffer.from(pair).toString("base64")}` })),
    Effect.catch(wrong)
  )
}

const wrong = (problem: string) => Effect.fail(new TwilioClient.SettingsError({ setting: "HTTPS_PROXY", problem }))

/**
 * The client whose https connections go through this proxy, except those to origins that `isDirect` names, such as
 * `https://flex-api.twilio.com:443`. Plain http, which core allows on loopback alone, never goes through it.
 *
 * @example
 * ```ts
 * import { Effect, Layer } from "effect"
 * import { TwilioClient } from "@flex-interactions/core"
 * import * as NodeProxy from "@flex-interactions/core/NodeProxy"
 *
 * const http = Layer.unwrap(
 *   Effect.map(NodeProxy.address("http://proxy.example.com:3128"), (proxy) => NodeProxy.layer(proxy, () => false))
 * )
 * const client = Layer.provide(TwilioClient.layerConfig(), http)
 * ```
 */
export const layer = (
  { authorization, url }: Address,
  isDirect: (origin: string) => boolean
): Layer.Layer<HttpClient.HttpClient> =>
  NodeHttp.layerAgent((options) => new TunnelAgent(options, url, authorization, isDirect))

/** Decides for each new connection whether it goes through the proxy. Kept are both kinds here. */
class TunnelAgent extends https.Agent {
  private readonly proxy: URL
  private readonly authorization: string | undefined
  private readonly isDirect: (origin: string) => boolean

  constructor(
    options: https.AgentOptions,
    proxy: URL,
    authorization: string | undefined,
    isDirect: (origin: string) => boolean
  ) {
    super(options)
    this.proxy = proxy
    this.authorization = authorization
    this.isDirect = isDirect
  }

  override createConnection(
    options: https.RequestOptions & NodeHttp.Interruptible,
    callback?: (error: Error | null, socket: Duplex) => void
  ) {
    const host = options.host ?? "localhost"
    const target = `${isIPv6(host) ? `[${host}]` : host}:${options.port ?? 443}`
    if (this.isDirect(`https://${target}`)) return super.createConnection(options)

    const fail = callback as ((error: Error) => void) | undefined
    const asked = (this.proxy.protocol === "https:" ? https : http).request({
      agent: false,
      // Without the brackets of IPv6.
      host: this.proxy.hostname.replaceAll(/[[\]]/gu, ""),
      port: this.proxy.port === "" ? undefined : Number(this.proxy.port),
      method: "CONNECT",
      path: target,
      headers: {
        host: target,
        ...(this.authorization === undefined ? undefined : { "proxy-authorization": this.authorization })
      },
      ...(options.interruption === undefined ? undefined : { signal: options.interruption })
    })
    asked.on("error", (cause: NodeJS.ErrnoException) => fail?.(unreachable(cause)))
    asked.on("connect", ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      // What goes wrong with it goes wrong with what is made of it, which says so.
      socket.on("error", () => {})
      // Bytes that come before TLS has begun are none of the origin's.
      if (statusCode === 200 && head.length === 0) {
        const inTunnel: ConnectionOptions = { socket }
        const secured = super.createConnection({ ...options, ...inTunnel })
        secured?.on("error", () => {})
        return secured && callback?.(null, secured)
      }
      socket.destroy()
      fail?.(refused(statusCode, target, this.authorization !== undefined))
    })
    asked.end()
    return undefined
  }
}

const noTunnel = (problem: string, mayPass: boolean) =>
  Object.assign(new Error(problem), { code: "ERR_PROXY_TUNNEL", [TwilioClient.neverSent]: { problem, mayPass } })

const unreachable = ({ code }: NodeJS.ErrnoException) =>
  noTunnel(`the proxy gave no answer${code === undefined ? "" : ` (${code})`}; check HTTPS_PROXY`, true)

const refused = (status: number, target: string, hadCredentials: boolean) => {
  const what = `the proxy opened no tunnel to ${target} (HTTP ${status})`
  if (status === 407) {
    return noTunnel(
      hadCredentials
        ? `${what}: it does not accept the user and password in HTTPS_PROXY`
        : `${what}: it wants credentials; put them into HTTPS_PROXY, as in http://user:password@host:port`,
      false
    )
  }
  return noTunnel(
    `${what}; ask its administrator to let this through, or check HTTPS_PROXY and NO_PROXY`,
    status >= 500
  )
}
