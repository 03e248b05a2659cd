/** Where an agent stands, and whether a customer is alone. */
import { assert, describe, it } from "@effect/vitest"
import { DateTime } from "effect"
import {
  type Company,
  dependsOnTheWay,
  isAlone,
  minutesBetween,
  standingOf
} from "../../../packages/core/src/internal/standing.ts"

describe("a reservation's status says where the agent stands", () => {
  for (const [status, standing] of [
    ["accepted", "active"],
    ["wrapping", "wrapping"],
    ["completed", "left"],
    ["rejected", "left"],
    ["timeout", "left"],
    ["canceled", "left"],
    ["rescinded", "left"],
    ["pending", "invited"],
    ["onHold", "invited"],
    ["paused", "unknown"],
    ["toString", "unknown"],
    ["", "unknown"],
    [undefined, "unknown"]
  ] as const) {
    it(`${status}: ${standing}`, () => assert.strictEqual(standingOf(status), standing))
  }
})

it("minutes are whole, and never below zero", () => {
  const at = (text: string) => DateTime.makeUnsafe(text)
  assert.strictEqual(minutesBetween(at("2026-11-24T10:00:00Z"), at("2026-11-24T11:10:59Z")), 70)
  assert.strictEqual(minutesBetween(at("2026-11-24T10:00:05Z"), at("2026-11-24T10:00:00Z")), 0)
})

describe("a customer is alone", () => {
  const nobody = { queued: 0, offered: 0 }
  const company = (of: Partial<Company>): Company => ({
    channelStatus: "active",
    hasCustomer: true,
    agents: [],
    onTheWay: nobody,
    ...of
  })
  for (const [what, of, alone] of [
    ["where no other agent is", {}, true],
    ["with agents who have left, are gone or are wrapping up", { agents: ["left", "gone", "wrapping"] }, true],
    ["not with an agent who is active", { agents: ["left", "active"] }, false],
    [
      "not with one who is active, whatever is unknown of others",
      { agents: ["unknown", "active"], onTheWay: undefined },
      false
    ],
    ["not with one who is being connected", { agents: ["invited"] }, false],
    ["not if a task waits for an agent", { onTheWay: { queued: 1, offered: 0 } }, false],
    ["not if an agent has been asked", { onTheWay: { queued: 0, offered: 1 } }, false],
    ["not where there is no customer", { hasCustomer: false, agents: ["unknown"], onTheWay: undefined }, false],
    ["not in a channel that is closed", { channelStatus: "closed", onTheWay: undefined }, false],
    ["not in a channel that is inactive: it wakes up", { channelStatus: "inactive" }, false],
    ["nobody knows, if an agent's standing is unknown", { agents: ["unknown", "left"] }, "unknown"],
    ["nobody knows, if it is not known who is on the way", { agents: ["left"], onTheWay: undefined }, "unknown"],
    ["nobody knows, if the channel's status is not known", { channelStatus: undefined }, "unknown"]
  ] satisfies ReadonlyArray<readonly [string, Partial<Company>, boolean | "unknown"]>) {
    it(`${what}: ${alone}`, () => assert.strictEqual(isAlone(company(of)), alone))
  }

  it("who is on the way is asked only where it can change the answer", () => {
    const depends = (of: Partial<Company>) => dependsOnTheWay(company(of))
    assert.isTrue(depends({}))
    assert.isTrue(depends({ agents: ["unknown"] }))
    assert.isFalse(depends({ agents: ["active"] }))
    assert.isFalse(depends({ hasCustomer: false }))
    assert.isFalse(depends({ channelStatus: "closed" }))
  })
})
