/** The way out of a company's network: its proxy, and its certificate authority. */
import { once } from "node:events"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type IncomingHttpHeaders, type Server } from "node:http"
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { call as callTool, channel, connect, credentials, sid } from "../support/host.ts"
import * as Tls from "../support/tls.ts"

describe("a proxy and an authority of their own", () => {
  let folder: string
  let api: Tls.Secured
  let proxy: Server
  let proxyHost: string
  let password: string | undefined
  const connects: Array<{ readonly to: string; readonly headers: IncomingHttpHeaders }> = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "proxy-"))
    api = await Tls.serve(folder, ["localhost", "flex-api.twilio.com", "taskrouter.twilio.com"])
    // Wherever a client wants to go, it gets to the test's API: no packet leaves this machine.
    proxy = createServer().on("connect", (request, client: Socket) => {
      connects.push({ to: request.url ?? "", headers: request.headers })
      client.on("error", () => {})
      const expected = password === undefined ? undefined : `Basic ${btoa(`user:${password}`)}`
      if (request.headers["proxy-authorization"] !== expected) {
        client.end("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        return
      }
      const upstream = connectTcp(api.port, "localhost", () => {
        client.write("HTTP/1.1 200 Connection established\r\n\r\n")
        upstream.pipe(client).pipe(upstream)
      })
      upstream.on("error", () => client.destroy())
      client.on("close", () => upstream.destroy())
    })
    proxy.listen(0, "127.0.0.1")
    await once(proxy, "listening")
    proxyHost = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
  })
  afterAll(async () => {
    proxy.close()
    proxy.closeAllConnections()
    api.server.close()
    api.server.closeAllConnections()
    await rm(folder, { recursive: true })
  })
  beforeEach(() => {
    connects.length = 0
    password = undefined
  })

  /** Calls the tool so many times, and gives the last answer, and what was on stderr. */
  const call = async (env: Record<string, string>, tool = "list_participants", args: object = {}, times = 1) => {
    const host = await connect({ env: { ...credentials, ...env } })
    let text = ""
    for (let time = 0; time < times; time++) {
      text = (await callTool(host, tool, { ...channel(1), ...args })).text
    }
    await host.close()
    return { text, stderr: host.stderr() }
  }

  it("without the authority the API is not trusted; NODE_EXTRA_CA_CERTS makes it so", async () => {
    const FLEX_API_BASE_URL = `https://localhost:${api.port}`
    assert.match((await call({ FLEX_API_BASE_URL })).text, /could not be reached.*[Nn]othing was changed/u)
    assert.match((await call({ FLEX_API_BASE_URL, NODE_EXTRA_CA_CERTS: api.authority })).text, /"participants"/u)
  })

  it("HTTPS_PROXY leads to Twilio through a tunnel that is kept, and the proxy sees no credentials", async () => {
    const env = { HTTPS_PROXY: `http://${proxyHost}`, NODE_EXTRA_CA_CERTS: api.authority }
    assert.match((await call(env, "list_participants", {}, 8)).text, /"participants"/u)
    assert.strictEqual(connects[0]?.to, "flex-api.twilio.com:443")
    // A call may begin before the tunnel of the one before it is free again.
    assert.isBelow(connects.length, 8)
    assert.isUndefined(connects[0]?.headers.authorization)
  })

  it("as https_proxy too, which is how many machines have it", async () => {
    const env = { https_proxy: `http://${proxyHost}`, NODE_EXTRA_CA_CERTS: api.authority }
    assert.match((await call(env)).text, /"participants"/u)
    assert.sameMembers(
      [...new Set(connects.map(({ to }) => to))],
      ["flex-api.twilio.com:443", "taskrouter.twilio.com:443"]
    )
  })

  it("NO_PROXY names hosts that go without", async () => {
    const env = {
      HTTPS_PROXY: `http://${proxyHost}`,
      NO_PROXY: "example.com,localhost",
      FLEX_API_BASE_URL: `https://localhost:${api.port}`,
      NODE_EXTRA_CA_CERTS: api.authority
    }
    assert.match((await call(env)).text, /"participants"/u)
    assert.lengthOf(connects, 0)
  })

  it("a proxy that wants a password gets it from the URL, and nobody else sees it", async () => {
    password = "proxy-password"
    const NODE_EXTRA_CA_CERTS = api.authority
    const with_ = await call({ HTTPS_PROXY: `http://user:${password}@${proxyHost}`, NODE_EXTRA_CA_CERTS })
    assert.match(with_.text, /"participants"/u)
    const wrong = await call({ HTTPS_PROXY: `http://user:wrong-password@${proxyHost}`, NODE_EXTRA_CA_CERTS })
    assert.match(wrong.text, /HTTP 407/u)
    for (const { stderr, text } of [with_, wrong]) assert.notMatch(stderr + text, /proxy-password|wrong-password/u)
  })

  it("a proxy that is away: the API could not be reached, and a write changed nothing", async () => {
    const env = { HTTPS_PROXY: "http://user:secret-password@127.0.0.1:1", NODE_EXTRA_CA_CERTS: api.authority }
    const agent = { participant_sid: sid(1, "UT", 2), status: "wrapup" }
    const { stderr, text } = await call(env, "set_participant_status", agent)
    assert.match(text, /could not be reached.*[Nn]othing was changed/u)
    assert.notInclude(stderr + text, "secret-password")
  })
})
