/** Traces and metrics, against a collector that the test starts: from the host's span down to each HTTP request. */
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import {
  call,
  channel,
  connect,
  connectTo,
  credentials,
  environment as environmentOf,
  raw,
  write
} from "../support/host.ts"
import { type Served, start as startSandbox } from "../support/served.ts"
import * as Command from "../support/command.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const spanId = "b7ad6b7169203331"
const _meta = { traceparent: `00-${traceId}-${spanId}-01` }
const bearer = "0123456789abcdef0123456789abcdef"
const { TWILIO_ACCOUNT_SID: account, TWILIO_AUTH_TOKEN: secret } = credentials

interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly attributes: ReadonlyArray<{ readonly key: string; readonly value: unknown }>
  readonly events: ReadonlyArray<Pick<Span, "attributes">>
}
interface Exported {
  readonly resourceSpans?: ReadonlyArray<{
    readonly scopeSpans: ReadonlyArray<{ readonly spans: ReadonlyArray<Span> }>
  }>
  readonly resourceMetrics?: ReadonlyArray<{
    readonly scopeMetrics: ReadonlyArray<{ readonly metrics: ReadonlyArray<{ readonly name: string }> }>
  }>
}

describe("with a collector", () => {
  let served: Served
  let collector: Server
  const received: Array<{ readonly path: string; readonly body: string }> = []
  beforeAll(async () => {
    served = await startSandbox()
    collector = createServer((request, response) => {
      let body = ""
      request.on("data", (chunk: Buffer) => (body += chunk.toString()))
      request.on("end", () => {
        received.push({ path: request.url ?? "", body })
        response.setHeader("Content-Type", "application/json").end("{}")
      })
    }).listen(0, "127.0.0.1")
    await once(collector, "listening")
  })
  afterAll(async () => {
    collector.close()
    collector.closeAllConnections()
    await served.close()
  })

  const environment = () =>
    environmentOf(served.url, {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`
    })
  const exported = () => received.map(({ body }) => JSON.parse(body) as Exported)
  const spans = () =>
    exported().flatMap(({ resourceSpans = [] }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans))
    )
  const metrics = () =>
    exported().flatMap(({ resourceMetrics = [] }) =>
      resourceMetrics.flatMap(({ scopeMetrics }) =>
        scopeMetrics.flatMap((scope) => scope.metrics.map(({ name }) => name))
      )
    )

  /** What was exported is all there once the server has ended. */
  const assertLinked = () => {
    const found = spans()
    const call = found.find(({ name }) => name === "tools/call list_participants")
    assert.strictEqual(call?.traceId, traceId)
    assert.strictEqual(call?.parentSpanId, spanId)
    const request = found.find(({ attributes }) => attributes.some(({ key }) => key === "http.request.method"))
    assert.isDefined(request)
    // Up from the HTTP request, span by span, to the call.
    let up: Span | undefined = request
    while (up !== undefined && up.spanId !== call?.spanId) up = found.find((span) => span.spanId === up?.parentSpanId)
    assert.strictEqual(up?.spanId, call?.spanId)
    assert.strictEqual(request?.traceId, traceId)

    assert.includeMembers(metrics(), ["mcp.server.tool.calls", "twilio.client.calls", "http.client.request.duration"])
    assert.sameMembers([...new Set(received.map(({ path }) => path))], ["/v1/traces", "/v1/metrics"])
    const everything = received.map(({ body }) => body).join("\n")
    assert.include(everything, "flex-interactions-mcp")
    for (const hidden of [secret, btoa(`${account}:${secret}`)]) assert.notInclude(everything, hidden)
  }

  for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
    it(`over stdio (${typeof mode === "string" ? mode : mode.pin})`, async () => {
      received.length = 0
      const client = await connect({ mode, env: environment() })
      const listed = await client.callTool({ name: "list_participants", arguments: channel(2), _meta })
      assert.notStrictEqual(listed.isError, true)
      await client.close()
      assertLinked()
    })

    it(`over HTTP (${typeof mode === "string" ? mode : mode.pin})`, async () => {
      received.length = 0
      const server = await Command.listen([], environment())
      const client = await connectTo(server.url, { mode })
      await client.callTool({ name: "list_participants", arguments: channel(2), _meta })
      await client.close()
      assert.strictEqual((await server.stop()).code, 0)
      assertLinked()
    })
  }

  it("a host without tracing gets a trace of its own, and a malformed parent is left aside", async () => {
    for (const traceparent of [undefined, "00-nonsense", "x".repeat(10_000)]) {
      received.length = 0
      const server = await Command.listen([], environment())
      const client = await connectTo(server.url)
      const meta = traceparent === undefined ? {} : { _meta: { traceparent } }
      const listed = await client.callTool({ name: "list_participants", arguments: channel(2), ...meta })
      assert.notStrictEqual(listed.isError, true)
      await client.close()
      await server.stop()
      const call = spans().find(({ name }) => name === "tools/call list_participants")
      assert.match(call?.traceId ?? "", /^[0-9a-f]{32}$/u)
      assert.isTrue(call?.parentSpanId === undefined || call.parentSpanId === "")
    }
  })

  it("spans have what the guide says, and nothing else", async () => {
    received.length = 0
    served.answerWith((request) => {
      if (request.method === "GET") return served.sandbox.fetch(request)
      const body = { code: 45008, message: "THE MESSAGE", status: 409, more_info: "THE BODY" }
      return Response.json(body, { status: 409, headers: { "x-of-twilio": "THE HEADER" } })
    })
    const { stop, url } = await Command.listen(["--confirm=never"], { ...environment(), FLEX_MCP_TOKEN: bearer })
    const client = new Client({ name: "THE CLIENT", version: "1" })
    const requestInit = { headers: { Authorization: `Bearer ${bearer}`, "x-of-the-host": "THE HOST" } }
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
    const { data } = await call(client, "list_participants", { ...channel(3), limit: 5 })
    await call(client, "list_participants", { ...channel(3), limit: 5, cursor: data?.["next_cursor"] })
    assert.isTrue((await call(client, "set_participant_status", write(1, 2, "closed"))).isError)
    await client.close()
    await stop()
    served.answerWith((request) => served.sandbox.fetch(request))

    const guide = readFileSync(new URL("../../docs/operate.md", import.meta.url), "utf8")
    const [, table = ""] = /### What spans contain\n(.*?)\n#/su.exec(guide) ?? []
    const documented = new Set(Array.from(table.matchAll(/`([a-z][\w.]*)`/gu), ([, key = ""]) => key))
    const found = new Set(
      spans().flatMap(({ attributes, events }) =>
        [...attributes, ...events.flatMap((event) => event.attributes)].map(({ key }) => key)
      )
    )
    assert.isAbove(found.size, 10)
    for (const key of found) assert.isTrue(documented.has(key), `${key} is not in the guide`)

    const everything = received.map(({ body }) => body).join("\n")
    // The one thing out of a body: what Twilio says is wrong.
    assert.include(everything, "THE MESSAGE")
    assert.include(everything, "Participants?PageSize=")
    for (const hidden of ["THE BODY", "THE HEADER", "THE CLIENT", "THE HOST", bearer, secret, "closed"]) {
      assert.notInclude(everything, hidden)
    }
  })

  it("a collector that is away stops nobody", async () => {
    const server = await Command.listen([], { ...environment(), OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" })
    const client = await connectTo(server.url)
    const listed = await client.callTool({ name: "list_participants", arguments: channel(2) })
    assert.notStrictEqual(listed.isError, true)
    await client.close()
    assert.strictEqual((await server.stop()).code, 0)
  })
})

describe("the end", () => {
  /** Longer than any test: with it, only a bound of the server's own ends what waits for a collector. */
  const patience = { OTEL_EXPORTER_OTLP_TIMEOUT: "600000" }

  for (const [what, listener] of [
    ["takes a connection and never answers", () => {}],
    ["never ends its answer", (_, response) => response.writeHead(200).write("{")],
    ["wants it to come back in ten minutes", (_, response) => response.writeHead(429, { "Retry-After": "600" }).end()]
  ] as ReadonlyArray<readonly [string, RequestListener]>) {
    for (const end of ["stdin", "SIGTERM"] as const) {
      it(`of ${end} ends it though the collector ${what}`, async () => {
        const collector = createServer(listener).listen(0, "127.0.0.1")
        await once(collector, "listening")
        const { port } = collector.address() as AddressInfo
        const host = raw(["--sandbox"], { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, ...patience })
        await host.initialize("2025-11-25")
        await host.request("tools/call", { name: "list_participants", arguments: channel(1) })
        const isHanging = once(AbortSignal.timeout(5_000), "abort").then(() => host.child.kill("SIGKILL"))
        if (end === "stdin") host.child.stdin.end()
        else host.child.kill(end)
        assert.deepStrictEqual(await Promise.race([host.closed, isHanging]), [0, null])
        collector.close()
        collector.closeAllConnections()
      })
    }
  }
})
