/** `end_conversation`: what it does, what it says of it, and what it refuses. */
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { type Action, call, channel, type HostOptions, namesOf } from "../support/calls.ts"
import { onReadyMade } from "../support/conversations.ts"
import { open } from "../support/inProcess.ts"

const world = onReadyMade()
let close: Array<() => Promise<void>> = []
beforeEach(() => {
  close = []
})
afterEach(() => Promise.all(close.map((close) => close())))

const host = async (limits: Parameters<typeof open>[1] = {}, answer?: HostOptions["answer"]) => {
  const opened = await open(world.layer() as never, { allowEnd: true, ...limits }, answer)
  close.push(opened.close)
  return {
    ...opened,
    end: (group: number, status: "closed" | "inactive", more: object = {}) =>
      call(opened.client, "end_conversation", { ...channel(group), status, ...more })
  }
}

/** What Twilio has of the channel now. */
const statusOf = (group: number) => {
  const { channel_sid, interaction_sid } = channel(group)
  return world.sandbox().state.get(interaction_sid)?.get(channel_sid)?.status
}
const agentsOf = ({ data }: { readonly data: Record<string, unknown> | undefined }) =>
  ((data?.["agents"] ?? []) as ReadonlyArray<{ readonly worker?: string; readonly standing?: string }>).map(
    ({ standing, worker }) => [worker, standing]
  )

describe("what it does", () => {
  it("closed: the channel and all its agents, with proof", async () => {
    const { audit, end } = await host()
    const ended = await end(4, "closed")
    assert.deepInclude(ended.data, { result: "confirmed", status: "closed", channel_status: "closed" })
    assert.deepStrictEqual(agentsOf(ended), [
      ["deepak", "left"],
      ["alice", "left"]
    ])
    assert.match(
      ended.text,
      /Done: the channel shows it, and its agents have left\. The customer can't write in it any more/u
    )
    assert.strictEqual(statusOf(4), "closed")
    assert.lengthOf(world.changes(), 1)
    assert.lengthOf(audit, 1)
    assert.match(
      audit[0] ?? "",
      new RegExp(
        `audit=end_conversation status=closed channel=${channel(4).channel_sid} interaction=${channel(4).interaction_sid} channel_status=active agents=2 asked=false answer=cannot_ask result=confirmed request=RQ`,
        "u"
      )
    )
  })

  it("inactive: kept until the customer writes again", async () => {
    const { end } = await host()
    const ended = await end(2, "inactive")
    assert.deepInclude(ended.data, { result: "confirmed", status: "inactive", channel_status: "inactive" })
    assert.match(ended.text, /kept, without agents, until the customer writes again/u)
    assert.strictEqual(statusOf(2), "inactive")
  })

  it("an agent who is still in wrap-up in a closed channel is completed", async () => {
    const { end } = await host()
    const ended = await end(8, "closed")
    assert.deepInclude(ended.data, { result: "confirmed" })
    assert.deepStrictEqual(agentsOf(ended), [["emma", "left"]])
  })

  it("what is so already: nothing is sent, and nobody is asked", async () => {
    let questions = 0
    const { audit, end } = await host({}, () => {
      questions += 1
      return "accept"
    })
    await end(1, "closed")
    const again = await end(1, "closed")
    assert.deepInclude(again.data, { result: "already", channel_status: "closed" })
    assert.match(again.text, /It was so already; this call changed nothing/u)
    assert.lengthOf(world.changes(), 1)
    assert.strictEqual(questions, 1)
    assert.match(audit[1] ?? "", /result=already$/u)
  })

  it("a dry run says who is in it, what would happen, and sends nothing", async () => {
    const { audit, end } = await host({ confirm: "always" }, () => assert.fail("nobody is asked"))
    const dry = await end(2, "closed", { dry_run: true })
    assert.deepInclude(dry.data, { result: "dry_run", status: "closed", channel_status: "active" })
    assert.deepStrictEqual(agentsOf(dry), [
      ["bruno", "active"],
      ["carla", "active"]
    ])
    assert.match(dry.text, /Nothing was sent\. Without dry_run the channel would be set to closed, for all its agents/u)
    const over = await end(9, "inactive", { dry_run: true })
    assert.match(over.text, /Nothing was sent/u)
    assert.deepStrictEqual(world.changes(), [])
    assert.deepStrictEqual(audit, [])
  })
})

describe("consent", () => {
  it("the question says who is in it, in which state, and that it can't be undone", async () => {
    let question = ""
    const { audit, end } = await host({ confirm: "always" }, (asked) => {
      question = asked
      return "decline"
    })
    const refused = await end(2, "closed")
    assert.isTrue(refused.isError)
    assert.match(refused.text, /^The write was declined.*Nothing was changed/u)
    assert.strictEqual(
      question,
      [
        "End this conversation (closed)?",
        "",
        `Channel ${channel(2).channel_sid} of interaction ${channel(2).interaction_sid}`,
        "Its status active",
        'Agents in it "bruno" (active), "carla" (active)',
        "",
        "The customer can't write in it any more; the next message starts a new conversation. This cannot be undone."
      ].join("\n")
    )
    assert.deepStrictEqual(world.changes(), [])
    assert.match(audit[0] ?? "", /answer=decline result=not_sent$/u)
  })

  it("a host that cannot be asked: refused under always", async () => {
    const { end } = await host({ confirm: "always" })
    const refused = await end(2, "closed")
    assert.match(refused.text, /this host cannot be asked.*Nothing was changed/u)
    assert.deepStrictEqual(world.changes(), [])
  })

  it("somebody leaves while the person thinks: asked again, about what is so now", async () => {
    const questions: Array<string> = []
    const { end } = await host({}, async (question): Promise<Action> => {
      questions.push(question)
      if (questions.length === 1) {
        const path = `/v1/Interactions/${channel(2).interaction_sid}/Channels/${channel(2).channel_sid}/Participants`
        const [, bruno] = [
          ...(world.sandbox().state.get(channel(2).interaction_sid)?.get(channel(2).channel_sid)?.bySid.values() ?? [])
        ]
        await world.send("POST", `${path}/${bruno?.sid}`, { Status: "closed" })
      }
      return "accept"
    })
    const ended = await end(2, "closed")
    assert.lengthOf(questions, 2)
    assert.include(questions[1], 'Agents in it "carla" (active)')
    assert.deepInclude(ended.data, { result: "confirmed" })
  })
})

describe("what comes between", () => {
  const post = /^POST .*\/Channels\/UO\w+$/u
  const path = (group: number) =>
    `/v1/Interactions/${channel(group).interaction_sid}/Channels/${channel(group).channel_sid}`

  it("closes for good while it was to be inactive: wider", async () => {
    const { audit, end } = await host()
    world.on("before", post, () =>
      world.send("POST", path(1), { Status: "closed", Routing: JSON.stringify({ status: "closed" }) })
    )
    const ended = await end(1, "inactive")
    assert.deepInclude(ended.data, { result: "wider", channel_status: "closed" })
    assert.match(ended.text, /Something larger happened meanwhile: the conversation is over/u)
    assert.match(audit[0] ?? "", /result=wider/u)
  })

  it("the answer is lost, and reading shows it: confirmed", async () => {
    const { end } = await host()
    world.fault({ kind: "drop", when: "after", method: "POST" })
    assert.deepInclude((await end(1, "closed")).data, { result: "confirmed" })
    assert.lengthOf(world.changes(), 1)
  })

  it("the answer is lost, and reading does not show it: not known, and not sent again", async () => {
    const { audit, end } = await host()
    world.fault({ kind: "drop", when: "before", method: "POST" })
    const unknown = await end(1, "closed")
    assert.isTrue(unknown.isError)
    assert.match(
      unknown.text,
      /^It is not known whether the change was applied.*Reading afterwards did not settle it: the channel was active/u
    )
    assert.notMatch(unknown.text, /Nothing was changed/u)
    assert.lengthOf(world.changes(), 1)
    assert.match(audit[0] ?? "", /result=unknown reason=OutcomeUnknown/u)
  }, 30_000)

  it("Twilio refuses it: nothing was changed, and why", async () => {
    const { audit, end } = await host()
    world.fault({ kind: "answer", status: 409, body: { code: 45008, status: 409 }, method: "POST" })
    const refused = await end(1, "closed")
    assert.isTrue(refused.isError)
    assert.match(
      refused.text,
      /^Twilio refused to end the conversation.*Nothing was changed.*HTTP 409, Twilio code 45008/u
    )
    assert.match(audit[0] ?? "", /result=failed reason=Conflict http=409 code=45008/u)
  })

  it("without TaskRouter it is ended, and what can't be seen is said", async () => {
    const { end } = await host()
    world.fault({ kind: "answer", status: 403, body: { code: 70051 }, host: "taskrouter", times: "always" })
    const ended = await end(1, "closed")
    assert.strictEqual(ended.data?.["result"], "confirmed")
    assert.match(ended.text, /Done: the channel shows it\. Whether all its agents have left can't be seen\./u)
    assert.match(ended.text, /TaskRouter can't be read: this server's credentials are not allowed to/u)
  })
})

describe("what it refuses", () => {
  it("a conversation that does not exist, a status that there is not, and what it does not take", async () => {
    const { client, end } = await host()
    assert.match(
      (
        await call(client, "end_conversation", {
          interaction_sid: `KD${"ab".repeat(16)}`,
          channel_sid: `UO${"ab".repeat(16)}`,
          status: "closed"
        })
      ).text,
      /no such interaction.*Nothing was changed/u
    )
    for (const args of [
      { status: "wrapup" },
      { status: "active" },
      { if_last_agent: "allow" },
      { participant_sid: "UT1" }
    ]) {
      assert.match((await end(1, "closed", args)).text, /^The call is not valid: /u)
    }
    assert.deepStrictEqual(world.changes(), [])
  })

  it("is not there without --allow-end, nor with --read-only", async () => {
    for (const limits of [{ allowEnd: false }, { readOnly: true }]) {
      const { client } = await host(limits)
      assert.notInclude(await namesOf(client), "end_conversation")
      const failure = await call(client, "end_conversation", { ...channel(1), status: "closed" }).catch(String)
      assert.match(String(failure), /end_conversation|not found|disabled/iu)
    }
    assert.deepStrictEqual(world.changes(), [])
  })
})
