/** The lists of tools in README and manifest are the tools. After a change, `vitest run mcp/lists -u` writes them again. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, expect, it } from "vitest"
import { inManifest, inReadme } from "../support/toolLists.ts"
import { toolNames } from "../support/calls.ts"

for (const [path, made] of [
  ["../../README.md", inReadme],
  ["../../packages/mcp/mcpb/manifest.json", inManifest]
] as const) {
  it(`${path.split("/").at(-1)} lists the tools that there are`, async () => {
    const file = fileURLToPath(new URL(path, import.meta.url))
    const list = made(readFileSync(file, "utf8"))
    for (const name of toolNames) assert.include(list, name)
    await expect(list).toMatchFileSnapshot(file)
  })
}
