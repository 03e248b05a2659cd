/** A sweep that is killed at any moment, and started again. */
import { afterEach, expect, test } from "vitest"
import { begin, centre, channels, conversation, standings, sweep } from "../support/sweep.ts"
import type { Served } from "../support/served.ts"

let served: Served | undefined
afterEach(async () => served?.close())

const rules = ["--wrapping-longer-than", "2h", "--apply"]

test("killed at twenty random moments over 2,000 agents and started again each time, everybody is where they belong, nothing was applied twice, and no customer was left alone", async () => {
  const many = <A>(count: number, make: (name: string) => A, kind: string) =>
    Array.from({ length: count }, (_, index) => make(`${kind}${index}`))
  served = await centre([
    ...many(1500, (name) => conversation([[name, "wrapup", 200]], { status: "closed" }), "done"),
    ...many(
      250,
      (name) =>
        conversation([
          [name, "wrapup", 200],
          [`colleague of ${name}`, "active", 60]
        ]),
      "helped"
    ),
    ...many(50, (name) => conversation([[name, "wrapup", 200]]), "last"),
    ...many(200, (name) => conversation([[name, "wrapup", 30]], { status: "closed" }), "young")
  ])
  const { sandbox } = served
  const applied = new Map<string, number>()
  let requests = 0
  let kill: { readonly at: number; readonly now: () => void } | undefined
  served.answerWith(async (request) => {
    requests += 1
    if (kill !== undefined && requests >= kill.at) kill.now()
    const reply = await sandbox.fetch(request)
    if (request.method === "POST" && reply.ok) applied.set(request.url, (applied.get(request.url) ?? 0) + 1)
    return reply
  })

  let killed = 0
  while (killed < 20) {
    const command = begin(served, rules)
    // Spread over all that is left to do: lists, plans, changes and their proofs. One who is stuck takes some eight requests.
    const left = 8 * (1750 - applied.size) + 200
    kill = {
      at: requests + 1 + Math.floor((Math.random() * 2 * left) / (20 - killed)),
      now: () => command.child.kill("SIGKILL")
    }
    const { code } = await command.ended
    kill = undefined
    // Otherwise it was done before its moment came.
    if (code === null) killed += 1
  }
  const last = await sweep(served, rules)
  expect(last.rows.filter(({ result }) => result === "failed")).toEqual([])
  expect([last.code, last.stderr]).toEqual([0, ""])
  expect(new Set(last.rows.map(({ result }) => result))).not.toContain("unknown")

  const found = standings(served)
  const of = (kind: string) =>
    new Set(Object.entries(found).flatMap(([name, statuses]) => (name.startsWith(kind) ? statuses : [])))
  expect([of("done"), of("helped"), of("last"), of("young"), of("colleague")]).toEqual([
    new Set(["completed"]),
    new Set(["completed"]),
    new Set(["wrapping"]),
    new Set(["wrapping"]),
    new Set(["accepted"])
  ])
  expect([...applied.values()].filter((times) => times > 1)).toEqual([])
  expect(applied.size).toBe(1750)
  expect(channels(served).filter(({ status }) => status === "active")).toHaveLength(300)
}, 300_000)
