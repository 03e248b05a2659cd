/**
 * MCP over HTTP as a web-standard handler: what stands in front of the SDK's stateless handler.
 *
 * Nothing is kept between two requests, so any replica can serve any of them.
 */
import {
  createMcpHandler,
  getOAuthProtectedResourceMetadataUrl,
  localhostAllowedHostnames,
  type McpServerFactory,
  originValidationResponse,
  validateHostHeader
} from "@modelcontextprotocol/server"
import * as Auth from "./Auth.ts"

export interface Options {
  /** A server for each request. */
  readonly server: McpServerFactory
  /** Where clients reach this server, path included. Its host name is the only one answered, beside those of loopback. */
  readonly url: URL
  /** Without it everybody who can reach the port may call. */
  readonly auth?: Auth.Settings
  /** Fetches the keys of the authorization server. */
  readonly fetch?: typeof globalThis.fetch
  /** What went wrong out of band, for a log. */
  readonly onError?: (problem: string) => void
}

export interface Handler {
  readonly fetch: (request: Request) => Promise<Response>
  /** From now on `/readyz` answers 503: a balancer takes this replica out. */
  readonly drain: () => void
  /** Ends what is still open. */
  readonly close: () => Promise<void>
}

/** A tool call is a few hundred bytes; the reading of a larger body stops here. */
const maxRequestBodySize = 256 * 1024

export const make = (options: Options): Handler => {
  const mcp = createMcpHandler(options.server, {
    maxRequestBodySize,
    onerror: (error) => options.onError?.(error.message)
  })
  const jwt = options.auth !== undefined && "issuer" in options.auth ? options.auth : undefined
  const metadataUrl = jwt === undefined ? undefined : new URL(getOAuthProtectedResourceMetadataUrl(options.url))
  const gate =
    options.auth === undefined
      ? undefined
      : Auth.gate(options.auth, metadataUrl?.href, options.fetch ?? globalThis.fetch)
  const hostnames = [...localhostAllowedHostnames(), options.url.hostname]
  let draining = false

  const serve = async (request: Request): Promise<Response> => {
    const { host, pathname } = new URL(request.url)
    if (pathname === "/healthz") return Response.json({ status: "alive" })
    if (pathname === "/readyz") {
      return draining ? Response.json({ status: "draining" }, { status: 503 }) : Response.json({ status: "ready" })
    }
    // A request that did not come over a wire has no such header: what it is addressed to counts then.
    const named = validateHostHeader(request.headers.get("host") ?? host, hostnames)
    if (!named.ok) return refused(403, named.message)
    const rejected = originValidationResponse(request, hostnames)
    if (rejected !== undefined) return rejected
    // The document is at the resource's own well-known path, and at the root for clients that look only there.
    if (metadataUrl !== undefined && [metadataUrl.pathname, wellKnown].includes(pathname)) {
      return Response.json(
        {
          resource: options.url.href,
          authorization_servers: jwt === undefined ? [] : [jwt.issuer],
          bearer_methods_supported: ["header"],
          resource_name: "Twilio Flex interactions"
        },
        { headers: { "Access-Control-Allow-Origin": "*" } }
      )
    }
    if (pathname !== options.url.pathname) return Response.json({ error: "not_found" }, { status: 404 })
    const authInfo = await gate?.(request)
    if (authInfo instanceof Response) return authInfo
    const length = Number(request.headers.get("content-length") ?? 0)
    if (length > maxRequestBodySize) {
      return refused(413, `Request body too large: the limit is ${maxRequestBodySize} bytes`, { Connection: "close" })
    }
    return mcp.fetch(request, authInfo === undefined ? {} : { authInfo })
  }

  return {
    fetch: serve,
    drain: () => {
      draining = true
    },
    close: mcp.close
  }
}

const wellKnown = "/.well-known/oauth-protected-resource"

const refused = (status: number, message: string, headers: Record<string, string> = {}) =>
  Response.json({ jsonrpc: "2.0", id: null, error: { code: -32000, message } }, { status, headers })
