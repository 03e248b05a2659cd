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

/** Rows; that the change is made; that nothing was changed, or that there is no such channel; or nothing certain. */
export interface Told {
  readonly as: "listed" | "made" | "refused" | "unknown"
  readonly sids?: ReadonlyArray<string>
  readonly words?: string
}

const sid = (prefix: string, channel: number, last: number) => `${prefix}${`${channel}`.padStart(31, "0")}${last}`
const channelSid = ({ channel, isThere = true }: Ask) => sid("UO", channel, isThere ? 0 : 9)

/** Every channel has a customer and two agents, of whom one can be moved to wrapup and the other to closed. */
const everyone = [1, 2, 3]
const canBe = (participantSid: string, status: string) => participantSid.endsWith(status === "wrapup" ? "2" : "3")

/** What Twilio would do, and the bytes that it would answer with. */
export const honest = ({ body, method, path }: Asked): { readonly applies: boolean; readonly bytes: string } => {
  const [, interaction_sid, channel_sid, participantSid] =
    /^\/v1\/Interactions\/(KD\w{32})\/Channels\/(UO\w{32})\/Participants(?:\/(UT\w{32}))?(?:\?|$)/u.exec(path) ?? []
  const participant = (sid: string) => ({
    sid,
    type: sid.endsWith("1") ? "customer" : "agent",
    interaction_sid,
    channel_sid,
    routing_properties: null
  })
  const refusal = (status: number, code: number) => ({ applies: false, bytes: reply(status, { code, status }) })
  if (channel_sid === undefined || channel_sid.endsWith("9")) return refusal(404, 20404)
  if (method === "GET") {
    const participants = everyone.map((last) => participant(`UT${channel_sid.slice(2, -1)}${last}`))
    return { applies: false, bytes: reply(200, { participants, meta: { next_page_url: null } }) }
  }
  const status = new URLSearchParams(body).get("Status") ?? ""
  return participantSid !== undefined && canBe(participantSid, status)
    ? { applies: true, bytes: reply(200, participant(participantSid)) }
    : refusal(409, 45008)
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
    const rows = (data?.["participants"] ?? []) as ReadonlyArray<{ readonly participant_sid?: string }>
    return { as: "listed", sids: rows.map(({ participant_sid = "" }) => participant_sid) }
  }
  const { member, status } = ask.change
  const change = { ...channel, participant_sid: sid("UT", ask.channel, member), status }
  const { isError, text } = await Host.call(host, "set_participant_status", change)
  if (!isError) return { as: "made", words: text }
  return { as: /Nothing was changed/u.test(text) ? "refused" : "unknown", words: text }
}

/** The lie in what was told, if there is one. */
export const lie = (ask: Ask, told: Told, applied: ReadonlyArray<Applied>): string | undefined => {
  if (told.as === "unknown") return undefined
  const said = `${JSON.stringify(ask)} was told ${JSON.stringify(told)}`
  if (ask.change === undefined) {
    const expected = everyone.map((last) => sid("UT", ask.channel, last))
    const isTrue =
      told.as === "listed" && ask.isThere !== false
        ? told.sids?.join() === expected.join()
        : told.as === "refused" && ask.isThere === false
    return isTrue ? undefined : said
  }
  const { member, status } = ask.change
  const of = `${channelSid(ask)}/Participants/${sid("UT", ask.channel, member)}`
  const isApplied = applied.some(({ body, path }) => path.includes(of) && body.includes(status))
  return (told.as === "made") === isApplied ? undefined : `${said}, and it was ${isApplied ? "" : "not "}applied`
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
