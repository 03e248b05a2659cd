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
  /** The same among the first calls, most of which V8 has not yet compiled, and compiles the while. */
  readonly cpuAtFirst: number
}

const atOnce = 32
/** One by one before anything is measured, at once while it is still cold, at once until it is warm. */
const [ignored, cold, warming] = [300, 2000, 4500]
/** Measured warm: at once, one by one. */
const [together, oneByOne] = [2500, 500]

const measure = (tool: keyof typeof calls, server: Server, url: string) => async (): Promise<Sample> => {
  const host = await connect(servers[server], environment(url))
  const call = () => calls[tool](host, server)
  const used = async <A>(n: number, work: () => Promise<A>) => {
    const before = await host.usage()
    const result = await work()
    return { result, cpu: (((await host.usage()).cpu - before.cpu) / n) * 1000 }
  }
  const many = (n: number) =>
    used(n, async () => {
      const from = performance.now()
      let left = n
      await Promise.all(
        Array.from({ length: atOnce }, async () => {
          while (left-- > 0) await call()
        })
      )
      return n / ((performance.now() - from) / 1000)
    })

  for (let n = 0; n < ignored; n++) await call()
  const first = await many(cold)
  await many(warming)
  const warm = await many(together)
  const alone = await used(oneByOne, async () => {
    const latencies: Array<number> = []
    for (let n = 0; n < oneByOne; n++) {
      const from = performance.now()
      await call()
      latencies.push(performance.now() - from)
    }
    return latencies
  })
  await host.end()
  return {
    p50: percentile(alone.result, 0.5),
    p99: percentile(alone.result, 0.99),
    perSecond: warm.result,
    cpu: alone.cpu,
    cpuAtOnce: warm.cpu,
    cpuAtFirst: first.cpu
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
          "CPU at 32, µs": ({ cpuAtOnce }) => cpuAtOnce,
          "at first, µs": ({ cpuAtFirst }) => cpuAtFirst
        },
        ratios: ["p50, ms", "calls/s at 32", "CPU, µs", "CPU at 32, µs", "at first, µs"].map((figure) => ({
          figure,
          bases: ["loop"]
        }))
      })
    )
  }
  await api.close()
}
