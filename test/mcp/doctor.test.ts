/** `doctor`, on setups that work and on ones that are broken in one way each. */
import { execFile } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import * as Sandbox from "@flex-interactions/sandbox"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { type Served, start as startSandbox } from "../support/served.ts"
import * as Command from "../support/command.ts"
import { environment as environmentOf } from "../support/host.ts"
import * as Tls from "../support/tls.ts"

interface Report {
  readonly ok: boolean
  readonly checks: ReadonlyArray<{
    readonly check: string
    readonly result: "ok" | "warning" | "failed" | "skipped"
    readonly says: string
    readonly fix?: string
  }>
  readonly settings: ReadonlyArray<{ readonly setting: string; readonly value: string; readonly from: string }>
}

/** Runs a command on a terminal that nobody sees. */
const pseudoTerminal = "/usr/bin/script"

const account = `AC${"0".repeat(31)}1`

describe("doctor", () => {
  let served: Served
  let folder: string
  let secured: Tls.Secured
  /** Answers everything with 404, an hour behind. */
  let late: Server
  beforeAll(async () => {
    served = await startSandbox()
    folder = await mkdtemp(join(tmpdir(), "doctor-"))
    await writeFile(join(folder, "not.json"), "interactions:")
    await writeFile(join(folder, "other.json"), '{"interactions":{}}')
    secured = await Tls.serve(folder, ["localhost"])
    late = createServer((_, response) => {
      response.sendDate = false
      response.setHeader("Date", new Date(Date.now() - 3_600_000).toUTCString())
      response
        .writeHead(404, { "Content-Type": "application/json" })
        .end('{"code":20404,"message":"not found","status":404}')
    }).listen(0, "127.0.0.1")
    await once(late, "listening")
  })
  afterAll(async () => {
    await served.close()
    for (const server of [secured.server, late]) {
      server.close()
      server.closeAllConnections()
    }
    await rm(folder, { recursive: true })
  })

  const environment = (more: Record<string, string> = {}) => environmentOf(served.url, more)
  const examine = async (args: ReadonlyArray<string>, env: Record<string, string>) => {
    const { code, stdout } = await Command.run(["doctor", "--json", ...args], env)
    const report = JSON.parse(stdout) as Report
    assert.strictEqual(code, report.ok ? 0 : 1)
    return { ...report, stdout, check: (name: string) => report.checks.find(({ check }) => check === name) }
  }

  it("finds nothing wrong on the sandbox, in words too", async () => {
    const { code, stdout } = await Command.run(["doctor", "--sandbox"])
    assert.strictEqual(code, 0)
    for (const line of [
      /^ok +node +v/mu,
      /^ok +settings/mu,
      /^ok +credentials +accepted by the sandbox/mu,
      /^ok +protocol 2025-11-25 .*list_participants/mu,
      /^ok +protocol 2026-07-28 .*list_participants/mu,
      /FLEX_MCP_SANDBOX=true +\(flag --sandbox\)/u,
      /Nothing is wrong/u
    ]) {
      assert.match(stdout, line)
    }
    assert.notInclude(stdout, "\u001b")
  })

  it.skipIf(process.platform !== "linux" || !existsSync(pseudoTerminal))(
    "is in colour on a terminal, unless NO_COLOR is set",
    async () => {
      const onTerminal = async (env: Record<string, string>) => {
        const command = `${process.execPath} ${Command.main} doctor --sandbox`
        const { stdout } = await promisify(execFile)(pseudoTerminal, ["-qec", command, "/dev/null"], {
          env: { PATH: process.env["PATH"], TERM: "xterm", ...env }
        })
        return stdout
      }
      const [coloured, plain] = await Promise.all([onTerminal({}), onTerminal({ NO_COLOR: "1" })])
      assert.include(coloured, "\u001b[32mok")
      assert.include(plain, "Nothing is wrong.")
      assert.notInclude(plain, "\u001b[")
    }
  )

  it("finds nothing wrong with an API that answers, and reads only", async () => {
    served.requests.length = 0
    const report = await examine(["--read-only"], environment())
    assert.isTrue(report.ok, report.stdout)
    for (const name of ["credentials", "clock", "protocol 2025-11-25", "protocol 2026-07-28"]) {
      assert.strictEqual(report.check(name)?.result, "ok", name)
    }
    assert.notInclude(report.check("protocol 2026-07-28")?.says, "set_participant_status")
    assert.isTrue(served.requests.every((request) => request.startsWith("GET ")))
  })

  it("says that TaskRouter is off where only the Flex API's origin is set, and on where both are", async () => {
    const off = (await examine([], environment())).check("taskrouter")
    assert.strictEqual(off?.result, "warning")
    assert.match(off?.says ?? "", /^off: FLEX_API_BASE_URL points elsewhere/u)
    assert.match(off?.fix ?? "", /^Set TASKROUTER_API_BASE_URL /u)
    const on = await examine([`--taskrouter-base-url=${served.url}`], environment())
    assert.deepInclude(on.check("taskrouter"), { result: "ok", says: `on, at ${served.url}` })
  })

  it("reads the workspace, says how it was found, and what is wrong with it", async () => {
    const workspace = async (more: Record<string, string> = {}) =>
      (await examine([`--taskrouter-base-url=${served.url}`], environment(more))).check("workspace")
    const [known = ""] = served.sandbox.taskrouter.workspaces.keys()
    assert.deepStrictEqual(await workspace(), {
      check: "workspace",
      result: "ok",
      says: `${known}, looked up: its tasks can be read`
    })
    assert.deepInclude(await workspace({ TWILIO_WORKSPACE_SID: known }), {
      result: "ok",
      says: `${known}, as TWILIO_WORKSPACE_SID says: its tasks can be read`
    })
    const unknown = await workspace({ TWILIO_WORKSPACE_SID: `WS${"9".repeat(32)}` })
    assert.strictEqual(unknown?.result, "failed")
    assert.match(unknown?.says ?? "", /^this account has no such workspace/u)
    assert.match(unknown?.fix ?? "", /^Set TWILIO_WORKSPACE_SID /u)

    served.answerWith(async (request) =>
      request.url.endsWith("/v1/Configuration")
        ? Response.json({ taskrouter_workspace_sid: `WS${"8".repeat(32)}` })
        : served.sandbox.fetch(request)
    )
    const strange = await workspace({ TWILIO_WORKSPACE_SID: known })
    served.answerWith(undefined)
    assert.deepInclude(strange, {
      result: "warning",
      says: `${known}, as TWILIO_WORKSPACE_SID says, but Flex's own is WS${"8".repeat(32)}: every agent would seem to be gone`
    })

    served.sandbox.faults.add({
      kind: "answer",
      status: 403,
      host: "taskrouter",
      body: { code: 70051 },
      times: "always"
    })
    const forbidden = await workspace()
    served.sandbox.faults.clear()
    assert.strictEqual(forbidden?.result, "warning")
    assert.match(
      forbidden?.says ?? "",
      /^its tasks may not be read by the account AC\w+ \(TWILIO_ACCOUNT_SID\) at TaskRouter: .*HTTP 403; code 70051/u
    )
    assert.match(forbidden?.fix ?? "", /missing: where agents stand, .*proof/u)

    const off = await examine([], environment())
    assert.deepInclude(off.check("workspace"), { result: "skipped", says: "TaskRouter is off" })
  }, 60_000)

  describe("says which credentials fail at which API, and what is missing then", () => {
    const key = () => ({
      TWILIO_API_KEY: served.sandbox.credentials.apiKey,
      TWILIO_API_SECRET: served.sandbox.credentials.apiSecret
    })
    for (const [host, status, failing, well] of [
      ["taskrouter", 401, ["workspace", "reads"], ["credentials"]],
      ["taskrouter", 403, ["workspace", "reads"], ["credentials"]],
      ["flex", 401, ["credentials"], []],
      ["flex", 403, ["credentials"], []]
    ] as const) {
      it(`${status} at ${host} alone`, async () => {
        served.sandbox.faults.add({ kind: "answer", status, host, body: { code: 20003 }, times: "always" })
        const env = environmentOf(served.url, { TWILIO_WORKSPACE_SID: workspaceSid(), ...key() })
        const report = await examine([`--taskrouter-base-url=${served.url}`], env)
        const scoped =
          status === 401 && host === "taskrouter"
            ? await examine([`--taskrouter-base-url=${served.url}`, "--only-queue=Support"], env)
            : undefined
        served.sandbox.faults.clear()
        for (const name of failing) {
          const { result, says } = report.check(name) ?? assert.fail(name)
          assert.strictEqual(result, host === "flex" ? "failed" : "warning", report.stdout)
          assert.include(says, `the API key ${served.sandbox.credentials.apiKey} (TWILIO_API_KEY)`)
          assert.include(says, host === "flex" ? "at the Flex API" : "at TaskRouter")
          assert.include(says, `${status}`)
          if (host === "flex") continue
          assert.match(report.check(name)?.fix ?? "", /missing: where agents stand, who is on the way/u)
          if (scoped === undefined) continue
          // A server with a scope refuses everything then.
          assert.strictEqual(scoped.check(name)?.result, "failed")
          assert.match(scoped.check(name)?.fix ?? "", /every call is refused/u)
        }
        for (const name of well) assert.strictEqual(report.check(name)?.result, "ok", report.stdout)
      }, 60_000)
    }

    it("and says so if only workers may not be read", async () => {
      served.sandbox.faults.add({
        kind: "answer",
        status: 403,
        resource: "workers",
        body: { code: 70051 },
        times: "always"
      })
      const report = await examine([`--taskrouter-base-url=${served.url}`], environment())
      served.sandbox.faults.clear()
      assert.strictEqual(report.check("workspace")?.result, "ok")
      assert.match(report.check("reads")?.says ?? "", /^its workers may not be read/u)
    })
  })

  const workspaceSid = () => [...served.sandbox.taskrouter.workspaces.keys()][0] ?? ""

  it("looks for the queues of a scope by their exact names", async () => {
    const queues = async (...names: ReadonlyArray<string>) =>
      (
        await examine(
          [`--taskrouter-base-url=${served.url}`, ...names.map((name) => `--only-queue=${name}`)],
          environment()
        )
      ).check("queues")
    assert.deepStrictEqual(await queues("Support", "Billing"), {
      check: "queues",
      result: "ok",
      says: 'only tasks of "Support", "Billing", which are there'
    })
    const missing = await queues("Support", "support")
    assert.deepInclude(missing, {
      result: "failed",
      says: 'no queue is called "support": what is there is never shown'
    })
    const { code } = await Command.run(["doctor", "--sandbox", "--only-queue=Nowhere"])
    assert.strictEqual(code, 1)
  }, 60_000)

  describe("--live", () => {
    const live = async (name: keyof typeof Sandbox.ready.conversations) => {
      const { channelSid, interactionSid } = Sandbox.ready.conversations[name]
      const report = await examine(
        [`--taskrouter-base-url=${served.url}`, "--live", interactionSid, channelSid],
        environment()
      )
      return { ...report, point: (n: number) => report.checks.find(({ check }) => check.startsWith(`live ${n} `)) }
    }

    it("reports what a conversation shows of the open points, and asks with GET alone", async () => {
      served.requests.length = 0
      const outlived = await live("outlived")
      assert.isTrue(outlived.ok, outlived.stdout)
      assert.match(
        outlived.check("live conversation")?.says ?? "",
        /^the channel is active, web; it lists 2 agents, .*1 gone, 1 accepted$/u
      )
      assert.match(outlived.point(2)?.says ?? "", /^agents who left stay listed: 1 agent here/u)
      assert.match(outlived.point(12)?.says ?? "", /channel is active; it ended by 1 task\.system-deleted/u)
      assert.match(outlived.point(13)?.says ?? "", /^a reservation whose task is gone is not among/u)
      const stuck = await live("stuck")
      assert.match(stuck.point(4)?.says ?? "", /takes the filter: 1 reservation, each wrapping/u)
      assert.match(stuck.point(5)?.says ?? "", /^of (\d+) listed tasks \1 have attributes/u)
      assert.match(stuck.point(6)?.says ?? "", /^taken: 2 tasks, all of this channel/u)
      assert.match(stuck.point(7)?.says ?? "", /^2 invites are listed: .*says pending, and its task is wrapping/u)
      assert.match(stuck.point(8)?.says ?? "", /reservation\.wrapup by /u)
      for (const open of [1, 3, 9, 10]) {
        assert.deepInclude(stuck.point(open), { result: "skipped" })
        assert.match(stuck.point(open)?.says ?? "", /reading does not show it$/u)
      }
      assert.isAbove(served.requests.length, 20)
      assert.deepStrictEqual(
        served.requests.filter((request) => !request.startsWith("GET ")),
        []
      )
      // Attributes have people's names and numbers.
      for (const report of [outlived, stuck]) assert.notMatch(report.stdout, /Omar|Haddad|Ortega|deepak/u)
    }, 60_000)

    it("sees what differs from what is assumed", async () => {
      served.answerWith(async (request) => {
        const url = new URL(request.url)
        // Lists without attributes, and filters that are not applied.
        if (url.pathname.endsWith("/Tasks")) {
          url.searchParams.delete("EvaluateTaskAttributes")
          const reply = await served.sandbox.fetch(new Request(url, request))
          const body = (await reply.json()) as { readonly tasks: ReadonlyArray<object> }
          return Response.json({ ...body, tasks: body.tasks.map((task) => ({ ...task, attributes: null })) })
        }
        url.searchParams.delete("ReservationStatus")
        return served.sandbox.fetch(new Request(url, request))
      })
      const report = await live("stuck")
      served.answerWith(undefined)
      assert.match(report.point(5)?.says ?? "", /^of \d+ listed tasks 0 have attributes/u)
      assert.match(report.point(4)?.says ?? "", /takes the filter and ignores it: .*accepted/u)
    }, 60_000)

    it("a conversation that is not there, and half of one", async () => {
      const nobodys = [`KD${"ab".repeat(16)}`, `UO${"ab".repeat(16)}`]
      const report = await examine(["--live", ...nobodys], environment())
      assert.isFalse(report.ok)
      assert.match(report.check("live conversation")?.says ?? "", /no such interaction/u)
      for (const args of [["--live"], ["--live", nobodys[0] ?? ""], ["--live", ...nobodys.toReversed()], nobodys]) {
        const { code, stderr, stdout } = await Command.run(["doctor", ...args], environment())
        assert.strictEqual(code, 2)
        assert.strictEqual(stdout, "")
        assert.match(stderr, /KD\.\.\. UO\.\.\./u)
      }
    }, 60_000)
  })

  it("refuses a workspace that is none, as the server does before it serves", async () => {
    const env = environment({ TWILIO_WORKSPACE_SID: `WT${"0".repeat(32)}` })
    const problem =
      "TWILIO_WORKSPACE_SID is not what it should be: expected WS followed by 32 hexadecimal digits, got a task SID (WT)"
    const report = await examine([], env)
    assert.deepInclude(report.check("settings"), { result: "failed", says: `${problem}.` })
    assert.strictEqual(report.check("workspace")?.result, "skipped")
    const { code, stderr } = await Command.run([], env)
    assert.strictEqual(code, 2)
    assert.include(stderr, problem)
  })

  it("shows where each setting comes from, and no secret", async () => {
    const { settings, stdout } = await examine(
      ["--confirm", "always", "--allow-status", "wrapup", "--allow-status=closed"],
      environment({
        FLEX_MCP_READ_ONLY: "yes",
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://user:otlp-pass@word@${new URL(served.url).host}/otlp`
      })
    )
    const from = (name: string) => settings.find(({ setting }) => setting === name)
    assert.deepStrictEqual(from("FLEX_MCP_CONFIRM"), {
      setting: "FLEX_MCP_CONFIRM",
      value: "always",
      from: "flag --confirm"
    })
    assert.deepStrictEqual(from("FLEX_MCP_ALLOW_STATUS"), {
      setting: "FLEX_MCP_ALLOW_STATUS",
      value: "wrapup, closed",
      from: "flag --allow-status"
    })
    assert.deepStrictEqual(from("FLEX_MCP_READ_ONLY"), {
      setting: "FLEX_MCP_READ_ONLY",
      value: "yes",
      from: "environment"
    })
    assert.strictEqual(from("TWILIO_AUTH_TOKEN")?.value, "***")
    assert.strictEqual(from("OTEL_EXPORTER_OTLP_ENDPOINT")?.value, `http://***@${new URL(served.url).host}/otlp`)
    for (const secret of ["sandbox-auth-token", "otlp-pass", "word@"]) assert.notInclude(stdout, secret)
  })

  const broken: ReadonlyArray<
    readonly [
      string,
      () => Record<string, string>,
      string,
      "failed" | "warning",
      RegExp,
      RegExp,
      ReadonlyArray<string>?
    ]
  > = [
    [
      "no credentials",
      () => ({ FLEX_API_BASE_URL: served.url }),
      "settings",
      "failed",
      /TWILIO_API_KEY/u,
      /--sandbox/u
    ],
    [
      "half a pair",
      () => ({ TWILIO_API_SECRET: "half-a-secret" }),
      "settings",
      "failed",
      /TWILIO_API_KEY is not set/u,
      /./u
    ],
    [
      "a setting that is none",
      () => environment({ FLEX_MCP_CONFIRM: "maybe" }),
      "settings",
      "failed",
      /must be one of auto/u,
      /./u
    ],
    ...(
      [
        ["that is not there", "none.json", /ENOENT/u],
        ["that is not JSON", "not.json", /not JSON/u],
        ["of another shape", "other.json", /interactions/u]
      ] as const
    ).map(
      ([what, file, says]) =>
        [
          `a seed ${what}`,
          () => ({ FLEX_MCP_SANDBOX_SEED: join(folder, file) }),
          "settings",
          "failed",
          says,
          /--sandbox-seed/u
        ] as const
    ),
    [
      "wrong credentials",
      () => environment({ TWILIO_AUTH_TOKEN: "wrong-secret" }),
      "credentials",
      "failed",
      /401/u,
      /belong together/u
    ],
    [
      "a name that does not resolve",
      () => environment({ FLEX_API_BASE_URL: "https://nowhere.invalid" }),
      "dns",
      "failed",
      /nowhere.invalid/u,
      /HTTPS_PROXY/u
    ],
    [
      "a certificate that is not trusted",
      () => environment({ FLEX_API_BASE_URL: `https://localhost:${secured.port}` }),
      "tls",
      "failed",
      /cannot be secured/u,
      /NODE_EXTRA_CA_CERTS/u
    ],
    [
      "a clock that is an hour ahead",
      () => environment({ FLEX_API_BASE_URL: `http://127.0.0.1:${(late.address() as AddressInfo).port}` }),
      "clock",
      "warning",
      /3\d\d\d s ahead/u,
      /NTP/u
    ],
    [
      "a proxy that is away",
      () => environment({ HTTPS_PROXY: "http://user:secret-password@127.0.0.1:1" }),
      "proxy",
      "failed",
      /127.0.0.1:1 cannot be reached/u,
      /HTTPS_PROXY/u
    ],
    [
      "a Redis that is away",
      () => environment({ REDIS_URL: "redis://:secret-password@127.0.0.1:1" }),
      "redis",
      "failed",
      /ECONNREFUSED/u,
      /REDIS_URL/u
    ],
    [
      "a collector that is away",
      () => environment({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" }),
      "telemetry",
      "failed",
      /cannot be reached/u,
      /OTLP/u
    ],
    [
      "keys that are away",
      () =>
        environment({
          FLEX_MCP_JWKS_URL: "http://127.0.0.1:1/keys",
          FLEX_MCP_ISSUER: "https://issuer.example",
          FLEX_MCP_AUDIENCE: "us"
        }),
      "http",
      "failed",
      /gives no keys/u,
      /jwks/u,
      ["--http"]
    ],
    [
      "a port that is taken",
      () => environment({ FLEX_MCP_HTTP: `127.0.0.1:${(late.address() as AddressInfo).port}` }),
      "http",
      "warning",
      /in use/u,
      /--http/u
    ]
  ]
  for (const [what, env, name, result, says, fix, args = []] of broken) {
    it(`says what is wrong and what to fix: ${what}`, async () => {
      const report = await examine(args, env())
      const found = report.check(name)
      assert.strictEqual(found?.result, result, report.stdout)
      assert.match(found?.says ?? "", says)
      assert.match(found?.fix ?? "", fix)
      assert.strictEqual(report.ok, result === "warning")
      if (name === "settings")
        assert.lengthOf(
          report.checks.filter((check) => check.result === "failed"),
          1
        )
      assert.notMatch(report.stdout, /wrong-secret|half-a-secret|secret-password|sandbox-auth-token/u)
    })
  }

  it("is content with an authority that was added, and a secret in a file", async () => {
    await writeFile(join(folder, "auth-token"), "sandbox-auth-token\n")
    const report = await examine([], {
      TWILIO_ACCOUNT_SID: account,
      TWILIO_AUTH_TOKEN_FILE: join(folder, "auth-token"),
      FLEX_API_BASE_URL: `https://localhost:${secured.port}`,
      NODE_EXTRA_CA_CERTS: secured.authority
    })
    assert.isTrue(report.ok, report.stdout)
    for (const name of ["dns", "tls", "credentials"]) assert.strictEqual(report.check(name)?.result, "ok", name)
    assert.match(report.check("tls")?.says ?? "", /Test authority/u)
  })
})
