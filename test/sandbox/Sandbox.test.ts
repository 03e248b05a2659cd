import * as Sandbox from "@flex-interactions/sandbox"
import { afterEach, assert, describe, it, vi } from "vitest"
import { account, basic, type Body, sid } from "../support/requests.ts"
import * as requests from "../support/requests.ts"

const path = (group: number) => `https://flex-api.twilio.com${requests.path(group)}`
const { accountSid, apiKey, apiSecret } = Sandbox.defaultCredentials

const send = async (sandbox: Sandbox.Sandbox, url: string, init: RequestInit = {}) => {
  const response = await sandbox.fetch(new Request(url, { headers: account, ...init }))
  return { response, body: (await response.json()) as Body }
}

const modify = (sandbox: Sandbox.Sandbox, group: number, n: number, status: string) =>
  send(sandbox, `${path(group)}/${sid(group, "UT", n)}`, {
    method: "POST",
    body: new URLSearchParams({ Status: status })
  })

describe("listing", () => {
  it("answers with the documented keys, and absolute URLs of the origin in use", async () => {
    const { response, body } = await send(Sandbox.make(), path(1))
    assert.strictEqual(response.status, 200)
    assert.match(response.headers.get("twilio-request-id") ?? "", /^RQ[0-9a-f]{32}$/u)
    assert.deepStrictEqual(body.participants[1] as unknown, {
      sid: sid(1, "UT", 2),
      channel_sid: sid(1, "UO"),
      interaction_sid: sid(1, "KD"),
      type: "agent",
      routing_properties: {
        task_sid: sid(1, "WT", 2),
        worker_sid: sid(1, "WK", 2),
        reservation_sid: sid(1, "WR", 2)
      },
      url: `${path(1)}/${sid(1, "UT", 2)}`
    })
    assert.deepStrictEqual(body.meta, {
      page: 0,
      page_size: 50,
      first_page_url: `${path(1)}?PageSize=50&Page=0`,
      previous_page_url: null,
      url: `${path(1)}?PageSize=50&Page=0`,
      next_page_url: null,
      key: "participants"
    })
  })

  it("pages through 120 participants by 50", async () => {
    const sandbox = Sandbox.make()
    const seen: Array<string> = []
    let url: string | null = path(3)
    const sizes: Array<number> = []
    while (url !== null) {
      const { body }: { body: Body } = await send(sandbox, url)
      seen.push(...body.participants.map((participant) => participant.sid))
      sizes.push(body.participants.length)
      url = body.meta.next_page_url
    }
    assert.deepStrictEqual(sizes, [50, 50, 20])
    assert.strictEqual(new Set(seen).size, 120)
  })

  for (const [query, code] of [
    ["PageSize=0", 45004],
    ["PageSize=1001", 45004],
    ["PageSize=x", 45004],
    ["Page=-1", 45004],
    ["PageToken=nonsense", 21481],
    ["PageToken=PT%00", 21481]
  ] as const) {
    it(`refuses ${query}`, async () => {
      const { response, body } = await send(Sandbox.make(), `${path(1)}?${query}`)
      assert.strictEqual(response.status, 400)
      assert.strictEqual(body.code, code)
    })
  }
})

describe("modifying", () => {
  it("moves an agent to wrapup and closed, and shows no status", async () => {
    const sandbox = Sandbox.make()
    const { response, body } = await modify(sandbox, 1, 2, "wrapup")
    assert.strictEqual(response.status, 200)
    assert.notProperty(body, "status")
    assert.strictEqual((await modify(sandbox, 1, 2, "closed")).response.status, 200)
    assert.strictEqual((await modify(sandbox, 1, 2, "closed")).response.status, 409)
    assert.strictEqual((await modify(sandbox, 1, 2, "wrapup")).response.status, 409)
  })

  it("refuses who is not an agent, a status that does not exist, and a body that is not a form", async () => {
    const sandbox = Sandbox.make()
    assert.strictEqual((await modify(sandbox, 1, 1, "closed")).body.code, 45008)
    assert.strictEqual((await modify(sandbox, 1, 2, "open")).body.code, 45004)
    const json = await send(sandbox, `${path(1)}/${sid(1, "UT", 2)}`, {
      method: "POST",
      headers: { ...account, "content-type": "application/json" },
      body: JSON.stringify({ Status: "closed" })
    })
    assert.strictEqual(json.response.status, 400)
  })
})

describe("everything else", () => {
  it("takes the account's credentials and the API key's, and no others", async () => {
    const status = async (headers: Record<string, string>) =>
      (await Sandbox.make().fetch(new Request(path(1), { headers }))).status
    assert.strictEqual(await status(account), 200)
    assert.strictEqual(await status(basic(apiKey, apiSecret)), 200)
    assert.strictEqual(await status(basic(accountSid, "wrong")), 401)
    assert.strictEqual(await status({}), 401)
  })

  it("answers 404 for what is not there, 405 for another method, 400 for a malformed SID", async () => {
    const sandbox = Sandbox.make()
    assert.strictEqual((await send(sandbox, path(99))).body.code, 20404)
    assert.strictEqual((await send(sandbox, "https://flex-api.twilio.com/v1/Interactions")).response.status, 404)
    assert.strictEqual((await modify(sandbox, 1, 9, "closed")).response.status, 404)
    assert.strictEqual((await send(sandbox, path(1), { method: "DELETE" })).response.status, 405)
    assert.strictEqual((await send(sandbox, path(1).replace(/KD../u, "KD0"))).response.status, 400)
  })
})

describe("what can be switched, because Twilio does not say", () => {
  const repeated = async (settings: Partial<Sandbox.Settings>) => {
    const sandbox = Sandbox.make({ settings })
    await modify(sandbox, 1, 2, "closed")
    return Promise.all(
      ["closed", "wrapup"].map(async (status) => (await modify(sandbox, 1, 2, status)).response.status)
    )
  }

  it("what a repeat of closed answers, and a way back", async () => {
    for (const repeat of [200, 400, 409, 422] as const)
      assert.deepStrictEqual(await repeated({ repeat }), [repeat, repeat])
  })

  it("what someone who is not an agent answers", async () => {
    for (const nonAgent of [400, 403, 409, 422] as const) {
      const sandbox = Sandbox.make({ settings: { nonAgent } })
      assert.strictEqual((await modify(sandbox, 1, 1, "closed")).response.status, nonAgent)
    }
  })

  it("a closed agent stays in the list, or leaves it and is known all the same", async () => {
    for (const [closedAgents, left] of [
      ["stay", 2],
      ["leave", 1]
    ] as const) {
      const sandbox = Sandbox.make({ settings: { closedAgents } })
      await modify(sandbox, 1, 2, "wrapup")
      assert.lengthOf((await send(sandbox, path(1))).body.participants, 2)
      await modify(sandbox, 1, 2, "closed")
      assert.lengthOf((await send(sandbox, path(1))).body.participants, left)
      assert.strictEqual((await modify(sandbox, 1, 2, "closed")).response.status, 409)
    }
  })

  it("a malformed SID is invalid, or merely unknown", async () => {
    const sandbox = Sandbox.make({ settings: { malformedSid: 404 } })
    assert.strictEqual((await send(sandbox, path(1).replace(/KD../u, "KD0"))).body.code, 20404)
  })

  it("a PageSize out of range is refused, or taken as the nearest bound", async () => {
    const sandbox = Sandbox.make({ settings: { pageSize: "clamp" } })
    assert.strictEqual((await send(sandbox, `${path(3)}?PageSize=5000`)).body.meta["page_size"], 1000)
    assert.strictEqual((await send(sandbox, `${path(3)}?PageSize=0`)).body.meta["page_size"], 1)
    assert.strictEqual((await send(sandbox, `${path(3)}?PageSize=x`)).response.status, 400)
  })

  it("errors are Twilio's four keys, or RFC 9457", async () => {
    const { response, body } = await send(Sandbox.make({ settings: { errorBody: "rfc9457" } }), path(99))
    assert.strictEqual(response.headers.get("content-type"), "application/problem+json")
    assert.deepStrictEqual(Object.keys(body), ["type", "title", "status", "code", "detail"])
    assert.deepStrictEqual(Object.keys((await send(Sandbox.make(), path(99))).body), [
      "code",
      "message",
      "more_info",
      "status"
    ])
  })
})

describe("latency", () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it("holds back each reply of Twilio's operations, whose write is applied at once", async () => {
    vi.useFakeTimers()
    const sandbox = Sandbox.make({ settings: { latency: 20 } })
    let answered = false
    const reply = modify(sandbox, 1, 2, "wrapup").then(() => (answered = true))
    await vi.advanceTimersByTimeAsync(19)
    assert.strictEqual(requests.statusOf(sandbox, 1, 2), "wrapup")
    assert.isFalse(answered)
    await vi.advanceTimersByTimeAsync(1)
    assert.isTrue(await reply)
  })
})

it("says how many requests are being answered at once", async () => {
  const sandbox = Sandbox.make()
  sandbox.faults.add({ kind: "slow-headers", ms: 5 })
  const both = await Promise.all([send(sandbox, path(1)), send(sandbox, path(1))])
  assert.deepStrictEqual(
    both.map(({ response }) => response.headers.get("twilio-concurrent-requests")),
    ["1", "2"]
  )
})

describe("page tokens", () => {
  const pages = async (sandbox: Sandbox.Sandbox, url: string) => {
    const { body } = await send(sandbox, url)
    return { sids: body.participants.map(({ sid }) => sid), next: body.meta.next_page_url ?? "" }
  }

  it("survive who joins and who leaves", async () => {
    const sandbox = Sandbox.make({ settings: { closedAgents: "leave" } })
    const first = await pages(sandbox, `${path(2)}?PageSize=2`)
    const channel = sandbox.state.get(sid(2, "KD"))?.get(sid(2, "UO")) ?? assert.fail("no channel")
    sandbox.join(channel, { type: "external" })
    // Of the first page one leaves, and of the second the one that the token names.
    await modify(sandbox, 2, 2, "closed")
    await modify(sandbox, 2, 3, "closed")
    const second = await pages(sandbox, first.next)
    assert.deepStrictEqual(first.sids, [sid(2, "UT", 1), sid(2, "UT", 2)])
    assert.deepStrictEqual([second.sids[0], second.sids.length], [sid(2, "UT", 4), 2])
    assert.strictEqual(second.next, "")
  })

  it("of another channel are refused", async () => {
    const sandbox = Sandbox.make()
    const { next } = await pages(sandbox, path(3))
    const { body } = await send(sandbox, `${path(2)}${new URL(next).search}`)
    assert.strictEqual(body.code, 21481)
  })

  it("lead back by previous_page_url", async () => {
    const sandbox = Sandbox.make()
    const { next } = await pages(sandbox, path(3))
    const { body } = await send(sandbox, next)
    assert.strictEqual(body.meta["previous_page_url"], `${path(3)}?PageSize=50&Page=0`)
  })
})

describe("a channel of 200,000 participants", () => {
  const seed: Sandbox.Seed = {
    interactions: [
      { channels: [{ participants: Array.from({ length: 200_000 }, () => ({ type: "external" }) as const) }] }
    ]
  }

  it("touches no more of them for a page at its end than for one at its start", async () => {
    const sandbox = Sandbox.make({ seed })
    const channel = sandbox.state.get(sid(1, "KD"))?.get(sid(1, "UO")) ?? assert.fail("no channel")
    const touched = new Set<string>()
    const counting = new Proxy(channel.listed, {
      get: (target, key) => {
        if (typeof key === "string" && /^\d+$/u.test(key)) touched.add(key)
        return Reflect.get(target, key) as unknown
      }
    })
    Object.assign(channel, { listed: counting })
    const cost = async (n: number) => {
      touched.clear()
      const token = `PT${btoa(`${sid(1, "UT", n)} ${n - 1}`)}`
      const { body } = await send(sandbox, `${path(1)}?PageSize=50&PageToken=${token}`)
      assert.strictEqual(body.participants[0]?.sid, sid(1, "UT", n))
      return touched.size
    }
    // The page, the ends of its neighbours, and a search by halves.
    for (const n of [51, 50_000, 99_951]) assert.isAtMost(await cost(n), 50 + 2 + Math.ceil(Math.log2(200_000)))
  })

  it("can be read to its end", async () => {
    const sandbox = Sandbox.make({ seed })
    const seen = new Set<string>()
    let url: string | null = `${path(1)}?PageSize=1000`
    while (url !== null) {
      const { body }: { body: Body } = await send(sandbox, url)
      for (const participant of body.participants) seen.add(participant.sid)
      url = body.meta.next_page_url
    }
    assert.strictEqual(seen.size, 200_000)
  })
})

describe("bad input", () => {
  const over = "x".repeat(1_000_001)
  const form = "application/x-www-form-urlencoded"

  it("refuses a body over 1 MB, whether its length is said or not", async () => {
    const sandbox = Sandbox.make()
    const url = `${path(1)}/${sid(1, "UT", 2)}`
    const stream = () => new Blob([`Status=closed&x=${over}`]).stream()
    for (const body of [`Status=closed&x=${over}`, stream()]) {
      const init = { method: "POST", headers: { ...account, "content-type": form }, body, duplex: "half" }
      assert.strictEqual((await send(sandbox, url, init)).response.status, 413)
    }
    assert.strictEqual(requests.statusOf(sandbox, 1, 2), "active")
  })

  it("ignores a query parameter that it does not know", async () => {
    const { response, body } = await send(Sandbox.make(), `${path(1)}?pageSize=1&Foo=%00`)
    assert.strictEqual(response.status, 200)
    assert.lengthOf(body.participants, 2)
  })

  for (const [what, from, to, status] of [
    ["an encoded slash, which is part of a SID", "/Channels/", "%2FChannels/", 404],
    ["an encoded slash within a SID", sid(1, "UO"), `${sid(1, "UO")}%2F..`, 400],
    ["an encoded letter, which is that letter", /KD/u, "%4BD", 200],
    ["an encoding that is broken", /KD/u, "%ZZD", 400],
    ["another case of the path", "/Participants", "/participants", 404],
    ["another case of a SID's prefix", /KD/u, "kd", 400],
    ["dots, which are resolved before", "/Channels/", "/Channels/../Channels/", 200],
    ["dots, which lead out", sid(1, "UO"), "..", 404],
    ["encoded dots, which are dots", sid(1, "UO"), "%2e%2E", 404],
    ["a slash at the end", "/Participants", "/Participants/", 404],
    ["two slashes", "/Channels/", "//Channels/", 404],
    ["a fragment, which is not sent", "/Participants", "/Participants#x", 200]
  ] as const) {
    it(`${what}: ${status}`, async () => {
      assert.strictEqual((await send(Sandbox.make(), path(1).replace(from, to))).response.status, status)
    })
  }
})

describe("a seed", () => {
  it("whose SIDs are there twice is refused, and leads to the second", () => {
    const agent = { sid: sid(7, "UT", 1), type: "agent" } as const
    for (const [interactions, path] of [
      [[{ channels: [{ participants: [agent, agent] }] }], "interactions[0].channels[0].participants[1].sid"],
      [
        [{ channels: [{ participants: [agent] }] }, { channels: [{ participants: [agent] }] }],
        "interactions[1].channels[0].participants[0].sid"
      ],
      [
        [
          { sid: sid(7, "KD"), channels: [] },
          { sid: sid(7, "KD"), channels: [] }
        ],
        "interactions[1].sid"
      ],
      [
        [
          {
            channels: [
              { sid: sid(7, "UO"), participants: [] },
              { sid: sid(7, "UO"), participants: [] }
            ]
          }
        ],
        "interactions[0].channels[1].sid"
      ]
    ] as const) {
      assert.throws(() => Sandbox.make({ seed: { interactions } }), Sandbox.SeedError, `${path}: `)
    }
  })

  it("gives a status to an agent only", () => {
    const seed = { interactions: [{ channels: [{ participants: [{ type: "customer", status: "closed" }] }] }] } as const
    assert.throws(() => Sandbox.make({ seed }), /participants\[0\]\.status: only an agent has a status/u)
  })

  for (const [what, json, problem] of [
    ["not JSON", "{", /^not JSON: /u],
    ["a list", "[]", /^Expected object/u],
    ["a mistyped key", '{"interactions":[{"chanels":[]}]}', /^interactions\[0\]\.chanels: /u],
    [
      "a mistyped type",
      '{"interactions":[{"channels":[{"participants":[{"type":"agnet"}]}]}]}',
      /participants\[0\]\.type: .*"agent"/u
    ],
    ["a malformed SID", '{"interactions":[{"sid":"KD1","channels":[]}]}', /^interactions\[0\]\.sid: .*KD and 32/u]
  ] as const) {
    it(`from a file that is ${what} is refused`, async () => {
      const error: unknown = await Sandbox.seedFromJson(json).catch((error: unknown) => error)
      assert.instanceOf(error, Sandbox.SeedError)
      assert.match(error.message, problem)
    })
  }

  it("from a file is what the sandbox has", async () => {
    const seed = await Sandbox.seedFromJson(
      JSON.stringify({
        settings: { closedAgents: "leave", repeat: 200 },
        interactions: [
          {
            sid: sid(7, "KD"),
            channels: [
              {
                participants: [
                  { type: "agent", status: "wrapup", routing_properties: { task_sid: sid(7, "WT"), queue: 1 } }
                ]
              },
              { participants: [{ type: "agent", routing_properties: null }, { type: "customer" }] }
            ]
          }
        ]
      })
    )
    const sandbox = Sandbox.make({ seed })
    assert.deepInclude(sandbox.settings, { closedAgents: "leave", repeat: 200 })
    const channels = [...(sandbox.state.get(sid(7, "KD"))?.values() ?? [])]
    assert.deepStrictEqual(
      channels.map(({ participants }) => participants.map(({ status, routing }) => [status, routing])),
      [
        [["wrapup", { task_sid: sid(7, "WT"), queue: 1 }]],
        [
          ["active", null],
          ["active", null]
        ]
      ]
    )
  })
})
