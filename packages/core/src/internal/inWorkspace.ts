/** Paths below the workspace: everything else in them is checked before the workspace is looked up. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Sid from "../Sid.ts"
import type { TwilioError } from "../TwilioError.ts"
import type { Workspace } from "../Workspace.ts"
import type { Endpoint } from "./endpoint.ts"
import { invalid } from "./invalid.ts"

interface InWorkspace {
  readonly workspaceSid: Sid.WorkspaceSid
}

/** What a 404 means for a list of the workspace. */
export const noWorkspace =
  "this account has no such workspace: check TWILIO_WORKSPACE_SID (option workspaceSid), or leave it out to have it looked up"

const any = `WS${"0".repeat(32)}` as Sid.WorkspaceSid

/** The parameters of the endpoint's path, with the workspace. */
export const inWorkspace =
  (workspace: Workspace["Service"]) =>
  <P extends object, A>(
    endpoint: Endpoint<P & InWorkspace, A>,
    params: P
  ): Effect.Effect<P & InWorkspace, TwilioError> => {
    const path = endpoint.pathOf({ ...params, workspaceSid: any })
    return Result.isFailure(path)
      ? Effect.fail(invalid(endpoint.name, path.failure))
      : Effect.map(workspace.sid, (workspaceSid) => ({ ...params, workspaceSid }))
  }

/**
 * Does Twilio itself say that there is no such thing? Not the 404 of a gateway, which has no code of Twilio's, nor the lack of a
 * workspace, without which nothing is known of anything in it.
 */
export const saysGone =
  ({ name }: Endpoint<never, unknown>) =>
  ({ code, operation, reason }: TwilioError): boolean =>
    reason._tag === "NotFound" && code !== undefined && operation === name
