/** The node:http client by way of a proxy, except to the hosts of `NO_PROXY`. Loaded only when a proxy is set. */
import * as NodeProxy from "@flex-interactions/core/NodeProxy"
import { getProxyForUrl } from "proxy-from-env"

export { address } from "@flex-interactions/core/NodeProxy"

/** The client that goes through this proxy. */
export const layer = (address: NodeProxy.Address) => NodeProxy.layer(address, (origin) => getProxyForUrl(origin) === "")
