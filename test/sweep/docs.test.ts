/** What docs/sweep.md says of the command line is so. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"
import { startNode } from "../support/command.ts"
import { begin, centre, main } from "../support/sweep.ts"

const docs = readFileSync(fileURLToPath(new URL("../../docs/sweep.md", import.meta.url)), "utf8")

test("the guide names every flag of --help, and none that is not there", async () => {
  const { stdout } = await startNode([main, "--help"]).ended
  const [own = ""] = (stdout.split("\nFLAGS\n")[1] ?? "").split("\nGLOBAL FLAGS\n")
  const flags = new Set(own.match(/--[a-z-]+/gu))
  const told = new Set([...docs.matchAll(/(?<![\w-])--[a-z][a-z-]+/gu)].map(([flag]) => flag))
  expect([...told].sort()).toEqual([...flags].sort())
})

const recipes = [...docs.matchAll(/^(?:npx -y @flex-interactions\/sweep|flex-interactions-sweep) (.+)$/gmu)].map(
  ([, line = ""]) => line.replace(/ >> .*/u, "").split(" ")
)

test("the recipes run", async () => {
  expect(recipes.length).toBeGreaterThan(4)
  const served = await centre([], {
    workers: [{ friendly_name: "ana", attributes: { email: "ana@example.com" } }],
    tasks: [{ queue: "Support" }]
  })
  for (const recipe of recipes) {
    const { code, stderr } = await begin(served, recipe).ended
    expect([recipe, code, stderr]).toEqual([recipe, 0, ""])
  }
  await served.close()
})
