/** Requests as a client of Twilio sends them, and where the ready-made interactions are. */
import * as Sandbox from "@flex-interactions/sandbox"

const ready = Object.values(Sandbox.ready.conversations)

/**
 * The SID of a ready-made interaction by its number, of its channel, of its nth participant (from 1) and of that one's worker, task and
 * reservation. Of other interactions, what a sandbox would make up.
 */
export const sid = (group: number, prefix: string, n = 0): string =>
  (prefix === "WK" ? ready[group - 1]?.participants[n - 1]?.workerSid : undefined) ?? Sandbox.sid(prefix, group, n)

/** Of a ready-made channel, or of one of its participants. */
export const path = (group: number, n?: number) =>
  `/v1/Interactions/${sid(group, "KD")}/Channels/${sid(group, "UO")}/Participants${n === undefined ? "" : `/${sid(group, "UT", n)}`}`

export const basic = (user: string, password: string) => ({ authorization: `Basic ${btoa(`${user}:${password}`)}` })

const { accountSid, authToken } = Sandbox.defaultCredentials
export const account = basic(accountSid, authToken)

export interface Body {
  readonly code: number
  readonly status: number
  readonly participants: ReadonlyArray<{ readonly sid: string; readonly type: string }>
  readonly meta: { readonly next_page_url: string | null; readonly [key: string]: unknown }
}

export const list = (origin: string, group: number, query = "", headers: Record<string, string> = {}) =>
  new Request(`${origin}${path(group)}${query}`, { headers: { ...account, ...headers } })

export const modify = (
  origin: string,
  group: number,
  n: number,
  status: string,
  headers: Record<string, string> = {}
) =>
  new Request(`${origin}${path(group, n)}`, {
    method: "POST",
    headers: { ...account, ...headers },
    body: new URLSearchParams({ Status: status })
  })

export const statusOf = (sandbox: Sandbox.Sandbox, group: number, n: number) =>
  sandbox.state
    .get(sid(group, "KD"))
    ?.get(sid(group, "UO"))
    ?.bySid.get(sid(group, "UT", n))?.status

/** Where TaskRouter has what, in Flex's workspace. */
export const workspacePath = `/v1/Workspaces/${Sandbox.ready.workspaceSid}`

export interface Asked {
  readonly status: number
  readonly headers: Headers
  readonly body: { readonly [key: string]: unknown }
}

/** Asks a sandbox in this process, at the host that has the path; with a form it is a POST. */
export const ask = async (
  sandbox: Pick<Sandbox.Sandbox, "fetch">,
  path: string,
  form?: Record<string, string>,
  headers: Record<string, string> = {}
): Promise<Asked> => {
  const host = path.startsWith("/v1/Workspaces") ? "taskrouter" : "flex-api"
  const response = await sandbox.fetch(
    new Request(`https://${host}.twilio.com${path}`, {
      method: form === undefined ? "GET" : "POST",
      headers: { ...account, ...headers },
      ...(form === undefined ? {} : { body: new URLSearchParams(form) })
    })
  )
  return { status: response.status, headers: response.headers, body: (await response.json()) as Asked["body"] }
}

/** The rows of a list. */
export const rowsOf = (asked: Asked): ReadonlyArray<{ readonly [key: string]: unknown }> => {
  const { key } = asked.body["meta"] as { readonly key: string }
  return asked.body[key] as ReadonlyArray<{ readonly [key: string]: unknown }>
}
