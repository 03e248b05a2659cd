/** A minimal server as the guide of `@modelcontextprotocol/server` teaches it: zod, and fetch. */
import { McpServer } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import * as z from "zod/v4"
import { list, overFetch, result, setStatus } from "./flex.ts"

const sid = (prefix: string) => z.string().regex(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`, "u"))
const channel = { interaction_sid: sid("KD"), channel_sid: sid("UO") }
const who = {
  participant_sid: z.string(),
  type: z.string(),
  worker_sid: z.string().optional(),
  task_sid: z.string().optional(),
  reservation_sid: z.string().optional()
}

serveStdio(() => {
  const server = new McpServer({ name: "sdk2", version: "1.0.0" })
  server.registerTool(
    "list_participants",
    {
      description: "Lists the participants of a Flex interaction channel.",
      inputSchema: z.object({ ...channel, limit: z.number().int().min(1).max(1000).optional() }),
      outputSchema: z.object({ participants: z.array(z.object(who)) })
    },
    async (input) => result(await list(overFetch, input))
  )
  server.registerTool(
    "set_participant_status",
    {
      description: "Moves an agent to wrapup or closed.",
      inputSchema: z.object({ ...channel, participant_sid: sid("UT"), status: z.enum(["wrapup", "closed"]) }),
      outputSchema: z.object({ ...who, result: z.string(), status: z.string() })
    },
    async (input) => result(await setStatus(overFetch, input))
  )
  return server
})
