/**
 * `pnpm release:version`: takes up the changes that are recorded in `.changeset`. pnpm gives every package its next version and adds
 * to its changelog; this adds to the changelog of the whole, and tells the version to the files that name it.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { manifestOf, packages, root } from "./packages.ts"
import { output } from "./run.ts"

const at = (...path: ReadonlyArray<string>) => join(root, ...path)

/** What is recorded: for which packages, and in words. */
const changes = readdirSync(at(".changeset"))
  .filter((file) => file.endsWith(".md") && file !== "README.md")
  .map((file) => {
    const [, head = "", text = ""] =
      /^---\n([^]*?)\n---\n([^]*)$/u.exec(readFileSync(at(".changeset", file), "utf8")) ?? []
    const names = [...head.matchAll(/^["']?@flex-interactions\/([\w-]+)["']?: \w+$/gmu)].map(([, name = ""]) => name)
    return { names, text: text.trim() }
  })

const [first] = packages
const before = first?.manifest.version ?? ""
await output("pnpm", ["version", "-r", "--no-git-checks"], { cwd: root })
const after = manifestOf(first?.folder ?? root).version

if (after === before) {
  process.stdout.write("Nothing is recorded in .changeset, so there is no new version.\n")
} else {
  const list = changes.map(({ names, text }) => `- ${names.join(", ")}: ${text.replaceAll("\n", "\n  ")}\n`)
  const changelog = readFileSync(at("CHANGELOG.md"), "utf8")
  const place = changelog.indexOf("\n## ")
  writeFileSync(
    at("CHANGELOG.md"),
    `${changelog.slice(0, place)}\n## ${after}\n\n${list.join("")}${changelog.slice(place)}`
  )
  for (const file of ["packages/mcp/server.json", "packages/mcp/mcpb/manifest.json"]) {
    const text = readFileSync(at(file), "utf8")
    writeFileSync(at(file), text.replaceAll(`"version": "${before}"`, `"version": "${after}"`))
  }
  process.stdout.write(`${after}: read CHANGELOG.md, and commit.\n`)
}
