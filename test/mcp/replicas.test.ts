/** Three replicas behind nginx, with a real Redis: any of them serves any request, and they share one rate limit. */
import type { ChildProcess } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Balanced from "../support/balanced.ts"
import { freePort } from "../support/postgres.ts"
import * as Redis from "../support/redis.ts"
import { connectTo, environment as environmentOf, type HostOptions, sid } from "../support/host.ts"
import { type Served, start as startSandbox } from "../support/served.ts"
import * as Command from "../support/command.ts"

const token = "0123456789abcdef0123456789abcdef"
const channel = { interaction_sid: sid(1, "KD"), channel_sid: sid(1, "UO") }
const agent = { ...channel, participant_sid: sid(1, "UT", 2) }

if (Balanced.isMissing && process.env["CI"] !== undefined)
  throw new Error("nginx and redis-server must be installed for this")

describe.skipIf(Balanced.isMissing)(
  "three replicas behind nginx, with a Redis (needs apt-get install nginx redis-server)",
  () => {
    let folder: string
    let served: Served
    let redis: Redis.Server
    let nginx: ChildProcess
    let replicas: ReadonlyArray<Command.Listening>
    let url: URL
    /** When the API was asked, in milliseconds. */
    const asked: Array<number> = []

    const environment = (more: Record<string, string> = {}) =>
      environmentOf(served.url, { FLEX_MCP_TOKEN: token, REDIS_URL: redis.url, ...more })

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "replicas-"))
      served = await startSandbox()
      redis = await Redis.start()
      replicas = await Promise.all([1, 2, 3].map(() => Command.listen([], environment({ FLEX_API_RATE_LIMIT: "10" }))))
      const port = await freePort()
      url = new URL(`http://127.0.0.1:${port}/mcp`)
      nginx = await Balanced.startNginx(folder, port, replicas)
    }, 30_000)

    afterAll(async () => {
      await Promise.all([...replicas.map((replica) => replica.stop()), Balanced.end(nginx), redis.kill()])
      await served.close()
      await rm(folder, { recursive: true })
    })

    /** A client, and which replicas answered it. */
    const connect = async (options: HostOptions) => {
      const by = new Set<string>()
      const client = await connectTo(url, {
        ...options,
        token,
        fetch: async (input, init) => {
          const response = await fetch(input, init)
          by.add(response.headers.get("X-Served-By") ?? "")
          return response
        }
      })
      return { client, by }
    }

    for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
      it(`any replica serves any request of a client (${typeof mode === "string" ? mode : mode.pin})`, async () => {
        const { by, client } = await connect({ mode })
        for (let call = 0; call < 6; call++) {
          const listed = await client.callTool({ name: "list_participants", arguments: channel })
          assert.notStrictEqual(listed.isError, true)
        }
        assert.strictEqual(by.size, 3)
        await client.close()
      })
    }

    it("an answer to a question goes to another replica than the one that asked, and counts once at all of them", async () => {
      const questions: Array<string> = []
      const { by, client } = await connect({
        mode: { pin: "2026-07-28" },
        answer: (question) => {
          questions.push(question)
          return "accept"
        }
      })
      const done = await client.callTool({ name: "set_participant_status", arguments: { ...agent, status: "wrapup" } })
      assert.strictEqual((done.structuredContent as { result: string }).result, "accepted")
      assert.lengthOf(questions, 1)
      assert.isAtLeast(by.size, 2)
      await client.close()

      // The same answer again, by hand, at each replica: it was used.
      const post = async (to: string, params: object) => {
        const _meta = {
          "io.modelcontextprotocol/protocolVersion": "2026-07-28",
          "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
          "io.modelcontextprotocol/clientCapabilities": { elicitation: { form: {} } }
        }
        const response = await fetch(to, {
          method: "POST",
          headers: {
            Authorization: `Bearer ${token}`,
            "Content-Type": "application/json",
            Accept: "application/json, text/event-stream",
            "MCP-Protocol-Version": "2026-07-28",
            "Mcp-Method": "tools/call",
            "Mcp-Name": "set_participant_status"
          },
          body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { ...params, _meta } })
        })
        const { result } = (await response.json()) as {
          readonly result: {
            readonly requestState?: string
            readonly content?: ReadonlyArray<{ readonly text: string }>
          }
        }
        return result
      }
      const call = { name: "set_participant_status", arguments: { ...agent, status: "closed" } }
      const [first, second, third] = replicas.map((replica) => replica.url)
      const { requestState } = await post(first ?? "", call)
      assert.isString(requestState)
      const answered = { ...call, requestState, inputResponses: { confirm: { action: "accept", content: {} } } }
      assert.match((await post(second ?? "", answered)).content?.[0]?.text ?? "", /"accepted"/u)
      for (const replica of [first, second, third]) {
        assert.match((await post(replica ?? "", answered)).content?.[0]?.text ?? "", /it was used before/u)
      }
    })

    it("together they keep to one rate limit", async () => {
      const clients = await Promise.all([1, 2, 3].map(() => connect({ mode: "legacy" })))
      served.answerWith((request) => {
        // The limit is each operation's own: this is one of the two that a roster takes.
        if (new URL(request.url).pathname.endsWith("/Participants")) asked.push(performance.now())
        return served.sandbox.fetch(request)
      })
      const calls = clients.flatMap(({ client }) =>
        Array.from({ length: 10 }, () => client.callTool({ name: "list_participants", arguments: channel }))
      )
      for (const listed of await Promise.all(calls)) assert.notStrictEqual(listed.isError, true)
      served.answerWith(undefined)
      assert.lengthOf(asked, 30)
      // In no half second more than the limit of a whole one: three limits of their own would let 30 through at once.
      for (const from of asked) assert.isAtMost(asked.filter((at) => at >= from && at < from + 500).length, 10 + 10)
      await Promise.all(clients.map(({ client }) => client.close()))
    })

    it("continues when a replica ends, and when Redis goes and comes back", async () => {
      const { client } = await connect({ mode: "legacy" })
      const list = () => client.callTool({ name: "list_participants", arguments: channel })
      assert.strictEqual((await replicas[0]?.stop())?.code, 0)
      for (let call = 0; call < 4; call++) assert.notStrictEqual((await list()).isError, true)

      await redis.kill()
      await Promise.all(replicas.slice(1).map((replica) => replica.says(/Redis is away/u)))
      for (let call = 0; call < 4; call++) assert.notStrictEqual((await list()).isError, true)

      await redis.startAgain()
      await Promise.all(replicas.slice(1).map((replica) => replica.says(/Redis is there again/u)))
      assert.notStrictEqual((await list()).isError, true)
      await client.close()
    })

    it("starts while Redis is away, and says so once", async () => {
      const away = await Command.listen([], environment({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` }))
      await away.says(/Redis is away \(ECONNREFUSED\)/u)
      const client = await connectTo(away.url, { token })
      assert.notStrictEqual((await client.callTool({ name: "list_participants", arguments: channel })).isError, true)
      await client.close()
      const { code, stderr } = await away.stop()
      assert.strictEqual(code, 0)
      assert.lengthOf(stderr.match(/Redis is away/gu) ?? [], 1)
    })

    it("refuses a REDIS_URL that is none, and does not show it", async () => {
      const { code, stderr } = await Command.run(
        ["--http", "127.0.0.1:0"],
        environment({ REDIS_URL: "secret-redis:6379" })
      )
      assert.strictEqual(code, 2)
      assert.match(stderr, /REDIS_URL must be a URL such as redis:/u)
      assert.notInclude(stderr, "secret-redis")
    })
  }
)
