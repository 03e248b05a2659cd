/** The command that was built, started as a person starts it. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { basic } from "./requests.ts"

describe("the command", () => {
  const main = fileURLToPath(new URL("../../packages/sandbox/dist/main.js", import.meta.url))

  it("prints its URL first, then credentials and SIDs that work", async () => {
    const child = spawn("node", [main, "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] })
    const [chunk] = (await once(child.stdout, "data")) as [Buffer]
    const lines = chunk.toString().split("\n")
    const setting = (name: string) => lines.find((line) => line.startsWith(`${name}=`))?.slice(name.length + 1) ?? ""
    const [interaction, channel] = lines.find((line) => line.startsWith("KD"))?.split(" ") ?? []
    const response = await fetch(`${lines[0]}/v1/Interactions/${interaction}/Channels/${channel}/Participants`, {
      headers: basic(setting("TWILIO_ACCOUNT_SID"), setting("TWILIO_AUTH_TOKEN"))
    })
    assert.strictEqual(response.status, 200)
    child.kill()
    await once(child, "exit")
  })

  it("says what is wrong with its arguments", async () => {
    const child = spawn("node", [main, "--port", "x"], { stdio: ["ignore", "ignore", "pipe"] })
    const [chunk] = (await once(child.stderr, "data")) as [Buffer]
    assert.match(chunk.toString(), /--port: expected a number/u)
    const [code] = (await once(child, "exit")) as [number]
    assert.strictEqual(code, 2)
  })
})
