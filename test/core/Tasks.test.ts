/** Tasks and reservations: what is read out of them. */
import { assert, describe, it } from "@effect/vitest"
import { Events, Tasks } from "@flex-interactions/core"
import { Result, Schema } from "effect"

const interactionSid = `KD${"a".repeat(32)}`
const channelSid = `UO${"b".repeat(32)}`
const channel = Result.succeed({ interactionSid, channelSid } as never)
const conversation = { flexInteractionSid: interactionSid, flexInteractionChannelSid: channelSid }
const task = (attributes: unknown) => Schema.decodeUnknownSync(Tasks.Task)({ attributes })

describe("attributes of a task", () => {
  it("have the two SIDs typed, and keep everything else under Twilio's names", () => {
    const other = { from: "+15551234", customers: { phone: null }, conversationSid: `UO${"c".repeat(32)}` }
    assert.deepStrictEqual(task(JSON.stringify({ ...other, ...conversation, channelType: "sms" })).attributes, {
      interactionSid,
      channelSid,
      channelType: "sms",
      other
    } as never)
  })

  it("keep what is no SID in the place of one, and a key that is called __proto__", () => {
    const { attributes } = task('{"flexInteractionSid":"KD1","flexInteractionChannelSid":null,"__proto__":{"x":1}}')
    assert.deepStrictEqual(Object.entries(attributes?.other ?? {}), [
      ["flexInteractionSid", "KD1"],
      ["flexInteractionChannelSid", null],
      ["__proto__", { x: 1 }]
    ])
    assert.isUndefined(attributes?.interactionSid)
    assert.isUndefined(Object.getPrototypeOf(attributes?.other)?.x)
  })

  for (const text of ["", "hello", "{", "[1]", "null", "5", '"{}"', "<xml/>"]) {
    it(`that are no JSON object are kept as they are: ${text}`, () => {
      assert.deepStrictEqual(task(text).attributes, { other: {}, text })
    })
  }
})

describe("the conversation of a task", () => {
  for (const [what, attributes, answer] of [
    ["with both SIDs is its channel", JSON.stringify(conversation), channel],
    ["whose attributes a list left out is not known", null, Result.fail("attributes not read")],
    ["whose attributes are not JSON is not known", "hello", Result.fail("attributes not JSON")],
    ["that has none, such as voice, does not exist", '{"call_sid":"CA1"}', Result.fail("no interaction")],
    ["with null for both does not exist", '{"flexInteractionSid":null}', Result.fail("no interaction")],
    ["without attributes does not exist", "{}", Result.fail("no interaction")],
    ["with one SID only is no reference", `{"flexInteractionSid":"${interactionSid}"}`, Result.fail("not SIDs")],
    [
      "with something else in their place is no reference",
      '{"flexInteractionSid":"../..","flexInteractionChannelSid":"x"}',
      Result.fail("not SIDs")
    ]
  ] as const) {
    it(`${what}`, () => assert.deepStrictEqual(Tasks.channelOf(task(attributes)), answer as never))
  }
})

describe("the conversation of an event", () => {
  const attributes = JSON.stringify(conversation)
  for (const [what, payload, answer] of [
    ["an Interactions webhook", { InteractionSid: interactionSid, ChannelSid: channelSid, EventType: "x" }, channel],
    ["TaskRouter's callback", { EventType: "task.completed", TaskAttributes: attributes }, channel],
    ["Event Streams", { specversion: "1.0", data: { payload: { task_attributes: attributes } } }, channel],
    ["TaskRouter's list", { event_type: "task.completed", event_data: { task_attributes: attributes } }, channel],
    ["an interaction that has no channel yet", { InteractionSid: interactionSid }, Result.fail("not SIDs")],
    ["a webhook with something else", { InteractionSid: "../..", ChannelSid: channelSid }, Result.fail("not SIDs")],
    ["a voice task", { TaskAttributes: '{"call_sid":"CA1"}' }, Result.fail("no interaction")],
    ["a worker", { EventType: "worker.activity.update" }, Result.fail("attributes not read")],
    ["nothing", null, Result.fail("attributes not read")],
    ["a text", attributes, Result.fail("attributes not read")]
  ] as const) {
    it(`is found in what is sent for ${what}, or why there is none`, () => {
      assert.deepStrictEqual(Events.channelOf(payload), answer as never)
    })
  }

  it("is that of its data, once it is decoded, whatever else is odd in them", () => {
    const event = Schema.decodeUnknownSync(Events.Event)({ event_data: { task_attributes: attributes, worker_sid: 5 } })
    assert.deepStrictEqual(Tasks.channelOf(event.data ?? {}), channel)
    const odd = Schema.decodeUnknownSync(Events.Event)({ event_data: "odd" })
    assert.deepStrictEqual(odd, {})
  })
})
