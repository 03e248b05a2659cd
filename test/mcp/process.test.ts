/** Life as a child process: it speaks the protocol and nothing else, survives what is thrown at it, and ends with its host. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, readdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, assert, beforeEach, describe, it } from "vitest"
import { type Served, start } from "../support/served.ts"
import { channel, environment, main, type Raw, raw, read, write } from "../support/host.ts"

const listing = { name: "list_participants", arguments: channel(1) }

/** Twilio, silent: the request arrives, and no answer ever comes. */
const silent = (served: Served) => {
  let arrived = () => {}
  const arrival = new Promise<void>((resolve) => (arrived = resolve))
  served.answerWith(() => {
    arrived()
    return new Promise<Response>(() => {})
  })
  return arrival
}

describe("the end", () => {
  let served: Served
  beforeEach(async () => {
    served = await start()
  })
  afterEach(() => served.close())

  /** A server with a call that Twilio will never answer. */
  const busy = async () => {
    const arrival = silent(served)
    const host = raw([], environment(served.url))
    await host.initialize("2025-11-25")
    host.send({ id: host.nextId(), method: "tools/call", params: listing })
    await arrival
    return host
  }

  /** "Within a second" is a bound on waiting for the exit, generous for a machine under load. */
  const ends = async (host: Raw) => {
    const timer = AbortSignal.timeout(5_000)
    return Promise.race([
      host.closed,
      once(timer, "abort").then(() => {
        host.child.kill("SIGKILL")
        throw new Error(`still there: ${host.stderr()}`)
      })
    ])
  }

  it("of stdin ends it with 0, with a call in flight", async () => {
    const host = await busy()
    host.child.stdin.end()
    assert.deepStrictEqual(await ends(host), [0, null])
  })

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    it(`by ${signal}, with a call in flight`, async () => {
      const host = await busy()
      host.child.kill(signal)
      const [code] = await ends(host)
      assert.strictEqual(code, 0)
    })
  }

  it("of stdout (EPIPE) ends it, with a call in flight", async () => {
    const host = await busy()
    host.child.stdout.destroy()
    host.send({ id: 99, method: "ping" })
    const [code] = await ends(host)
    assert.strictEqual(code, 0)
  })

  it("of stderr does not: a host that stops reading the log still has a server", async () => {
    const host = raw([], environment(served.url))
    await host.initialize("2025-11-25")
    host.child.stderr.destroy()
    for (const n of [2, 3]) {
      const { result } = await host.request("tools/call", {
        name: "set_participant_status",
        arguments: write(3, n, "wrapup")
      })
      assert.strictEqual(read(result).data?.["result"], "accepted")
    }
    assert.deepStrictEqual(await host.end(), [0, null])
  })

  it("of its parent, killed, ends it, with a call in flight: no orphan", async () => {
    const arrival = silent(served)
    const opening = [
      {
        id: 1,
        method: "initialize",
        params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "parent", version: "1" } }
      },
      { id: 2, method: "tools/call", params: listing }
    ]
    const program = `
      const child = require("node:child_process").spawn(process.execPath, [${JSON.stringify(main)}], { stdio: ["pipe", "pipe", "inherit"] })
      child.stdin.write(${JSON.stringify(opening.map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join(""))})
      process.stdout.write(String(child.pid))
      setInterval(() => {}, 1000)`
    const parent = spawn(process.execPath, ["-e", program], {
      env: { PATH: process.env["PATH"], ...environment(served.url) },
      stdio: ["ignore", "pipe", "pipe"]
    })
    const [pid] = (await once(parent.stdout, "data")) as [Buffer]
    await arrival
    const child = Number(pid.toString())
    assert.isTrue(isAlive(child))
    parent.kill("SIGKILL")
    // The server inherited the parent's stderr: it closes when the last of the two is gone.
    await once(parent, "close")
    while (isAlive(child)) await new Promise((resolve) => setTimeout(resolve, 10))
  })

  for (const end of ["stdin", "SIGTERM"] as const) {
    it(`of ${end} ends it, with answers waiting that the host never reads`, async () => {
      let arrived = 0
      let allArrived = () => {}
      const arrival = new Promise<void>((resolve) => (allArrived = resolve))
      served.answerWith((request) => {
        if (++arrived === 100) allArrived()
        return served.sandbox.fetch(request)
      })
      const host = raw([], { ...environment(served.url), FLEX_API_RATE_LIMIT: "off" })
      await host.initialize("2025-11-25")
      host.child.stdout.pause()
      // Two megabytes of answers: more than fits between the two processes.
      for (let id = 1000; id < 1100; id++) {
        const args = { ...channel(3), limit: 120 }
        host.send({ id, method: "tools/call", params: { name: "list_participants", arguments: args } })
      }
      await arrival
      const exit = once(host.child, "exit")
      if (end === "stdin") host.child.stdin.end()
      else host.child.kill(end)
      assert.deepStrictEqual(await exit, [0, null])
      assert.isBelow(host.messages.length, 100)
      host.child.stdout.destroy()
    })
  }
})

/** A process that has ended, and that nobody has collected yet, is a zombie (Z) and not alive. */
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return process.platform !== "linux" || !/\) Z /u.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

describe("stdout", () => {
  it("carries the protocol and nothing else, also while what few runs need is loaded and set up", async () => {
    const folder = mkdtempSync(join(tmpdir(), "flex-interactions-"))
    const noise = join(folder, "noise.cjs")
    writeFileSync(
      noise,
      `const { Socket } = require("node:net")
      const { connect } = Socket.prototype
      Socket.prototype.connect = function (...args) { console.log("NOISE"); return connect.apply(this, args) }`
    )
    const host = raw(["--sandbox"], { NODE_OPTIONS: `--require=${noise}`, REDIS_URL: "redis://127.0.0.1:1" })
    await host.until(() => (/NOISE|Redis is away/u.test(host.stderr()) ? true : undefined))
    await host.initialize("2025-11-25")
    await host.end()
    assert.include(host.stderr(), "NOISE")
    assert.strictEqual(host.stdout().toString(), host.messages.map((one) => `${JSON.stringify(one)}\n`).join(""))
    assert.lengthOf(host.messages, 1)
    assert.notInclude(host.stdout().toString(), "NOISE")
  })

  it("carries the protocol and nothing else, whatever is printed in the process", async () => {
    const folder = mkdtempSync(join(tmpdir(), "flex-interactions-"))
    const noise = join(folder, "noise.mjs")
    writeFileSync(
      noise,
      `process.once("SIGUSR2", () => setInterval(() => {
        console.log("NOISE log"); console.info("NOISE info"); console.debug("NOISE debug"); console.dir({ NOISE: 1 })
        console.table([["NOISE"]]); process.stdout.write("NOISE write\\n")
      }, 5).unref())`
    )
    const host = raw(["--sandbox"], { NODE_OPTIONS: `--import=${noise}` })
    await host.initialize("2025-11-25")
    host.child.kill("SIGUSR2")
    await host.until(() => (host.stderr().includes("NOISE write") ? true : undefined))
    await host.request("tools/call", { name: "set_participant_status", arguments: write(1, 2, "wrapup") })
    await host.request("tools/call", { name: "list_participants", arguments: { ...channel(1), limit: 0 } })
    await host.end()
    for (const kind of ["log", "info", "debug", "write"]) assert.include(host.stderr(), `NOISE ${kind}`)
    const expected = host.messages.map((message) => `${JSON.stringify(message)}\n`).join("")
    assert.strictEqual(host.stdout().toString(), expected)
    assert.lengthOf(host.messages, 3)
    assert.notInclude(expected, "NOISE")
  })
})

describe("frames", () => {
  let host: Raw
  beforeEach(() => {
    host = raw(["--sandbox"])
  })
  afterEach(() => host.end())

  /** It is alive if it still answers, and answers right. */
  const alive = async () => {
    const { result } = await host.request("tools/call", listing)
    assert.isFalse(read(result).isError, read(result).text)
    assert.lengthOf(read(result).data?.["participants"] as ReadonlyArray<unknown>, 2)
  }

  const nested = (depth: number) => `${"[".repeat(depth)}${"]".repeat(depth)}`
  const call = (id: number, args: string) =>
    `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"list_participants","arguments":${args}}}\n`

  for (const [what, frame] of [
    ["no JSON", "hello\n"],
    ["half a JSON", '{"jsonrpc":"2.0","id":1,\n'],
    ["an empty line", "\n\r\n  \n"],
    ["null", "null\n"],
    ["a number", "42\n"],
    ["a string", '"tools/call"\n'],
    ["an empty object", "{}\n"],
    ["another version of JSON-RPC", '{"jsonrpc":"1.0","id":1,"method":"ping"}\n'],
    ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"ping"}\n'],
    ["a method that is a number", '{"jsonrpc":"2.0","id":5,"method":7}\n'],
    ["params that are text", '{"jsonrpc":"2.0","id":900,"method":"tools/call","params":"list_participants"}\n'],
    ["a batch", '[{"jsonrpc":"2.0","id":901,"method":"ping"},{"jsonrpc":"2.0","id":902,"method":"ping"}]\n'],
    ["an answer to no question", '{"jsonrpc":"2.0","id":903,"result":{}}\n'],
    ["an error for no question", '{"jsonrpc":"2.0","id":904,"error":{"code":1,"message":"x"}}\n'],
    ["a cancellation of nothing", '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":905}}\n'],
    [
      "progress on nothing",
      '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":9,"progress":1}}\n'
    ],
    ["arguments that are a list", call(906, "[]")],
    ["arguments nested 100,000 deep", call(907, nested(100_000))],
    ["an argument nested 100,000 deep", call(908, `{"interaction_sid":${nested(100_000)}}`)],
    ["a frame nested 1,000,000 deep", `${nested(1_000_000)}\n`],
    ["__proto__ in the frame", '{"jsonrpc":"2.0","id":909,"method":"ping","__proto__":{"polluted":true}}\n'],
    ["__proto__ in the arguments", call(910, '{"__proto__":{"interaction_sid":"KD"},"constructor":{"prototype":{}}}')],
    [
      "a tool named __proto__",
      '{"jsonrpc":"2.0","id":911,"method":"tools/call","params":{"name":"__proto__","arguments":{}}}\n'
    ],
    ["a tool named constructor", '{"jsonrpc":"2.0","id":912,"method":"tools/call","params":{"name":"constructor"}}\n'],
    ["an argument name of 1 MB", call(913, `{"${"x".repeat(1_000_000)}":1}`)],
    ["bytes that are not UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0xc0, 0x80, 0x7d, 0x0a])],
    [
      "bytes that are not UTF-8 inside a call",
      Buffer.concat([
        Buffer.from('{"jsonrpc":"2.0","id":914,"method":"\xff\xfe","x":"'),
        Buffer.from([0xff, 0x22, 0x7d, 0x0a])
      ])
    ],
    ["a NUL", "\u0000\n"],
    ["a frame of 5 MB", `${call(915, `{"x":"${"y".repeat(5_000_000)}"}`)}`],
    ["a frame of 30 MB", `{"jsonrpc":"2.0","id":916,"method":"${"z".repeat(30_000_000)}"}\n`],
    ["10 MB without a line feed, and then one", `${" ".repeat(11_000_000)}\n`]
  ] as const) {
    it(`${what}: leaves it alive`, async () => {
      await host.initialize("2025-11-25")
      host.send(frame)
      await alive()
      assert.isTrue(host.messages.every(({ method }) => method !== "not the protocol"))
      // Whatever is answered is short: nothing of what was sent is echoed at length.
      assert.isBelow(host.stdout().length, 4_000)
      assert.isBelow(host.stderr().length, 4_000)
    })
  }

  it("hostile frames before the first good one leave it alive", async () => {
    host.send("hello\n")
    host.send(`[]\n${" ".repeat(11_000_000)}\n`)
    const { result } = await host.initialize("2025-11-25")
    assert.strictEqual(result?.["protocolVersion"], "2025-11-25")
    await alive()
  })

  it("byte by byte, inside characters too", async () => {
    const frame = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "höst 🙂", version: "1" } }
    })
    for (const byte of Buffer.from(`${frame}\r\n`)) {
      host.send(Buffer.from([byte]))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const { result } = await host.until(() => host.messages.find(({ id }) => id === 1))
    assert.strictEqual(result?.["protocolVersion"], "2025-11-25")
  })

  it("many in one piece", async () => {
    await host.initialize("2025-11-25")
    const ids = Array.from({ length: 50 }, (_, n) => 1000 + n)
    host.send(ids.map((id) => call(id, JSON.stringify(channel(1)))).join(""))
    for (const id of ids) {
      const { result } = await host.until(() => host.messages.find((message) => message.id === id))
      assert.isFalse(read(result).isError)
    }
  })

  it("a tool call before initialize writes nothing", async () => {
    const early = await host.request("tools/call", {
      name: "set_participant_status",
      arguments: write(1, 2, "closed")
    })
    assert.strictEqual(
      read(early.result).text,
      "The connection is not open yet. Nothing was changed. The host must send initialize before the first call."
    )
    await host.initialize("2025-11-25")
    await alive()
  })

  it("nor does one that initialize follows at once", async () => {
    const params = { name: "set_participant_status", arguments: write(1, 2, "closed") }
    host.send(`${JSON.stringify({ jsonrpc: "2.0", id: 1001, method: "tools/call", params })}\n`)
    // Answered while what the call needs is still being loaded.
    await host.request("ping", {})
    await host.initialize("2025-11-25")
    const { result } = await host.until(() => host.messages.find(({ id }) => id === 1001))
    assert.match(read(result).text, /^The connection is not open yet\. Nothing was changed\./u)
  })
})

describe("what is loaded after the start", () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "loaded-"))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  it("its files gone meanwhile, a call is told in fixed words, and the log why", async () => {
    writeFileSync(join(folder, "package.json"), `{ "type": "module" }`)
    for (const file of readdirSync(dirname(main)).filter((file) => /^main(?!-Calls\.cjs)/u.test(file))) {
      copyFileSync(join(dirname(main), file), join(folder, file))
    }
    const host = raw([], environment("http://127.0.0.1:9"), join(folder, "main.cjs"))
    await host.initialize("2025-11-25")
    for (const _ of [1, 2]) {
      const answer = read((await host.request("tools/call", listing)).result)
      assert.isTrue(answer.isError)
      assert.strictEqual(
        answer.text,
        "This server could not load all of itself; its log says why. Nothing was changed. Tell the operator to restart it."
      )
    }
    assert.match(host.stderr(), /what calls need could not be loaded.*main-Calls\.cjs/su)
    assert.deepStrictEqual(await host.end(), [0, null])
  })
})
