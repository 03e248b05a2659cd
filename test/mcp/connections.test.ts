/** What one client, or many, can take of a server over HTTP by connections alone. */
import { connect, type Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Command from "../support/command.ts"
import { call, channel, connectTo, environment, write } from "../support/host.ts"
import { type Served, start } from "../support/served.ts"

const token = "0123456789abcdef0123456789abcdef"

describe("over HTTP", () => {
  let served: Served
  let server: Command.Listening
  beforeAll(async () => {
    served = await start()
    server = await Command.listen([], environment(served.url, { FLEX_MCP_TOKEN: token, FLEX_API_RATE_LIMIT: "off" }))
  })
  afterAll(async () => {
    await server.stop()
    await served.close()
  })

  const opened = async (): Promise<Socket> => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.on("error", () => {})
    return socket
  }

  it("a client that sends hundreds of calls without waiting for answers is hung up on, before more than a few are begun, and another is served", async () => {
    const begun: Array<string> = []
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    served.answerWith(async (request) => {
      begun.push(request.url)
      await released
      return served.sandbox.fetch(request)
    })
    const body = JSON.stringify({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "list_participants", arguments: channel(1) }
    })
    const { host } = new URL(server.url)
    const bytes =
      `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\nContent-Type: application/json\r\n` +
      `Accept: application/json, text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    const socket = await opened()
    const closed = new Promise((resolve) => socket.once("close", resolve))
    socket.write(bytes.repeat(500))
    await closed
    release()
    served.answerWith(undefined)
    const client = await connectTo(server.url, { token })
    const { isError } = await call(client, "list_participants", channel(2))
    await client.close()
    assert.isFalse(isError)
    // A roster is two requests.
    assert.isAtMost(begun.length, 2 * 32)
  })

  it("a batch whose calls have one id gets one answer, and the audit has a line for each write that was sent", async () => {
    const open = await Command.listen(["--confirm=never", "--audit-json"], environment(served.url))
    const changes = [2, 3].map((n) => ({
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "set_participant_status", arguments: write(3, n, "wrapup") }
    }))
    const response = await fetch(open.url, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
      body: JSON.stringify(changes)
    })
    // The protocol has no second answer for an id.
    assert.lengthOf((await response.text()).match(/"id":1/gu) ?? [], 1)
    const { stderr } = await open.stop()
    const sent = served.requests.filter((request) => request.startsWith("POST"))
    assert.isNotEmpty(sent)
    assert.lengthOf(stderr.match(/"audit":"set_participant_status"/gu) ?? [], sent.length)
  })

  it("of more than a thousand connections the rest are hung up on at once, and the others are served", async () => {
    const { host } = new URL(server.url)
    const sockets = await Promise.all(Array.from({ length: 1050 }, opened))
    let answered = 0
    for (const socket of sockets) {
      socket.once("data", () => (answered += 1))
      socket.write(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
    }
    const closed = () => sockets.filter((socket) => socket.closed).length
    while (answered + closed() < sockets.length) await sleep(20)
    // The clients of other tests may still have some.
    assert.isAtMost(answered, 1000)
    assert.isAtLeast(answered, 950)
    for (const socket of sockets) socket.destroy()
    const status = () =>
      fetch(new URL("/healthz", server.url)).then(
        (response) => response.status,
        () => undefined
      )
    while ((await status()) !== 200) await sleep(20)
  })
})
