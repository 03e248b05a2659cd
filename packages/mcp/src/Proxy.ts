/** The node:http client by way of `HTTPS_PROXY`, except to the hosts of `NO_PROXY`. Loaded only when a proxy is set. */
import * as http from "node:http"
import * as https from "node:https"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { Agent, type AgentConnectOpts } from "agent-base"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { HttpsProxyAgent } from "https-proxy-agent"
import { getProxyForUrl } from "proxy-from-env"

const keepAlive = { keepAlive: true }

/** Decides for each new connection; both kinds are kept alive. */
class ProxyFromEnvironment extends Agent {
  private readonly direct = new https.Agent(keepAlive)
  private readonly tunnels = new Map<string, HttpsProxyAgent<string>>()

  connect(_: http.ClientRequest, options: AgentConnectOpts): http.Agent {
    const proxy = getProxyForUrl(`https://${options.host ?? "localhost"}:${options.port ?? 443}`)
    if (proxy === "") return this.direct
    const tunnel = this.tunnels.get(proxy) ?? new HttpsProxyAgent(proxy, keepAlive)
    this.tunnels.set(proxy, tunnel)
    return tunnel
  }

  override destroy(): void {
    for (const agent of [this.direct, ...this.tunnels.values()]) agent.destroy()
    super.destroy()
  }
}

export const layer = NodeHttpClient.layerNodeHttpNoAgent.pipe(
  Layer.provide(
    Layer.effect(
      NodeHttpClient.HttpAgent,
      Effect.acquireRelease(
        Effect.sync(() => ({ http: new http.Agent(keepAlive), https: new ProxyFromEnvironment() })),
        (agents) => Effect.sync(() => [agents.http, agents.https].forEach((agent) => agent.destroy()))
      )
    )
  )
)
