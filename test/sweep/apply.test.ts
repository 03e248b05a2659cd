/** What a sweep does, what it says of it, and what it leaves alone. */
import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { afterEach, expect, test } from "vitest"
import { begin, centre, changes, channels, conversation, env, main, standings, sweep } from "../support/sweep.ts"
import type { Served } from "../support/served.ts"

const open: Array<Served> = []
afterEach(async () => {
  for (const served of open.splice(0)) await served.close()
})
const at = async (...given: Parameters<typeof centre>) => {
  const served = await centre(...given)
  open.push(served)
  return served
}

const stuck = () =>
  at([
    conversation([
      ["ana", "wrapup", 200],
      ["ben", "active", 100]
    ]),
    conversation([["cem", "wrapup", 130]], { status: "closed" }),
    conversation([["dee", "wrapup", 150]]),
    conversation([["eva", "wrapup", 30]], { status: "closed" })
  ])

const results = (rows: Awaited<ReturnType<typeof sweep>>["rows"]) =>
  Object.fromEntries(rows.map(({ detail, result, worker }) => [worker, [result, detail]]))

test("it frees whom the rule is about, with proof, skips the last agent, and finds nothing to do afterwards", async () => {
  const served = await stuck()
  const { code, rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(code).toBe(0)
  expect(results(rows)).toEqual({
    ana: ["confirmed", expect.stringMatching(/^the agent is left since \S+Z, the channel is active$/u)],
    cem: ["confirmed", "the channel is closed, 1 of 1 agents have left"],
    dee: ["skipped", "the last agent: the customer would be alone"]
  })
  expect(standings(served)).toEqual({
    ana: ["completed"],
    ben: ["accepted"],
    cem: ["completed"],
    dee: ["wrapping"],
    eva: ["wrapping"]
  })
  const again = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(again.rows.map(({ result, worker }) => [worker, result])).toEqual([["dee", "skipped"]])
  expect(changes(served)).toHaveLength(2)
})

test.each(["closed", "inactive"] as const)(
  "--if-last-agent %s ends the conversation of the last agent",
  async (ifLast) => {
    const served = await at([conversation([["dee", "wrapup", 150]])])
    const { code, rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--if-last-agent", ifLast, "--apply"])
    expect([code, rows[0]?.action, rows[0]?.result]).toEqual([0, `end-${ifLast}`, "confirmed"])
    expect(channels(served).map(({ status }) => status)).toEqual([ifLast])
    expect(standings(served)).toEqual({ dee: ["completed"] })
  }
)

test("--if-last-agent allow moves the last agent, and says that the customer is alone", async () => {
  const served = await at([conversation([["dee", "wrapup", 150]])])
  const { rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--if-last-agent", "allow", "--apply"])
  expect([rows[0]?.result, rows[0]?.customerAlone]).toEqual(["confirmed", true])
  expect(standings(served)).toEqual({ dee: ["completed"] })
  expect(channels(served).map(({ status }) => status)).toEqual(["active"])
})

test("a worker is taken out everywhere but where they are the last agent", async () => {
  const served = await at([
    conversation([
      ["ana", "active", 90],
      ["ben", "active", 100]
    ]),
    conversation([["ana", "active", 20]]),
    conversation([["ana", "wrapup", 20]], { status: "closed" })
  ])
  const { rows } = await sweep(served, ["--worker", "ana", "--worker-action", "closed", "--apply"])
  expect(rows.map(({ result }) => result).sort()).toEqual(["confirmed", "confirmed", "skipped"])
  expect([...(standings(served)["ana"] ?? [])].sort()).toEqual(["accepted", "completed", "completed"])
})

test("a worker is set to wrap-up only where another agent is active", async () => {
  const served = await at([
    conversation([
      ["ana", "active", 90],
      ["ben", "active", 100]
    ]),
    conversation([["ana", "active", 20]])
  ])
  const { rows } = await sweep(served, ["--worker", "ana", "--worker-action", "wrapup", "--apply"])
  expect(rows.map(({ result }) => result).sort()).toEqual(["confirmed", "skipped"])
  expect([...(standings(served)["ana"] ?? [])].sort()).toEqual(["accepted", "wrapping"])
})

test("two agents of one conversation are not both taken for the other's company", async () => {
  const served = await at([
    conversation([
      ["ana", "wrapup", 200],
      ["ben", "wrapup", 200]
    ])
  ])
  const { rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(rows.map(({ result }) => result)).toEqual(["skipped", "skipped"])
  expect(changes(served)).toEqual([])
})

test("a conversation in which the customer is alone is ended", async () => {
  const served = await at([conversation([["ana", "closed", 300]]), conversation([["ben", "closed", 100]])])
  const { code, rows } = await sweep(served, ["--alone-longer-than", "4h", "--alone-action", "inactive", "--apply"])
  expect([code, rows.map(({ result }) => result)]).toEqual([0, ["confirmed"]])
  expect(channels(served).map(({ status }) => status)).toEqual(["inactive", "active"])
})

test("in a closed channel nobody's wrap-up is completed while a colleague there has just begun", async () => {
  const served = await at([
    conversation(
      [
        ["ana", "wrapup", 200],
        ["ben", "wrapup", 5]
      ],
      { status: "closed" }
    )
  ])
  const { rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(results(rows)).toEqual({ ana: ["skipped", "ben has been in wrap-up for 5 minutes in the same channel"] })
  expect(changes(served)).toEqual([])
})

test("who changed after the plan is left alone, and who vanished is skipped", async () => {
  const served = await at(
    ["ana", "ben"].map((name) =>
      conversation([
        [name, "wrapup", 200],
        ["colleague", "active", 100]
      ])
    )
  )
  // When the first list of open tasks was answered, the plan is made: then ana goes, and everything of ben's is gone.
  let isPlanned = false
  served.answerWith(async (request) => {
    const url = new URL(request.url)
    if (isPlanned && request.method === "GET" && /Reservations\/WR/u.test(url.pathname)) {
      const [, task = ""] = /Tasks\/(WT\w+)/u.exec(url.pathname) ?? []
      const reply = await served.sandbox.fetch(request)
      const json = (await reply.json()) as Record<string, unknown>
      if (json["worker_name"] === "ana") return Response.json({ ...json, reservation_status: "accepted" })
      if (json["worker_name"] === "ben")
        return Response.json({ code: 20404, message: `no ${task}`, status: 404 }, { status: 404 })
      return Response.json(json)
    }
    if (url.search.includes("assigned")) isPlanned = true
    return served.sandbox.fetch(request)
  })
  const { code, rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(code).toBe(0)
  expect(results(rows)).toEqual({
    ana: ["skipped", "changed meanwhile: the agent is active"],
    ben: ["already", "the agent has left"]
  })
  expect(changes(served)).toEqual([])
})

test("what stays unknown is exit code 3, and a line for an alert names agent and channel", async () => {
  const served = await stuck()
  served.answerWith(async (request) => {
    // The change is lost on its way.
    if (request.method === "POST") return new Response("<html>", { status: 502 })
    return served.sandbox.fetch(request)
  })
  const { code, rows, stderr } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(code).toBe(3)
  expect(results(rows)["ana"]?.[0]).toBe("unknown")
  expect(stderr).toMatch(/level=ERROR.*nobody knows what became of closed for ana in channel UO\w{32}/u)
})

test("a change that is refused is failed, and exit code 1", async () => {
  const served = await stuck()
  served.sandbox.faults.add({
    kind: "answer",
    status: 409,
    body: { code: 20409, message: "no" },
    method: "POST",
    times: "always"
  })
  const { code, rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(code).toBe(1)
  expect(results(rows)["ana"]?.[0]).toBe("failed")
})

test("when credentials are refused in the middle, nothing more is sent, and it says so", async () => {
  const served = await stuck()
  served.sandbox.faults.add({ kind: "answer", status: 401, method: "POST", times: "always" })
  const { code, stderr } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(code).toBe(1)
  expect(stderr).toMatch(/^flex-interactions-sweep: .*401/mu)
})

test("when Twilio is down in the middle, it gives up after some, and the next run does the rest", async () => {
  const names = Array.from({ length: 60 }, (_, index) => `agent${index}`)
  const served = await at(names.map((name) => conversation([[name, "wrapup", 200]], { status: "closed" })))
  let isDown = false
  served.answerWith(async (request) => {
    if (request.method === "POST" && changes(served).length > 10) isDown = true
    // Refused for good: a retry after a while would make the test long.
    return isDown
      ? Response.json({ code: 20500, message: "down" }, { status: 503, headers: { "retry-after": "3600" } })
      : served.sandbox.fetch(request)
  })
  const first = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(first.code).toBe(1)
  expect(first.stderr).toMatch(/the last 25 failed: .*What is left to do stands in TaskRouter: start again/u)
  served.answerWith(undefined)
  const second = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect(second.code).toBe(0)
  expect(new Set(Object.values(standings(served)).flat())).toEqual(new Set(["completed"]))
})

test("at one request a second for each endpoint everything gets done", async () => {
  const served = await stuck()
  served.sandbox.faults.add({ kind: "rate-limit", perSecond: 1, method: "POST" })
  const { code, rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"], { FLEX_API_RATE_LIMIT: "1" })
  expect(code).toBe(0)
  expect([results(rows)["ana"]?.[0], results(rows)["cem"]?.[0]]).toEqual(["confirmed", "confirmed"])
})

test("where stderr is no terminal nothing is said of the progress", async () => {
  const quiet = await begin(await stuck(), ["--wrapping-longer-than", "2h", "--apply"]).ended
  expect(quiet.stderr).toBe("")
  expect(quiet.stdout.split("\n").at(-2)).toBe("2 confirmed, 1 skipped.")
})

test.skipIf(process.platform !== "linux")("on a terminal it says what is left, and how long that takes", async () => {
  const served = await stuck()
  const command = [process.execPath, main, "--wrapping-longer-than", "2h", "--apply"].join(" ")
  const child = spawn("script", ["-qec", command, "/dev/null"], { env: { PATH: process.env["PATH"], ...env(served) } })
  child.stdin.end()
  expect(await text(child.stdout)).toMatch(/2 done, 1 left, about \d+/u)
})

test("--limit changes at most so many", async () => {
  const served = await at(["a", "b", "c"].map((name) => conversation([[name, "wrapup", 200]], { status: "closed" })))
  const { rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--limit", "2", "--apply"])
  expect(rows).toHaveLength(2)
  expect(changes(served)).toHaveLength(2)
})

test("--every sweeps again, and SIGTERM ends it", async () => {
  const served = await at([conversation([["ana", "wrapup", 200]], { status: "closed" })])
  const command = begin(served, ["--wrapping-longer-than", "2h", "--apply", "--json", "--every", "1s"])
  const rounds = () => served.requests.filter((request) => request.includes("AssignmentStatus=wrapping")).length
  while (rounds() < 3) await new Promise((resolve) => setTimeout(resolve, 20))
  command.child.kill("SIGTERM")
  const { code, stdout } = await command.ended
  expect(code).toBe(130)
  expect(stdout.split("\n").filter((line) => line !== "")).toHaveLength(1)
})

test("SIGTERM while a change is on its way: it is told as unknown, with a line for an alert, and nothing else is sent", async () => {
  const served = await at(["a", "b"].map((name) => conversation([[name, "wrapup", 200]], { status: "closed" })))
  let sent = 0
  served.answerWith((request) => {
    if (request.method !== "POST") return served.sandbox.fetch(request)
    sent += 1
    return new Promise<Response>(() => {})
  })
  const command = begin(served, ["--wrapping-longer-than", "2h", "--apply", "--json"])
  await expect.poll(() => sent, { timeout: 30_000 }).toBe(2)
  command.child.kill("SIGTERM")
  const { code, stderr, stdout } = await command.ended
  const rows = stdout
    .split("\n")
    .flatMap((line) => (line === "" ? [] : [JSON.parse(line) as { readonly result: string; readonly worker: string }]))
  expect([code, rows.map(({ result, worker }) => [worker, result]).sort()]).toEqual([
    130,
    [
      ["a", "unknown"],
      ["b", "unknown"]
    ]
  ])
  expect(stderr.match(/level=ERROR.*nobody knows what became of complete/gu)).toHaveLength(2)
  expect(changes(served)).toHaveLength(2)
})

test("an agent who can't be read is failed and says why, exit code 1, and the others are done", async () => {
  const served = await at(["ana", "ben"].map((name) => conversation([[name, "wrapup", 200]], { status: "closed" })))
  const broken = [...served.sandbox.state.values()].flatMap((interaction) => [...interaction.keys()])[0] ?? ""
  served.answerWith((request) =>
    new URL(request.url).pathname.endsWith(`/Channels/${broken}`) && request.method === "GET"
      ? Response.json({ code: 20500, message: "down" }, { status: 503, headers: { "retry-after": "3600" } })
      : served.sandbox.fetch(request)
  )
  for (const [args, other] of [
    [[], "to do"],
    [["--apply"], "confirmed"]
  ] as const) {
    const { code, rows } = await sweep(served, ["--wrapping-longer-than", "2h", ...args])
    expect(code).toBe(1)
    expect(rows.map(({ channelSid, result = "to do" }) => [channelSid === broken, result]).sort()).toEqual([
      [false, other],
      [true, "failed"]
    ])
    expect(rows.find(({ result }) => result === "failed")?.detail).toMatch(/could not serve the request.*503/u)
  }
})
