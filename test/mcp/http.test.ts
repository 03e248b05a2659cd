/** The built server over HTTP, judged by the official client in both eras; and what it does with those it should not serve. */
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:http"
import { type AddressInfo, connect as connectTcp } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { channel, connectTo, environment as environmentOf, namesOf, sid, toolNames } from "../support/host.ts"
import { start as startSandbox, type Served } from "../support/served.ts"
import * as Command from "../support/command.ts"

const token = "0123456789abcdef0123456789abcdef"
const eras = ["legacy", { pin: "2026-07-28" }] as const

const connect = (url: string, mode: (typeof eras)[number], token?: string) => connectTo(url, { mode, token })

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } }
})
const post = (url: string, headers: Record<string, string> = {}, body: string | ReadableStream = initialize) =>
  fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", ...headers },
    body,
    ...(typeof body === "string" ? {} : { duplex: "half" })
  })

describe("on loopback, without authentication", () => {
  let server: Command.Listening
  beforeAll(async () => {
    server = await Command.listen(["--sandbox", "--confirm", "never"])
  })
  afterAll(async () => {
    assert.strictEqual((await server.stop()).code, 0)
  })

  for (const mode of eras) {
    it(`the main job, ${typeof mode === "string" ? "in the 2025 era" : mode.pin}`, async () => {
      const client = await connect(server.url, mode)
      assert.deepStrictEqual(await namesOf(client), toolNames)
      const listed = await client.callTool({ name: "list_participants", arguments: { ...channel(2), type: "agent" } })
      const rows = (listed.structuredContent as { participants: ReadonlyArray<{ participant_sid: string }> })
        .participants
      assert.lengthOf(rows, 2)
      const done = await client.callTool({
        name: "set_participant_status",
        arguments: { ...channel(2), participant_sid: rows[eras.indexOf(mode)]?.participant_sid, status: "wrapup" }
      })
      assert.strictEqual((done.structuredContent as { result: string }).result, "confirmed")
      await client.close()
    })
  }

  it("says that it is alive and ready", async () => {
    for (const [path, status] of [
      ["/healthz", "alive"],
      ["/readyz", "ready"]
    ] as const) {
      const response = await fetch(new URL(path, server.url))
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(await response.json(), { status })
    }
  })

  it("answers under its own names only: another Host or Origin is refused", async () => {
    assert.strictEqual((await post(server.url)).status, 200)
    assert.strictEqual((await post(server.url, { Origin: "http://localhost:6274" })).status, 200)
    assert.strictEqual((await post(server.url, { Origin: "https://evil.example" })).status, 403)
    assert.strictEqual((await post(server.url, { Origin: "null" })).status, 403)
    assert.match(
      await raw(server.url, "POST /mcp HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\n\r\n{}"),
      /^HTTP\/1.1 403/u
    )
  })

  it("keeps an idle connection for longer than the 60 seconds of the usual load balancers", async () => {
    assert.strictEqual((await fetch(new URL("/healthz", server.url))).headers.get("Keep-Alive"), "timeout=65")
  })

  it("another path is not found, GET and DELETE are not allowed", async () => {
    assert.strictEqual((await post(new URL("/other", server.url).href)).status, 404)
    for (const method of ["GET", "DELETE"]) {
      assert.strictEqual((await fetch(server.url, { method, headers: { Accept: "text/event-stream" } })).status, 405)
    }
  })

  it("a body of 100 MB is refused before it is read, declared or not, and the server lives", async () => {
    const length = 100 * 1024 * 1024
    const head = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n`
    assert.match(await raw(server.url, `${head}Content-Length: ${length}\r\n\r\n{`), /^HTTP\/1.1 413/u)

    let sent = 0
    const chunk = new TextEncoder().encode(`"${"x".repeat(65_534)}`)
    const endless = new ReadableStream({
      pull: (controller) => {
        if (sent > length) return controller.close()
        sent += chunk.length
        controller.enqueue(chunk)
      }
    })
    const status = await post(server.url, {}, endless).then(
      (response) => response.status,
      () => "closed"
    )
    assert.include([413, "closed"], status)
    assert.isBelow(sent, length)
    assert.strictEqual((await post(server.url)).status, 200)
  })

  it("what is not JSON, and what is not JSON-RPC, is refused", async () => {
    assert.strictEqual((await post(server.url, {}, "{")).status, 400)
    assert.strictEqual((await post(server.url, {}, '{"hello":1}')).status, 400)
    assert.strictEqual((await post(server.url, { "Content-Type": "text/plain" })).status, 415)
  })

  it("answers under its own names only, however a request says which one it means", async () => {
    const status = async (target: string, headers: string) =>
      /^HTTP\/1.1 (\d+)/u.exec(await raw(server.url, `GET ${target} HTTP/1.1\r\n${headers}\r\n`))?.[1]
    const own = "Host: localhost\r\n"
    // 405: it came as far as the method.
    for (const [target, headers, expected] of [
      ["/mcp", own, "405"],
      ["/mcp", "Host: LOCALHOST:1\r\n", "405"],
      ["/mcp", "Host: [::1]:1\r\n", "405"],
      ["http://localhost/mcp", own, "405"],
      ["http://evil.example/mcp", own, "400"],
      ["http://localhost/mcp", "Host: evil.example\r\n", "400"],
      ["http://localhost@evil.example/mcp", own, "400"],
      ["http://evil.example/mcp", "Host: evil.example\r\n", "403"],
      ["/mcp", "Host: localhost.evil.example\r\n", "403"],
      ["/mcp", "Host: localhost.\r\n", "403"],
      ["/mcp", "Host: 127.0.0.2\r\n", "403"],
      ["/mcp", "Host: 0.0.0.0\r\n", "403"],
      ["/mcp", `${own}Host: evil.example\r\n`, "403"],
      ["/mcp", `Host: evil.example\r\n${own}`, "403"],
      ["/mcp", "Host: evil.example@localhost\r\n", "400"],
      ["/mcp", "Host: localhost/evil.example\r\n", "400"],
      ["/mcp", "Host: \r\n", "400"],
      ["/mcp", "", "400"],
      ["/mcp", `${own}Origin: http://localhost:6274\r\n`, "405"],
      ["/mcp", `${own}Origin: http://localhost.evil.example\r\n`, "403"],
      ["/mcp", `${own}Origin: http://localhost@evil.example\r\n`, "403"],
      ["/mcp", `${own}Origin: null\r\n`, "403"],
      ["/mcp", `${own}Origin: http://localhost\r\nOrigin: https://evil.example\r\n`, "403"]
    ] as const) {
      assert.strictEqual(await status(target, headers), expected, `${target} ${headers}`)
    }
  })

  it("a request whose end is in doubt is refused, and its connection ends", async () => {
    const { hostname, port } = new URL(server.url)
    for (const rest of [
      "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
      "Content-Length: -1\r\n\r\n",
      "Content-Length: 99999999999999999999\r\n\r\n",
      "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
      "Content-Length : 2\r\n\r\n{}",
      `X: ${"x".repeat(20_000)}\r\n\r\n`
    ]) {
      const socket = connectTcp(Number(port), hostname)
      let reply = ""
      socket.on("data", (chunk: Buffer) => (reply += chunk.toString()))
      // It may end with a reset: what follows the bad part is not read.
      socket.on("error", () => {})
      const closed = new Promise((resolve) => socket.once("close", resolve))
      socket.write(`POST /mcp HTTP/1.1\r\nHost: localhost\r\n${rest}GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n`)
      await closed
      assert.match(reply, /^HTTP\/1.1 4\d\d /u)
      assert.lengthOf(reply.match(/HTTP\/1.1/gu) ?? [], 1, rest)
      assert.notInclude(reply, "alive")
    }
  })

  // The first waits for the server's limits of 10 and 15 seconds, and the others have that time.
  it.concurrent("a client that sends nothing, or its request too slowly, is hung up on", async () => {
    const { hostname, port } = new URL(server.url)
    const head = "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    await Promise.all(
      [
        ["", ""],
        [head, "X: y\r\n"],
        [`${head}Accept: application/json, text/event-stream\r\nContent-Length: 1000\r\n\r\n`, " "]
      ].map(async ([first = "", more = ""]) => {
        const socket = connectTcp(Number(port), hostname)
        socket.on("error", () => {}).resume()
        const closed = new Promise((resolve) => socket.once("close", resolve))
        socket.write(first)
        const slowly = setInterval(() => socket.write(more), 500)
        await closed
        clearInterval(slowly)
      })
    )
    assert.strictEqual((await post(server.url)).status, 200)
  }, 60_000)

  it.concurrent("arguments of any depth and any names are answered like others that are wrong", async () => {
    const call = (args: string) =>
      post(
        server.url,
        {},
        `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_participants","arguments":${args}}}`
      )
    for (const args of [
      `${'{"a":'.repeat(40_000)}1${"}".repeat(40_000)}`,
      `{"a":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      '{"__proto__":{"interaction_sid":"x"},"constructor":{"prototype":{}}}',
      `{${Array.from({ length: 15_000 }, (_, n) => `"a${n}":1`).join()}}`,
      `{"${"x".repeat(200_000)}":1}`
    ]) {
      const response = await call(args)
      const answer = await response.text()
      assert.strictEqual(response.status, 200)
      assert.include(answer, "The call is not valid")
      assert.isBelow(answer.length, 2000)
    }
    assert.strictEqual((await post(server.url)).status, 200)
  })

  it.concurrent("a client that never reads holds up nobody", async () => {
    const { hostname, port } = new URL(server.url)
    const deaf = Array.from({ length: 20 }, () => {
      const socket = connectTcp(Number(port), hostname)
      socket.on("error", () => {}).pause()
      const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: {} })
      const request = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      socket.write(request.repeat(200))
      return socket
    })
    const client = await connect(server.url, "legacy")
    assert.deepStrictEqual(await namesOf(client), toolNames)
    await client.close()
    for (const socket of deaf) socket.destroy()
  })
})

/** Sends these bytes and resolves with what comes back first. */
const raw = async (url: string, request: string): Promise<string> => {
  const { hostname, port } = new URL(url)
  const socket = connectTcp(Number(port), hostname)
  socket.write(request)
  const [chunk] = (await once(socket, "data")) as [Buffer]
  socket.destroy()
  return chunk.toString()
}

describe("by default, which refuses what nobody was asked about", () => {
  let server: Command.Listening
  beforeAll(async () => {
    server = await Command.listen(["--sandbox"])
  })
  afterAll(() => server.stop())

  it("says so when it starts", () => {
    assert.match(server.stderr(), /listening on \S+, .*; .*writes are refused \(--confirm always\)\n/u)
  })

  for (const mode of eras) {
    it(`a write of a host that cannot be asked is refused, and the setting is named (${JSON.stringify(mode)})`, async () => {
      const client = await connect(server.url, mode)
      const { content, isError } = await client.callTool({
        name: "set_participant_status",
        arguments: { ...channel(1), participant_sid: sid(1, "UT", 2), status: "wrapup" }
      })
      await client.close()
      assert.isTrue(isError)
      assert.match(
        content[0]?.type === "text" ? content[0].text : "",
        /cannot be asked.*Nothing was changed.*--confirm when-possible.*--confirm never/u
      )
    })
  }

  it("with --confirm when-possible it is sent", async () => {
    const lenient = await Command.listen(["--sandbox", "--confirm", "when-possible"])
    const client = await connect(lenient.url, "legacy")
    const { structuredContent } = await client.callTool({
      name: "set_participant_status",
      arguments: { ...channel(1), participant_sid: sid(1, "UT", 2), status: "wrapup" }
    })
    await client.close()
    assert.strictEqual((structuredContent as { result: string }).result, "confirmed")
    assert.match((await lenient.stop()).stderr, /; .*sent unasked \(--confirm when-possible\)\n/u)
  })
})

describe("asking a person before a write", () => {
  const agent = { ...channel(1), participant_sid: sid(1, "UT", 2), status: "wrapup" }
  let server: Command.Listening
  beforeAll(async () => {
    server = await Command.listen(["--sandbox", "--confirm", "always"])
  })
  afterAll(() => server.stop())

  const write = async (mode: (typeof eras)[number], action: "accept" | "decline") => {
    const questions: Array<string> = []
    const client = await connectTo(server.url, {
      mode,
      answer: (question) => {
        questions.push(question)
        return action
      }
    })
    const { content, isError = false } = await client.callTool({ name: "set_participant_status", arguments: agent })
    await client.close()
    return { questions, isError, text: content[0]?.type === "text" ? content[0].text : "" }
  }

  it("in the 2025 era nobody can be asked without a session, and the write is refused", async () => {
    const { isError, questions, text } = await write("legacy", "accept")
    assert.isTrue(isError)
    assert.lengthOf(questions, 0)
    assert.match(text, /this host cannot be asked.*Nothing was changed/u)
  })

  it("in 2026-07-28 the host asks and calls again: a decline changes nothing, an accept is sent", async () => {
    const declined = await write({ pin: "2026-07-28" }, "decline")
    assert.isTrue(declined.isError)
    assert.match(declined.text, /declined.*Nothing was changed/u)
    const accepted = await write({ pin: "2026-07-28" }, "accept")
    assert.match(accepted.questions.join(), /Move this agent to wrapup/u)
    assert.match(accepted.text, /"result":"confirmed"/u)
  })
})

describe("with a bearer token", () => {
  let folder: string
  let server: Command.Listening
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "flex-mcp-"))
    await writeFile(join(folder, "token"), `${token}\n`)
    server = await Command.listen(["--sandbox", "--token-file", join(folder, "token")])
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  it("serves who has it, in both eras", async () => {
    for (const mode of eras) {
      const client = await connect(server.url, mode, token)
      assert.deepStrictEqual(await namesOf(client), toolNames)
      await client.close()
    }
  })

  for (const [what, headers] of [
    ["none", {}],
    ["another", { Authorization: `Bearer ${token.replace("0", "1")}` }],
    ["its beginning", { Authorization: `Bearer ${token.slice(0, -1)}` }],
    ["an empty one", { Authorization: "Bearer " }],
    ["it in another scheme", { Authorization: `Basic ${token}` }]
  ] as const) {
    it(`refuses ${what} with a challenge`, async () => {
      const response = await post(server.url, headers)
      assert.strictEqual(response.status, 401)
      assert.match(response.headers.get("WWW-Authenticate") ?? "", /^Bearer /u)
      assert.notInclude(await response.text(), token.slice(0, -1))
    })
  }

  it("health and readiness need none", async () => {
    assert.strictEqual((await fetch(new URL("/healthz", server.url))).status, 200)
    assert.strictEqual((await fetch(new URL("/readyz", server.url))).status, 200)
  })

  it("says nothing of it on stderr", () => {
    assert.include(server.stderr(), "for holders of the bearer token")
    assert.notInclude(server.stderr(), token)
  })
})

describe("what cannot be served", () => {
  for (const [what, args, env, says] of [
    [
      "beyond loopback without authentication",
      ["--http", "0.0.0.0:0", "--sandbox"],
      {},
      /other machines can reach.*FLEX_MCP_TOKEN/u
    ],
    [
      "beyond loopback under no name",
      ["--http", "0.0.0.0:0", "--sandbox"],
      { FLEX_MCP_TOKEN: token },
      /--url \(FLEX_MCP_URL\) is not set/u
    ],
    ["an address that is none", ["--http", "local host", "--sandbox"], {}, /--http .* must be HOST:PORT/u],
    ["a port that is none", ["--http", "127.0.0.1:99999", "--sandbox"], {}, /--http .* must be HOST:PORT/u],
    [
      "an address of another machine",
      ["--http", "192.0.2.1:1", "--sandbox"],
      { FLEX_MCP_TOKEN: token },
      /not an address of this machine/u
    ],
    [
      "a token that can be guessed",
      ["--http", "--sandbox"],
      { FLEX_MCP_TOKEN: "secret" },
      /at least 32 characters.*openssl/u
    ],
    [
      "a token file that is not there",
      ["--http", "--sandbox", "--token-file", "/nowhere/token"],
      {},
      /--token-file .*cannot be read \(NotFound\)/u
    ],
    [
      "a token file that is a folder",
      ["--http", "--sandbox", "--token-file", "/tmp"],
      {},
      /--token-file .*cannot be read \(BadResource\)/u
    ],
    ["a token and a file", ["--http", "--sandbox", "--token-file", "/tmp"], { FLEX_MCP_TOKEN: token }, /choose one/u],
    [
      "keys without an issuer",
      ["--http", "--sandbox", "--jwks-url", "https://issuer.example/keys"],
      {},
      /--issuer .*is not set/u
    ],
    [
      "keys without an audience",
      ["--http", "--sandbox", "--jwks-url", "https://issuer.example/keys", "--issuer", "x"],
      {},
      /--audience .*is not set/u
    ],
    [
      "an audience without keys",
      ["--http", "--sandbox", "--audience", "x"],
      {},
      /--jwks-url .*is not set, but --audience/u
    ],
    [
      "keys over plain http",
      ["--http", "--sandbox", "--jwks-url", "http://issuer.example/keys", "--issuer", "x", "--audience", "y"],
      {},
      /must be https/u
    ],
    ["a wait that is none", ["--http", "--sandbox", "--drain", "soon"], {}, /--drain .*0 to 600/u]
  ] as const) {
    it(`${what}`, async () => {
      const { code, stderr, stdout } = await Command.run(args, env)
      assert.strictEqual(code, 2)
      assert.strictEqual(stdout, "")
      assert.match(stderr, says)
      assert.notInclude(stderr, token)
    })
  }

  it("a taken port", async () => {
    const other = createServer().listen(0, "127.0.0.1")
    await once(other, "listening")
    const { port } = other.address() as AddressInfo
    const { code, stderr } = await Command.run(["--sandbox", "--http", `127.0.0.1:${port}`])
    assert.strictEqual(code, 2)
    assert.match(stderr, new RegExp(`127.0.0.1:${port} is taken by another program.*--http`, "u"))
    other.close()
  })
})

describe("asked to end", () => {
  let served: Served
  let release: () => void
  let waiting: Promise<void>
  beforeAll(async () => {
    served = await startSandbox()
  })
  afterAll(() => served.close())

  const environment = () => environmentOf(served.url)
  const hold = () => {
    let arrived = () => {}
    waiting = new Promise((resolve) => (arrived = resolve))
    const released = new Promise<void>((resolve) => (release = resolve))
    served.answerWith(async (request) => {
      arrived()
      await released
      return served.sandbox.fetch(request)
    })
  }

  for (const mode of eras) {
    it(`a call in flight finishes, no new one is taken, and it exits with 0 (${typeof mode === "string" ? mode : mode.pin})`, async () => {
      hold()
      const server = await Command.listen([], environment())
      const client = await connect(server.url, mode)
      const call = client.callTool({ name: "list_participants", arguments: channel(1) })
      await waiting
      server.child.kill("SIGTERM")
      await refusesConnections(server.url)
      release()
      assert.notStrictEqual((await call).isError, true)
      await client.close()
      assert.strictEqual((await server.ended).code, 0)
    })
  }

  it("a call that does not finish is not waited for beyond the bound", async () => {
    hold()
    const server = await Command.listen(["--drain", "0"], environment())
    const request = { name: "list_participants", arguments: channel(1) }
    const call = post(server.url, {}, JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: request }))
      .then((response) => response.text())
      .catch(() => "cut")
    await waiting
    assert.strictEqual((await server.stop()).code, 0)
    assert.strictEqual(await call, "cut")
    release()
  })
})

/** Resolves once the port takes no new connection. */
const refusesConnections = async (url: string): Promise<void> => {
  const { hostname, port } = new URL(url)
  while (true) {
    const socket = connectTcp(Number(port), hostname)
    const open = await Promise.race([
      once(socket, "connect").then(() => true),
      once(socket, "error").then(() => false)
    ]).catch(() => false)
    socket.destroy()
    if (!open) return
  }
}
