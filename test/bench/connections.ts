/**
 * What it costs that each change has a connection of its own: `npx tsx test/bench/connections.ts`.
 *
 * Over TLS on this machine, through a wire that takes its time.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import * as https from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import * as Sandbox from "@flex-interactions/sandbox"
import { TwilioClient, Participant, Participants } from "@flex-interactions/core"
import * as NodeHttp from "@flex-interactions/core/NodeHttp"
import { Effect, Layer, ManagedRuntime, Redacted } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import * as Tls from "../support/tls.ts"
import { figure } from "./measure.ts"
import { wire } from "./wire.ts"

const folder = mkdtempSync(join(tmpdir(), "connections-"))
const channel = { interaction: `KD${"7".repeat(32)}`, sid: `UO${"7".repeat(32)}` }
const agentSid = (n: number) => `UT${`${n}`.padStart(32, "0")}`
const participants = Array.from({ length: 2000 }, (_, n) => ({ sid: agentSid(n), type: "agent" as const }))
const sandbox = Sandbox.make({
  seed: { interactions: [{ sid: channel.interaction, channels: [{ sid: channel.sid, participants }] }] }
})
const { authority, port: tls, server } = await Tls.serve(folder, ["localhost"], sandbox)
const ca = readFileSync(authority)
const { apiKey, apiSecret } = sandbox.credentials

const secure = NodeHttp.layerAgent((options) => new https.Agent({ ...options, ca }))
/** As if core did not ask for a connection of its own. */
const keeping = Layer.effect(
  HttpClient.HttpClient,
  Effect.map(HttpClient.HttpClient, HttpClient.mapRequest(HttpClientRequest.removeHeader("connection")))
).pipe(Layer.provide(secure))

let moved = 0
/** Another agent each time: a second change of one is refused. */
const move = Effect.suspend(() =>
  Effect.fromResult(Participant.participant(channel.interaction, channel.sid, agentSid(moved++)))
).pipe(Effect.flatMap((ref) => Participants.Participants.use((participants) => participants.setStatus(ref, "wrapup"))))

const measure = async (port: number, http: Layer.Layer<HttpClient.HttpClient>, times: number) => {
  const client = TwilioClient.layer({
    credentials: { apiKey, apiSecret: Redacted.make(apiSecret) },
    baseUrl: `https://localhost:${port}`,
    rateLimit: false
  })
  const runtime = ManagedRuntime.make(Participants.layer.pipe(Layer.provide(client), Layer.provide(http)))
  for (let n = 0; n < 5; n++) await runtime.runPromise(move)
  const samples: Array<number> = []
  const before = process.cpuUsage()
  for (let n = 0; n < times; n++) {
    const start = performance.now()
    await runtime.runPromise(move)
    samples.push(performance.now() - start)
  }
  const { system, user } = process.cpuUsage(before)
  await runtime.dispose()
  return { ...figure(samples), cpu: (system + user) / 1000 / times }
}

const shown = ({ cpu, high, low, median }: Awaited<ReturnType<typeof measure>>) =>
  `${median.toFixed(1)} ms (${low.toFixed(1)} to ${high.toFixed(1)}), ${cpu.toFixed(2)} ms of CPU at both ends`

for (const roundTrip of [0, 20, 100]) {
  const { close, port } = await wire(tls, roundTrip)
  const times = roundTrip === 100 ? 40 : 200
  for (const [name, http] of [
    ["kept", keeping],
    ["own", secure]
  ] as const) {
    process.stdout.write(`${roundTrip} ms, ${name}: ${shown(await measure(port, http, times))}\n`)
  }
  close()
}
server.close()
server.closeAllConnections()
rmSync(folder, { recursive: true })
