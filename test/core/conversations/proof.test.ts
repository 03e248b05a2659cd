/** What two readings and an answer prove. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import { ofEnd, ofMove, type Read, type Verdict } from "../../../packages/core/src/internal/proof.ts"

const seconds = new Map(
  [0, 1, 5].map((second) => [second, DateTime.makeUnsafe(1_800_000_000_000 + second * 1000)] as const)
)
const shown = (status: string, second = 0): Read => ({ status, updated: seconds.get(second) })
const undated = (status: string): Read => ({ status, updated: undefined })

describe("moving an agent", () => {
  for (const [what, status, before, after, accepted, lost] of [
    [
      "the target, later, in a channel as it was",
      "wrapup",
      [shown("accepted"), "active"],
      [shown("wrapping", 5), "active"],
      "confirmed",
      "confirmed"
    ],
    [
      "the same for closed",
      "closed",
      [shown("wrapping"), "active"],
      [shown("completed", 5), "active"],
      "confirmed",
      "confirmed"
    ],
    [
      "in a channel that was closed before",
      "closed",
      [shown("wrapping"), "closed"],
      [shown("completed", 5), "closed"],
      "confirmed",
      "confirmed"
    ],
    [
      "the target with the same date",
      "wrapup",
      [shown("accepted"), "active"],
      [shown("wrapping"), "active"],
      "pending",
      "unknown"
    ],
    [
      "the target without a date",
      "wrapup",
      [shown("accepted"), "active"],
      [undated("wrapping"), "active"],
      "pending",
      "unknown"
    ],
    ["nothing yet", "closed", [shown("accepted"), "active"], [shown("accepted"), "active"], "pending", "unknown"],
    [
      "less than the target",
      "closed",
      [shown("accepted"), "active"],
      [shown("wrapping", 5), "active"],
      "pending",
      "unknown"
    ],
    [
      "the target, and the channel closed meanwhile",
      "wrapup",
      [shown("accepted"), "active"],
      [shown("wrapping", 5), "closed"],
      "wider",
      "wider"
    ],
    [
      "the channel closed, and the agent as before",
      "wrapup",
      [shown("accepted"), "active"],
      [shown("accepted"), "closed"],
      "wider",
      "unknown"
    ],
    ["the task canceled", "closed", [shown("accepted"), "active"], [shown("canceled", 5), "active"], "wider", "wider"],
    [
      "completed, where it was to wrap up",
      "wrapup",
      [shown("accepted"), "active"],
      [shown("completed", 5), "active"],
      "wider",
      "wider"
    ],
    [
      "the target, as before",
      "closed",
      [shown("completed"), "active"],
      [shown("completed"), "active"],
      "accepted",
      "unknown"
    ],
    ["gone before and after", "closed", ["gone", "active"], ["gone", "active"], "accepted", "unknown"],
    ["gone since", "closed", [shown("accepted"), "active"], ["gone", "active"], "accepted", "unknown"],
    [
      "unread before, the target after",
      "closed",
      [undefined, "active"],
      [shown("completed", 5), "active"],
      "accepted",
      "unknown"
    ],
    ["unread after", "closed", [shown("accepted"), "active"], [undefined, "active"], "accepted", "unknown"],
    [
      "the target, and the channel not read",
      "closed",
      [shown("accepted"), "active"],
      [shown("completed", 5), undefined],
      "accepted",
      "unknown"
    ]
  ] satisfies ReadonlyArray<
    readonly [
      string,
      "wrapup" | "closed",
      readonly [Read, string?],
      readonly [Read, string | undefined],
      Verdict,
      Verdict
    ]
  >) {
    const judge = (answer: "accepted" | "lost") =>
      ofMove(
        status,
        { reservation: before[0], channel: before[1] },
        { reservation: after[0], channel: after[1] },
        answer
      ).verdict
    it(`${what}: ${accepted}`, () => assert.strictEqual(judge("accepted"), accepted))
    it(`${what}, the answer lost: ${lost}`, () => assert.strictEqual(judge("lost"), lost))
  }

  // Every reading before, after every reading after: few enough to try them all.
  const reads: ReadonlyArray<Read> = [
    "gone",
    undefined,
    ...["pending", "accepted", "wrapping", "completed", "canceled", "onHold", "tomorrow"].flatMap((status) => [
      undated(status),
      shown(status, 0),
      shown(status, 1)
    ])
  ]
  const readings = reads.flatMap((reservation) =>
    ["active", "inactive", "closed", undefined].map((channel) => ({ reservation, channel }))
  )
  const cases = readings.flatMap((before) =>
    readings.flatMap((after) => (["wrapup", "closed"] as const).map((status) => ({ before, after, status })))
  )

  it("whatever is read: confirmed only with another status before, the target after, another date and the same channel", () => {
    for (const { after, before, status } of cases) {
      for (const answer of ["accepted", "lost"] as const) {
        if (ofMove(status, before, after, answer).verdict !== "confirmed") continue
        const target = status === "wrapup" ? "wrapping" : "completed"
        const was = typeof before.reservation === "object" ? before.reservation : assert.fail("it was not read before")
        const is = typeof after.reservation === "object" ? after.reservation : assert.fail("it was not read after")
        assert.notStrictEqual(was.status, target)
        assert.strictEqual(is.status, target)
        assert.notStrictEqual(was.updated, is.updated)
        assert.isDefined(was.updated)
        assert.isDefined(is.updated)
        assert.isDefined(after.channel)
        assert.strictEqual(before.channel, after.channel)
      }
    }
  })

  it("whatever is read: a lost answer is never pending or accepted, and an answer that came never unknown", () => {
    for (const { after, before, status } of cases) {
      assert.notInclude(["pending", "accepted"], ofMove(status, before, after, "lost").verdict)
      assert.notStrictEqual(ofMove(status, before, after, "accepted").verdict, "unknown")
    }
  })
})

describe("ending a channel", () => {
  for (const [what, status, before, after, accepted, lost] of [
    [
      "it shows the status, and everybody left",
      "closed",
      ["active", shown("accepted")],
      ["closed", shown("completed", 5)],
      "confirmed",
      "confirmed"
    ],
    [
      "it shows the status, and nobody can be seen",
      "closed",
      ["active", undefined],
      ["closed", undefined],
      "confirmed",
      "confirmed"
    ],
    [
      "an agent is in it still",
      "closed",
      ["active", shown("accepted")],
      ["closed", shown("wrapping", 5)],
      "pending",
      "unknown"
    ],
    [
      "it does not show the status",
      "closed",
      ["active", shown("accepted")],
      ["active", shown("completed", 5)],
      "pending",
      "unknown"
    ],
    [
      "closed before, and the agent in wrap-up left",
      "closed",
      ["closed", shown("wrapping")],
      ["closed", shown("completed", 5)],
      "confirmed",
      "confirmed"
    ],
    ["closed before, and the agent gone", "closed", ["closed", "gone"], ["closed", "gone"], "accepted", "unknown"],
    [
      "closed, where it was to be inactive",
      "inactive",
      ["active", shown("accepted")],
      ["closed", shown("completed", 5)],
      "wider",
      "wider"
    ],
    [
      "awake again: a customer wrote, or the agent left by hand and nothing else happened",
      "inactive",
      ["active", shown("accepted")],
      ["active", shown("completed", 5)],
      "wider",
      "unknown"
    ],
    [
      "closed before and after, where it was to be inactive",
      "inactive",
      ["closed", shown("wrapping")],
      ["closed", shown("wrapping")],
      "pending",
      "unknown"
    ],
    [
      "closed, and the agent who was in it can't be read any more",
      "closed",
      ["active", shown("accepted")],
      ["closed", undefined],
      "accepted",
      "unknown"
    ],
    [
      "it cannot be read",
      "closed",
      ["active", shown("accepted")],
      [undefined, shown("completed", 5)],
      "accepted",
      "unknown"
    ]
  ] satisfies ReadonlyArray<
    readonly [
      string,
      "closed" | "inactive",
      readonly [string, Read],
      readonly [string | undefined, Read],
      Verdict,
      Verdict
    ]
  >) {
    const judge = (answer: "accepted" | "lost") =>
      ofEnd(status, { channel: before[0], agents: [before[1]] }, { channel: after[0], agents: [after[1]] }, answer)
        .verdict
    it(`${what}: ${accepted}`, () => assert.strictEqual(judge("accepted"), accepted))
    it(`${what}, the answer lost: ${lost}`, () => assert.strictEqual(judge("lost"), lost))
  }

  it("one of two agents who was there and can't be read any more is not taken for one who left", () => {
    const before = { channel: "closed", agents: [shown("wrapping"), shown("wrapping")] }
    const after = { channel: "closed", agents: [shown("completed", 5), undefined] }
    assert.strictEqual(ofEnd("closed", before, after, "lost").verdict, "unknown")
    assert.strictEqual(ofEnd("closed", before, after, "accepted").verdict, "accepted")
  })
})

describe("moving an agent in a channel that becomes active again", () => {
  const reading = (channel: string, reservation: Read) => ({ channel, reservation })

  it("is not something larger: the change is pending until the reservation shows it", () => {
    const before = reading("inactive", shown("accepted"))
    const after = reading("active", shown("accepted"))
    assert.strictEqual(ofMove("wrapup", before, after, "accepted").verdict, "pending")
    assert.strictEqual(ofMove("wrapup", before, after, "lost").verdict, "unknown")
  })

  it("is wider once the channel went down meanwhile", () => {
    const before = reading("active", shown("accepted"))
    assert.strictEqual(ofMove("wrapup", before, reading("closed", shown("accepted")), "accepted").verdict, "wider")
  })
})
