/** What planning costs: requests and memory, counted. */
import { readFileSync } from "node:fs"
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, test } from "vitest"
import { startNode } from "../support/command.ts"
import { main } from "../support/sweep.ts"

const hex = (n: number) => n.toString(16).padStart(32, "0")
const sid = (prefix: string, n: number) => `${prefix}${hex(n)}`

/**
 * A contact centre that is not kept anywhere: so many tasks that are assigned, and in some of their channels, evenly spread, another one
 * that has been in wrap-up for long.
 */
const huge = async (tasks: number, stuck: number) => {
  const now = Date.now()
  const counts = { lists: 0, others: 0 }
  const taskOf = (n: number, status: "wrapping" | "assigned") => ({
    sid: sid("WT", status === "wrapping" ? n : n + 10_000_000),
    assignment_status: status,
    attributes: JSON.stringify({ flexInteractionSid: sid("KD", n), flexInteractionChannelSid: sid("UO", n) }),
    date_created: new Date(now - 300 * 60_000).toISOString(),
    date_updated: new Date(now - 60_000).toISOString(),
    task_queue_friendly_name: "Everyone"
  })
  const answer = (url: URL): unknown => {
    const query = url.searchParams
    if (url.pathname.endsWith("/Tasks")) {
      counts.lists += 1
      const status = url.search.includes("wrapping") ? "wrapping" : "assigned"
      const page = Number(query.get("Page") ?? 0)
      const all = status === "wrapping" ? stuck : tasks
      const rows = Array.from({ length: Math.max(0, Math.min(1000, all - page * 1000)) }, (_, index) =>
        taskOf((page * 1000 + index) * (status === "wrapping" ? Math.floor(tasks / stuck) : 1), status)
      )
      const next =
        (page + 1) * 1000 < all ? `${url.pathname}?Page=${page + 1}&PageToken=PT${page + 1}&PageSize=1000` : null
      return { tasks: rows, meta: { key: "tasks", next_page_url: next === null ? null : new URL(next, url).href } }
    }
    counts.others += 1
    const [, n = "0"] = /(?:WT|UO)(\w{32})/u.exec(url.pathname) ?? []
    const id = Number.parseInt(n, 16)
    if (url.pathname.endsWith("/Reservations")) {
      const updated = new Date(now - 200 * 60_000).toISOString()
      const row = {
        sid: sid("WR", id),
        task_sid: sid("WT", id),
        reservation_status: "wrapping",
        worker_name: `agent${id}`,
        date_updated: updated
      }
      return { reservations: [row], meta: { key: "reservations", next_page_url: null } }
    }
    if (url.pathname.endsWith("/Participants")) {
      const routing_properties = { task_sid: sid("WT", id), reservation_sid: sid("WR", id), worker_sid: sid("WK", id) }
      const place = { channel_sid: sid("UO", id), interaction_sid: sid("KD", id) }
      return {
        participants: [
          { ...place, sid: sid("UT", id * 2 + 1), type: "customer" },
          { ...place, sid: sid("UT", id * 2 + 2), type: "agent", routing_properties }
        ],
        meta: { key: "participants", next_page_url: null }
      }
    }
    return { sid: sid("UO", id), interaction_sid: sid("KD", id), type: "web", status: "active" }
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    response.setHeader("content-type", "application/json")
    response.end(JSON.stringify(answer(new URL(request.url ?? "", url))))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { url, counts, close: () => server.close() }
}

/** Runs a plan with little memory, and says how many rows it gave, what it asked for, and its most memory, in MiB. */
const planned = async (tasks: number, stuck: number) => {
  const { close, counts, url } = await huge(tasks, stuck)
  // The JSON of 100,000 tasks alone would not fit.
  const command = startNode(
    ["--max-old-space-size=36", "--max-semi-space-size=1", main, "--wrapping-longer-than", "2h", "--json"],
    {
      TWILIO_API_KEY: sid("SK", 1),
      TWILIO_API_SECRET: "secret",
      TWILIO_WORKSPACE_SID: sid("WS", 1),
      FLEX_API_BASE_URL: url,
      TASKROUTER_API_BASE_URL: url,
      FLEX_API_RATE_LIMIT: "off"
    }
  )
  let most = 0
  const look = setInterval(() => {
    try {
      const [, kib = "0"] = /VmHWM:\s+(\d+)/u.exec(readFileSync(`/proc/${command.child.pid}/status`, "utf8")) ?? []
      most = Math.max(most, Number(kib) / 1024)
    } catch {
      // It has ended.
    }
  }, 5)
  const { code, stderr, stdout } = await command.ended
  clearInterval(look)
  close()
  return { code, stderr, rows: stdout.split("\n").filter((line) => line !== "").length, ...counts, most }
}

test.skipIf(process.platform !== "linux")(
  "planning takes at most three requests for a task that matters and one for each thousand others, and its memory is the same with 10,000 tasks and with 100,000",
  async () => {
    const [small, large] = [await planned(10_000, 10), await planned(100_000, 100)]
    expect([small.code, small.rows, large.code, large.rows, large.stderr]).toEqual([2, 10, 2, 100, ""])
    expect(small.others).toBeLessThanOrEqual(3 * small.rows)
    expect(large.others).toBeLessThanOrEqual(3 * large.rows)
    // One page of those who matter, and one for each thousand that are open.
    expect(small.lists).toBeLessThanOrEqual(10 + 1)
    expect(large.lists).toBeLessThanOrEqual(100 + 1)
    // Ten times as many tasks, whose JSON alone is 40 MiB more; the rest is what the collector leaves for later.
    expect(large.most - small.most).toBeLessThan(30)
  },
  180_000
)

test.skipIf(process.platform !== "linux")(
  "with thousands who are stuck the list of open tasks is still read once, and 36 MiB are enough for all of them",
  async () => {
    const { code, lists, others, rows, stderr } = await planned(6000, 6000)
    expect([code, rows, stderr]).toEqual([2, 6000, ""])
    expect(others).toBeLessThanOrEqual(3 * rows)
    expect(lists).toBeLessThanOrEqual(6 + 6)
  },
  180_000
)
