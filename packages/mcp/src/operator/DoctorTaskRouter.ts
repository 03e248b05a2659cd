/** What `doctor` says of TaskRouter: is it there, what of it can be read by which credentials, and what is missing without. */
import { Participant, Tasks, type TwilioClient, type TwilioError, Workers, Workspace } from "@flex-interactions/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { failed, type Found, ok, skipped, warning } from "./Finding.ts"
import * as Settings from "./Settings.ts"

/** Which credentials are used, by the name of their setting: never a secret. */
export const credentialsOf = ({ accountSid, apiKey, apiSecret, apiSecretFile }: Settings.Written): string =>
  apiKey !== undefined && (apiSecret ?? apiSecretFile) !== undefined
    ? `the API key ${apiKey} (TWILIO_API_KEY)`
    : `the account ${accountSid ?? ""} (TWILIO_ACCOUNT_SID)`

/** What does not work without TaskRouter. */
const missing =
  "Without TaskRouter these are missing: where agents stand, who is on the way, whether a customer is alone, proof that a change was applied, and finding conversations by task, agent or standing."

/** Without it a scope refuses everything; everything else works with less. */
const lacking = ({ onlyQueue }: Settings.Written, says: string, fix: string): Found =>
  onlyQueue === undefined
    ? warning(says, `${fix} ${missing}`)
    : failed(says, `${fix} With --only-queue every call is refused without TaskRouter.`)

/** Not asked: what is read there is checked below. */
export const origin = (written: Settings.Written, { taskrouter }: TwilioClient.Origins): Found =>
  taskrouter === undefined
    ? lacking(
        written,
        "off: FLEX_API_BASE_URL points elsewhere, and credentials that are meant for there do not go to Twilio's TaskRouter",
        "Set TASKROUTER_API_BASE_URL (--taskrouter-base-url) to the origin that serves TaskRouter there, if there is one."
      )
    : ok(`on, at ${taskrouter}`)

const workspaceSid = Workspace.Workspace.use(({ sid }) => sid)

/** One task is read of it: that is what standings need. In another workspace than Flex's they would all be wrong. */
export const workspace = (written: Settings.Written) =>
  Effect.gen(function* () {
    const sid = yield* workspaceSid
    yield* Tasks.Tasks.use((tasks) => tasks.page({}, { pageSize: 1 }))
    if (written.workspaceSid === undefined) return ok(`${sid}, looked up: its tasks can be read`)
    const own = yield* Effect.option(Effect.provide(workspaceSid, Layer.fresh(Workspace.layer())))
    return Option.isNone(own) || own.value === sid
      ? ok(`${sid}, as TWILIO_WORKSPACE_SID says: its tasks can be read`)
      : warning(
          `${sid}, as TWILIO_WORKSPACE_SID says, but Flex's own is ${own.value}: every agent would seem to be gone`,
          "Unset TWILIO_WORKSPACE_SID, or set it to Flex's own."
        )
  }).pipe(Effect.catchTag("TwilioError", (error) => Effect.succeed(unread(written, "its tasks", error))))

/** What else is read there: agents by their names, and the tasks of a conversation, by an expression. */
export const reads = (written: Settings.Written) =>
  Effect.gen(function* () {
    yield* Effect.mapError(
      Workers.Workers.use((workers) => workers.find("nobody", { limit: 1 })),
      (error) => ({
        what: "its workers",
        error
      })
    )
    yield* Effect.mapError(
      Tasks.Tasks.use((tasks) => Stream.runHead(tasks.stream({ channel: nowhere }))),
      (error) => ({ what: "tasks by their attributes", error })
    )
    return ok("workers can be found by name, and the tasks of a conversation by their attributes")
  }).pipe(Effect.catch(({ error, what }) => Effect.succeed(unread(written, what, error))))

/** A channel that cannot exist: reading it changes nothing, and its reply tells whether the credentials are accepted. */
export const nowhere = Result.getOrThrow(Participant.channel(`KD${"0".repeat(32)}`, `UO${"0".repeat(32)}`))

/** A name that no queue has is a scope in which there is nothing. */
export const queues = Effect.fnUntraced(
  function* (_written: Settings.Written, names: ReadonlyArray<string>) {
    const unknown = yield* Workspace.missingQueues(names)
    const list = (names: ReadonlyArray<string>) => names.map((name) => JSON.stringify(name)).join(", ")
    return unknown.length === 0
      ? ok(`only tasks of ${list(names)}, which ${names.length === 1 ? "is there" : "are there"}`)
      : failed(
          `no queue is called ${list(unknown)}: what is there is never shown`,
          "Give the name exactly as the workspace has it, in upper and lower case letters: Flex's TaskRouter lists its queues."
        )
  },
  (self, written) =>
    Effect.catchTag(self, "TwilioError", (error) => Effect.succeed(unread(written, "its queues", error)))
)

const unread = (
  written: Settings.Written,
  what: string,
  { operation, reason }: Pick<TwilioError.TwilioError, "operation" | "reason">
): Found => {
  const isFlex = operation === "Workspace.configuration"
  const api = isFlex ? "the Flex API" : "TaskRouter"
  switch (reason._tag) {
    case "Forbidden":
      return reason.setting === undefined
        ? lacking(
            written,
            `${what} may not be read by ${credentialsOf(written)} at ${api}: ${reason.message}`,
            "Use an API key that may read TaskRouter."
          )
        : skipped("TaskRouter is off")
    case "Unauthorized":
      return lacking(
        written,
        `${credentialsOf(written)} is not accepted at ${api} (401)`,
        isFlex
          ? "Fix what credentials say above."
          : "The Flex API has a say of its own, under credentials above: if it accepts them, check TASKROUTER_API_BASE_URL, TWILIO_REGION, and what a restricted key allows."
      )
    case "NotFound":
      return failed(reason.message, "Set TWILIO_WORKSPACE_SID to the SID of Flex's workspace, which starts with WS.")
    default:
      return warning(
        `not checked: ${reason.message}`,
        "Fix what credentials, dns, tls or proxy say above, and try again."
      )
  }
}
