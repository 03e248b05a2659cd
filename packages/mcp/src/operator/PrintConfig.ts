/** `print-config HOST`: what an MCP host's configuration needs, on stdout; where it belongs, on stderr. */
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import * as Process from "./Process.ts"
import * as Settings from "./Settings.ts"

const name = "flex-interactions"

interface Launch {
  readonly command: string
  readonly args: ReadonlyArray<string>
}

interface Host {
  /** Where the lines belong. */
  readonly where: string
  /** What to do about the credentials: nothing on the sandbox. */
  readonly credentials: string
  /** What to do at last. */
  readonly finally?: string
  /** How the host's configuration refers to a secret; a host that has no way gets a place to fill in. */
  readonly secret?: (variable: string) => string
  readonly print: (launch: Launch, env: Readonly<Record<string, string>>) => string
}

const json = (value: unknown) => JSON.stringify(value, undefined, 2)

const mcpServers: Host["print"] = (launch, env) => json({ mcpServers: { [name]: { ...launch, ...some(env) } } })

const some = (env: Readonly<Record<string, string>>) => (Object.keys(env).length === 0 ? undefined : { env })

const table = {
  "claude-desktop": {
    where:
      "Merge this into claude_desktop_config.json (Settings > Developer > Edit Config opens it: on macOS in ~/Library/Application Support/Claude, on Windows in %APPDATA%\\Claude).",
    credentials: "Fill in the credentials.",
    finally: "Restart Claude Desktop.",
    print: mcpServers
  },
  "claude-code": {
    where: "Put this into .mcp.json at the root of the project, or into ~/.claude.json for all projects.",
    credentials: "The credentials are taken from the environment that claude is started in.",
    secret: (variable) => `\${${variable}}`,
    print: mcpServers
  },
  cursor: {
    where: "Put this into .cursor/mcp.json of the project, or into ~/.cursor/mcp.json for all projects.",
    credentials: "The credentials are taken from the environment that Cursor is started in.",
    secret: (variable) => `\${env:${variable}}`,
    print: mcpServers
  },
  vscode: {
    where:
      'Put this into .vscode/mcp.json of the workspace, or into the file that the command "MCP: Open User Configuration" opens.',
    credentials: "VS Code asks for the credentials once and keeps them.",
    secret: (variable) => `\${input:${variable}}`,
    print: (launch, env) => {
      const inputs = Object.keys(env).map((id) => ({
        type: "promptString",
        id,
        description: id,
        password: Settings.isSecret(id)
      }))
      const server = { type: "stdio", ...launch, ...some(env) }
      return json({ ...(inputs.length === 0 ? undefined : { inputs }), servers: { [name]: server } })
    }
  },
  codex: {
    where: "Append this to ~/.codex/config.toml.",
    credentials: "The credentials are taken from the environment that codex is started in.",
    print: (launch, env) =>
      // A JSON string and an array of them are TOML too.
      [
        `[mcp_servers.${name}]`,
        `command = ${JSON.stringify(launch.command)}`,
        `args = ${JSON.stringify(launch.args)}`,
        ...(Object.keys(env).length === 0 ? [] : [`env_vars = ${JSON.stringify(Object.keys(env))}`])
      ].join("\n")
  },
  inspector: {
    where: `Save this as mcp.json; npx @modelcontextprotocol/inspector --config mcp.json --server ${name} opens it.`,
    credentials: "Fill in the credentials first.",
    print: (launch, env) => json({ mcpServers: { [name]: { type: "stdio", ...launch, ...some(env) } } })
  }
} as const satisfies Record<string, Host>

export type HostName = keyof typeof table

export const hosts = Object.keys(table) as ReadonlyArray<HostName>

/** The program that runs now; or npx, where it is npx that brought it. */
const launch = (flags: ReadonlyArray<string>): Launch => {
  const main = fileURLToPath(new URL("main.cjs", import.meta.url))
  if (!/[\\/]_npx[\\/]/u.test(main)) return { command: process.execPath, args: [main, ...flags] }
  const args = ["-y", `@flex-interactions/mcp@${Process.version}`, ...flags]
  // On Windows npx is a script, which hosts don't start as a program.
  return process.platform === "win32" ? { command: "cmd", args: ["/c", "npx", ...args] } : { command: "npx", args }
}

/** Flags with the full paths of the files that they name: a host starts the server in a directory of its own choice. */
const fromAnywhere = (given: Settings.CommandLine["given"]): Settings.CommandLine["given"] => {
  const files = Object.values(Settings.table).filter((setting: Settings.Setting) => setting.value === "FILE")
  const paths = files.flatMap(({ env }) => (given[env] === undefined ? [] : [[env, resolve(given[env])]]))
  return { ...given, ...Object.fromEntries(paths) }
}

/** Prints the configuration with the flags that were given; 2 if there is no such host. */
export const run = (line: Settings.CommandLine): number => {
  const found = hosts.find((known) => known === line.rest[0])
  if (found === undefined || line.rest.length > 1) {
    return Process.refuse(`print-config takes one of ${hosts.join(", ")}`)
  }
  if (Settings.table.http.env in line.given) {
    return Process.refuse(
      "a host does not start a server that serves over HTTP",
      "docs/operate.md says how hosts reach one."
    )
  }
  const host: Host = table[found]
  const fill = host.secret ?? ((variable: string) => `put ${variable} here`)
  const sandbox = Settings.table.sandbox.env in line.given || Settings.table.sandboxSeed.env in line.given
  const variables = sandbox ? [] : ["TWILIO_API_KEY", "TWILIO_API_SECRET"]
  const env = Object.fromEntries(variables.map((variable) => [variable, fill(variable)]))
  const said = [host.where, sandbox ? undefined : host.credentials, host.finally]
  process.stderr.write(`${said.filter((part) => part !== undefined).join(" ")}\n`)
  process.stdout.write(`${host.print(launch(Settings.asFlags(fromAnywhere(line.given))), env)}\n`)
  return 0
}
