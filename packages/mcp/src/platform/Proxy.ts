/**
 * The node:http client by way of a proxy, except to the hosts of `NO_PROXY`. Loaded only when a proxy is set.
 *
 * The proxy is asked for a tunnel (`CONNECT`), and what is in the tunnel is TLS with the origin. Whatever else the proxy
 * answers ends here: it is never taken for an answer of the origin.
 */
import * as http from "node:http"
import * as https from "node:https"
import { isIPv6, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { ConnectionOptions } from "node:tls"
import { TwilioClient } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import { getProxyForUrl } from "proxy-from-env"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"

export interface Address {
  readonly url: URL
  /** The value of `Proxy-Authorization`, where the URL has a user. */
  readonly authorization: string | undefined
}

/** The address that `HTTPS_PROXY` holds, or what is wrong with it. */
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

/** The client that goes through this proxy. */
export const layer = ({ authorization, url }: Address) =>
  NodeHttp.layerAgent((options) => new TunnelAgent(options, url, authorization))

/** Decides for each new connection whether it goes through the proxy. Kept are both kinds here. */
class TunnelAgent extends https.Agent {
  private readonly proxy: URL
  private readonly authorization: string | undefined

  constructor(options: https.AgentOptions, proxy: URL, authorization: string | undefined) {
    super(options)
    this.proxy = proxy
    this.authorization = authorization
  }

  override createConnection(
    options: https.RequestOptions & NodeHttp.Interruptible,
    callback?: (error: Error | null, socket: Duplex) => void
  ) {
    const host = options.host ?? "localhost"
    const target = `${isIPv6(host) ? `[${host}]` : host}:${options.port ?? 443}`
    if (getProxyForUrl(`https://${target}`) === "") return super.createConnection(options)

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
