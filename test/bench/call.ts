/** Calls over stdio: both tools, one at a time and 32 at once, pages of 50 participants. */
import { participantSid, sids } from "./channel.ts"
import { environment, type Server, servers, twilio } from "./contestants.ts"
import { connect, type Host, interleave, percentile } from "./measure.ts"
import { type Part, table } from "./table.ts"

const size = 50
const of = (size: number) => {
  const { interactionSid, channelSid } = sids(size)
  return {
    ours: { interaction_sid: interactionSid, channel_sid: channelSid },
    twilios: { InteractionSid: interactionSid, ChannelSid: channelSid }
  }
}

/** Where statuses are set: every fourth is an agent, so that each of 32 calls at once can have another. */
const crowd = 128
let turn = 0
const nextAgent = () => participantSid(crowd, 1 + 4 * (turn++ % (crowd / 4)))

/** The channels that the calls need. */
export const sizes = [size, crowd]

/** The same request to each server, in the words that its tools take. */
export const calls = {
  list: (host: Host, server: Server) =>
    host.request(
      "tools/call",
      server === "@twilio-alpha/mcp"
        ? { name: "TwilioFlexV1--ListInteractionChannelParticipant", arguments: of(size).twilios }
        : { name: "list_participants", arguments: { ...of(size).ours, limit: size } }
    ),
  set: (host: Host, server: Server) =>
    host.request(
      "tools/call",
      server === "@twilio-alpha/mcp"
        ? {
            name: "TwilioFlexV1--UpdateInteractionChannelParticipant",
            arguments: { ...of(crowd).twilios, Sid: nextAgent(), Status: "wrapup" }
          }
        : {
            name: "set_participant_status",
            arguments: { ...of(crowd).ours, participant_sid: nextAgent(), status: "wrapup" }
          }
    )
}

interface Sample {
  readonly p50: number
  readonly p99: number
  readonly perSecond: number
  /** Microseconds a call, made one at a time. */
  readonly cpu: number
  /** Microseconds a call, made 32 at once. */
  readonly cpuAtOnce: number
}

const warmUp = 300
const together = 2000
const atOnce = 32
const oneByOne = 500

const measure = (tool: keyof typeof calls, server: Server, url: string) => async (): Promise<Sample> => {
  const host = await connect(servers[server], environment(url))
  const call = () => calls[tool](host, server)
  for (let n = 0; n < warmUp; n++) await call()

  const atFirst = await host.usage()
  const from = performance.now()
  let left = together
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left-- > 0) await call()
    })
  )
  const perSecond = together / ((performance.now() - from) / 1000)

  const before = await host.usage()
  const latencies: Array<number> = []
  for (let n = 0; n < oneByOne; n++) {
    const from = performance.now()
    await call()
    latencies.push(performance.now() - from)
  }
  const after = await host.usage()
  await host.end()
  return {
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    perSecond,
    cpu: ((after.cpu - before.cpu) / oneByOne) * 1000,
    cpuAtOnce: ((before.cpu - atFirst.cpu) / together) * 1000
  }
}

export const part: Part = async (report) => {
  const api = await twilio(sizes)
  for (const tool of ["list", "set"] as const) {
    const samples = await interleave(
      Object.fromEntries(
        (Object.keys(servers) as ReadonlyArray<Server>)
          .filter((server) => !server.endsWith("bundled"))
          .map((server) => [server, measure(tool, server, api.url)])
      ),
      4
    )
    report(
      table({
        title:
          tool === "list"
            ? "call: list_participants, 50 of them"
            : `call: set_participant_status, in a channel of ${crowd}`,
        samples,
        figures: {
          "p50, ms": ({ p50 }) => p50,
          "p99, ms": ({ p99 }) => p99,
          "calls/s at 32": ({ perSecond }) => perSecond,
          "CPU, µs": ({ cpu }) => cpu,
          "CPU at 32, µs": ({ cpuAtOnce }) => cpuAtOnce
        },
        ratios: ["p50, ms", "calls/s at 32", "CPU, µs", "CPU at 32, µs"].map((figure) => ({ figure, bases: ["loop"] }))
      })
    )
  }
  await api.close()
}
