/**
 * The official conformance suite against the built server over HTTP, for the two revisions that hosts negotiate: every
 * scenario that the revision requires is run.
 *
 * The suite was made for SDKs: most scenarios call tools, prompts and resources of a server that exists for them. Here is,
 * for each scenario that does not apply, what it asks for. It must fail for that reason, and no check may fail for another.
 */
import { execFile } from "node:child_process"
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as Command from "../support/command.ts"
import * as Nodes from "../support/nodes.ts"

interface Check {
  readonly id: string
  readonly status: "SUCCESS" | "FAILURE" | "WARNING" | "SKIPPED" | "INFO"
  readonly errorMessage?: string
}

const noPrompts = ["this server has no prompts", /Method not found/u] as const
const noSubscriptions = ["this server's one resource never changes", /Method not found/u] as const
const fixtureResource = ["reads a resource of the suite's own server", /Resource not found/u] as const
const fixtureTool = ["calls a tool of the suite's own server", /[Tt]ool '?\w+'? not found/u] as const

/** Why a scenario does not apply, and how its failing checks say so. */
const doNotApply: Readonly<Record<string, readonly [string, RegExp]>> = {
  "completion-complete": [
    "this server has nothing to complete: no prompts, no resource templates",
    /Method not found/u
  ],
  "elicitation-sep1034-defaults": fixtureTool,
  "elicitation-sep1330-enums": fixtureTool,
  "input-required-result-basic-elicitation": fixtureTool,
  "input-required-result-basic-list-roots": fixtureTool,
  "input-required-result-basic-sampling": fixtureTool,
  "input-required-result-capability-check": fixtureTool,
  "input-required-result-multi-round": ["calls a tool of the suite's own server", /^Expected InputRequiredResult/u],
  "input-required-result-multiple-input-requests": fixtureTool,
  "input-required-result-non-tool-request": ["asks for input in a prompt; this server has none", /Method not found/u],
  "input-required-result-request-state": fixtureTool,
  "input-required-result-result-type": fixtureTool,
  "input-required-result-tampered-state": [
    "calls a tool of the suite's own server",
    /could not get initial InputRequiredResult/u
  ],
  "json-schema-2020-12": fixtureTool,
  "logging-set-level": [
    "this server does not log over MCP, which is deprecated: it logs to stderr",
    /Method not found/u
  ],
  "prompts-get-embedded-resource": noPrompts,
  "prompts-get-simple": noPrompts,
  "prompts-get-with-args": noPrompts,
  "prompts-get-with-image": noPrompts,
  "prompts-list": noPrompts,
  "resources-read-binary": fixtureResource,
  "resources-read-text": fixtureResource,
  "resources-subscribe": noSubscriptions,
  "resources-templates-read": fixtureResource,
  "resources-unsubscribe": noSubscriptions,
  "tools-call-audio": fixtureTool,
  "tools-call-elicitation": fixtureTool,
  "tools-call-embedded-resource": fixtureTool,
  "tools-call-error": fixtureTool,
  "tools-call-image": fixtureTool,
  "tools-call-mixed-content": fixtureTool,
  "tools-call-sampling": fixtureTool,
  "tools-call-simple-text": fixtureTool,
  "tools-call-with-logging": [
    "this server does not log over MCP, which is deprecated: it logs to stderr",
    /Method not found/u
  ],
  "tools-call-with-progress": fixtureTool,
  // Of these some checks apply, and pass.
  caching: [
    "these checks want the caching hints of prompts and resources",
    /^(prompts|resources)\/\S+ returned JSON-RPC error -32601/u
  ],
  "server-stateless": [
    "these checks want diagnostic tools of the suite's own server",
    /^Not testable: server does not list the diagnostic tool/u
  ],
  "http-custom-header-server-validation": [
    "no tool here takes an argument as a header",
    /^Not testable: server exposes no tool with x-mcp-header/u
  ]
}

/** Extensions to the protocol that this server does not have: its calls are short, so it has no tasks. */
const extension = /^tasks-/u

const program = Nodes.program(24)

describe.skipIf(program === undefined)(
  `the official conformance suite (needs Node 22 or newer: ${Nodes.howTo})`,
  () => {
    let server: Command.Listening
    let folder: string
    beforeAll(async () => {
      server = await Command.listen(["--sandbox"])
      folder = await mkdtemp(join(tmpdir(), "conformance-"))
    })
    afterAll(async () => {
      await server.stop()
      await rm(folder, { recursive: true })
    })

    for (const [revision, passing, checks] of [
      ["2025-11-25", ["server-initialize", "ping", "tools-list", "resources-list", "dns-rebinding-protection"], 10],
      [
        "2026-07-28",
        [
          "tools-list",
          "resources-list",
          "dns-rebinding-protection",
          "http-header-validation",
          "sep-2164-resource-not-found"
        ],
        60
      ]
    ] as const) {
      it(
        `finds what applies of ${revision} in order, and what does not apply for the reasons given`,
        { timeout: 120_000 },
        async () => {
          const cli = fileURLToPath(
            new URL("../node_modules/@modelcontextprotocol/conformance/dist/index.js", import.meta.url)
          )
          const out = join(folder, revision)
          const args = [cli, "server", "--url", server.url, "--requirements", revision, "--output-dir", out]
          // It exits with 1, because of what does not apply.
          await promisify(execFile)(program ?? "", args, { maxBuffer: 2 ** 26 }).catch(() => {})

          const scenarios = new Map<string, ReadonlyArray<Check>>()
          for (const entry of await readdir(out)) {
            const scenario = entry.replace(/^server-(?=.*-\d{4}-)/u, "").replace(/-\d{4}-\d\d-\d\dT.*$/u, "")
            scenarios.set(
              scenario,
              JSON.parse(await readFile(join(out, entry, "checks.json"), "utf8")) as ReadonlyArray<Check>
            )
          }
          const unexplained: Array<string> = []
          let passed = 0
          for (const [scenario, found] of scenarios) {
            if (extension.test(scenario)) continue
            const failures = found.filter(({ status }) => status === "FAILURE")
            passed += found.filter(({ status }) => status === "SUCCESS").length
            const [, pattern] = doNotApply[scenario] ?? []
            for (const { errorMessage = "", id } of failures) {
              if (pattern?.test(errorMessage) !== true) unexplained.push(`${scenario}: ${id}: ${errorMessage}`)
            }
            if (pattern !== undefined && failures.length === 0)
              unexplained.push(`${scenario}: applies by now, and passes`)
          }
          assert.deepStrictEqual(unexplained, [])
          for (const scenario of passing)
            assert.isTrue(
              scenarios.get(scenario)?.some(({ status }) => status === "SUCCESS"),
              scenario
            )
          assert.isAtLeast(passed, checks)
        }
      )
    }
  }
)
