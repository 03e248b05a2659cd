/** The HTTP client on node:http, with connections that stay open; without them every request pays for TLS again. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"

export const layer = NodeHttpClient.layerNodeHttpOptions({ keepAlive: true })
