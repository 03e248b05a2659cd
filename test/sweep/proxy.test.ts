/** The sweep behind a proxy: Twilio is reached through a tunnel alone, and nothing that the proxy says is taken for Twilio's answer. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Sandbox from "@flex-interactions/sandbox"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { startNode } from "../support/command.ts"
import * as RawServer from "../support/rawServer.ts"
import { conversation, main, workers } from "../support/sweep.ts"
import * as Tls from "../support/tls.ts"

const rules = ["--wrapping-longer-than", "2h", "--apply", "--json"]

let folder: string
let api: Tls.Secured
let sandbox: Sandbox.Sandbox
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sweep-proxy-"))
  sandbox = Sandbox.make({
    seed: { workers: workers("ana"), interactions: [conversation([["ana", "wrapup", 200]])] }
  })
  api = await Tls.serve(folder, ["localhost", "flex-api.twilio.com", "taskrouter.twilio.com"], sandbox)
})
afterAll(async () => {
  api.server.close()
  api.server.closeAllConnections()
  await rm(folder, { recursive: true })
})

const sweep = (more: Record<string, string>) =>
  startNode([main, ...rules], {
    TWILIO_API_KEY: sandbox.credentials.apiKey,
    TWILIO_API_SECRET: sandbox.credentials.apiSecret,
    FLEX_API_RATE_LIMIT: "off",
    NODE_EXTRA_CA_CERTS: api.authority,
    ...more
  }).ended

const honest = (): RawServer.Script => [
  { do: "send", bytes: "HTTP/1.1 200 Connection established\r\n\r\n" },
  { do: "tunnel", port: api.port }
]
const behind = async (script: () => RawServer.Script, more: (url: URL) => Record<string, string>) => {
  const proxy = await RawServer.serve(script)
  const ended = await sweep(more(new URL(proxy.url)))
  await proxy.close()
  return { ...ended, asked: proxy.asked }
}

const task = {
  sid: `WT${"0".repeat(31)}1`,
  assignment_status: "wrapping",
  attributes: "{}",
  date_created: "2020-01-01T00:00:00Z"
}
/** What Twilio could have answered. */
const forged = { tasks: [task], meta: { key: "tasks", next_page_url: null } }

describe.concurrent("HTTPS_PROXY", () => {
  for (const status of [200, 201, 404, 503]) {
    test(`a proxy that answers ${status} with what Twilio could have said is not believed, and sees no credentials`, async () => {
      const { asked, code, stderr, stdout } = await behind(
        () => [{ do: "send", bytes: RawServer.reply(status, forged) }],
        (url) => ({ HTTPS_PROXY: url.href, TWILIO_WORKSPACE_SID: `WS${"0".repeat(32)}` })
      )
      expect([code, stdout]).toEqual([1, ""])
      expect(stderr).toMatch(
        new RegExp(`the proxy opened no tunnel to taskrouter.twilio.com:443 \\(HTTP ${status}\\)`, "u")
      )
      expect(asked.filter(({ headers, method }) => method !== "CONNECT" || "authorization" in headers)).toEqual([])
    })
  }

  test.each([
    ["socks5://127.0.0.1:1080", /HTTPS_PROXY must be a URL such as/u],
    ["http://us%er:secret-password@127.0.0.1:1", /HTTPS_PROXY .*write %25 for a %/u],
    ["http://user:secret-password@127.0.0.1:1", /the proxy gave no answer/u]
  ])("%s ends with what is wrong, exit code 1, and the password is not shown", async (HTTPS_PROXY, says) => {
    const { code, stderr, stdout } = await sweep({ HTTPS_PROXY })
    expect([code, stdout]).toEqual([1, ""])
    expect(stderr).toMatch(says)
    expect(stderr).not.toContain("secret-password")
  })

  test("what NO_PROXY names goes without it", async () => {
    const origin = `https://localhost:${api.port}`
    const { asked, code } = await behind(honest, ({ href }) => ({
      HTTPS_PROXY: href,
      NO_PROXY: "localhost",
      FLEX_API_BASE_URL: origin,
      TASKROUTER_API_BASE_URL: origin
    }))
    expect([code, asked]).toEqual([0, []])
  })
})

test("it leads to Twilio through tunnels, as https_proxy too; the proxy gets its password and none of Twilio's credentials", async () => {
  const { asked, code, stderr, stdout } = await behind(honest, (url) => {
    url.username = "user"
    url.password = "50%25"
    return { https_proxy: url.href }
  })
  expect([code, stderr]).toEqual([0, ""])
  expect(stdout).toMatch(/"result":"skipped"/u)
  expect(new Set(asked.map(({ method, path }) => `${method} ${path}`))).toEqual(
    new Set(["CONNECT flex-api.twilio.com:443", "CONNECT taskrouter.twilio.com:443"])
  )
  expect(new Set(asked.map(({ headers }) => headers["proxy-authorization"]))).toEqual(
    new Set([`Basic ${btoa("user:50%")}`])
  )
  expect(asked.filter(({ headers }) => "authorization" in headers)).toEqual([])
})
