/** `set_participant_status`: what it says of the conversation and of the customer is so. */
import * as Sandbox from "@flex-interactions/sandbox"
import { afterEach, assert, beforeEach, it } from "vitest"
import { call, channel, sid } from "../support/calls.ts"
import { onReadyMade } from "../support/conversations.ts"
import { open } from "../support/inProcess.ts"

const onCustomers = onReadyMade()
let close: Array<() => Promise<void>> = []
beforeEach(() => {
  close = []
})
afterEach(() => Promise.all(close.map((close) => close())))

/** The first conversation has an agent and a supervisor. */
const withoutCustomer = onReadyMade(
  {},
  {
    ...Sandbox.readyMade,
    interactions: JSON.parse(
      JSON.stringify(Sandbox.readyMade.interactions).replace('"type":"customer"', '"type":"supervisor"')
    ) as Sandbox.Seed["interactions"]
  }
)

const host = async (world: Pick<typeof withoutCustomer, "layer"> = onCustomers) => {
  const opened = await open(world.layer() as never)
  close.push(opened.close)
  return (group: number, status: "wrapup" | "closed", more: object = {}) =>
    call(opened.client, "set_participant_status", {
      ...channel(group),
      participant_sid: sid(group, "UT", 2),
      status,
      ...more
    })
}
const noteOf = ({ data }: { readonly data: Record<string, unknown> | undefined }) => String(data?.["note"])

it("in a conversation that is active: it stays open, and the customer is not alone", async () => {
  const move = await host()
  const moved = await move(2, "closed")
  assert.strictEqual(moved.data?.["result"], "confirmed")
  assert.match(noteOf(moved), /The agent leaves; the conversation stays open\. The customer is not alone\./u)
})

it("an agent in wrap-up in a conversation that is closed: it is not said to stay open, nor a customer to have company", async () => {
  const move = await host()
  const dry = await move(8, "closed", { dry_run: true })
  const moved = await move(8, "closed")
  assert.strictEqual(moved.data?.["result"], "confirmed")
  for (const note of [noteOf(dry), noteOf(moved)]) {
    assert.include(note, "The agent leaves; the conversation is closed. So no customer is left alone in it.")
    assert.notInclude(note, "open")
  }
})

it("a conversation that is closed under way: wider, and it is not said to stay open", async () => {
  const move = await host()
  const { channel_sid, interaction_sid } = channel(2)
  onCustomers.on("before", /^POST .*\/Participants\/UT\w+$/u, () =>
    onCustomers.send("POST", `/v1/Interactions/${interaction_sid}/Channels/${channel_sid}`, {
      Status: "closed",
      Routing: JSON.stringify({ status: "closed" })
    })
  )
  const moved = await move(2, "wrapup")
  assert.strictEqual(moved.data?.["result"], "wider")
  assert.match(noteOf(moved), /The conversation is closed\. So no customer is left alone in it\./u)
  assert.notInclude(noteOf(moved), "open")
})

it("a conversation without a customer: nobody is said to have company", async () => {
  const move = await host(withoutCustomer)
  const dry = await move(1, "closed", { dry_run: true })
  const moved = await move(1, "closed")
  assert.strictEqual(moved.data?.["result"], "confirmed")
  for (const note of [noteOf(dry), noteOf(moved)]) {
    assert.include(note, "The agent leaves; the conversation stays open. No customer is listed in it.")
  }
})

it("in a conversation with another status: it is not said that nobody waits in it", async () => {
  const move = await host()
  const found = onCustomers.sandbox().state.get(channel(2).interaction_sid)?.get(channel(2).channel_sid)
  Object.assign(found ?? assert.fail("no channel"), { status: "failed" })
  const dry = await move(2, "closed", { dry_run: true })
  assert.include(noteOf(dry), "the conversation is failed. Whether a customer waits in it can't be told from that.")
})
