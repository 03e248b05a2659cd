/** `print-config`: what it prints is what each host takes, starts the server, and is what the guide shows. */
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { assert, describe, it } from "vitest"
import * as Command from "../support/command.ts"
import * as Host from "../support/host.ts"

interface Launch {
  readonly type?: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly env?: Record<string, string>
}

/** As much TOML as there is in a Codex configuration: a table, strings, arrays of strings. */
const readToml = (text: string): Record<string, Launch> => {
  const [header = "", ...lines] = text.trim().split("\n")
  const name = /^\[mcp_servers\.([\w-]+)\]$/u.exec(header)?.[1] ?? assert.fail(`not a table of servers: ${header}`)
  const pairs = lines.map((line) => {
    const [, key = "", value = ""] = /^(\w+) = (.+)$/u.exec(line) ?? assert.fail(`not a pair: ${line}`)
    return [key, JSON.parse(value) as unknown]
  })
  return { [name]: Object.fromEntries(pairs) as Launch }
}

const json = (text: string) => JSON.parse(text) as Record<string, Record<string, Launch>>

/** Where each host looks for servers, and how it refers to a secret. */
const hosts = {
  "claude-desktop": {
    servers: (text: string) => json(text)["mcpServers"],
    secret: /^put TWILIO_API_SECRET here$/u,
    where: /claude_desktop_config\.json/u
  },
  "claude-code": {
    servers: (text: string) => json(text)["mcpServers"],
    secret: /^\$\{TWILIO_API_SECRET\}$/u,
    where: /\.mcp\.json/u
  },
  cursor: {
    servers: (text: string) => json(text)["mcpServers"],
    secret: /^\$\{env:TWILIO_API_SECRET\}$/u,
    where: /\.cursor\/mcp\.json/u
  },
  vscode: {
    servers: (text: string) => json(text)["servers"],
    secret: /^\$\{input:TWILIO_API_SECRET\}$/u,
    where: /\.vscode\/mcp\.json/u
  },
  codex: { servers: readToml, secret: undefined, where: /\.codex\/config\.toml/u },
  inspector: {
    servers: (text: string) => json(text)["mcpServers"],
    secret: /^put TWILIO_API_SECRET here$/u,
    where: /npx @modelcontextprotocol\/inspector/u
  }
} as const

// Each test waits for processes of its own, and for nothing else.
describe.concurrent("print-config", () => {
  for (const [host, { secret, servers, where }] of Object.entries(hosts)) {
    it(`${host}: its lines on stdout, where they belong on stderr, no secret in them`, async () => {
      const env = { TWILIO_API_KEY: `SK${"0".repeat(32)}`, TWILIO_API_SECRET: "a-real-secret" }
      const { code, stderr, stdout } = await Command.run(["print-config", host, "--read-only"], env)
      assert.strictEqual(code, 0)
      assert.match(stderr, where)
      assert.match(stderr, /credentials/u)
      const server = servers(stdout)?.["flex-interactions"]
      assert.strictEqual(server?.command, process.execPath)
      assert.deepStrictEqual(server?.args, [Command.main, "--read-only"])
      if (secret === undefined) assert.include(stdout, 'env_vars = ["TWILIO_API_KEY","TWILIO_API_SECRET"]')
      else assert.match(server?.env?.["TWILIO_API_SECRET"] ?? "", secret)
      assert.notInclude(stdout + stderr, "a-real-secret")
    })

    it(`${host}: with --sandbox its lines start a server as they are`, async () => {
      const { stderr, stdout } = await Command.run(["print-config", host, "--sandbox"])
      assert.match(stderr, where)
      assert.notMatch(stderr, /credentials/u)
      const server = servers(stdout)?.["flex-interactions"] ?? assert.fail(stdout)
      assert.isUndefined(server.env)
      const [program, ...args] = server.args
      const client = await Host.connect({
        command: server.command,
        ...(program === undefined ? {} : { program }),
        args
      })
      assert.deepStrictEqual(await Host.namesOf(client), Host.toolNames)
      await client.close()
    })
  }

  it("as npx runs it, it prints what the guide shows, to the letter", async () => {
    const guide = readFileSync(join(import.meta.dirname, "../../docs/get-started.md"), "utf8")
    const home = mkdtempSync(join(tmpdir(), "print-config-"))
    const dist = join(home, "_npx/1/node_modules/@flex-interactions/mcp/dist")
    cpSync(dirname(Command.main), dist, { recursive: true })
    cpSync(join(dirname(Command.main), "../package.json"), join(dist, "../package.json"))
    const print = async (host: string) => {
      const printed = await Command.startNode([join(dist, "main.cjs"), "print-config", host]).ended
      const [, shown] = new RegExp(`<!-- print-config: ${host} -->\n\`\`\`\\w+\n([^]*?)\`\`\``, "u").exec(guide) ?? []
      assert.strictEqual(printed.code, 0)
      assert.strictEqual(shown, printed.stdout, host)
    }
    await Promise.all(Object.keys(hosts).map(print))
    // On Windows npx is no program, but a script.
    const windows = "data:text/javascript,Object.defineProperty(process,'platform',{value:'win32'})"
    const { stdout } = await Command.startNode([
      "--import",
      windows,
      join(dist, "main.cjs"),
      "print-config",
      "cursor",
      "--sandbox"
    ]).ended
    const [server] = Object.values(json(stdout)["mcpServers"] ?? {})
    const version = /mcp@([\d.]+)/u.exec(guide)?.[1]
    assert.deepStrictEqual(server, {
      command: "cmd",
      args: ["/c", "npx", "-y", `@flex-interactions/mcp@${version}`, "--sandbox"]
    })
    rmSync(home, { recursive: true })
  })

  it("names a file by its full path, whatever directory the host starts the server in", async () => {
    const args = ["print-config", "cursor", "--sandbox-seed", "some/seed.json", "--token-file=token", "--confirm=never"]
    const { stdout } = await Command.run(args)
    assert.deepStrictEqual(hosts.cursor.servers(stdout)?.["flex-interactions"]?.args.slice(1), [
      `--sandbox-seed=${resolve("some/seed.json")}`,
      "--confirm=never",
      `--token-file=${resolve("token")}`
    ])
    assert.notInclude(stdout, "TWILIO_")
  })

  it("VS Code asks for the secret without showing it", async () => {
    const { stdout } = await Command.run(["print-config", "vscode"])
    const { inputs } = JSON.parse(stdout) as {
      readonly inputs: ReadonlyArray<{ readonly id: string; readonly password: boolean }>
    }
    assert.deepStrictEqual(
      inputs.map(({ id, password }) => [id, password]),
      [
        ["TWILIO_API_KEY", false],
        ["TWILIO_API_SECRET", true]
      ]
    )
  })

  for (const args of [[], ["emacs"], ["cursor", "vscode"]]) {
    it(`refuses ${JSON.stringify(args)}, and names the hosts it knows`, async () => {
      const { code, stderr, stdout } = await Command.run(["print-config", ...args])
      assert.strictEqual(code, 2)
      assert.strictEqual(stdout, "")
      assert.match(stderr, /claude-desktop, claude-code, cursor, vscode, codex, inspector/u)
    })
  }
})

describe.concurrent("the command line", () => {
  it("print-config does not print how to start a server that nobody starts", async () => {
    const { code, stderr } = await Command.run(["print-config", "cursor", "--http"])
    assert.strictEqual(code, 2)
    assert.match(stderr, /does not start a server that serves over HTTP/u)
  })

  it("--version, and --help with every command, flag and variable", async () => {
    assert.match((await Command.run(["--version"])).stdout, /^\d+\.\d+\.\d+\n$/u)
    const { code, stdout } = await Command.run(["--help"])
    assert.strictEqual(code, 0)
    for (const word of [
      "doctor",
      "print-config",
      "--http",
      "--read-only",
      "TWILIO_API_SECRET",
      "REDIS_URL",
      "HTTPS_PROXY"
    ]) {
      assert.include(stdout, word)
    }
  })

  it("refuses a command and a flag that it does not know", async () => {
    assert.match((await Command.run(["sever"])).stderr, /there is no command "sever"/u)
    assert.match((await Command.run(["--sandbx"])).stderr, /^flex-interactions-mcp: there is no flag --sandbx\n/u)
  })

  it("help is a command", async () => {
    const { code, stdout } = await Command.run(["help"])
    assert.strictEqual(code, 0)
    assert.strictEqual(stdout, (await Command.run(["--help"])).stdout)
  })

  for (const [flag, says] of [
    ["--token", /no flag --token, because .*; set FLEX_MCP_TOKEN, or name a file that has it with --token-file\n/u],
    ["--auth-token", /no flag --auth-token, because .*; set TWILIO_AUTH_TOKEN, or .* with TWILIO_AUTH_TOKEN_FILE\n/u],
    ["--api-secret", /; set TWILIO_API_SECRET, or name a file that has it with TWILIO_API_SECRET_FILE\n/u],
    ["--confirm-secret", /; set FLEX_MCP_CONFIRM_SECRET, or name a file that has it with --confirm-secret-file\n/u],
    ["--redis-url", /no flag --redis-url, because .*; set REDIS_URL\n/u],
    ["--rate-limit", /no flag --rate-limit; set FLEX_API_RATE_LIMIT\n/u]
  ] as const) {
    it(`${flag} is no flag: which setting it is instead`, async () => {
      const both = [[flag, "my-secret"], [`${flag}=my-secret`]].map((args) => Command.run(args))
      for (const { code, stderr } of await Promise.all(both)) {
        assert.strictEqual(code, 2)
        assert.match(stderr, says)
        assert.notInclude(stderr, "my-secret")
      }
    })
  }

  it("takes each switch from the environment as well, and a flag wins", async () => {
    const tools = async (args: ReadonlyArray<string>, env: Record<string, string>) => {
      const client = await Host.connect({ args, env })
      const { tools } = await client.listTools()
      await client.close()
      return tools
    }
    assert.deepStrictEqual(
      (await tools([], { FLEX_MCP_SANDBOX: "true", FLEX_MCP_READ_ONLY: "1" })).map(({ name }) => name),
      Host.readOnlyNames
    )
    const some = await tools(["--allow-status", "wrapup"], {
      FLEX_MCP_SANDBOX: "true",
      FLEX_MCP_ALLOW_STATUS: "closed"
    })
    const write = some.find(({ name }) => name === "set_participant_status")
    assert.notInclude(JSON.stringify(write?.inputSchema.properties?.["status"]), "closed")
    const { code, stderr } = await Command.run([], { FLEX_MCP_SANDBOX: "perhaps" })
    assert.strictEqual(code, 2)
    assert.match(stderr, /--sandbox \(FLEX_MCP_SANDBOX\) must be true or false/u)
  })
})
