/** `--help` of every command is there, and fits a terminal of 80 columns. */
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import * as Settings from "../../packages/mcp/src/operator/Settings.ts"
import { packages, root } from "../../scripts/packages.ts"
import { main, startNode } from "../support/command.ts"

const programs: ReadonlyArray<readonly [string, ReadonlyArray<string>]> = [
  ...packages.flatMap(({ folder, manifest: { bin = {} } }) =>
    Object.entries(bin).map(([name, file]) => [name, [join(folder, file)]] as const)
  ),
  ...Settings.commands.map((command) => [`flex-interactions-mcp ${command}`, [main, command]] as const),
  ["demo", ["--import", "tsx", join(root, "examples/demo.ts")]]
]

describe.concurrent("--help", () => {
  for (const [name, program] of programs) {
    it(`of ${name}`, async () => {
      const { code, stderr, stdout } = await startNode([...program, "--help"]).ended
      assert.deepStrictEqual([code, stderr], [0, ""])
      assert.include(stdout, name.split(" ")[0] ?? "")
      const lines = stdout.split("\n")
      assert.isAbove(lines.length, 3)
      assert.deepStrictEqual(
        lines.filter((line) => line.length > 80 || line.endsWith(" ")),
        []
      )
    })
  }

  it("of a command, with the command before or after the word", async () => {
    const [flag, word] = await Promise.all([
      startNode([main, "doctor", "--help"]).ended,
      startNode([main, "help", "doctor"]).ended
    ])
    assert.strictEqual(flag.stdout, word.stdout)
    const { code, stderr } = await startNode([main, "help", "doctors"]).ended
    assert.strictEqual(code, 2)
    assert.include(stderr, "help takes one of")
  })
})
