/** Requests as a client of Twilio sends them, and where the ready-made interactions are. */
import * as Sandbox from "@flex-interactions/sandbox"

export const sid = (group: number, prefix: string, n = 0) => `${prefix}0${group}${`${n}`.padStart(30, "0")}`

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
