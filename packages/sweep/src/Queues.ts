/** Are there queues with these names? A rule for a queue that does not exist would find nothing, and say nothing of it. */
import { TwilioClient, type TwilioError, Workspace } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Source: Twilio's page "TaskQueue Resource": its list has a filter `FriendlyName`. */
const listQueues = TwilioClient.endpoint({
  name: "Sweep.queues",
  host: "taskrouter",
  method: "GET",
  path: "/v1/Workspaces/{WorkspaceSid}/TaskQueues",
  access: "read",
  rows: "task_queues",
  reply: Schema.decodeUnknownResult(
    Schema.Struct({ task_queues: Schema.Array(Schema.Struct({ friendly_name: Schema.String })) })
  )
})

/** Those of the names that no queue has. */
export const missing = Effect.fnUntraced(function* (
  names: ReadonlyArray<string>
): Effect.fn.Return<ReadonlyArray<string>, TwilioError.TwilioError, TwilioClient.TwilioClient | Workspace.Workspace> {
  if (names.length === 0) return []
  const client = yield* TwilioClient.TwilioClient
  const workspace = yield* Workspace.Workspace
  const params = { workspaceSid: yield* workspace.sid }
  return yield* Effect.filter(names, (name) =>
    Effect.map(
      client.execute(listQueues, { params, query: { FriendlyName: name, PageSize: "50" } }),
      ({ task_queues }) => !task_queues.some(({ friendly_name }) => friendly_name === name)
    )
  )
})
