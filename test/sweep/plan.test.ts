/** What a sweep finds and says, before it changes anything. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, expect, test } from "vitest"
import { begin, centre, changes, conversation, sweep } from "../support/sweep.ts"
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
    conversation(
      [
        ["ana", "wrapup", 200],
        ["ben", "active", 100]
      ],
      { queue: "Sales" }
    ),
    conversation([["cem", "wrapup", 130]], { status: "closed", queue: "Sales" }),
    conversation([["dee", "wrapup", 150]], { queue: "Support" }),
    conversation([
      ["eva", "wrapup", 30],
      ["ben", "active", 100]
    ])
  ])

test("it says who is stuck in wrap-up, what it would do, why, and which customer would be alone, and changes nothing", async () => {
  const served = await stuck()
  const { code, rows } = await sweep(served, ["--wrapping-longer-than", "2h"])
  expect(code).toBe(2)
  expect(rows.map(({ action, customerAlone, skip, worker }) => [worker, action, customerAlone, skip])).toEqual([
    ["ana", "closed", false, undefined],
    ["dee", "closed", true, "the last agent: the customer would be alone"],
    ["cem", "complete", false, undefined]
  ])
  expect(rows[0]?.why).toBe("in wrap-up for 200 minutes")
  expect(changes(served)).toEqual([])
})

test("for people it is a table, whose last line says how to do it", async () => {
  const served = await stuck()
  const { code, stderr, stdout } = await begin(served, ["--wrapping-longer-than", "2h"]).ended
  expect(code).toBe(2)
  const lines = stdout.split("\n")
  expect(lines[0]).toMatch(/^WHO +ACTION +WHY +CUSTOMER +RESULT/u)
  expect(lines[1]).toMatch(/^ana +closed +in wrap-up for 200 minutes +not alone +to do +UO\w{32}$/u)
  expect(lines[2]).toMatch(/^dee +closed .* alone +skipped +UO\w{32} {2}the last agent: the customer would be alone$/u)
  expect(lines[4]).toBe("2 to do, 1 skipped. Nothing was changed: --apply does it.")
  expect(stderr).toBe("")
})

test("nothing to do is exit code 0, and so are agents who are only skipped", async () => {
  const served = await stuck()
  expect(await sweep(served, ["--wrapping-longer-than", "10h"])).toEqual({ code: 0, rows: [], stderr: "" })
  const support = await sweep(served, ["--wrapping-longer-than", "2h", "--only-queue", "Support"])
  expect(support.code).toBe(0)
  expect(support.rows.map(({ worker }) => worker)).toEqual(["dee"])
})

test.each([
  ["allow", "closed", true],
  ["closed", "end-closed", true],
  ["inactive", "end-inactive", true]
])("--if-last-agent %s plans %s for the last agent", async (ifLast, action, alone) => {
  const served = await stuck()
  const { rows } = await sweep(served, ["--wrapping-longer-than", "2h", "--if-last-agent", ifLast])
  const dee = rows.find(({ worker }) => worker === "dee")
  expect([dee?.action, dee?.customerAlone, dee?.skip]).toEqual([action, alone, undefined])
})

test("a worker is found everywhere, active or in wrap-up, and is not the last agent where another is", async () => {
  const served = await stuck()
  const { rows } = await sweep(served, ["--worker", "ben", "--worker-action", "closed"])
  expect(rows.map(({ action, skip, worker }) => [worker, action, skip])).toEqual([
    ["ben", "closed", "the last agent: the customer would be alone"],
    ["ben", "closed", "the last agent: the customer would be alone"]
  ])
})

test("somebody on the way, in a queue or at an agent, is company", async () => {
  const served = await at([conversation([["ana", "active", 10]], { waiting: [{ minutes: 1 }] })])
  const { rows } = await sweep(served, ["--worker", "ana", "--worker-action", "closed"])
  expect(rows.map(({ customerAlone, skip }) => [customerAlone, skip])).toEqual([[false, undefined]])
})

test("customers who are alone are found by tasks that ended, and only after the time", async () => {
  const served = await at([
    conversation([["ana", "closed", 300]]),
    conversation([["ben", "closed", 100]]),
    conversation([
      ["cem", "closed", 300],
      ["dee", "active", 10]
    ]),
    conversation([["eva", "closed", 300]], { status: "closed" }),
    conversation([
      ["eva", "closed", 300],
      ["fay", "wrapup", 20]
    ])
  ])
  const { code, rows } = await sweep(served, ["--alone-longer-than", "4h", "--alone-action", "closed"])
  expect(code).toBe(2)
  expect(rows.map(({ action, customerAlone, minutes }) => [action, customerAlone, minutes])).toEqual([
    ["end-closed", true, 300]
  ])
})

test("ages go by Twilio's clock, when this machine's is wrong by an hour", async () => {
  for (const hour of [-3_600_000, 3_600_000]) {
    const served = await at(
      [conversation([["ana", "closed", 90]]), conversation([["ben", "wrapup", 90]], { status: "closed" })],
      {
        now: () => Date.now() + hour
      }
    )
    const rules = ["--alone-action", "closed", "--look-back", "95m"]
    const found = await sweep(served, ["--alone-longer-than", "80m", "--wrapping-longer-than", "80m", ...rules])
    expect(found.rows.map(({ minutes, rule }) => [rule, minutes])).toEqual([
      ["wrapping", 90],
      ["alone", 90]
    ])
    expect(
      (await sweep(served, ["--alone-longer-than", "94m", "--wrapping-longer-than", "94m", ...rules])).rows
    ).toEqual([])
  }
})

test("where lists leave out the attributes of tasks, the same is found", async () => {
  const served = await at(
    [
      conversation([
        ["ana", "wrapup", 200],
        ["ben", "active", 100]
      ]),
      conversation([["dee", "wrapup", 150]])
    ],
    {
      settings: { listAttributes: "null" }
    }
  )
  const { rows } = await sweep(served, ["--wrapping-longer-than", "2h"])
  expect(rows.map(({ customerAlone, worker }) => [worker, customerAlone])).toEqual([
    ["ana", false],
    ["dee", true]
  ])
})

test.each([
  [[], /no rule is named/u],
  [["--wrapping-longer-than", "soon"], /a time such as 90s/u],
  [["--wrapping-longer-than", "0h"], /a time such as 90s/u],
  [["--wrapping-longer-than=-2h"], /a time such as 90s/u],
  [["--wrapping-longer-than", "31d"], /at most 30d/u],
  [["--alone-longer-than", "4h"], /needs --alone-action/u],
  [["--alone-action", "closed"], /belong to --alone-longer-than/u],
  [["--alone-longer-than", "24h", "--alone-action", "closed"], /must be shorter than --look-back/u],
  [["--alone-longer-than", "4h", "--alone-action", "open"], /closed/u],
  [["--worker", "ana"], /needs a name, and --worker-action/u],
  [["--worker-action", "closed"], /belongs to --worker/u],
  [["--alone-longer-than", "4h", "--alone-action", "closed", "--if-last-agent", "allow"], /no rule moves any/u],
  [["--wrapping-longer-than", "2h", "--limit", "0"], /--limit must be 1 or more/u],
  [["--wrapping-longer-than", "2h", "--rate-limit-share", "2"], /at most 1/u],
  [["--wrapping-longer-than", "2h", "--only-queue", "Nobody's"], /the workspace has no queue "Nobody's"/u],
  [["--worker", "nobody", "--worker-action", "closed"], /no worker has the SID/u],
  [["--worker", "Sam Smith", "--worker-action", "closed"], /"Sam Smith" fits 2 workers: use the SID of one of them/u],
  [["--wrapping-longer-than", "2h", "--wrapping-longer-than", "3h"], /"2 occurrences"\. Expected: at most 1 value/u],
  [["--worker", "sam1", "--worker", "sam2", "--worker-action", "closed"], /"2 occurrences"/u],
  [["--alone-longer-than", "4h", "--alone-action", "closed", "--alone-action", "inactive"], /"2 occurrences"/u],
  [["--wrapping-longer-than"], /Missing value for flag --wrapping-longer-than/u],
  [["--wrapping-longer-then", "2h"], /Unrecognized flag: --wrapping-longer-then/u],
  [["--wrapping-longer-than", "2h", "--limit", "1.5"], /Expected an integer/u],
  [["--wrapping-longer-than", "2h", "--rate-limit-share", "0"], /Expected: a number above 0, at most 1/u],
  [["--wrapping-longer-than", "2h", "--every", "0s"], /--every.*a time such as 90s/u],
  [["--wrapping-longer-than", "2h", "everywhere"], /everywhere/u]
])(
  "%j is refused with what is wrong, exit code 1, and nothing is sent that changes anything",
  async (args, problem) => {
    const served = await at([], {
      workers: [
        { friendly_name: "sam1", attributes: { full_name: "Sam Smith" } },
        { friendly_name: "sam2", attributes: { full_name: "Sam Smith" } }
      ]
    })
    const { code, stderr } = await sweep(served, [...args, "--apply"])
    expect(stderr).toMatch(problem)
    expect(code).toBe(1)
    expect(changes(served)).toEqual([])
  }
)

test("without credentials it says which setting is missing", async () => {
  const served = await stuck()
  const { code, stderr } = await sweep(served, ["--wrapping-longer-than", "2h"], { TWILIO_API_SECRET: "" })
  expect([code, stderr]).toEqual([1, expect.stringContaining("TWILIO_API_SECRET is not set, but TWILIO_API_KEY is")])
})

test("the secret may be in a file, as for the server", async () => {
  const served = await stuck()
  const folder = mkdtempSync(join(tmpdir(), "sweep-secret-"))
  const TWILIO_API_SECRET_FILE = join(folder, "secret")
  writeFileSync(TWILIO_API_SECRET_FILE, `${served.sandbox.credentials.apiSecret}\n`)
  const { code, rows } = await sweep(served, ["--wrapping-longer-than", "2h"], {
    TWILIO_API_SECRET: "",
    TWILIO_API_SECRET_FILE
  })
  rmSync(folder, { recursive: true })
  expect([code, rows.length]).toEqual([2, 3])
})

test("a worker's name cannot write to the terminal", async () => {
  const served = await at([conversation([["a\u001b[2Jna", "wrapup", 200]], { status: "closed" })])
  const { stdout } = await begin(served, ["--wrapping-longer-than", "2h"]).ended
  expect(stdout).toContain("a?[2Jna")
  expect(stdout).not.toContain("\u001b")
})

test("credentials that are refused are exit code 1, with the reason", async () => {
  const served = await stuck()
  served.sandbox.faults.add({ kind: "answer", status: 401, times: "always" })
  const { code, rows, stderr } = await sweep(served, ["--wrapping-longer-than", "2h"])
  expect([code, rows]).toEqual([1, []])
  expect(stderr).toMatch(/^flex-interactions-sweep: /u)
})

test("when Twilio goes down in the middle of a list it ends with the reason, exit code 1, and changes nothing", async () => {
  const served = await at(
    Array.from({ length: 1001 }, () => conversation([["ana", "wrapup", 200]], { status: "closed" }))
  )
  served.answerWith((request) =>
    new URL(request.url).searchParams.has("PageToken")
      ? Response.json({ code: 20503, message: "down" }, { status: 503, headers: { "retry-after": "3600" } })
      : served.sandbox.fetch(request)
  )
  const { code, rows, stderr } = await sweep(served, ["--wrapping-longer-than", "2h", "--apply"])
  expect([code, rows]).toEqual([1, []])
  expect(stderr).toMatch(/^flex-interactions-sweep: Tasks\.list.*could not serve the request.*503/u)
  expect(changes(served)).toEqual([])
})

test("tasks, conversations and agents that vanish while the plan is made are left out, or skipped where there is an agent to list", async () => {
  const served = await at(
    ["ana", "ben", "cem"].map((name) =>
      conversation([
        [name, "wrapup", 200],
        ["colleague", "active", 100]
      ])
    )
  )
  const [first = "", second = "", third = ""] = served.sandbox.state.keys()
  const gone = Response.json({ code: 20404, message: "not found", status: 404 }, { status: 404 })
  const taskOf = new Map<string, string>()
  served.answerWith(async (request) => {
    const { pathname, search } = new URL(request.url)
    const reply = await served.sandbox.fetch(request)
    if (search.includes("wrapping")) {
      const { tasks } = (await reply.clone().json()) as {
        readonly tasks: ReadonlyArray<{ readonly sid: string; readonly attributes: string }>
      }
      for (const { attributes, sid } of tasks) {
        taskOf.set((JSON.parse(attributes) as Record<string, string>)["flexInteractionSid"] ?? "", sid)
      }
    }
    const isGone =
      pathname.includes(`/Tasks/${taskOf.get(first)}/`) ||
      pathname.includes(`/Interactions/${second}/`) ||
      (pathname.includes(`/Interactions/${third}/`) && pathname.endsWith("/Participants"))
    return isGone ? gone.clone() : reply
  })
  const { code, rows, stderr } = await sweep(served, ["--wrapping-longer-than", "2h"])
  expect([code, stderr]).toEqual([0, ""])
  expect(rows.map(({ skip, worker }) => [worker, skip])).toEqual([
    ["ben", "the channel lists no participant with this reservation"],
    ["cem", "the channel lists no participant with this reservation"]
  ])
})

test("--limit plans at most so many changes, and those who are skipped do not count", async () => {
  const served = await stuck()
  const { rows } = await sweep(served, ["--wrapping-longer-than", "10m", "--limit", "2"])
  expect(rows.filter(({ skip }) => skip === undefined)).toHaveLength(2)
})

test("with a thousand tasks that do not matter, planning takes one request for them, and at most three for each that does", async () => {
  const young = Array.from({ length: 990 }, () => conversation([["busy", "wrapup", 5]]))
  const old = Array.from({ length: 10 }, () =>
    conversation([
      ["old", "wrapup", 200],
      ["colleague", "active", 50]
    ])
  )
  const served = await at([...old, ...young])
  const { rows } = await sweep(served, ["--wrapping-longer-than", "2h"])
  expect(rows).toHaveLength(10)
  // Those in wrap-up and those who are open are one page each; one request finds the workspace.
  expect(served.requests.length).toBeLessThanOrEqual(10 * 3 + 2 + 1)
})
