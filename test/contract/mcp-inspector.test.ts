/** The built server judged by the official Inspector's command line, in both eras. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { channel, main, read, startLine, toolNames, write } from "../support/host.ts"

const inspector = fileURLToPath(import.meta.resolve("@modelcontextprotocol/inspector/clients/launcher/build/index.js"))

const inspect = async (era: string, ...args: ReadonlyArray<string>) => {
  const child = spawn(
    process.execPath,
    [inspector, "--cli", "node", main, "--sandbox", "--protocol-era", era, "--format", "json", ...args],
    { env: { PATH: process.env["PATH"], HOME: process.env["HOME"] } }
  )
  let stdout = ""
  let stderr = ""
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()))
  const [code] = (await once(child, "close")) as [number]
  return { code, stderr, result: (JSON.parse(stdout) as { readonly result: Record<string, unknown> }).result }
}

const call = (era: string, name: string, args: Record<string, string>) =>
  inspect(
    era,
    "--method",
    "tools/call",
    "--tool-name",
    name,
    ...Object.entries(args).flatMap(([key, value]) => ["--tool-arg", `${key}=${value}`])
  )

for (const era of ["legacy", "modern"]) {
  describe(`the Inspector, ${era}`, () => {
    it("finds the tools, and in strict mode nothing that a host would stumble over", async () => {
      const { code, result, stderr } = await inspect(era, "--method", "tools/list", "--strict")
      assert.deepStrictEqual([code, stderr.replace(startLine, "")], [0, ""])
      assert.lengthOf(result["tools"] as ReadonlyArray<unknown>, toolNames.length)
    })

    it("lists, and writes", async () => {
      const listed = await call(era, "list_participants", channel(2))
      assert.strictEqual(listed.code, 0)
      assert.lengthOf(read(listed.result).data?.["participants"] as ReadonlyArray<unknown>, 4)
      const done = await call(era, "set_participant_status", write(2, 2, "closed"))
      assert.strictEqual(done.code, 0)
      assert.strictEqual(read(done.result).data?.["result"], "confirmed")
    })

    it("a refusal is its error: a customer", async () => {
      const { code, result } = await call(era, "set_participant_status", write(2, 1, "closed"))
      assert.strictEqual(code, 5)
      assert.match(
        read(result).text,
        /Only agents can be moved, and this participant's type is "customer".*Nothing was changed/u
      )
    })
  })
}
