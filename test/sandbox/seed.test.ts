/** Seeds: what a file may say of workers, queues, ages and tasks, and what becomes of it. */
import * as Sandbox from "@flex-interactions/sandbox"
import { assert, describe, it } from "vitest"
import { ask, rowsOf, workspacePath } from "../support/requests.ts"

const now = Date.UTC(2026, 10, 24, 12)
const ago = (minutes: number) => `${new Date(now - minutes * 60_000).toISOString().slice(0, 19)}Z`

const seeded = async (seed: object) =>
  Sandbox.make({ seed: await Sandbox.seedFromJson(JSON.stringify(seed)), now: () => now })

describe("a seed", () => {
  it("gives agents the worker that it names, their age, and the queue of their channel", async () => {
    const sandbox = await seeded({
      workers: [{ friendly_name: "zoe", attributes: { full_name: "Zoe Ito" }, activity_name: "Break" }],
      interactions: [
        {
          channels: [
            {
              type: "sms",
              queue: "VIP",
              minutes: 50,
              participants: [
                { type: "customer", name: "Bo" },
                { type: "agent", worker: "ZOE", status: "wrapup", minutes: 30 }
              ],
              waiting: [
                { queue: "Night", minutes: 4 },
                { worker: "zoe", minutes: 3 }
              ]
            }
          ]
        }
      ]
    })
    const [first, night, offered] = rowsOf(await ask(sandbox, `${workspacePath}/Tasks`))
    assert.deepInclude(first, {
      assignment_status: "wrapping",
      task_queue_friendly_name: "VIP",
      date_created: ago(50),
      date_updated: ago(30)
    })
    assert.deepInclude(JSON.parse(String(first?.["attributes"])), { channelType: "sms", customerName: "Bo" })
    assert.deepInclude(night, { assignment_status: "pending", task_queue_friendly_name: "Night", date_updated: ago(4) })
    assert.deepInclude(offered, { assignment_status: "reserved", date_updated: ago(3) })
    const [worker] = rowsOf(await ask(sandbox, `${workspacePath}/Workers`))
    assert.deepInclude(worker, { friendly_name: "zoe", activity_name: "Break", available: false })
    const [reservation] = rowsOf(await ask(sandbox, `${workspacePath}/Workers/${String(worker?.["sid"])}/Reservations`))
    assert.deepInclude(reservation, { reservation_status: "wrapping", date_updated: ago(30), worker_name: "zoe" })
  })

  it("makes up a worker, a task and a reservation for an agent of whom it says nothing", async () => {
    const sandbox = await seeded({ interactions: [{ channels: [{ participants: [{ type: "agent" }] }] }] })
    const [task, ...others] = rowsOf(await ask(sandbox, `${workspacePath}/Tasks`))
    assert.isEmpty(others)
    assert.deepInclude(task, { sid: Sandbox.sid("WT", 1, 1), assignment_status: "assigned" })
    const worker = await ask(sandbox, `${workspacePath}/Workers/${Sandbox.sid("WK", 1, 1)}`)
    assert.deepInclude(worker.body, { friendly_name: "agent-1-1" })
  })

  it("has TaskRouter know routing properties that name a task, a worker and a reservation, and no others", async () => {
    const [task_sid, worker_sid, reservation_sid] = ["WT", "WK", "WR"].map((prefix) => Sandbox.sid(prefix, 50))
    const agent = (routing_properties: object | null) => ({ type: "agent", routing_properties })
    const sandbox = await seeded({
      interactions: [
        {
          channels: [
            { participants: [agent({ task_sid, worker_sid, reservation_sid }), agent({ worker_sid }), agent(null)] }
          ]
        }
      ]
    })
    assert.deepStrictEqual(
      rowsOf(await ask(sandbox, `${workspacePath}/Tasks`)).map(({ sid }) => sid),
      [task_sid]
    )
    assert.strictEqual(
      (await ask(sandbox, `${workspacePath}/Tasks/${task_sid}/Reservations/${reservation_sid}`)).status,
      200
    )
  })

  it("has calls and other tasks, in any workspace, with attributes that need not be JSON", async () => {
    const sandbox = await seeded({
      workspaces: [{ friendly_name: "Flex Task Assignment" }, { friendly_name: "Other", sid: Sandbox.sid("WS", 50) }],
      workers: [{ friendly_name: "zoe" }, { friendly_name: "zoe", workspace: "Other" }],
      interactions: [],
      tasks: [
        { attributes: "no JSON", priority: 7 },
        { assignment_status: "reserved", worker: "zoe" },
        { assignment_status: "completed", worker: "zoe", minutes: 4 },
        { assignment_status: "completed", worker: "zoe", minutes: 6 },
        { assignment_status: "canceled" },
        { workspace: "Other", worker: "zoe", assignment_status: "wrapping", task_channel: "email" }
      ]
    })
    const statuses = async (path: string) =>
      rowsOf(await ask(sandbox, `${path}/Tasks`)).map((task) => task["assignment_status"])
    assert.sameMembers(await statuses(workspacePath), ["completed", "pending", "reserved", "canceled"])
    const other = `/v1/Workspaces/${Sandbox.sid("WS", 50)}`
    assert.deepStrictEqual(await statuses(other), ["wrapping"])
    assert.strictEqual(rowsOf(await ask(sandbox, `${other}/Tasks`))[0]?.["task_channel_unique_name"], "email")
  })

  const channel = (rest: object) => ({ interactions: [{ channels: [{ participants: [], ...rest }] }] })
  for (const [what, seed, problem] of [
    [
      "a worker who is not there",
      channel({ participants: [{ type: "agent", worker: "zoe" }] }),
      /participants\[0\]\.worker: there is no worker zoe$/u
    ],
    [
      "a worker for a customer",
      channel({ participants: [{ type: "customer", worker: "zoe" }] }),
      /participants\[0\]\.worker: only an agent/u
    ],
    [
      "an offer to nobody known",
      channel({ waiting: [{ worker: "zoe" }] }),
      /waiting\[0\]\.worker: there is no worker zoe$/u
    ],
    [
      "a worker and routing properties",
      {
        workers: [{ friendly_name: "zoe" }],
        ...channel({ participants: [{ type: "agent", worker: "zoe", routing_properties: null }] })
      },
      /worker: cannot be combined with routing_properties/u
    ],
    [
      "a worker twice",
      { workers: [{ friendly_name: "zoe" }, { friendly_name: "Zoe" }], interactions: [] },
      /^workers\[1\]\.friendly_name: there is a worker Zoe already$/u
    ],
    [
      "an activity that does not exist",
      { workers: [{ friendly_name: "zoe", activity_name: "Lunch" }], interactions: [] },
      /^workers\[0\]\.activity_name: must be one of Offline/u
    ],
    [
      "a workspace that is not there",
      { workers: [{ friendly_name: "zoe", workspace: "X" }], interactions: [] },
      /^workers\[0\]\.workspace: there is no workspace X$/u
    ],
    [
      "a task that somebody has, and nobody is named",
      { interactions: [], tasks: [{ assignment_status: "assigned" }] },
      /^tasks\[0\]\.worker: a task that is assigned has one$/u
    ],
    [
      "a task that waits, and somebody has it",
      { workers: [{ friendly_name: "zoe" }], interactions: [], tasks: [{ worker: "zoe" }] },
      /^tasks\[0\]\.worker: a task that is pending has none$/u
    ],
    [
      "a SID of a task twice",
      { interactions: [], tasks: [{ sid: Sandbox.sid("WT", 50) }, { sid: Sandbox.sid("WT", 50) }] },
      /^tasks\[1\]\.sid: WT\w+ is there already$/u
    ],
    ["a status that a channel cannot have", channel({ status: "open" }), /channels\[0\]\.status: .*"inactive"/u],
    ["minutes to come", channel({ minutes: -1 }), /channels\[0\]\.minutes: /u]
  ] as const) {
    it(`with ${what} is refused, and leads there`, async () => {
      const error: unknown = await seeded(seed).catch((error: unknown) => error)
      assert.instanceOf(error, Sandbox.SeedError)
      assert.match(error.message, problem)
    })
  }
})

describe("the ready-made world", () => {
  it("is what Sandbox.ready says", async () => {
    const sandbox = Sandbox.make()
    const { conversations, workers, workspaceSid } = Sandbox.ready
    assert.strictEqual([...sandbox.taskrouter.workspaces.keys()][0], workspaceSid)
    for (const [name, sid] of Object.entries(workers))
      assert.strictEqual(sandbox.taskrouter.workers.get(sid)?.name, name)
    assert.lengthOf(Object.keys(conversations), 12)
    for (const { about, channelSid, interactionSid, participants } of Object.values(conversations)) {
      const channel = sandbox.state.get(interactionSid)?.get(channelSid)
      assert.strictEqual(channel?.about, about)
      assert.deepStrictEqual(
        channel?.participants.map(({ routing, sid, type }) => [
          sid,
          type,
          routing?.["worker_sid"],
          routing?.["task_sid"],
          routing?.["reservation_sid"]
        ]),
        participants.map((one) => [one.participantSid, one.type, one.workerSid, one.taskSid, one.reservationSid])
      )
    }
  })

  it("has SIDs that look like real ones, and no two alike", () => {
    const sids = Object.values(Sandbox.ready.conversations).flatMap(({ channelSid, interactionSid, participants }) => [
      interactionSid,
      channelSid,
      ...participants.flatMap(({ participantSid, reservationSid, taskSid }) =>
        [participantSid, reservationSid ?? [], taskSid ?? []].flat()
      )
    ])
    assert.strictEqual(new Set(sids.map((sid) => sid.slice(2))).size, sids.length)
    for (const sid of sids) assert.match(sid, /^(?:KD|UO|UT|WT|WR)(?!.*(.)\1{5})[0-9a-f]{32}$/u)
  })
})
