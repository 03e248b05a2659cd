/** What a proxy can do to a call, on raw sockets: nothing of it is taken for Twilio's answer. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Command from "../support/command.ts"
import * as Host from "../support/host.ts"
import * as RawServer from "../support/rawServer.ts"
import * as Tls from "../support/tls.ts"

const channel = Host.channel(1)
const change = Host.write(1, 2, "wrapup")
const participant = { sid: change.participant_sid, type: "agent", ...channel }

/** What Twilio could have answered. */
const forged = {
  nothing: "",
  html: "<html><body>Blocked by policy</body></html>",
  list: { participants: [participant], meta: { next_page_url: null } },
  participant,
  error: { code: 20404, message: "not found", status: 404 },
  keys: { keys: [] }
}

let folder: string
let api: Tls.Secured
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "tunnel-"))
  api = await Tls.serve(folder, ["flex-api.twilio.com", "taskrouter.twilio.com", "localhost"])
})
afterAll(async () => {
  api.server.close()
  api.server.closeAllConnections()
  await rm(folder, { recursive: true })
})

const opened = "HTTP/1.1 200 Connection established\r\n\r\n"
const honest = (bytes?: number): RawServer.Script => [
  { do: "send", bytes: opened },
  { do: "tunnel", port: api.port, ...(bytes === undefined ? undefined : { bytes }) }
]

/** A proxy whose conduct a test changes as it goes. */
const startProxy = async () => {
  const conduct = { first: (): RawServer.Script => [], answer: (): RawServer.Script => honest() }
  const server = await RawServer.serve(() => conduct.answer(), { first: () => conduct.first() })
  return Object.assign(conduct, { server })
}
type Proxy = Awaited<ReturnType<typeof startProxy>>

const environment = (proxy: string, more: Record<string, string> = {}) => ({
  ...Host.credentials,
  FLEX_API_RATE_LIMIT: "off",
  HTTPS_PROXY: proxy,
  NODE_EXTRA_CA_CERTS: api.authority,
  ...more
})

type Host = Awaited<ReturnType<typeof Host.connect>>

/** Runs a server behind such a proxy. Whatever happened: the process lives, and its next call is right. */
const behind = async (use: (proxy: Proxy, host: Host) => Promise<void>) => {
  const proxy = await startProxy()
  const host = await Host.connect({ env: environment(proxy.server.url) })
  await use(proxy, host)
  proxy.first = () => []
  proxy.answer = () => honest()
  const { text } = await Host.call(host, "list_participants", channel)
  assert.match(text, /"participants"/u)
  await host.close()
  await proxy.server.close()
}

const noTunnel = (status: number) =>
  new RegExp(`the proxy opened no tunnel to flex-api.twilio.com:443 \\(HTTP ${status}\\)`, "u")

/** Both tools must fail without reaching Twilio, and say so, and why. Gives what they said else, and what the proxy saw else. */
const wrong = async (proxy: Proxy, host: Host, ...why: ReadonlyArray<RegExp>) => {
  const failed = await Promise.all([
    Host.call(host, "list_participants", channel),
    Host.call(host, "set_participant_status", change)
  ])
  const expected = [/could not be reached\. Nothing was changed/u, ...why]
  return [
    ...failed.filter(({ isError, text }) => !isError || !expected.every((pattern) => pattern.test(text))),
    ...proxy.server.asked.filter(({ headers, method }) => method !== "CONNECT" || "authorization" in headers)
  ]
}

describe.concurrent("a server behind a proxy", () => {
  for (const status of [201, 202, 204, 206, 301, 403, 404, 407, 409]) {
    it(`that refuses with ${status}, whatever body comes with it: not reached, and the error names the ${status} and the way out`, () =>
      behind(async (proxy, host) => {
        for (const body of Object.values(forged)) {
          proxy.answer = () => [{ do: "send", bytes: RawServer.reply(status, body) }]
          assert.isEmpty(
            await wrong(proxy, host, noTunnel(status), status === 407 ? /put them into HTTPS_PROXY/u : /NO_PROXY/u)
          )
        }
      }))
  }

  for (const status of [502, 503]) {
    it(`that fails with ${status}: not reached, after it was asked again`, () =>
      behind(async (proxy, host) => {
        proxy.answer = () => [{ do: "send", bytes: RawServer.reply(status, forged.error) }]
        assert.isEmpty(await wrong(proxy, host, noTunnel(status)))
        assert.isAbove(proxy.server.asked.length, 2)
      }))
  }

  it("that wants a password is asked once for each of the two lookups of a call, and not again, which locks no account", () =>
    behind(async (proxy, host) => {
      proxy.answer = () => [{ do: "send", bytes: RawServer.reply(407, "") }]
      assert.isEmpty(await wrong(proxy, host))
      assert.lengthOf(proxy.server.asked, 4)
    }))

  for (const body of ["list", "participant", "error"] as const) {
    const bytes = RawServer.reply(200, forged[body])
    it(`that says 200 and sends a forged ${body} at once: not reached`, () =>
      behind(async (proxy, host) => {
        proxy.answer = () => [{ do: "send", bytes: opened + bytes }]
        assert.isEmpty(await wrong(proxy, host, /no tunnel/u))
      }))

    it(`that says 200 and sends a forged ${body} a moment later: not reached`, () =>
      behind(async (proxy, host) => {
        const impostor = await RawServer.serve(() => [], { first: () => [{ do: "send", bytes }] })
        proxy.answer = () => [
          { do: "send", bytes: opened },
          { do: "tunnel", port: impostor.port }
        ]
        assert.isEmpty(await wrong(proxy, host, /could not connect to https:\/\/flex-api\.twilio\.com/u))
        await impostor.close()
      }))
  }

  const halfWay: RawServer.Step = { do: "send", bytes: opened.slice(0, 20) }
  const refusal: RawServer.Step = { do: "send", bytes: RawServer.reply(502, "") }
  const success: RawServer.Step = { do: "send", bytes: opened }
  const breaks: { readonly [when: string]: RawServer.Script } = {
    "when it has been asked": [{ do: "reset" }],
    "in the middle of its answer": [halfWay, { do: "reset" }],
    "politely, in the middle of its answer": [halfWay, { do: "end" }],
    "after a refusal": [refusal, { do: "reset" }],
    "after its answer": [success, { do: "reset" }],
    "politely, after its answer": [success, { do: "end" }],
    "with something that is no HTTP": [{ do: "send", bytes: "SSH-2.0-OpenSSH_9.6\r\n\r\n" }]
  }
  for (const [when, script] of Object.entries(breaks)) {
    it(`that breaks off ${when}: not reached`, () =>
      behind(async (proxy, host) => {
        proxy.answer = () => script
        assert.isEmpty(await wrong(proxy, host))
      }))
  }

  it("that breaks off when it is reached: not reached", () =>
    behind(async (proxy, host) => {
      proxy.first = () => [{ do: "reset" }]
      assert.isEmpty(await wrong(proxy, host))
    }))

  for (const bytes of [0, 1, 100, 600]) {
    it(`that breaks off after ${bytes} bytes of TLS: not reached`, () =>
      behind(async (proxy, host) => {
        proxy.answer = () => honest(bytes)
        assert.isEmpty(await wrong(proxy, host))
      }))
  }

  for (const [what, script] of [
    ["never answers", []],
    ["opens a tunnel to nobody", [success]]
  ] satisfies ReadonlyArray<readonly [string, RawServer.Script]>) {
    it(`that ${what}: when the host gives up, the connection to it is closed`, () =>
      behind(async (proxy, host) => {
        proxy.answer = () => script
        const aborted = new AbortController()
        const call = host.callTool({ name: "list_participants", arguments: channel }, { signal: aborted.signal })
        await proxy.server.until(() => proxy.server.asked.length === 2)
        aborted.abort()
        await call.catch(() => {})
        await proxy.server.until(() => proxy.server.open() === 0)
        assert.lengthOf(proxy.server.asked, 2)
      }))
  }

  it("that lets the lookup through and not the change: the change was never sent", () =>
    behind(async (proxy, host) => {
      const refusal = { do: "send", bytes: RawServer.reply(403, forged.participant) } as const
      proxy.answer = () => (proxy.server.asked.length === 1 ? honest() : [refusal])
      const { isError, text } = await Host.call(host, "set_participant_status", change)
      assert.isTrue(isError)
      assert.match(text, /Nothing was changed/u)
      assert.match(text, noTunnel(403))
      assert.lengthOf(proxy.server.asked, 2)
    }))
})

describe.concurrent("HTTPS_PROXY", () => {
  it("with https leads to a proxy over TLS, and through it TLS to Twilio", async () => {
    let answer = honest()
    const proxy = await RawServer.serve(() => answer, { secure: api.secure })
    const host = await Host.connect({ env: environment(`https://localhost:${proxy.port}`) })
    const { text } = await Host.call(host, "list_participants", channel)
    assert.match(text, /"participants"/u)
    assert.strictEqual(proxy.asked[0]?.path, "flex-api.twilio.com:443")
    answer = [{ do: "send", bytes: RawServer.reply(201, forged.participant) }]
    const refused = await Host.call(host, "set_participant_status", change)
    assert.match(refused.text, noTunnel(201))
    await host.close()
    await proxy.close()
  })

  for (const [what, value, says] of [
    ["with a stray % in the user", "http://us%er:secret-password@127.0.0.1:1", /write %25 for a %/u],
    ["with a stray % in the password", "http://user:secret-password%@127.0.0.1:1", /write %25 for a %/u],
    ["with a code that is no text", "http://user:secret-password%ff@127.0.0.1:1", /write %25 for a %/u],
    ["with a stray % in the host", "http://pro%xy:3128", /must be a URL such as/u],
    ["without a scheme", "proxy.example.com:3128", /must be a URL such as/u],
    ["of another kind", "socks5://127.0.0.1:1080", /must be a URL such as/u],
    ["that is no URL", "the proxy", /must be a URL such as/u]
  ] as const) {
    it(`${what} ends the start, and doctor says the same`, async () => {
      const env = environment(value)
      for (const args of [[], ["--http=127.0.0.1:0"]]) {
        const { code, stderr } = await Command.run(args, env)
        assert.strictEqual(code, 2)
        assert.match(stderr, /HTTPS_PROXY/u)
        assert.match(stderr, says)
        assert.notInclude(stderr, "secret-password")
      }
      const { code, stdout } = await Command.run(["doctor", "--json"], env)
      assert.strictEqual(code, 1)
      assert.match(stdout, says)
      assert.notInclude(stdout, "secret-password")
    })
  }

  it("with codes in user and password gives the proxy what they mean", async () => {
    const proxy = await startProxy()
    const url = new URL(proxy.server.url)
    url.username = "user%40example.com"
    url.password = "50%25"
    const host = await Host.connect({ env: environment(url.href) })
    await Host.call(host, "list_participants", channel)
    await host.close()
    await proxy.server.close()
    assert.strictEqual(proxy.server.asked[0]?.headers["proxy-authorization"], `Basic ${btoa("user@example.com:50%")}`)
  })
})

describe.concurrent("doctor behind a proxy", () => {
  interface Finding {
    readonly check: string
    readonly result: string
    readonly says: string
  }
  const examine = async (answer?: RawServer.Script) => {
    const proxy = await startProxy()
    if (answer !== undefined) proxy.answer = () => answer
    const { stdout } = await Command.run(
      ["doctor", "--json", "--http=127.0.0.1:0"],
      environment(proxy.server.url, {
        FLEX_MCP_JWKS_URL: "https://flex-api.twilio.com/keys",
        FLEX_MCP_ISSUER: "https://issuer.example",
        FLEX_MCP_AUDIENCE: "us"
      })
    )
    await proxy.server.close()
    const { checks } = JSON.parse(stdout) as { readonly checks: ReadonlyArray<Finding> }
    return (name: string) => checks.find(({ check }) => check === name)
  }

  for (const [status, body] of [
    [201, forged.list],
    [202, forged.error],
    [206, forged.keys],
    [301, forged.nothing],
    [403, forged.html],
    [404, forged.error],
    [407, forged.html],
    [409, forged.error],
    [503, forged.error]
  ] as const) {
    it(`that refuses with ${status}: taken neither for Twilio nor for an authorization server`, async () => {
      const longAgo = { Date: "Thu, 01 Jan 1970 00:00:00 GMT" }
      const found = await examine([{ do: "send", bytes: RawServer.reply(status, body, longAgo) }])
      assert.strictEqual(found("credentials")?.result, "failed")
      assert.match(found("credentials")?.says ?? "", noTunnel(status))
      assert.strictEqual(found("clock")?.result, "skipped")
      assert.match(found("http")?.says ?? "", /gives no keys/u)
    })
  }

  it("that lets everything through: nothing is wrong with the API", async () => {
    const found = await examine()
    for (const name of ["proxy", "clock", "credentials"]) assert.strictEqual(found(name)?.result, "ok", name)
  })
})
