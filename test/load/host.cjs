/**
 * A host over stdio that is made to be killed: it starts the server that it is told to, and changes one agent after the other, two at a
 * time. Its log is the server's stderr. On stdout: the server's process id, and then what each change was answered with.
 */
const { spawn } = require("node:child_process")
const { createInterface } = require("node:readline")

const [program, changes] = process.argv.slice(2)
const server = spawn(process.execPath, [program, "--confirm=never", "--audit-json"], {
  stdio: ["pipe", "pipe", "inherit"]
})
const todo = JSON.parse(changes)
const say = (message) => server.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
const next = () => {
  const change = todo.shift()
  if (change !== undefined)
    say({
      id: change.participant_sid,
      method: "tools/call",
      params: { name: "set_participant_status", arguments: change }
    })
}
process.stdout.write(`${JSON.stringify({ pid: server.pid })}\n`)
createInterface({ input: server.stdout }).on("line", (line) => {
  const { id, result } = JSON.parse(line)
  if (id === 0) {
    say({ method: "notifications/initialized" })
    next()
  } else {
    process.stdout.write(`${JSON.stringify({ id, result })}\n`)
  }
  next()
})
say({
  id: 0,
  method: "initialize",
  params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "host", version: "1" } }
})
