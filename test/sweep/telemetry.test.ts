/** Traces and metrics of a sweep, at a collector. */
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { expect, test } from "vitest"
import { centre, conversation, sweep } from "../support/sweep.ts"

test("a collector gets the spans of a sweep and of its changes above core's, and counts of rows by rule and result, and no secret", async () => {
  const got: Record<string, string> = {}
  const collector = createServer(async (request, response) => {
    const body = await text(request)
    got[request.url ?? ""] = `${got[request.url ?? ""] ?? ""}${body}`
    response.end("{}")
  }).listen(0, "127.0.0.1")
  await once(collector, "listening")
  const { port } = collector.address() as AddressInfo
  const served = await centre([conversation([["ana", "wrapup", 200]], { status: "closed" })])
  const { code } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`
  })
  await served.close()
  collector.close()
  expect(code).toBe(0)
  for (const span of ["Sweep.run", "Sweep.apply", "Conversations.end"]) expect(got["/v1/traces"]).toContain(`"${span}"`)
  expect(got["/v1/metrics"]).toContain('"sweep.rows"')
  expect(got["/v1/metrics"]).toContain('"confirmed"')
  expect(JSON.stringify(got)).not.toContain(served.sandbox.credentials.apiSecret)
})

test("a collector that takes connections and never answers loses no line, and the sweep ends on its own", async () => {
  let connections = 0
  const silent = createServer(() => (connections += 1)).listen(0, "127.0.0.1")
  await once(silent, "listening")
  const { port } = silent.address() as AddressInfo
  const names = Array.from({ length: 100 }, (_, index) => `agent${index}`)
  const served = await centre(names.map((name) => conversation([[name, "wrapup", 200]], { status: "closed" })))
  const { code, rows, stderr } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    // Without a bound of the sweep's own it would wait for this long, exporter by exporter.
    OTEL_EXPORTER_OTLP_TIMEOUT: "600000"
  })
  await served.close()
  silent.closeAllConnections()
  silent.close()
  expect(connections).toBeGreaterThan(0)
  expect([code, stderr]).toEqual([0, ""])
  expect(rows.map(({ result, worker }) => [worker, result]).sort()).toEqual(
    names.map((name) => [name, "confirmed"]).sort()
  )
})
