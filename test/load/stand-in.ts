/**
 * The stand-in for Twilio under load, in a process of its own: Node accepts one connection each time its loop comes round, and in the process
 * of the clients that takes long. Started by `work.ts`.
 */
import process from "node:process"
import * as Sandbox from "@flex-interactions/sandbox"
import { start } from "../support/served.ts"
import { conversation, standings, workers } from "../support/sweep.ts"
import { type Asked, broken, changeAt, readers, sid, type Said } from "./work.ts"

const calls = Number(process.argv[2])
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

/** What is wrong with where the agents stand after so many calls, and with what was asked of Twilio. */
const wrongAfter = (calls: number): ReadonlyArray<string> => {
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

const say = (said: Said) => process.send?.(said)
process.on("message", (asked: Asked) => {
  if (asked === "warm") {
    isWarming = false
    say([])
  } else {
    say(wrongAfter(asked))
  }
})
process.on("disconnect", () => process.exit())
say(served.url)
