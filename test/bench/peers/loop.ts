/** The floor: a hand-written JSON-RPC loop with the two tools, knowing just what a host needs. */
import { createInterface } from "node:readline"
import { failed, list, overHttp, result, setStatus } from "./flex.ts"

const sid = (prefix: string) => ({ type: "string", pattern: `^${prefix}[0-9a-fA-F]{32}$` })
const channel = { interaction_sid: sid("KD"), channel_sid: sid("UO") }
const tool = (name: string, description: string, properties: object, required: ReadonlyArray<string>) => ({
  name,
  description,
  inputSchema: {
    type: "object",
    properties: { ...channel, ...properties },
    required: [...Object.keys(channel), ...required]
  }
})
const tools = [
  tool(
    "list_participants",
    "Lists the participants of a Flex interaction channel.",
    { limit: { type: "integer" } },
    []
  ),
  tool(
    "set_participant_status",
    "Moves an agent to wrapup or closed.",
    { participant_sid: sid("UT"), status: { type: "string", enum: ["wrapup", "closed"] } },
    ["participant_sid", "status"]
  )
]

interface Input {
  readonly interaction_sid: string
  readonly channel_sid: string
  readonly participant_sid: string
  readonly status: string
  readonly limit?: number
}

const valid = (prefix: string, value: unknown) =>
  typeof value === "string" && new RegExp(`^${prefix}[0-9a-fA-F]{32}$`, "u").test(value)

const call = async (name: string, input: Input) => {
  if (!valid("KD", input.interaction_sid) || !valid("UO", input.channel_sid)) throw new Error("not a SID")
  if (name === "list_participants") return result(await list(overHttp, input))
  if (!valid("UT", input.participant_sid) || !/^(?:wrapup|closed)$/u.test(input.status)) throw new Error("not valid")
  return result(await setStatus(overHttp, input))
}

const answer = async (method: string, params: { readonly name: string; readonly arguments: Input }) => {
  switch (method) {
    case "initialize":
      return {
        protocolVersion: "2025-06-18",
        capabilities: { tools: {} },
        serverInfo: { name: "loop", version: "1.0.0" }
      }
    case "tools/list":
      return { tools }
    default:
      return call(params.name, params.arguments).catch(failed)
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line)
  if (id === undefined) return
  void answer(method, params).then((result) =>
    process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, result })}\n`)
  )
})
