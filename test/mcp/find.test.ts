/** `find_conversations`: filters together, those that contradict each other too, and names that nobody or several have. */
import * as Sandbox from "@flex-interactions/sandbox"
import type { Client } from "@modelcontextprotocol/client"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { call } from "../support/calls.ts"
import { onReadyMade } from "../support/conversations.ts"
import { open } from "../support/inProcess.ts"

const { conversations, workers } = Sandbox.ready
const workerSids: Readonly<Record<string, string>> = workers

interface Row {
  readonly interaction_sid?: string
  readonly task_sid?: string
  readonly worker?: string
  readonly standing?: string
  readonly minutes?: number
}

const world = onReadyMade(
  {},
  {
    ...Sandbox.readyMade,
    workers: [
      ...(Sandbox.readyMade.workers ?? []),
      { friendly_name: "ana1", attributes: { full_name: "Ana Silva", email: "ana1@example.com" } },
      { friendly_name: "ana2", attributes: { full_name: "Ana Silva", email: "team@example.com" } },
      { friendly_name: "Ana Silva Reis", attributes: { full_name: "Ana Silva Reis", email: "team@example.com" } }
    ]
  }
)
let client: Client
let close: () => Promise<void>
beforeEach(async () => {
  ;({ client, close } = await open(world.layer() as never))
})
afterEach(() => close())

const find = (args: object) => call(client, "find_conversations", { details: true, limit: 100, ...args })
const rowsOf = ({ data }: Awaited<ReturnType<typeof find>>) => (data?.["conversations"] ?? []) as ReadonlyArray<Row>
const tasksOf = (rows: ReadonlyArray<Row>) => rows.map(({ task_sid = "" }) => task_sid).toSorted()

/** Every agent's part in every conversation, found without any other filter. */
const everything = async (): Promise<ReadonlyArray<Row>> => {
  const rows: Array<Row> = []
  for (const { interactionSid } of Object.values(conversations)) {
    rows.push(...rowsOf(await find({ interaction_sid: interactionSid })))
  }
  const known = new Set(rows.map(({ task_sid }) => task_sid))
  const others = rowsOf(await find({ standing: "active" })).filter(({ task_sid }) => !known.has(task_sid))
  return [...rows, ...others]
}

const tasks = [undefined, conversations.one.participants[1]?.taskSid, conversations.wrapping.participants[1]?.taskSid]
const interactions = [undefined, conversations.one.interactionSid, conversations.wrapping.interactionSid]
const standings = [undefined, "active", "wrapping"]
const ages = [undefined, 60]

describe("filters together: what fits all of them, and for those that contradict each other nothing, with a way on", () => {
  for (const worker of [undefined, "alice", "emma"]) {
    it(`worker ${worker}, with each task, interaction, standing and age`, async () => {
      const all = await everything()
      let contradictions = 0
      for (const standing of standings) {
        for (const task_sid of tasks) {
          for (const interaction_sid of interactions) {
            for (const older_than_minutes of ages) {
              const given = { task_sid, interaction_sid, worker, standing, older_than_minutes }
              const args = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
              const found = await find(args)
              if ([task_sid, interaction_sid, worker, standing].every((filter) => filter === undefined)) {
                assert.match(found.text, /^The call is not valid: give at least one of/u)
                continue
              }
              const expected = all.filter(
                (row) =>
                  (task_sid === undefined || row.task_sid === task_sid) &&
                  (interaction_sid === undefined || row.interaction_sid === interaction_sid) &&
                  (worker === undefined || row.worker === worker) &&
                  (standing === undefined
                    ? task_sid !== undefined ||
                      interaction_sid !== undefined ||
                      ["active", "wrapping"].includes(row.standing ?? "")
                    : row.standing === standing) &&
                  (older_than_minutes === undefined || (row.minutes ?? -1) >= older_than_minutes)
              )
              const what = JSON.stringify(args)
              assert.isFalse(found.isError, `${what}: ${found.text}`)
              assert.deepStrictEqual(tasksOf(rowsOf(found)), tasksOf(expected), what)
              assert.notProperty(found.data, "next_cursor", what)
              if (expected.length > 0) continue
              contradictions += 1
              assert.match(
                String(found.data?.["note"]),
                task_sid !== undefined || interaction_sid !== undefined
                  ? /^Nothing fits: leave out the other filters to see what is there\.$/u
                  : worker !== undefined
                    ? /^That agent has no such conversation now\./u
                    : /^No agent stands so now\.$/u,
                what
              )
            }
          }
        }
      }
      assert.isAbove(contradictions, 10)
      assert.deepStrictEqual(world.changes(), [])
    })
  }
})

describe("names", () => {
  it("a friendly name, an e-mail address, a full name in any case, and a SID are the same agent", async () => {
    const expected = tasksOf(rowsOf(await find({ worker: workers.alice })))
    assert.lengthOf(expected, 5)
    for (const worker of ["alice", "ALICE", " alice ", "alice@example.com", "Alice Moreau"]) {
      assert.deepStrictEqual(tasksOf(rowsOf(await find({ worker }))), expected, worker)
    }
  })

  it("that nobody has: an error, and no answer that says that somebody has nothing to do", async () => {
    for (const worker of ["Alcie", "alice@example.org", "*", "alice' OR 1==1", `WK${"ab".repeat(16)}`]) {
      const { isError, text } = await find({ worker })
      assert.isTrue(isError, worker)
      assert.match(text, /worker.*Nothing was changed\. Ask the person for the agent's exact name or e-mail address/u)
    }
  })

  it("that several have: who they are, and the SID of one of them is taken", async () => {
    for (const [worker, candidates] of [
      ["Ana Silva", ["ana1", "ana2"]],
      ["team@example.com", ["ana2", "Ana Silva Reis"]]
    ] as const) {
      for (const more of [{}, { standing: "active" }, { interaction_sid: conversations.one.interactionSid }]) {
        const { isError, text } = await find({ worker, ...more })
        assert.isTrue(isError)
        assert.match(text, /^2 agents have that name: .*Nothing was changed\. Ask the person which one is meant/u)
        for (const candidate of candidates) assert.include(text, candidate)
      }
      const [sid = ""] = /WK[0-9a-f]{32}/u.exec((await find({ worker })).text) ?? []
      assert.notInclude(Object.values(workerSids), sid)
      assert.isFalse((await find({ worker: sid })).isError)
    }
    // A friendly name is one worker's: that somebody's full name is the same doesn't matter.
    assert.isFalse((await find({ worker: "ana1" })).isError)
  })

  it("in list_participants: those who fit, or that nobody of so many does", async () => {
    const { channelSid, interactionSid } = conversations.two
    const listed = (worker: string) =>
      call(client, "list_participants", { interaction_sid: interactionSid, channel_sid: channelSid, worker })
    for (const worker of ["bruno", "BRUNO", " Bruno Costa", "bruno@example.com", workers.bruno]) {
      const rows = (await listed(worker)).data?.["participants"] as ReadonlyArray<Row>
      assert.deepStrictEqual(
        rows.map(({ worker }) => worker),
        ["bruno"]
      )
    }
    for (const worker of ["alice", "nobody", "Ana Silva"]) {
      const { data } = await listed(worker)
      assert.deepStrictEqual(data?.["participants"], [])
      assert.match(String(data?.["note"]), /^Nobody of 4 fits\.$/u)
    }
  })
})
