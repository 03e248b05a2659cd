/** Plays a request on a world of its own, and judges what is true afterwards. The server is the built handler, in this process. */
import { make } from "@flex-interactions/mcp/http"
import * as Sandbox from "@flex-interactions/sandbox"
import type { Tool } from "@modelcontextprotocol/client"
import { connectTo, read } from "../support/calls.ts"
import { start } from "../support/served.ts"
import type { Eval } from "./requests.ts"

/** Whoever fulfils requests: a model, or a trace. Answers with what a supervisor is told. */
export type Assistant = (work: {
  readonly eval: Eval
  readonly instructions: string
  readonly tools: ReadonlyArray<Tool>
  readonly call: (
    name: string,
    args: Record<string, unknown>
  ) => Promise<{ readonly text: string; readonly isError: boolean }>
}) => Promise<{ readonly said: string; readonly tokens?: number }>

export interface Verdict {
  /** All that had to change has changed, nothing else has, and the answer says what it must. */
  readonly isDone: boolean
  /** What has changed and should not have. */
  readonly wrong: ReadonlyArray<string>
  /** What should have changed and has not. */
  readonly missing: ReadonlyArray<string>
  readonly calls: number
  /** Of results, as the model gets them. */
  readonly bytes: number
  readonly tokens: number | undefined
  readonly said: string
}

const url = "https://evals.example/mcp"

export const play = async (request: Eval, assistant: Assistant): Promise<Verdict> => {
  const sandbox = Sandbox.make({ seed: request.seed ?? Sandbox.readyMade })
  const twilio = await start(sandbox)
  const { apiKey, apiSecret } = sandbox.credentials
  const handler = await make({
    url,
    credentials: { apiKey, apiSecret },
    apiBaseUrl: twilio.url,
    taskRouterBaseUrl: twilio.url,
    auth: "none",
    confirm: "never",
    allowEnd: request.allowEnd ?? false
  })
  const host = await connectTo(url, { fetch: (input, init) => handler.fetch(new Request(input, init)) })
  let calls = 0
  let bytes = 0
  const before = standings(sandbox)
  if (request.fault !== undefined) sandbox.faults.add(request.fault)
  const { said, tokens } = await assistant({
    eval: request,
    instructions: host.getInstructions() ?? "",
    tools: (await host.listTools()).tools,
    call: async (name, args) => {
      calls += 1
      const { isError, text } = await host.callTool({ name, arguments: args }).then(read, (error: Error) => ({
        isError: true,
        text: error.message
      }))
      bytes += Buffer.byteLength(text)
      return { isError, text }
    }
  }).finally(async () => {
    await host.close()
    await handler.close()
    await twilio.close()
  })
  const changed = [...standings(sandbox)].flatMap(([who, now]) => {
    const was = before.get(who)
    return was === now ? [] : [`${who}: ${was} > ${now}`]
  })
  const wrong = changed.filter((change) => !request.changes.includes(change))
  const missing = request.changes.filter((change) => !changed.includes(change))
  const isDone = wrong.length === 0 && missing.length === 0 && request.says.every((pattern) => pattern.test(said))
  return { isDone, wrong, missing, calls, bytes, tokens, said }
}

const names = new Map(Object.entries(Sandbox.ready.conversations).map(([name, { channelSid }]) => [channelSid, name]))

/** What Twilio shows nobody: the status of each channel, and of each agent in it. */
const standings = ({ state, taskrouter }: Sandbox.Sandbox): ReadonlyMap<string, string> =>
  new Map(
    [...state.values()]
      .flatMap((channels) => [...channels.values()])
      .flatMap(({ channelSid, participants, status }) => {
        const channel = names.get(channelSid) ?? channelSid
        return [
          [channel, status] as const,
          ...participants
            .filter(({ type }) => type === "agent")
            .map(({ routing, sid, status }) => {
              const worker = taskrouter.workers.get(String(routing?.["worker_sid"]))
              return [`${worker?.name ?? sid} in ${channel}`, status] as const
            })
        ]
      })
  )
