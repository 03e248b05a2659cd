/** Every fault, in process and behind a port, both ways of serving: a client must not see a difference. */
import * as Sandbox from "@flex-interactions/sandbox"
import { serve } from "@flex-interactions/sandbox/serve"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it, vi } from "vitest"
import { type Body, list, modify, path, statusOf } from "../support/requests.ts"

/** How long to wait for what must happen: a limit, not a measure. */
const patience = { timeout: 15_000 }

interface Way {
  readonly origin: string
  readonly sandbox: Sandbox.Sandbox
  readonly fetch: (request: Request) => Promise<Response>
}

const inProcess = async (): Promise<Way & { readonly close: () => Promise<void> }> => {
  const sandbox = Sandbox.make()
  return { origin: "https://flex-api.twilio.com", sandbox, fetch: sandbox.fetch, close: async () => {} }
}

const behindAPort = (ownProcess: boolean) => async () => {
  const { url, sandbox, close } = await serve(Sandbox.make(), { ownProcess })
  return { origin: url, sandbox, fetch: globalThis.fetch, close }
}

for (const [where, open] of [
  ["in process", inProcess],
  ["behind a port", behindAPort(false)],
  // Last, because it replaces globals of this process.
  ["behind a port, as the command serves it", behindAPort(true)]
] as const) {
  describe(`${where}`, () => {
    let way: Awaited<ReturnType<typeof open>>
    beforeAll(async () => {
      way = await open()
    })
    afterAll(() => way.close())
    beforeEach(() => way.sandbox.reset())

    const listed = (query?: string) => way.fetch(list(way.origin, 1, query))
    const modified = (headers?: Record<string, string>) => way.fetch(modify(way.origin, 1, 2, "wrapup", headers))

    it("any status with any body, once, and then the sandbox again", async () => {
      way.sandbox.faults.add(
        { kind: "answer", status: 418, headers: { "x-tea": "green" }, body: "short and stout" },
        { kind: "answer", status: 503, body: { code: 20503 } },
        { kind: "answer", status: 204 }
      )
      const tea = await listed()
      assert.deepStrictEqual(
        [tea.status, tea.headers.get("x-tea"), await tea.text()],
        [418, "green", "short and stout"]
      )
      const busy = await listed()
      assert.deepStrictEqual([busy.status, await busy.json()], [503, { code: 20503 }])
      assert.strictEqual((await listed()).status, 204)
      assert.strictEqual((await listed()).status, 200)
    })

    it("a failure that comes after the write was applied", async () => {
      way.sandbox.faults.add({ kind: "answer", status: 500, applied: true })
      assert.strictEqual((await modified()).status, 500)
      assert.strictEqual(statusOf(way.sandbox, 1, 2), "wrapup")
    })

    it("429 with Retry-After in seconds, as a date, and without", async () => {
      way.sandbox.faults.add(
        { kind: "rate-limited", retryAfter: 7 },
        { kind: "rate-limited", retryAfter: 3600, as: "date" },
        { kind: "rate-limited" }
      )
      const seconds = await modified()
      assert.strictEqual(seconds.status, 429)
      assert.strictEqual(seconds.headers.get("retry-after"), "7")
      assert.strictEqual(((await seconds.json()) as Body).code, 20429)
      const date = (await modified()).headers.get("retry-after") ?? ""
      assert.match(date, /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/u)
      assert.isAbove(Date.parse(date), Date.now())
      assert.isNull((await modified()).headers.get("retry-after"))
      assert.strictEqual(statusOf(way.sandbox, 1, 2), "active")
    })

    it("a gateway's HTML", async () => {
      way.sandbox.faults.add({ kind: "html" }, { kind: "html", status: 504, applied: true })
      const html = await modified()
      assert.deepStrictEqual([html.status, html.headers.get("content-type")], [502, "text/html"])
      assert.match(await html.text(), /^<html>/u)
      assert.strictEqual(statusOf(way.sandbox, 1, 2), "active")
      assert.strictEqual((await modified()).status, 504)
      assert.strictEqual(statusOf(way.sandbox, 1, 2), "wrapup")
    })

    it("truncated JSON in a reply that is whole", async () => {
      way.sandbox.faults.add({ kind: "truncated" })
      const text = await (await listed()).text()
      assert.match(text, /^\{"participants":\[/u)
      assert.throws(() => JSON.parse(text) as unknown, SyntaxError)
    })

    it("slow headers: the write is applied, and a client that gives up sees its own reason", async () => {
      way.sandbox.faults.add({ kind: "slow-headers", ms: 600_000 })
      const impatient = new AbortController()
      const reply = way.fetch(new Request(modify(way.origin, 1, 2, "wrapup"), { signal: impatient.signal }))
      await vi.waitUntil(() => statusOf(way.sandbox, 1, 2) === "wrapup", patience)
      impatient.abort(new Error("no patience"))
      const error = await reply.then(() => assert.fail("a reply"), String)
      assert.match(error, /no patience|aborted/u)
      await vi.waitUntil(() => way.sandbox.requests.length === 1, patience)
      assert.strictEqual(way.sandbox.requests[0]?.status, "no reply")
    })

    it("slow headers and slow body end in the whole reply", async () => {
      way.sandbox.faults.add({ kind: "slow-headers", ms: 5 }, { kind: "slow-body", ms: 10 })
      for (let n = 0; n < 2; n++) assert.lengthOf(((await (await listed()).json()) as Body).participants, 2)
    })

    it("slow body: the headers are there, the body comes in pieces and can be given up", async () => {
      way.sandbox.faults.add({ kind: "slow-body", ms: 600_000 }, { kind: "slow-body", ms: 10 })
      const impatient = new AbortController()
      const reply = await way.fetch(new Request(list(way.origin, 1), { signal: impatient.signal }))
      assert.strictEqual(reply.status, 200)
      const body = reply.text()
      impatient.abort()
      const error = await body.then(() => assert.fail("a body"), String)
      assert.match(error, /abort/iu)
      const pieces: Array<number> = []
      for await (const piece of (await listed()).body ?? []) pieces.push(piece.byteLength)
      assert.isAbove(pieces.length, 1)
    })

    it("a connection that is dropped before and after the write was applied", async () => {
      way.sandbox.faults.add({ kind: "drop", when: "before" }, { kind: "drop", when: "after" })
      for (const status of ["active", "wrapup"]) {
        const error: unknown = await modified().then(
          () => assert.fail("a reply"),
          (error: unknown) => error
        )
        assert.instanceOf(error, TypeError)
        assert.strictEqual(error.message, "fetch failed")
        assert.strictEqual((error.cause as { readonly code: string }).code, "UND_ERR_SOCKET")
        assert.strictEqual(statusOf(way.sandbox, 1, 2), status)
      }
      assert.strictEqual((await listed()).status, 200)
      assert.deepStrictEqual(
        way.sandbox.requests.map(({ status, fault, note }) => [status, fault, note]),
        [
          ["no reply", "drop", ""],
          ["no reply", "drop", "active -> wrapup"],
          [200, undefined, "listed 2 of 2"]
        ]
      )
    })

    it("a next_page_url at another origin, and one that loops; nothing but lists meets them", async () => {
      way.sandbox.faults.add(
        { kind: "next-page-elsewhere", origin: "https://attacker.example" },
        { kind: "next-page-loop", times: "always" }
      )
      assert.strictEqual((await modified()).status, 200)
      const elsewhere = (await (await listed("?PageSize=1")).json()) as Body
      assert.match(elsewhere.meta.next_page_url ?? "", /^https:\/\/attacker\.example\/v1\/.*PageToken=/u)
      for (let n = 0; n < 3; n++) {
        const { meta } = (await (await listed()).json()) as Body
        assert.strictEqual(meta.next_page_url, meta["url"])
      }
    })

    it("only the requests that it is meant for, as often as it says", async () => {
      way.sandbox.faults.add({ kind: "answer", status: 500, method: "POST", path: path(1, 2), times: 2 })
      assert.strictEqual((await listed()).status, 200)
      assert.strictEqual((await way.fetch(modify(way.origin, 2, 2, "wrapup"))).status, 200)
      assert.strictEqual((await modified()).status, 500)
      assert.deepInclude(way.sandbox.faults.list()[0], { kind: "answer", times: 1 })
      assert.strictEqual((await modified()).status, 500)
      assert.isEmpty(way.sandbox.faults.list())
      assert.strictEqual((await modified()).status, 200)
    })

    it("for one request, by a header: the name of its kind, or the fault as JSON", async () => {
      assert.strictEqual((await modified({ "sandbox-fault": "html" })).status, 502)
      const fault = JSON.stringify({ kind: "answer", status: 409, body: { code: 45008 }, applied: true })
      assert.strictEqual((await modified({ "sandbox-fault": fault })).status, 409)
      assert.strictEqual(statusOf(way.sandbox, 1, 2), "wrapup")
    })

    for (const [header, problem] of [
      ["hmtl", /^Sandbox-Fault: kind: .*"html"/u],
      ["drop", /^Sandbox-Fault: when: /u],
      ['{"kind":"answer","status":99}', /^Sandbox-Fault: status: .*200.*599/u],
      ['{"kind":', /^Sandbox-Fault: not JSON: /u]
    ] as const) {
      it(`says what is wrong with the header ${header}`, async () => {
        const refused = await modified({ "sandbox-fault": header })
        assert.strictEqual(refused.status, 400)
        assert.match(((await refused.json()) as { readonly error: string }).error, problem)
        assert.strictEqual(statusOf(way.sandbox, 1, 2), "active")
      })
    }
  })
}

describe("a rate limit of N a second", () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it("lets N of any second pass, and tells the others when to come again", async () => {
    const sandbox = Sandbox.make()
    sandbox.faults.add({ kind: "rate-limit", perSecond: 3 })
    const ask = async () => (await sandbox.fetch(list("https://flex-api.twilio.com", 1))).status
    const five = async () => [await ask(), await ask(), await ask(), await ask(), await ask()]
    assert.deepStrictEqual(await five(), [200, 200, 200, 429, 429])
    vi.advanceTimersByTime(999)
    const refused = await sandbox.fetch(list("https://flex-api.twilio.com", 1))
    assert.deepStrictEqual([refused.status, refused.headers.get("retry-after")], [429, "1"])
    vi.advanceTimersByTime(1)
    assert.deepStrictEqual(await five(), [200, 200, 200, 429, 429])
  })

  it("limits each endpoint by itself where it says so, and leaves room for other faults", async () => {
    const sandbox = Sandbox.make()
    sandbox.faults.add(
      { kind: "rate-limit", perSecond: 1, method: "GET" },
      { kind: "rate-limit", perSecond: 1, method: "POST" },
      { kind: "html" }
    )
    const get = async () => (await sandbox.fetch(list("https://flex-api.twilio.com", 1))).status
    const post = async () => (await sandbox.fetch(modify("https://flex-api.twilio.com", 1, 2, "wrapup"))).status
    assert.deepStrictEqual([await get(), await post(), await get(), await post()], [502, 200, 429, 429])
    sandbox.faults.clear()
    assert.strictEqual(await get(), 200)
  })
})
