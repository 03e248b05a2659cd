/** What `--help` prints, out of the table of settings. */
import * as PrintConfig from "./PrintConfig.ts"
import * as Settings from "./Settings.ts"

const rows = (pairs: ReadonlyArray<readonly [string, string]>): string => {
  const width = Math.max(...pairs.map(([left]) => left.length))
  return pairs.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n")
}

const all: ReadonlyArray<Settings.Setting> = Object.values(Settings.table)

const flags = all.flatMap(({ about, flag, value }) =>
  flag === undefined ? [] : [[value === undefined ? `--${flag}` : `--${flag} ${value}`, about] as const]
)
const variables = all.flatMap(({ about, env, flag }) => [[env, flag === undefined ? about : `as --${flag}`] as const])

export const text = `flex-interactions-mcp: an MCP server for the participants of a Twilio Flex interaction channel

Usage: flex-interactions-mcp [serve] [flags]
       flex-interactions-mcp doctor [--json] [flags]
       flex-interactions-mcp print-config HOST [flags]
       flex-interactions-mcp help

${rows([
  ["serve", "serve an assistant over stdio, or over HTTP with --http (the default command)"],
  ["doctor", "check the setup that these flags and this environment make, and say what to fix"],
  ["print-config", `print what an MCP host's configuration needs; HOST is ${PrintConfig.hosts.join(", ")}`],
  ["help", "print this"]
])}

Flags:
${rows([...flags, ["--json", "doctor: for machines"], ["--version", "print the version"], ["--help", "print this"]])}

Environment (a flag wins over its variable):
${rows(variables)}

The guide is docs/mcp.md in the repository.`
