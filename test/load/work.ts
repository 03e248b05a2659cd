/**
 * Work for a server: mostly rosters, some changes, and some calls whose answer from Twilio is an error that was put there. What each call
 * must be answered with is known, and so is what must have become of every agent.
 */
import * as Sandbox from "@flex-interactions/sandbox"
import type { CallResult } from "../support/calls.ts"
import { type Served, start } from "../support/served.ts"
import { conversation, standings, workers } from "../support/sweep.ts"

const sid = (prefix: string, n: number) => `${prefix}${n.toString(16).padStart(32, "0")}`

/** Conversations that are only read. */
const readers = 20
const channelOf = (n: number) => ({ interaction_sid: sid("KD", n), channel_sid: sid("UO", n) })
/** There is no such conversation, and Twilio fails for this one. */
const [missing, broken] = [channelOf(0xdead), channelOf(0xdeaf)]

export interface Call {
  readonly tool: string
  readonly args: Record<string, unknown>
  /** What is wrong with the answer, if anything. */
  readonly judge: (answer: CallResult) => string | undefined
  readonly kind: "roster" | "change" | "injected"
}

export interface Centre {
  readonly served: Served
  /** Comes first: each roster once. */
  readonly warmUp: (call: (call: Call) => Promise<unknown>) => Promise<void>
  readonly call: (index: number) => Call
  /** What is wrong with where the agents stand after so many calls, and with what was asked of Twilio. */
  readonly wrong: (calls: number) => ReadonlyArray<string>
}

/** One in a hundred calls is a change, and two in a hundred meet an error. */
const changeAt = 3
const missingAt = 41
const brokenAt = 77

export const centre = async (calls: number): Promise<Centre> => {
  const changes = Math.ceil(calls / 100)
  const place = (n: number, agents: Parameters<typeof conversation>[0]) => {
    const { channels } = conversation(agents)
    const [channel] = channels
    return {
      sid: sid("KD", n),
      channels: channel === undefined ? [] : [{ ...channel, sid: sid("UO", n), participants: named(n, channel) }]
    }
  }
  const named = (n: number, { participants }: ReturnType<typeof conversation>["channels"][number]) =>
    participants.map((participant, index) => ({ ...participant, sid: sid("UT", n * 10 + index) }))
  const interactions = [
    ...Array.from({ length: readers }, (_, n) =>
      place(n + 1, [
        [`reader${n}`, "active", 20],
        [`helper${n}`, "active", 10]
      ])
    ),
    ...Array.from({ length: changes }, (_, n) =>
      place(1000 + n, [
        [`mover${n}`, "active", 20],
        [`stayer${n}`, "active", 10]
      ])
    )
  ]
  const names = interactions.flatMap(({ channels }) =>
    channels.flatMap(({ participants }) =>
      participants.flatMap((participant) => ("worker" in participant ? [participant.worker] : []))
    )
  )
  const served = await start(Sandbox.make({ seed: { workers: workers(...new Set(names)), interactions } }))
  // The sandbox is not what is measured: what is only read it answers once.
  const known = new Map<string, { readonly body: string; readonly init: ResponseInit }>()
  let isWarming = true
  served.answerWith(async (request) => {
    if (request.url.includes(broken.interaction_sid)) {
      return Response.json({ code: 20503, message: "down" }, { status: 503, headers: { "retry-after": "3600" } })
    }
    const found = request.method === "GET" ? known.get(request.url) : undefined
    if (found !== undefined) return new Response(found.body, found.init)
    const reply = await served.sandbox.fetch(request)
    if (!isWarming) return reply
    const [body, init] = [await reply.text(), { status: reply.status, headers: [...reply.headers] }]
    if (reply.ok) known.set(request.url, { body, init })
    return new Response(body, init)
  })

  const roster = (n: number): Call => ({
    kind: "roster",
    tool: "list_participants",
    args: channelOf(n),
    judge: ({ data, isError, text }) => {
      const { participants } = (data ?? {}) as { readonly participants?: ReadonlyArray<unknown> }
      return isError || participants?.length !== 3 ? `a roster was answered with ${text.slice(0, 300)}` : undefined
    }
  })
  const injected = (args: typeof missing, says: RegExp): Call => ({
    kind: "injected",
    tool: "list_participants",
    args,
    judge: ({ isError, text }) =>
      isError && says.test(text) ? undefined : `an error was told as ${text.slice(0, 300)}`
  })
  const change = (n: number): Call => ({
    kind: "change",
    tool: "set_participant_status",
    args: { ...channelOf(1000 + n), participant_sid: sid("UT", (1000 + n) * 10 + 1), status: "closed" },
    // On a busy machine the time for a proof can be over before there is one.
    judge: ({ data, isError, text }) =>
      isError || !["confirmed", "pending", "accepted"].includes(`${data?.["result"]}`)
        ? `a change was answered with ${text.slice(0, 300)}`
        : undefined
  })

  return {
    served,
    warmUp: async (call) => {
      for (let n = 1; n <= readers; n++) await call(roster(n))
      isWarming = false
    },
    call: (index) => {
      const of100 = index % 100
      if (of100 === changeAt) return change(Math.floor(index / 100))
      if (of100 === missingAt) return injected(missing, /no such interaction/u)
      if (of100 === brokenAt) return injected(broken, /503/u)
      return roster(1 + (index % readers))
    },
    wrong: (calls) => {
      const made = Math.floor((calls - 1 - changeAt) / 100) + 1
      const found = standings(served)
      const misplaced = Object.entries(found).flatMap(([name, statuses]) => {
        const [, n] = /^mover(\d+)$/u.exec(name) ?? []
        const expected = n !== undefined && Number(n) < made ? "completed" : "accepted"
        return statuses.every((status) => status === expected) ? [] : [`${name} is ${statuses.join()}, not ${expected}`]
      })
      const sent = served.requests.filter((request) => request.startsWith("POST")).length
      return sent === made ? misplaced : [...misplaced, `${sent} changes were sent, not ${made}`]
    }
  }
}
