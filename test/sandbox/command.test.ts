/** The command that was built, started as a person starts it. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type IncomingMessage, request } from "node:http"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { afterAll, afterEach, assert, beforeAll, describe, it } from "vitest"
import { account, basic, list, modify, path, sid } from "../support/requests.ts"

const main = fileURLToPath(new URL("../../packages/sandbox/dist/main.js", import.meta.url))

const started = new Set<ChildProcess>()
afterEach(async () => {
  for (const child of started) {
    if (child.exitCode === null && child.kill()) await once(child, "exit")
  }
  started.clear()
})

const run = (args: ReadonlyArray<string>) => {
  const child = spawn("node", [main, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  started.add(child)
  return child
}

/** What it prints when it is ready: the URL, the settings of a client, the channels. */
const start = async (...args: ReadonlyArray<string>) => {
  const child = run(["--port", "0", ...args])
  const log = createInterface(child.stderr)[Symbol.asyncIterator]()
  const [chunk] = (await once(child.stdout, "data")) as [Buffer]
  const lines = chunk.toString().trimEnd().split("\n")
  const setting = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? ""
  return { url: lines[0] ?? "", lines, setting, logged: async () => String((await log.next()).value) }
}

const fails = async (...args: ReadonlyArray<string>) => {
  const child = run(args)
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")])
  assert.deepStrictEqual([code, stdout], [2, ""])
  return stderr
}

describe("the command", () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "sandbox-"))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const file = (content: unknown) => {
    const path = join(folder, "seed.json")
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content))
    return path
  }

  it("prints its URL first, then credentials and SIDs that work", async () => {
    const { url, lines, setting } = await start()
    const [interaction, channel] = lines.find((line) => line.startsWith("KD"))?.split(" ") ?? []
    assert.strictEqual(setting("FLEX_API_BASE_URL"), url)
    for (const [user, password] of [
      ["TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"],
      ["TWILIO_API_KEY", "TWILIO_API_SECRET"]
    ] as const) {
      const response = await fetch(`${url}/v1/Interactions/${interaction}/Channels/${channel}/Participants`, {
        headers: basic(setting(user), setting(password))
      })
      assert.strictEqual(response.status, 200)
    }
  })

  it("writes a line a request to stderr, without a secret", async () => {
    const { url, logged } = await start()
    const secret = basic("", "").authorization
    for (const [request, line] of [
      [list(url, 1), /^\d\d:\d\d:\d\d {2}GET {3}200 {2}KD\w\w…\w{4}\/UO\w\w…\w{4} {2}listed 2 of 2 {2}[\d.]+ ms$/u],
      [modify(url, 1, 2, "wrapup"), /POST {2}200 {2}KD\w\w…\w{4}\/UO\w\w…\w{4}\/UT\w\w…\w{4} {2}active -> wrapup {2}/u],
      [modify(url, 1, 1, "wrapup"), /POST {2}422 {2}.*45008 Participant must be an agent/u],
      [list(url, 1, "", { "sandbox-fault": "html" }), /GET {3}502 {2}.*\(fault: html\)/u],
      [new Request(`${url}/%1b[31m`, { headers: { authorization: `${secret}x` } }), /GET {3}401 {2}\/%1b\[31m {2}/u]
    ] as const) {
      await (await fetch(request)).text()
      const written = await logged()
      assert.match(written, line)
      assert.notInclude(written, "Basic")
    }
  })

  it("takes interactions and settings from a file", async () => {
    const seed = file({
      settings: { nonAgent: 403 },
      interactions: [
        {
          sid: sid(8, "KD"),
          channels: [{ sid: sid(8, "UO"), participants: [{ sid: sid(8, "UT"), type: "customer" }] }]
        }
      ]
    })
    const { url, lines } = await start("--seed", seed)
    assert.isTrue(lines.at(-1)?.startsWith(`${sid(8, "KD")} ${sid(8, "UO")}`))
    assert.strictEqual((await fetch(modify(url, 8, 0, "closed"))).status, 403)
  })

  for (const [what, content, problem] of [
    ["is not JSON", "{ interactions: [] }", /seed\.json: not JSON: /u],
    ["is YAML, in one line", "seed:\n- x", /seed\.json: not JSON: .*"seed: - x"/u],
    ["is empty", "", /seed\.json: not JSON: /u],
    [
      "has another shape",
      { interactions: [{ channels: [{ participants: [{ type: 1 }] }] }] },
      /seed\.json: interactions\[0\]\.channels\[0\]\.participants\[0\]\.type: /u
    ],
    [
      "has a SID twice",
      {
        interactions: [
          { sid: sid(8, "KD"), channels: [] },
          { sid: sid(8, "KD"), channels: [] }
        ]
      },
      /seed\.json: interactions\[1\]\.sid: KD.* is there already/u
    ]
  ] as const) {
    it(`says where a seed file ${what}`, async () => {
      assert.match(await fails("--seed", file(content)), problem)
    })
  }

  it("says that a seed file is not there", async () => {
    assert.match(await fails("--seed", join(folder, "nowhere.json")), /--seed .*nowhere\.json: ENOENT/u)
  })

  it("says that a port is taken, and the way out", async () => {
    const other = createServer().listen(0, "127.0.0.1")
    await once(other, "listening")
    const { port } = other.address() as AddressInfo
    assert.match(await fails("--port", `${port}`), new RegExp(`port ${port} is taken; port 0 picks a free one`, "u"))
    other.close()
  })

  it("takes longer where it is told to", async () => {
    const { url } = await start("--latency", "20ms")
    const { settings } = (await (await fetch(`${url}/_sandbox/state`)).json()) as {
      readonly settings: { readonly latency: number }
    }
    assert.strictEqual(settings.latency, 20)
    assert.strictEqual((await fetch(list(url, 1))).status, 200)
  })

  for (const [args, problem] of [
    [["--port", "x"], /--port: expected a number/u],
    [["--port", "65536"], /--port: expected a number/u],
    [["--latency", "20"], /--latency: expected a time such as 20ms/u],
    [["--sed", "x"], /--sed/u],
    [["extra"], /extra/u]
  ] as const) {
    it(`says what is wrong with ${args.join(" ")}`, async () => {
      assert.match(await fails(...args), problem)
    })
  }

  it("says what it can do", async () => {
    const child = run(["--help"])
    const [usage, [code]] = await Promise.all([text(child.stdout), once(child, "exit")])
    assert.strictEqual(code, 0)
    for (const flag of ["--port", "--seed", "--latency", "--help"]) assert.include(usage, flag)
  })

  it("serves its page, and tells it of each change", async () => {
    const { url } = await start()
    const page = await fetch(url)
    assert.match(await page.text(), /^<!doctype html>/u)
    const { body } = await fetch(`${url}/_sandbox/events`)
    const reader = body?.getReader()
    const next = async () => new TextDecoder().decode((await reader?.read())?.value)
    assert.strictEqual(await next(), "data: changed\n\n")
    assert.strictEqual((await fetch(list(url, 1))).status, 200)
    assert.strictEqual(await next(), "data: changed\n\n")
    await reader?.cancel()
  })

  it("answers a thousand lists at once", async () => {
    const { url } = await start()
    const answers = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const response = await fetch(list(url, 3, "?PageSize=120"))
        return `${response.status} ${((await response.json()) as { readonly participants: ReadonlyArray<unknown> }).participants.length}`
      })
    )
    assert.deepStrictEqual([...new Set(answers)], ["200 120"])
  })

  it("resolves dots in a path that no client has resolved", async () => {
    const { url } = await start()
    const status = async (path: string) => {
      const sent = request(url, { path, headers: account }).end()
      const [response] = (await once(sent, "response")) as [IncomingMessage]
      response.resume()
      return response.statusCode
    }
    assert.strictEqual(await status(path(1)), 200)
    assert.strictEqual(await status(path(1).replace("/Channels/", "/x/../Channels/")), 200)
    assert.strictEqual(await status(path(1).replace(sid(1, "UO"), "..")), 404)
    assert.strictEqual(await status(path(1).replace(sid(1, "UO"), "..%2f..")), 400)
    assert.strictEqual(await status(`${path(1)}\\..\\..`), 400)
  })
})
