/** The node:http client by way of `HTTPS_PROXY`, except to the hosts of `NO_PROXY`. Loaded only when a proxy is set. */
import type * as http from "node:http"
import type { Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import { Agent, type AgentConnectOpts } from "agent-base"
import { HttpsProxyAgent } from "https-proxy-agent"
import { getProxyForUrl } from "proxy-from-env"
import * as NodeHttp from "./NodeHttp.ts"

/** Decides for each new connection. Those that are idle are kept here, whichever way they go. */
class ProxyFromEnvironment extends Agent {
  private readonly tunnels = new Map<string, HttpsProxyAgent<string>>()

  connect(request: http.ClientRequest, options: AgentConnectOpts): Promise<Socket> | Socket {
    const host = options.host ?? "localhost"
    const proxy = getProxyForUrl(`https://${host}:${options.port ?? 443}`)
    if (proxy === "") return connectTls({ servername: host, ...options })
    const tunnel = this.tunnels.get(proxy) ?? new HttpsProxyAgent(proxy)
    this.tunnels.set(proxy, tunnel)
    return tunnel.connect(request, options)
  }
}

export const layer = NodeHttp.layerBy((options) => new ProxyFromEnvironment(options))
