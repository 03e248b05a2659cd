/** Where to listen, and under which URL: every way to write it that works, and those that look like one and are not. */
import { assert, describe, it } from "vitest"
import * as Address from "../../packages/mcp/src/operator/Address.ts"
import * as PublicUrl from "../../packages/mcp/src/protocol/PublicUrl.ts"
import * as Command from "../support/command.ts"

const token = "0123456789abcdef0123456789abcdef"

describe("an address to listen on", () => {
  for (const [text, host, port, reach] of [
    ["127.0.0.1", "127.0.0.1", 3920, "loopback"],
    ["127.0.0.1:3920", "127.0.0.1", 3920, "loopback"],
    ["127.0.0.1:0", "127.0.0.1", 0, "loopback"],
    ["127.0.0.1:1", "127.0.0.1", 1, "loopback"],
    ["127.9.8.7", "127.9.8.7", 3920, "loopback"],
    ["localhost", "localhost", 3920, "loopback"],
    ["LocalHost:80", "localhost", 80, "loopback"],
    ["[::1]", "::1", 3920, "loopback"],
    ["::1", "::1", 3920, "loopback"],
    ["[::1]:8080", "::1", 8080, "loopback"],
    ["[0:0:0:0:0:0:0:1]:8080", "::1", 8080, "loopback"],
    ["[::ffff:127.0.0.1]:8080", "::ffff:7f00:1", 8080, "loopback"],
    ["3920", "127.0.0.1", 3920, "loopback"],
    ["0", "127.0.0.1", 0, "loopback"],
    ["65535", "127.0.0.1", 65_535, "loopback"],
    ["true", "127.0.0.1", 3920, "loopback"],
    ["ON", "127.0.0.1", 3920, "loopback"],
    ["1", "127.0.0.1", 3920, "loopback"],
    ["0.0.0.0", "0.0.0.0", 3920, "everywhere"],
    ["0.0.0.0:80", "0.0.0.0", 80, "everywhere"],
    ["::", "::", 3920, "everywhere"],
    ["[::]", "::", 3920, "everywhere"],
    ["[::]:80", "::", 80, "everywhere"],
    ["[::0]:80", "::", 80, "everywhere"],
    ["[0000:0:0:0:0:0:0:0]:80", "::", 80, "everywhere"],
    ["[::0.0.0.0]:80", "::", 80, "everywhere"],
    ["[::ffff:0.0.0.0]", "::ffff:0:0", 3920, "everywhere"],
    ["[::ffff:0.0.0.0]:80", "::ffff:0:0", 80, "everywhere"],
    ["[::FFFF:0:0]:80", "::ffff:0:0", 80, "everywhere"],
    ["::ffff:0.0.0.0", "::ffff:0:0", 3920, "everywhere"],
    ["10.0.0.5", "10.0.0.5", 3920, "elsewhere"],
    ["[2001:DB8::5]:80", "2001:db8::5", 80, "elsewhere"],
    ["[::ffff:10.0.0.5]", "::ffff:a00:5", 3920, "elsewhere"],
    ["mcp.example.com", "mcp.example.com", 3920, "elsewhere"],
    ["my-host:80", "my-host", 80, "elsewhere"],
    ["localhost.example.com", "localhost.example.com", 3920, "elsewhere"],
    ["127.0.0.1.example.com:80", "127.0.0.1.example.com", 80, "elsewhere"],
    ["1.example:80", "1.example", 80, "elsewhere"],
    ["0x0.example:80", "0x0.example", 80, "elsewhere"]
  ] as const) {
    it(`${text} is port ${port} of ${host}, ${reach}`, () => {
      assert.deepStrictEqual(Address.parse(text), { host, port })
      assert.strictEqual(Address.isLoopback(host), reach === "loopback")
      assert.strictEqual(Address.isWildcard(host), reach === "everywhere")
    })
  }

  for (const text of [
    "",
    " ",
    ":",
    ":80",
    "127.0.0.1:",
    "127.0.0.",
    "127.0.0",
    "127.1",
    "127.1:80",
    "127.0.0.1.:80",
    "127.0.0.1:65536",
    "127.0.0.1:99999",
    "127.0.0.1:-1",
    "127.0.0.1:+1",
    "127.0.0.1:0x50",
    "127.0.0.1:80:80",
    "127.0.0.1:80 ",
    " 127.0.0.1:80",
    "127.0.0.1/24",
    "127.0.0.256",
    "0127.0.0.1",
    "65536",
    "999999",
    "-1",
    "0:80",
    "00:80",
    "0.0:80",
    "0.0.0:80",
    "0.0.0.0.0",
    "00.0.0.0",
    "000.000.000.000:80",
    "0x0",
    "0x0:80",
    "0x0.0x0:80",
    "0X7F000001",
    "2130706433",
    "example.0x7f:80",
    "example.1:80",
    "[]",
    "[]:80",
    "[::",
    "::]:80",
    "[::]80",
    "[127.0.0.1]:80",
    "[localhost]:80",
    "[::1%lo]:80",
    "[:::]:80",
    "::1:80",
    "::80:80",
    "fe80::1:80",
    "local host",
    "local_host",
    "-host",
    "host-",
    "host..example",
    ".host",
    "host.",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(127)}aa`,
    "user@host:80",
    "http://127.0.0.1:80",
    "127.0.0.1:80/mcp",
    "\u0661\u0662\u0667.0.0.1",
    "\uff11",
    "host\n"
  ]) {
    it(`${JSON.stringify(text)} is none`, () => {
      assert.isUndefined(Address.parse(text))
    })
  }

  for (const http of ["0.0.0.0", "[::]", "::", "[::ffff:0.0.0.0]:0", "10.0.0.5:80", "mcp.example.com"]) {
    it(`${http} reaches other machines: it is not served without authentication`, async () => {
      const { code, stderr } = await Command.run(["--sandbox", `--http=${http}`])
      assert.strictEqual(code, 2)
      assert.match(stderr, /other machines can reach.*FLEX_MCP_TOKEN/u)
    })
  }

  for (const http of ["0.0.0.0", "[::]:0", "::", "[::ffff:0.0.0.0]", "[0:0:0:0:0:0:0:0]:80"]) {
    it(`${http} has no name: it is not served without --url`, async () => {
      const { code, stderr } = await Command.run(["--sandbox", `--http=${http}`], { FLEX_MCP_TOKEN: token })
      assert.strictEqual(code, 2)
      assert.match(stderr, /--url \(FLEX_MCP_URL\) is not set/u)
    })
  }

  for (const http of ["0:80", "0x0:80", "127.0.0.1:99999", "127.1", "::1:80", ":80", "local host"]) {
    it(`${http} is refused, and the error has an example`, async () => {
      const { code, stderr } = await Command.run(["--sandbox", `--http=${http}`], {
        FLEX_MCP_TOKEN: token,
        FLEX_MCP_URL: "https://mcp.example.com/mcp"
      })
      assert.strictEqual(code, 2)
      assert.match(stderr, /--http .* must be HOST:PORT.*127\.0\.0\.1:3920 or \[::1\]:3920/u)
    })
  }

  it("of IPv6 is served, and named so that a client can use it", async (context) => {
    const server = Command.start(["--http=[::1]:0", "--sandbox"])
    const listening = await Promise.race([server.says(/listening on (http:\/\/\[::1\]:\d+\/mcp)/u), server.ended])
    if (!Array.isArray(listening)) return context.skip("this machine has no IPv6")
    const health = await fetch(new URL("/healthz", listening[1]))
    assert.strictEqual(health.status, 200)
    server.child.kill("SIGTERM")
    assert.strictEqual((await server.ended).code, 0)
  })
})

describe("the URL that clients know", () => {
  for (const text of [
    "https://mcp.example.com/mcp",
    "https://mcp.example.com",
    "https://mcp.example.com:8443/a/b%20c",
    "http://127.0.0.1:3920/mcp",
    "http://localhost/mcp",
    "http://[::1]:3920/mcp",
    "http://[::ffff:127.0.0.1]/mcp"
  ]) {
    it(`${text} is one`, () => {
      assert.isUndefined(PublicUrl.problem(text))
    })
  }

  for (const [text, says] of [
    ["", /not a URL/u],
    ["mcp.example.com", /not a URL/u],
    ["http://mcp.example.com/mcp", /must be https/u],
    ["http://127.0.0.1.example.com/mcp", /must be https/u],
    ["http://0.0.0.0/mcp", /must be https/u],
    ["http://[::]/mcp", /must be https/u],
    ["ftp://127.0.0.1/mcp", /must be https/u],
    ["file:///etc/passwd", /must be https/u],
    ["https://user@mcp.example.com/mcp", /no user/u],
    ["https://user:secret@mcp.example.com/mcp", /no user/u],
    ["https://:secret@mcp.example.com/mcp", /no user/u],
    ["http://localhost@mcp.example.com/mcp", /must be https/u],
    ["https://mcp.example.com/mcp?key=secret", /no query/u],
    ["https://mcp.example.com/mcp?", /no query/u],
    ["https://mcp.example.com/mcp#part", /no fragment/u],
    ["https://mcp.example.com/mcp#", /no fragment/u],
    ["https://mcp.example.com/mcp?a#b", /no fragment/u],
    ["https://mcp.example.com/mcp#a?b", /no fragment/u]
  ] as const) {
    it(`${JSON.stringify(text)} is none`, () => {
      assert.match(PublicUrl.problem(text) ?? "", says)
    })
  }

  it("may have a query where it is the one of the keys, and no user", () => {
    assert.isUndefined(PublicUrl.problem("https://login.example.com/keys?p=policy", { query: true }))
    assert.match(PublicUrl.problem("https://a:b@login.example.com/keys?p=policy", { query: true }) ?? "", /no user/u)
  })

  for (const [flag, url] of [
    ["url", "https://user:0123456789abcdef@mcp.example.com/mcp"],
    ["url", "https://mcp.example.com/mcp?key=0123456789abcdef"],
    ["url", "https://mcp.example.com/mcp#0123456789abcdef"],
    ["jwks-url", "https://user:0123456789abcdef@login.example.com/keys"],
    ["issuer", "http://user:0123456789abcdef@login.example.com"],
    ["issuer", "https://login.example.com?key=0123456789abcdef"]
  ] as const) {
    it(`--${flag} ${url} ends the command before it listens, and what may be a secret is not repeated`, async () => {
      const jwt = { "jwks-url": "https://login.example.com/keys", issuer: "https://login.example.com", audience: "mcp" }
      const settings = { ...(flag === "url" ? {} : jwt), [flag]: url }
      const flags = Object.entries(settings).map(([name, value]) => `--${name}=${value}`)
      const { code, stderr } = await Command.run(["--sandbox", "--http=127.0.0.1:0", ...flags])
      assert.strictEqual(code, 2)
      assert.match(stderr, new RegExp(`--${flag} .*must have no `, "u"))
      assert.notInclude(stderr, "0123456789abcdef")
    })
  }
})
