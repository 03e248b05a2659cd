/**
 * A Twilio of plain values: conversations, the changes that were carried out, and what an honest reply to each request says.
 * A conversation has a number, and in it a customer (1), two agents (2 and 3) and tasks that wait (5, 6, …): their SIDs end so.
 */
import { type Applied, type Asked, reply } from "../support/rawServer.ts"

export type ReservationStatus = "accepted" | "wrapping" | "completed"
export type ChannelStatus = "active" | "inactive" | "closed"
export type Member = 2 | 3
export const members: ReadonlyArray<Member> = [2, 3]

/** A conversation as it begins. */
export interface Conversation {
  readonly channel: ChannelStatus
  readonly agents: { readonly [member in Member]: ReservationStatus }
  readonly hasCustomer: boolean
  /** So many tasks wait for an agent. */
  readonly waiting: number
}

export interface World {
  readonly conversations: ReadonlyArray<Conversation>
  /** The number of the first. Each run has its own: what a process remembers of one is of no use in another. */
  readonly first: number
  /** A change is shown to nobody until so many requests have come after it. */
  readonly delay: number
  /** Lists come two rows a page. */
  readonly isPaged: boolean
}

/** A conversation at some moment. */
export interface State extends Conversation {
  /** How many changes there were: the dates have it. */
  readonly updated: { readonly [member in Member]: number }
}

export const sid = (prefix: string, conversation: number, last: number) =>
  `${prefix}${`${conversation}`.padStart(31, "0")}${last}`
export const workspaceSid = `WS${"0".repeat(32)}`
export const channelPath = (n: number) => `/v1/Interactions/${sid("KD", n, 0)}/Channels/${sid("UO", n, 0)}`
export const memberPath = (n: number, member: Member) => `${channelPath(n)}/Participants/${sid("UT", n, member)}`

const inFlex = /^\/v1\/Interactions\/KD(\d{31})0\/Channels(?:\/UO\d{31}0(?:(\/Participants)(?:\/UT\d{31}(\d))?)?)?$/u
const inTaskRouter = new RegExp(
  `^/v1/Workspaces/${workspaceSid}/(Tasks|Workers)(?:/W[TK](\\d{31})(\\d)(?:(/Reservations)(/WR\\d{32})?)?)?$`,
  "u"
)

export const beginning = (conversation: Conversation): State => ({ ...conversation, updated: { 2: 1, 3: 1 } })

const left = (state: State, to: ReservationStatus, from: ReadonlyArray<ReservationStatus>): State =>
  members.reduce((state, member) => moved(state, member, to, from), state)

const moved = (state: State, member: Member, to: ReservationStatus, from: ReadonlyArray<ReservationStatus>): State =>
  from.includes(state.agents[member])
    ? {
        ...state,
        agents: { ...state.agents, [member]: to },
        updated: { ...state.updated, [member]: state.updated[member] + 1 }
      }
    : state

/** The conversation after a change; `undefined`: Twilio refuses it. What is refused when is assumed. */
export const after = (state: State, { body, path }: Pick<Applied, "path" | "body">): State | undefined => {
  const fields = new URLSearchParams(body)
  const status = fields.get("Status")
  const member = Number(/\/UT\d{31}([23])$/u.exec(path)?.[1])
  const atWork: ReadonlyArray<ReservationStatus> = ["accepted", "wrapping"]
  if (member === 2 || member === 3) {
    const from = status === "wrapup" ? atWork.slice(0, 1) : atWork
    if (state.channel === "closed" || !from.includes(state.agents[member])) return undefined
    return moved(state, member, status === "wrapup" ? "wrapping" : "completed", from)
  }
  const isLeft = members.every((member) => state.agents[member] === "completed")
  if (status === "inactive") {
    if (state.channel !== "active") return undefined
    return { ...left(state, "completed", atWork), channel: "inactive", waiting: 0 }
  }
  if (status !== "closed" || (state.channel === "closed" && isLeft)) return undefined
  const ended = fields.has("Routing") ? left(state, "completed", atWork) : left(state, "wrapping", ["accepted"])
  return { ...ended, channel: "closed", waiting: 0 }
}

const numberIn = (path: string): number => Number(/\/KD(\d{31})0/u.exec(path)?.[1])

/** A conversation, and each state that these changes have brought it into. */
export const states = (world: World, n: number, changes: ReadonlyArray<Applied>): ReadonlyArray<State> => {
  const conversation = world.conversations[n - world.first]
  if (conversation === undefined) return []
  const all = [beginning(conversation)]
  for (const change of changes) {
    const last = all.at(-1)
    const next = last === undefined || numberIn(change.path) !== n ? undefined : after(last, change)
    if (next !== undefined) all.push(next)
  }
  return all
}

const now = (world: World, n: number, changes: ReadonlyArray<Applied>) => states(world, n, changes).at(-1)

/** Twilio's answers in this world: what would be done, and the bytes. */
export const honest =
  (world: World) =>
  (asked: Asked): { readonly applies: boolean; readonly bytes: string } => {
    const shown = asked.before.filter(({ request }) => asked.number - request > world.delay)
    const [path = "", query = ""] = asked.path.split("?")
    const read = (body: unknown) => ({ applies: false, bytes: reply(200, body) })
    const refused = (status: number, code: number) => ({ applies: false, bytes: reply(status, { code, status }) })
    const list = (key: string, rows: ReadonlyArray<unknown>) => {
      const page = Number(new URLSearchParams(query).get("Page") ?? 0)
      const size = world.isPaged ? 2 : 1000
      const url = (page: number) => {
        const found = new URLSearchParams(query)
        found.set("Page", `${page}`)
        if (page > 0) found.set("PageToken", `PT${page}`)
        return `https://twilio.example${path}?${found}`
      }
      const next_page_url = (page + 1) * size < rows.length ? url(page + 1) : null
      return read({
        [key]: rows.slice(page * size, (page + 1) * size),
        meta: { key, page, page_size: size, url: url(page), next_page_url }
      })
    }
    if (path === "/v1/Configuration") return read({ taskrouter_workspace_sid: workspaceSid })

    const flex = inFlex.exec(path)
    if (flex !== null) {
      const n = Number(flex[1])
      const state = now(world, n, shown)
      if (state === undefined) return refused(404, 20404)
      const isOfMembers = flex[2] !== undefined
      const row = (last: number) => participant(n, last)
      const people = [...(state.hasCustomer ? [1] : []), ...members].map(row)
      if (asked.method === "POST") {
        const current = now(world, n, asked.before)
        const last = Number(flex[3] ?? 0)
        if (current === undefined || after(current, asked) === undefined) return refused(409, 45008)
        return { applies: true, bytes: reply(200, isOfMembers ? row(last) : channel(n, state)) }
      }
      if (isOfMembers) return list("participants", people)
      return path.endsWith("/Channels") ? list("channels", [channel(n, state)]) : read(channel(n, state))
    }

    const [whole, resource, digits, last, ofReservations, one] = inTaskRouter.exec(path) ?? []
    if (whole === undefined || asked.method !== "GET") return refused(404, 20404)
    const filter = new URLSearchParams(query)
    if (digits === undefined) {
      if (resource === "Workers") return list("workers", [])
      const wanted = /UO(\d{31})0/u.exec(filter.get("EvaluateTaskAttributes") ?? "")?.[1]
      const statuses = filter.getAll("AssignmentStatus")
      const rows = world.conversations
        .flatMap((_, index) => tasks(world, world.first + index, shown))
        .filter(({ n }) => wanted === undefined || n === Number(wanted))
        .filter(({ row }) => statuses.length === 0 || statuses.includes(row.assignment_status))
      return list(
        "tasks",
        rows.map(({ row }) => row)
      )
    }
    const n = Number(digits)
    const found = tasks(world, n, shown).find(({ member }) => member === Number(last))
    const state = now(world, n, shown)
    if (found === undefined || state === undefined) return refused(404, 20404)
    const rows = found.member === 2 || found.member === 3 ? [reservation(n, found.member, state)] : []
    if (ofReservations === undefined) {
      return resource === "Tasks" ? read(found.row) : read({ sid: sid("WK", n, found.member), friendly_name: `agent` })
    }
    if (one !== undefined) return rows[0] === undefined ? refused(404, 20404) : read(rows[0])
    const status = filter.get("ReservationStatus")
    return list(
      "reservations",
      rows.filter(({ reservation_status }) => status === null || status === reservation_status)
    )
  }

const names = (n: number) => ({ interaction_sid: sid("KD", n, 0), channel_sid: sid("UO", n, 0) })

const participant = (n: number, last: number) => ({
  sid: sid("UT", n, last),
  type: last === 1 ? "customer" : "agent",
  ...names(n),
  routing_properties:
    last === 1
      ? null
      : {
          workspace_sid: workspaceSid,
          worker_sid: sid("WK", n, last),
          task_sid: sid("WT", n, last),
          reservation_sid: sid("WR", n, last)
        }
})

const channel = (n: number, { channel: status }: State) => ({
  sid: sid("UO", n, 0),
  interaction_sid: sid("KD", n, 0),
  status,
  type: "web"
})

const date = (seconds: number) => `2026-01-01T00:00:${`${seconds}`.padStart(2, "0")}Z`

const reservation = (n: number, member: Member, { agents, updated }: State) => ({
  sid: sid("WR", n, member),
  task_sid: sid("WT", n, member),
  worker_sid: sid("WK", n, member),
  worker_name: `agent-${n}-${member}`,
  workspace_sid: workspaceSid,
  reservation_status: agents[member],
  date_created: date(0),
  date_updated: date(updated[member])
})

const taskStatus = { accepted: "assigned", wrapping: "wrapping", completed: "completed" } as const

/** All tasks of a conversation. */
const tasks = (world: World, n: number, changes: ReadonlyArray<Applied>) => {
  const state = now(world, n, changes)
  if (state === undefined) return []
  const task = (member: number, assignment_status: string, updated: number) => ({
    n,
    member,
    row: {
      sid: sid("WT", n, member),
      workspace_sid: workspaceSid,
      assignment_status,
      task_queue_friendly_name: "Everyone",
      attributes: JSON.stringify({
        flexInteractionSid: sid("KD", n, 0),
        flexInteractionChannelSid: sid("UO", n, 0),
        channelType: "web"
      }),
      date_created: date(0),
      date_updated: date(updated)
    }
  })
  return [
    ...members.map((member) => task(member, taskStatus[state.agents[member]], state.updated[member])),
    ...Array.from({ length: state.waiting }, (_, index) => task(5 + index, "pending", 0))
  ]
}

/** A program that does something at the same time. */
export const anothers = (n: number): { readonly [what: string]: { readonly path: string; readonly body: string } } => ({
  "closes the channel": { path: channelPath(n), body: 'Status=closed&Routing=%7B"status"%3A"closed"%7D' },
  "closes the channel, with its agents in wrap-up": { path: channelPath(n), body: "Status=closed" },
  "sets the channel to inactive": { path: channelPath(n), body: 'Status=inactive&Routing=%7B"status"%3A"closed"%7D' },
  "moves the first agent to wrapup": { path: memberPath(n, 2), body: "Status=wrapup" },
  "moves the first agent to closed": { path: memberPath(n, 2), body: "Status=closed" },
  "moves the second agent to closed": { path: memberPath(n, 3), body: "Status=closed" }
})

/** The conversation that a request is about, if its path says so. */
export const numberOf = ({ path }: Pick<Asked, "path">): number | undefined => {
  const digits = /(?:KD|WT|WK|UO)(\d{31})\d/u.exec(path)?.[1]
  return digits === undefined ? undefined : Number(digits)
}
