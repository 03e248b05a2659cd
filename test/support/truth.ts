/**
 * Is what a caller is told true? The same calls through core or through the server, to a Twilio that answers as a script says.
 * What is asked, what was told and what was applied are plain values.
 */
import { type TwilioError, Participant, Participants } from "@flex-interactions/core"
import { Effect } from "effect"
import * as Host from "./host.ts"
import { type Applied, type Asked, reply, type Script } from "./rawServer.ts"

type Status = "wrapup" | "closed"

/** A list of a channel, or a change of one of its members. */
export interface Ask {
  readonly channel: number
  /** `false`: there is no such channel. */
  readonly isThere?: boolean
  readonly change?: { readonly member: number; readonly status: Status }
}

/**
 * Rows; that Twilio accepted the change, or that reading has shown it, or that it was so already, or that something larger
 * happened; that nothing was changed, or that there is no such channel; or nothing certain.
 */
export interface Told {
  readonly as: "listed" | "made" | "confirmed" | "already" | "wider" | "refused" | "unknown"
  readonly sids?: ReadonlyArray<string>
  /** Of those rows, in their order, as far as they have one. */
  readonly standings?: ReadonlyArray<string | undefined>
  readonly words?: string
}

const sid = (prefix: string, channel: number, last: number) => `${prefix}${`${channel}`.padStart(31, "0")}${last}`
const channelSid = ({ channel, isThere = true }: Ask) => sid("UO", channel, isThere ? 0 : 9)

/** Every channel has a customer and two agents, of whom one can be moved to wrapup and the other to closed. */
const everyone = [1, 2, 3]
const canBe = (participantSid: string, status: string) => participantSid.endsWith(status === "wrapup" ? "2" : "3")

/** Where an agent's reservation is: where the changes that were carried out have brought it. */
const reservationStatus = (last: string, channelSid: string, before: ReadonlyArray<Applied>): string =>
  before.some(({ path }) => path.includes(`UT${channelSid.slice(2, -1)}${last}`))
    ? last === "2"
      ? "wrapping"
      : "completed"
    : "accepted"

const workspaceSid = `WS${"0".repeat(32)}`
const channelPath = /^\/v1\/Interactions\/(KD\w{32})\/Channels\/(UO\w{32})(\/Participants(?:\/(UT\w{32}))?)?(?:\?|$)/u
const workspacePath = new RegExp(
  `^/v1/Workspaces/${workspaceSid}/Tasks(?:/WT(\\w{31})(\\d)(?:/Reservations/WR(\\w{32}))?)?(?:\\?|$)`,
  "u"
)

/** What Twilio would do, and the bytes that it would answer with. */
export const honest = (asked: Asked): { readonly applies: boolean; readonly bytes: string } => {
  const { before, body, method, path } = asked
  const answer = (body: unknown) => ({ applies: false, bytes: reply(200, body) })
  const refusal = (status: number, code: number) => ({ applies: false, bytes: reply(status, { code, status }) })
  if (path === "/v1/Configuration") return answer({ taskrouter_workspace_sid: workspaceSid })
  const inWorkspace = workspacePath.exec(path)
  if (inWorkspace !== null) return inTaskRouter(inWorkspace, before, answer)
  const [, interaction_sid, channel_sid, ofParticipants, participantSid] = channelPath.exec(path) ?? []
  if (channel_sid === undefined || channel_sid.endsWith("9")) return refusal(404, 20404)
  const participant = (sid: string) => ({
    sid,
    type: sid.endsWith("1") ? "customer" : "agent",
    interaction_sid,
    channel_sid,
    routing_properties: sid.endsWith("1")
      ? null
      : {
          workspace_sid: workspaceSid,
          worker_sid: `WK${sid.slice(2)}`,
          task_sid: `WT${sid.slice(2)}`,
          reservation_sid: `WR${sid.slice(2)}`
        }
  })
  if (ofParticipants === undefined) {
    return answer({ sid: channel_sid, interaction_sid, status: "active", type: "web" })
  }
  if (method === "GET") {
    const participants = everyone.map((last) => participant(`UT${channel_sid.slice(2, -1)}${last}`))
    return answer({ participants, meta: { next_page_url: null } })
  }
  const status = new URLSearchParams(body).get("Status") ?? ""
  return participantSid !== undefined && canBe(participantSid, status)
    ? { applies: true, bytes: reply(200, participant(participantSid)) }
    : refusal(409, 45008)
}

/** No task waits for an agent: each belongs to one who has it. */
const inTaskRouter = (
  [, channel = "", last = "", reservation]: ReadonlyArray<string | undefined>,
  before: ReadonlyArray<Applied>,
  answer: (body: unknown) => { readonly applies: boolean; readonly bytes: string }
) => {
  if (channel === "") return answer({ tasks: [], meta: { key: "tasks", next_page_url: null } })
  const status = reservationStatus(last, `UO${channel}0`, before)
  const dates = {
    date_created: "2026-01-01T00:00:00Z",
    date_updated: status === "accepted" ? "2026-01-01T00:00:01Z" : "2026-01-01T00:00:02Z"
  }
  const workspace_sid = workspaceSid
  if (reservation === undefined) {
    const sid = `WT${channel}${last}`
    return answer({ sid, workspace_sid, assignment_status: status === "accepted" ? "assigned" : status, ...dates })
  }
  return answer({
    sid: `WR${reservation}`,
    task_sid: `WT${channel}${last}`,
    worker_sid: `WK${channel}${last}`,
    worker_name: `agent-${last}`,
    workspace_sid,
    reservation_status: status,
    ...dates
  })
}

/** Twilio at its best. */
export const honestly = (asked: Asked): Script => {
  const { applies, bytes } = honest(asked)
  return [...(applies ? [{ do: "apply" } as const] : []), { do: "send", bytes }]
}

/** Asks core. */
export const askCore = Effect.fnUntraced(function* (ask: Ask) {
  const participants = yield* Participants.Participants
  const channel = yield* Effect.fromResult(Participant.channel(sid("KD", ask.channel, 0), channelSid(ask)))
  if (ask.change === undefined) {
    return yield* participants.list(channel).pipe(
      Effect.match({
        onSuccess: (rows): Told => ({ as: "listed", sids: rows.map((row) => row.sid ?? "") }),
        onFailure: ({ message, reason }): Told => ({
          as: saysSomethingOfTheChannel(reason) ? "refused" : "unknown",
          words: message
        })
      })
    )
  }
  const { member, status } = ask.change
  const { channelSid: of, interactionSid } = channel
  const ref = yield* Effect.fromResult(Participant.participant(interactionSid, of, sid("UT", ask.channel, member)))
  return yield* participants.setStatus(ref, status).pipe(
    Effect.match({
      onSuccess: (): Told => ({ as: "made" }),
      onFailure: ({ message, reason }): Told => ({
        as: reason._tag === "OutcomeUnknown" ? "unknown" : "refused",
        words: message
      })
    })
  )
})

const saysSomethingOfTheChannel = ({ _tag }: TwilioError.Reason) =>
  _tag === "NotFound" || _tag === "InvalidRequest" || _tag === "Forbidden" || _tag === "Conflict"

/** Asks the server, through a host. */
export const askServer = async (host: Awaited<ReturnType<typeof Host.connect>>, ask: Ask): Promise<Told> => {
  const channel = { interaction_sid: sid("KD", ask.channel, 0), channel_sid: channelSid(ask) }
  if (ask.change === undefined) {
    const { data, isError, text } = await Host.call(host, "list_participants", channel)
    if (isError) return { as: /no such interaction|refused/u.test(text) ? "refused" : "unknown", words: text }
    const rows = (data?.["participants"] ?? []) as ReadonlyArray<{
      readonly participant_sid?: string
      readonly standing?: string
    }>
    return {
      as: "listed",
      sids: rows.map(({ participant_sid = "" }) => participant_sid),
      standings: rows.map(({ standing }) => standing)
    }
  }
  const { member, status } = ask.change
  const change = { ...channel, participant_sid: sid("UT", ask.channel, member), status }
  const { data, isError, text } = await Host.call(host, "set_participant_status", change)
  if (isError) return { as: /Nothing was changed/u.test(text) ? "refused" : "unknown", words: text }
  const result = data?.["result"]
  switch (result) {
    case "confirmed":
    case "already":
    case "wider":
      return { as: result, words: text }
    case "accepted":
    case "pending":
      return { as: "made", words: text }
    default:
      throw new Error(`no result of a change: ${text}`)
  }
}

/** The standings that a row of a list may have: the truth, or that it is not known. */
const isTrueOf = (ask: Ask, applied: ReadonlyArray<Applied>, standings: Told["standings"]): boolean =>
  everyone.every((last, index) => {
    const standing = standings?.[index] ?? "unknown"
    if (last === 1 || standing === "unknown") return standing === "unknown"
    const status = reservationStatus(`${last}`, channelSid(ask), applied)
    return standing === { accepted: "active", wrapping: "wrapping", completed: "left" }[status]
  })

/** The lie in what was told, if there is one. `promised` is what Twilio consented to and did not do. */
export const lie = (
  ask: Ask,
  told: Told,
  applied: ReadonlyArray<Applied>,
  promised: ReadonlyArray<Applied> = []
): string | undefined => {
  if (told.as === "unknown") return undefined
  const said = `${JSON.stringify(ask)} was told ${JSON.stringify(told)}`
  if (ask.change === undefined) {
    const expected = everyone.map((last) => sid("UT", ask.channel, last))
    const isTrue =
      told.as === "listed" && ask.isThere !== false
        ? told.sids?.join() === expected.join() && isTrueOf(ask, applied, told.standings)
        : told.as === "refused" && ask.isThere === false
    return isTrue ? undefined : said
  }
  const { member, status } = ask.change
  const of = `${channelSid(ask)}/Participants/${sid("UT", ask.channel, member)}`
  const isIn = (changes: ReadonlyArray<Applied>) =>
    changes.some(({ body, path }) => path.includes(of) && body.includes(status))
  const isTrue: { readonly [as in Exclude<Told["as"], "unknown">]: boolean } = {
    confirmed: isIn(applied),
    already: isIn(applied),
    made: isIn(applied) || isIn(promised),
    refused: !isIn(applied),
    // Nobody ends a channel or a task here.
    wider: false,
    listed: false
  }
  return isTrue[told.as] ? undefined : `${said}, and it was ${isIn(applied) ? "" : "not "}applied`
}

export const list = (channel: number): Ask => ({ channel })
export const nowhere = (channel: number): Ask => ({ channel, isThere: false })
/** One that is made, and one that is refused. */
export const made = (channel: number): Ask => ({ channel, change: { member: 2, status: "wrapup" } })
export const refused = (channel: number): Ask => ({ channel, change: { member: 2, status: "closed" } })

export const sequences: { readonly [what: string]: ReadonlyArray<Ask> } = {
  "lists of channels": [1, 2, 3, 4, 5].map(list),
  "lists of channels, some of which do not exist": [list(1), nowhere(2), list(3), nowhere(4), nowhere(5), list(6)],
  "changes, made and refused": [made(1), refused(2), made(3), made(4), refused(5), refused(6), made(7)],
  "changes of one agent, made and refused": [made(1), refused(1)],
  "changes after a list": [list(1), made(2), list(3), refused(4)],
  "changes after a list of no channel": [nowhere(1), made(2), nowhere(3), refused(4), nowhere(5), made(6)],
  "lists after a change": [made(1), list(2), refused(3), list(4)],
  "many calls": Array.from({ length: 6 }, (_, n) => [list(n), made(n + 100), nowhere(n + 200), refused(n + 300)]).flat()
}

/** Replies that come twice over a connection: each with the next request; or the first, and then all are late by one. */
export const duplicates = {
  "each reply comes twice": (asked: Asked): Script => [
    ...honestly(asked),
    { do: "send with the next", bytes: honest(asked).bytes }
  ],
  "the first reply comes twice, and pushes the others back by one": (asked: Asked): Script => {
    const { applies, bytes } = honest(asked)
    return [
      ...(applies ? [{ do: "apply" } as const] : []),
      ...(asked.nth === 1 ? [{ do: "send", bytes } as const] : []),
      { do: "send with the next", bytes }
    ]
  }
}

/** The settings of a server that asks a raw server at `url`, of the conversation alone or of TaskRouter too. */
export const environment = (url: string, taskRouter: boolean) =>
  Host.environment(url, { FLEX_API_RATE_LIMIT: "off", ...(taskRouter ? { TASKROUTER_API_BASE_URL: url } : undefined) })
