/** Tokens that an authorization server issued: who is served, who is not, who is named in the audit, and what fetching its keys costs. */
import { connectTo, namesOf, toolNames } from "../support/calls.ts"
import { SignJWT, UnsecuredJWT } from "jose"
import { afterAll, assert, beforeAll, describe, it, vi } from "vitest"
import * as Auth from "../../packages/mcp/src/protocol/Auth.ts"
import * as Authorization from "../support/authorization.ts"
import * as Command from "../support/command.ts"
import { read, write } from "../support/host.ts"

const { bearer, pair, sign } = Authorization

const initialize = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } }
})
const post = (url: string, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", ...headers },
    body: initialize
  })

const seconds = (n: number) => Math.floor(Date.now() / 1000) + n
const expiring = (n: number) => (jwt: SignJWT) => jwt.setExpirationTime(seconds(n))

describe("who is served", () => {
  let authorization: Awaited<ReturnType<typeof Authorization.start>>
  let server: Command.Listening
  let first: Authorization.Pair
  beforeAll(async () => {
    first = await pair("first")
    authorization = await Authorization.start()
    authorization.publish(first)
    server = await Command.listen(["--sandbox", "--confirm=never", ...authorization.args])
  })
  afterAll(async () => {
    await server.stop()
    authorization.close()
  })
  const status = async (token: string) => (await post(server.url, bearer(token))).status

  it("who has a good one, in both eras", async () => {
    for (const mode of ["legacy", { pin: "2026-07-28" }] as const) {
      const client = await connectTo(server.url, { mode, token: await sign(first) })
      assert.deepStrictEqual(await namesOf(client), toolNames)
      await client.close()
    }
  })

  it("tells a client without one where to get one", async () => {
    const response = await post(server.url)
    assert.strictEqual(response.status, 401)
    const metadata = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
    assert.include(response.headers.get("WWW-Authenticate"), `resource_metadata="${metadata}"`)
    for (const path of [new URL(metadata).pathname, "/.well-known/oauth-protected-resource"]) {
      const document = await fetch(new URL(path, server.url))
      assert.deepInclude(await document.json(), {
        resource: Authorization.audience,
        authorization_servers: [Authorization.issuer]
      })
    }
  })

  const bad: ReadonlyArray<readonly [string, () => Promise<string>]> = [
    ["one that has expired", () => sign(first, (jwt) => jwt.setExpirationTime("-5 minutes"))],
    [
      "one that never expires",
      () =>
        new SignJWT({})
          .setProtectedHeader({ alg: "ES256", kid: "first" })
          .setIssuer(Authorization.issuer)
          .setAudience(Authorization.audience)
          .sign(first.privateKey)
    ],
    ["one that is not valid yet", () => sign(first, (jwt) => jwt.setNotBefore("5 minutes"))],
    ["one for another audience", () => sign(first, (jwt) => jwt.setAudience("https://other.example"))],
    ["one of another issuer", () => sign(first, (jwt) => jwt.setIssuer("https://other.example"))],
    ["one signed by a stranger under a known key's name", async () => sign({ ...(await pair("first")) })],
    [
      "one with alg none",
      async () =>
        new UnsecuredJWT({})
          .setIssuer(Authorization.issuer)
          .setAudience(Authorization.audience)
          .setExpirationTime("5 minutes")
          .encode()
    ],
    [
      "one signed with the public key as a shared secret",
      () =>
        new SignJWT({})
          .setProtectedHeader({ alg: "HS256", kid: "first" })
          .setIssuer(Authorization.issuer)
          .setAudience(Authorization.audience)
          .setExpirationTime("5 minutes")
          .sign(new TextEncoder().encode(JSON.stringify(first.jwk)))
    ],
    [
      "one that was altered",
      async () => (await sign(first)).replace(/\.(.)/u, (_, c: string) => `.${c === "e" ? "f" : "e"}`)
    ],
    ["one that is no JWT", () => Promise.resolve("x".repeat(40))],
    ["one that expired longer ago than the tolerance", () => sign(first, expiring(-45))],
    ["one whose sub is empty", () => sign(first, undefined, { sub: "" })],
    ["one whose sub is null", () => sign(first, undefined, { sub: null, client_id: "app" })],
    ["one whose sub is a number", () => sign(first, undefined, { sub: 1, client_id: "app" })],
    ["one whose sub is a list", () => sign(first, undefined, { sub: ["supervisor"], client_id: "app" })],
    ["one that names nobody", () => sign(first, undefined, {})],
    ["one that names nobody but an empty client", () => sign(first, undefined, { client_id: "" })]
  ]
  for (const [what, make] of bad) {
    it(`refuses ${what}`, async () => {
      const response = await post(server.url, bearer(await make()))
      assert.strictEqual(response.status, 401)
      assert.match(response.headers.get("WWW-Authenticate") ?? "", /error="invalid_token"/u)
    })
  }

  it("tolerates clocks that differ by less than 30 seconds", async () => {
    assert.strictEqual(await status(await sign(first, expiring(-15))), 200)
    assert.strictEqual(await status(await sign(first, (jwt) => jwt.setNotBefore(seconds(15)))), 200)
  })

  it("takes a new key once the authorization server has it, without a restart", async () => {
    const second = await pair("second")
    authorization.publish(second)
    await vi.waitUntil(async () => (await status(await sign(second))) === 200, { timeout: 15_000, interval: 250 })
    assert.strictEqual(await status(await sign(first)), 401)
    first = second
  })

  /** What the audit has as the caller of a write with this token. */
  const caller = async (claims: Record<string, unknown>) => {
    const before = server.stderr().length
    const client = await connectTo(server.url, { mode: "legacy", token: await sign(first, undefined, claims) })
    // Refused after the first time, which the audit records too.
    read(await client.callTool({ name: "set_participant_status", arguments: write(1, 2, "wrapup") }))
    await client.close()
    const lines = await vi.waitUntil(() => {
      const written = server.stderr().slice(before)
      return written.endsWith("\n") ? written.trimEnd().split("\n") : undefined
    })
    assert.lengthOf(lines, 1)
    assert.match(lines[0] ?? "", /^time=\S+ audit=set_participant_status [\x20-\x7e]*$/u)
    return / caller=([^\s"]+|"(?:[^"\\]|\\.)*") asked=/u.exec(lines[0] ?? "")?.[1]
  }

  it("is named in the audit by its sub or, without one, as a client, and nobody else has that name", async () => {
    assert.strictEqual(await caller({ sub: "supervisor" }), "supervisor")
    assert.strictEqual(await caller({ sub: "supervisor", client_id: "app" }), "supervisor")
    assert.strictEqual(await caller({ client_id: "app" }), "client:app")
    assert.strictEqual(await caller({ sub: "client:app" }), "sub:client:app")
    assert.strictEqual(await caller({ sub: "sub:client:app" }), "sub:sub:client:app")
  })

  it("is named in one short line of ASCII, whatever its sub is", async () => {
    for (const [sub, shown] of [
      ["x\ntime=2026 audit=set_participant_status", String.raw`"x\ntime=2026 audit=set_participant_status"`],
      [
        "\u0080\u009b2J\u009f\u2028\u2029\u202e\ufeff\u007f\u0000",
        String.raw`"\u0080\u009b2J\u009f\u2028\u2029\u202e\ufeff\u007f\u0000"`
      ],
      ["j\u00f6rg \u{1f600}", String.raw`"j\u00f6rg \ud83d\ude00"`],
      ['a" result=accepted b="\\', String.raw`"a\" result=accepted b=\"\\"`],
      ["x".repeat(8000), `"${"x".repeat(300)}..."`]
    ] as const) {
      assert.strictEqual(await caller({ sub }), shown)
    }
  })
})

describe("the keys", () => {
  type Listener = Parameters<Awaited<ReturnType<typeof Authorization.start>>["answerWith"]>[0]
  let known: Authorization.Pair
  let stranger: Authorization.Pair
  beforeAll(async () => {
    known = await pair("known")
    stranger = await pair("stranger")
  })

  /** A server, and the authorization server whose tokens it takes. */
  const open = async (listener?: Listener) => {
    const authorization = await Authorization.start()
    if (listener === undefined) authorization.publish(known)
    else authorization.answerWith(listener)
    const server = await Command.listen(["--sandbox", ...authorization.args])
    return {
      authorization,
      server,
      /** The statuses of as many requests at once. */
      statuses: async (how: Authorization.Pair, times: number) => {
        const token = bearer(await sign(how))
        return Promise.all(Array.from({ length: times }, async () => (await post(server.url, token)).status))
      },
      [Symbol.asyncDispose]: async () => {
        await server.stop()
        authorization.close()
      }
    }
  }
  const all = (status: number, times: number) => Array.from({ length: times }, () => status)
  const patiently = { timeout: 20_000, interval: 250 }

  for (const [what, listener] of [
    ["answers with an error", (_, response) => response.writeHead(500).end("down")],
    ["answers with something else", (_, response) => response.end("<html>")],
    ["answers with JSON that has no keys", (_, response) => response.end("{}")],
    ["sends the client elsewhere", (_, response) => response.writeHead(302, { Location: "/elsewhere" }).end()],
    ["hangs up", (request) => request.socket.destroy()]
  ] as ReadonlyArray<readonly [string, Listener]>) {
    it(`of a server that ${what} are asked for once, however many tokens come, at once and one by one`, async () => {
      await using opened = await open(listener)
      assert.deepStrictEqual(await opened.statuses(stranger, 50), all(503, 50))
      for (let n = 0; n < 5; n++) assert.deepStrictEqual(await opened.statuses(stranger, 1), [503])
      assert.strictEqual(opened.authorization.fetches(), 1)
    })
  }

  it("are asked for again once the client that was sent away for five seconds comes back", async () => {
    await using opened = await open((_, response) => response.writeHead(500).end())
    const { authorization, server, statuses } = opened
    const refused = await post(server.url, bearer(await sign(known)))
    assert.strictEqual(refused.status, 503)
    assert.strictEqual(refused.headers.get("Retry-After"), "5")
    assert.match(await refused.text(), /temporarily unavailable/u)
    authorization.publish(known)
    await vi.waitUntil(async () => (await statuses(known, 1))[0] === 200, patiently)
    assert.strictEqual(authorization.fetches(), 2)
  })

  it("that are known serve those who have a good token while the server is down", async () => {
    await using opened = await open()
    const { authorization, statuses } = opened
    assert.deepStrictEqual(await statuses(known, 1), [200])
    authorization.answerWith((_, response) => response.writeHead(500).end())
    await vi.waitUntil(async () => (await statuses(stranger, 1))[0] === 503, patiently)
    assert.deepStrictEqual(await statuses(stranger, 20), all(503, 20))
    assert.deepStrictEqual(await statuses(known, 20), all(200, 20))
    assert.strictEqual(authorization.fetches(), 2)
  })

  it("that can't be fetched again serve those who have a good token for another hour, and nobody else", async () => {
    const keys = Response.json({ keys: [known.jwk] })
    let isDown = false
    const gate = Auth.gate(
      {
        jwksUrl: new URL("https://issuer.example/keys"),
        issuer: Authorization.issuer,
        audience: Authorization.audience
      },
      undefined,
      () => (isDown ? Promise.reject(new Error("down")) : Promise.resolve(keys.clone()))
    )
    const statusOf = async (how: Authorization.Pair) => {
      const answer = await gate(new Request("https://mcp.example.com/mcp", { headers: bearer(await sign(how)) }))
      return answer instanceof Response ? answer.status : 200
    }
    const minutes = (n: number) => vi.setSystemTime(Date.now() + n * 60_000)
    vi.useFakeTimers({ toFake: ["Date"] })
    try {
      assert.strictEqual(await statusOf(known), 200)
      isDown = true
      // The keys are fetched again after ten minutes.
      minutes(11)
      assert.deepStrictEqual([await statusOf(known), await statusOf(stranger)], [200, 503])
      minutes(58)
      assert.strictEqual(await statusOf(known), 200)
      minutes(2)
      assert.strictEqual(await statusOf(known), 503)
      isDown = false
      minutes(1)
      assert.deepStrictEqual([await statusOf(known), await statusOf(stranger)], [200, 401])
    } finally {
      vi.useRealTimers()
    }
  })

  it("are read no further than 1 MiB, and the server that sends more is hung up on", async () => {
    let sent = 0
    let closed = () => {}
    const hungUp = new Promise<void>((resolve) => (closed = resolve))
    await using opened = await open((_, response) => {
      const chunk = " ".repeat(65_536)
      const more = () => {
        while (!response.destroyed && sent < 400 * 1024 * 1024) {
          sent += chunk.length
          if (!response.write(chunk)) return void response.once("drain", more)
        }
        response.end()
      }
      response.once("close", closed).writeHead(200, { "Content-Type": "application/json" })
      more()
    })
    assert.deepStrictEqual(await opened.statuses(stranger, 20), all(503, 20))
    await hungUp
    // What the two ends of a connection hold counts as sent.
    assert.isBelow(sent, 32 * 1024 * 1024)
    assert.strictEqual(opened.authorization.fetches(), 1)
  })

  it("that are just short of 1 MiB are taken", async () => {
    const body = JSON.stringify({ keys: [known.jwk], padding: "" })
    const padded = body.replace('""', `"${"x".repeat(1024 * 1024 - body.length)}"`)
    await using opened = await open((_, response) => response.end(padded))
    assert.deepStrictEqual(await opened.statuses(known, 1), [200])
  })

  for (const [what, listener] of [
    ["a reply", () => {}],
    ["its end", (_, response) => response.writeHead(200).write('{"keys":')]
  ] as ReadonlyArray<readonly [string, Listener]>) {
    it(`are not waited for without end: for ${what}`, async () => {
      await using opened = await open(listener)
      assert.deepStrictEqual(await opened.statuses(stranger, 20), all(503, 20))
      assert.strictEqual(opened.authorization.fetches(), 1)
    })
  }

  it("of a server that has none are what doctor names", async () => {
    await using opened = await open((_, response) => response.end("{}"))
    const { code, stdout } = await Command.run([
      "doctor",
      "--sandbox",
      "--http=127.0.0.1:0",
      ...opened.authorization.args
    ])
    assert.strictEqual(code, 1)
    assert.match(stdout, /http:\/\/127\S+ gives no keys/u)
  })
})
