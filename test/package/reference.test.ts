/** docs/reference is what the docstrings say. The compiler's declarations are there after `pnpm build`, and after `pnpm check`. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, it } from "vitest"
import { folder, reference } from "../../scripts/reference.ts"

it("docs/reference is as `pnpm reference` writes it, and every {@link} in it leads somewhere", async () => {
  const pages = await reference()
  assert.sameMembers(readdirSync(folder), [...pages.keys()])
  for (const [name, text] of pages) assert.strictEqual(readFileSync(join(folder, name), "utf8"), text, name)
})
