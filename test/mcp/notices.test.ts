/** What the server says on stderr: text of others neither forges a line nor hides anything, and nobody can flood it. */
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type AddressInfo, createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, assert, beforeAll, beforeEach, describe, it } from "vitest"
import * as Command from "../support/command.ts"
import { channel, environment, raw } from "../support/host.ts"
import { escaped, quoted } from "../../packages/mcp/src/tools/Plain.ts"
import { type Served, start } from "../support/served.ts"

/** A line of the audit, if it were one; then what terminals and viewers obey or hide. */
const forged = "x\r\ntime=2026-11-24T00:00:00.000Z audit=set_participant_status result=accepted"
const hidden = "\u001b[2J\u0000\u007f\u0080\u009b\u2028\u2029\u202e\u200b\ufeff\u{e0041}"
const evil = `${forged}${hidden}`

/** The lines after the first, which says how writes are confirmed. */
const after = (stderr: string) => {
  const [first, ...rest] = stderr.trimEnd().split("\n")
  assert.match(first ?? "", /^flex-interactions-mcp: (?:listening on|serving over stdio)/u)
  return rest.filter((line) => !line.startsWith("flex-interactions-mcp: to try it, "))
}

/** Each of them is printable ASCII, begins as a notice does, and is no longer than it has to be. */
const assertNotices = (stderr: string, most: number) => {
  for (const line of after(stderr)) {
    assert.match(line, /^time=[\d:TZ.-]{24} level=\w+ message="[\x20-\x7e]*"(?: times=\d+)?$/u)
    assert.isBelow(line.length, most + 200)
  }
}

/** What is counted as `times` in the last notice with this in its message. */
const times = (stderr: string, part: RegExp) => {
  const last = stderr.split("\n").findLast((line) => part.test(line))
  return last === undefined ? 0 : Number(/ times=(\d+)$/u.exec(last)?.[1] ?? 1)
}

const modern = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {}
}

describe("over HTTP", () => {
  let server: Command.Listening
  beforeEach(async () => {
    server = await Command.listen(["--sandbox"])
  })
  afterEach(() => server.stop())

  const post = (body: object, headers: Record<string, string> = {}) =>
    fetch(server.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, ...body })
    })
  const version = { "MCP-Protocol-Version": "2026-07-28" }
  it("a method name with a line feed makes no line of its own, and is shown escaped", async () => {
    assert.strictEqual((await post({ method: evil, params: { _meta: modern } }, version)).status, 400)
    assert.strictEqual(
      (await post({ method: "tools/list", params: { _meta: modern } }, { ...version, "Mcp-Method": "\u009b2J" }))
        .status,
      400
    )
    await post({ method: evil.padEnd(100_000, "x"), params: { _meta: modern } }, version)
    const { stderr } = await server.stop()
    assertNotices(stderr, 300)
    assert.include(stderr, String.raw`names method x\r\ntime=2026-11-24`)
    assert.include(stderr, String.raw`\u009b2J`)
  })

  it("a thousand requests that are wrong in the same way make a few lines, and are counted", async () => {
    for (let n = 0; n < 1000; n += 50) {
      await Promise.all(Array.from({ length: 50 }, () => post({ method: "x", params: { _meta: modern } }, version)))
    }
    const { stderr } = await server.stop()
    assertNotices(stderr, 300)
    assert.strictEqual(times(stderr, /names method x/u), 1000)
    assert.isBelow(stderr.split("\n").length, 10)
  })

  it("nor do those that are wrong each in a way of its own", async () => {
    for (let n = 0; n < 1005; n += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, m) => post({ method: `m${n + m}`, params: { _meta: modern } }, version))
      )
    }
    const { stderr } = await server.stop()
    assertNotices(stderr, 300)
    assert.isBelow(stderr.split("\n").length, 20)
    assert.strictEqual(times(stderr, /other notices/u), 1050 - 10)
  })
})

describe("over stdio", () => {
  it("frames that are no messages make a few lines, and are counted to the end", async () => {
    const host = raw(["--sandbox"])
    await host.initialize("2025-11-25")
    for (let n = 0; n < 1234; n++) host.send('{"nonsense":1}\n')
    host.send({ id: evil, [evil]: {} })
    host.send({ method: evil.padEnd(100_000, "x"), params: evil })
    await host.request("ping", {})
    await host.end()
    const stderr = host.stderr()
    assertNotices(stderr, 300)
    assert.isBelow(stderr.split("\n").length, 12)
    assert.isAtLeast(times(stderr, /protocol: /u), 1234)
  })

  it("frames that are too long make a few lines, and are counted to the end", async () => {
    const host = raw(["--sandbox"])
    await host.initialize("2025-11-25")
    for (let n = 0; n < 25; n++) {
      host.send(`"${"x".repeat(5 * 1024 * 1024)}"\n`)
      await host.request("ping", {})
    }
    await host.end()
    assertNotices(host.stderr(), 300)
    assert.strictEqual(times(host.stderr(), /dropped a frame of over 4194304 bytes/u), 25)
    assert.isBelow(host.stderr().split("\n").length, 12)
  })
})

describe("what goes wrong inside", () => {
  let served: Served
  let folder: string
  beforeAll(async () => {
    served = await start()
    folder = mkdtempSync(join(tmpdir(), "notices-"))
  })
  afterAll(async () => {
    await served.close()
    rmSync(folder, { recursive: true })
  })

  /** The environment of a server into which this code is loaded first. */
  const loading = (code: string) => {
    const file = join(folder, "first.cjs")
    writeFileSync(file, `const evil = ${JSON.stringify(evil)}\n${code}`)
    return { ...environment(served.url), NODE_OPTIONS: `--require=${file}` }
  }

  it("a defect is one line, with what others wrote in it escaped", async () => {
    const host = raw([], loading(`require("node:http").request = () => { throw new Error(evil) }`))
    await host.initialize("2025-11-25")
    const listing = { name: "list_participants", arguments: channel(1) }
    await host.request("tools/call", listing)
    await host.request("tools/call", listing)
    await host.end()
    assertNotices(host.stderr(), 2000)
    assert.include(host.stderr(), String.raw`Error: x\r\ntime=2026-11-24`)
    assert.strictEqual(times(host.stderr(), /a tool failed unexpectedly/u), 2)
    assert.lengthOf(after(host.stderr()), 2)
  })

  it("a Redis that comes and goes is told of a few times, and counted", async () => {
    let connections = 0
    let enough = () => {}
    const coming = new Promise<void>((resolve) => (enough = resolve))
    const redis = createServer((socket) => {
      connections += 1
      if (connections > 12) enough()
      // Accepts what a client says at first, and hangs up.
      socket
        .on("error", () => {})
        .on("data", (chunk: Buffer) => {
          socket.write("+OK\r\n".repeat(chunk.toString().split("*").length - 1))
          setTimeout(() => socket.destroy(), 5)
        })
    }).listen(0, "127.0.0.1")
    await once(redis, "listening")
    const { port } = redis.address() as AddressInfo
    const host = raw(["--sandbox"], { REDIS_URL: `redis://127.0.0.1:${port}` })
    await host.initialize("2025-11-25")
    await coming
    await host.end()
    redis.close()
    assertNotices(host.stderr(), 2000)
    assert.isAtLeast(times(host.stderr(), /Redis is away/u), 10)
    assert.isBelow(after(host.stderr()).filter((line) => line.includes("Redis is away")).length, 4)
    assert.isBelow(after(host.stderr()).filter((line) => line.includes("Redis is there again")).length, 4)
  })

  it("what a library prints is a line each", async () => {
    const host = raw(
      [],
      loading(`process.once("SIGUSR2", () => { console.error(new Error(evil)); console.log(evil) })`)
    )
    await host.initialize("2025-11-25")
    host.child.kill("SIGUSR2")
    await host.until(() => (after(host.stderr()).length > 1 ? true : undefined))
    await host.end()
    assertNotices(host.stderr(), 2000)
    assert.lengthOf(after(host.stderr()), 2)
  })

  it("what ends the process is a line too, and its exit code is 1", async () => {
    const host = raw([], loading(`process.once("SIGUSR2", () => { throw new Error(evil) })`))
    await host.initialize("2025-11-25")
    host.child.kill("SIGUSR2")
    assert.deepStrictEqual(await host.closed, [1, null])
    assertNotices(host.stderr(), 2000)
    assert.match(host.stderr(), /level=fatal/u)
  })

  it("doctor quotes what the server says that it starts, escaped", async () => {
    const { stdout } = await Command.run(
      ["doctor"],
      loading(`if (process.argv.includes("--http=off")) { process.stderr.write(evil); process.exit(3) }`)
    )
    assert.match(stdout, /^[\x20-\x7e\n]*$/u)
    assert.notMatch(stdout, /^time=/mu)
    assert.include(stdout, String.raw`exit 3; x\r\ntime=2026-11-24`)
  })
})

describe("text of others in a log", () => {
  it("can be read back, unless it was cut", () => {
    for (const text of [evil, '"\\', "plain", "\t\n\r", "\u{1f600}"]) {
      assert.match(quoted(text), /^"[\x20-\x7e]*"$/u)
      assert.strictEqual(JSON.parse(quoted(text)), text)
    }
  })

  it("is cut where it gets long, with its escapes whole", () => {
    for (let most = 1; most < 30; most++) {
      const cut = quoted(`"\\\u202e\n`.repeat(10), most)
      assert.isAtMost(cut.length, most + 5)
      assert.match(JSON.parse(cut), /\.\.\.$/u)
      assert.isAtMost(escaped("\u202e".repeat(10), most).length, most + 3)
    }
  })
})
