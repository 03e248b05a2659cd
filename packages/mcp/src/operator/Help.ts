/** What `--help` prints, for the whole program and for each command, out of the table of settings. 80 columns wide. */
import * as PrintConfig from "./PrintConfig.ts"
import * as Settings from "./Settings.ts"

const width = 80

/** Lines of at most so many characters; a word that is longer has a line of its own. */
const wrapped = (text: string, most: number): ReadonlyArray<string> => {
  const lines = [""]
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? ""
    if (last !== "" && last.length + 1 + word.length > most) lines.push(word)
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`
  }
  return lines
}

const paragraph = (text: string): string => wrapped(text, width).join("\n")

const rows = (pairs: ReadonlyArray<readonly [string, string]>): string => {
  const left = Math.max(...pairs.map(([name]) => name.length)) + 4
  return pairs
    .flatMap(([name, about]) =>
      wrapped(about, width - left).map(
        (line, index) => (index === 0 ? `  ${name}`.padEnd(left) : " ".repeat(left)) + line
      )
    )
    .join("\n")
}

const all: ReadonlyArray<Settings.Setting> = Object.values(Settings.table)

const flags = all.flatMap(({ about, env, flag, value }) =>
  flag === undefined ? [] : [[value === undefined ? `--${flag}` : `--${flag} ${value}`, `${about} [${env}]`] as const]
)
const variables = all.flatMap(({ about, env, flag }) => (flag === undefined ? [[env, about] as const] : []))

const overview = `flex-interactions-mcp: an MCP server for Twilio Flex conversations

Usage: flex-interactions-mcp [serve] [flags]
       flex-interactions-mcp doctor [--json] [--live KD… UO…] [flags]
       flex-interactions-mcp print-config HOST [flags]
       flex-interactions-mcp help [COMMAND]

${rows([
  ["serve", "serve an assistant over stdio, or over HTTP with --http (the default command)"],
  ["doctor", "check the setup that these flags and this environment make, and say what to fix"],
  ["print-config", `print what an MCP host's configuration needs; HOST is one of ${PrintConfig.hosts.join(", ")}`],
  ["help", "print this, or what a command does"]
])}

Try it, without an account: flex-interactions-mcp --sandbox

Flags, and the variables that say the same; a flag wins:
${rows([...flags, ["--version", "print the version"], ["--help", "print this; after a command, what that command does"]])}

Other variables:
${rows(variables)}

The guide is docs/get-started.md in the repository.`

const serve = `flex-interactions-mcp [serve] [flags]

${paragraph(
  "Serves an assistant: over stdio, as a host starts it, or over HTTP with --http. It runs until stdin ends or it is told to end, and then exits with 0. A setting that is wrong ends it at once, with 2 and a line that says what to do."
)}

${rows([
  ["--sandbox", "on a stand-in for Twilio: no account, no network"],
  ["--read-only", "the assistant can look, and change nothing"],
  ["--http", "at http://127.0.0.1:3920/mcp"]
])}

All flags and variables: flex-interactions-mcp --help`

const doctor = `flex-interactions-mcp doctor [--json] [--live KD… UO…] [flags]

${paragraph(
  "Checks the setup that these flags and this environment make: Node, every setting, the way to Twilio, the credentials, TaskRouter, what HTTP, Redis and telemetry need, and whether the server answers a host. For each thing that is wrong it says what to fix. It changes nothing and shows no secret."
)}

${paragraph("Run it with the flags and the environment that the host starts the server with.")}

${rows([
  ["--json", "for machines: one JSON object"],
  [
    "--live KD… UO…",
    "read one real conversation too, by the SIDs of its interaction and its channel, and report what it shows of the points that Twilio's documents leave open"
  ]
])}

Exit code: 0 if nothing failed, 1 otherwise.

All flags and variables: flex-interactions-mcp --help`

const printConfig = `flex-interactions-mcp print-config HOST [flags]

${paragraph(
  "Prints the lines for a host's configuration on stdout, and on stderr where they belong. The flags that you add are in them, files by their full path. No secret is printed."
)}

${paragraph(`HOST is one of ${PrintConfig.hosts.join(", ")}.`)}

${rows([
  ["print-config cursor --sandbox", "try it without an account"],
  ["print-config vscode --read-only", "the assistant can look, and change nothing"]
])}

All flags and variables: flex-interactions-mcp --help`

const texts: Readonly<Record<string, string>> = { serve, doctor, "print-config": printConfig }

/** For one command, or for all; nothing if there is no such command. */
export const text = (command = "help"): string | undefined => (command === "help" ? overview : texts[command])
