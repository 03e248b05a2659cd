/**
 * What every package says of where it comes from, written into its package.json when it is packed. The repository is named
 * once, in the package.json of the root.
 */
const { readFileSync } = require("node:fs")
const { join, relative, sep } = require("node:path")

const { repository } = JSON.parse(readFileSync(join(__dirname, "package.json"), "utf8"))
const [owner, name] = repository.split("/").slice(-2)

const beforePacking = (manifest, folder) => {
  const directory = relative(__dirname, folder).split(sep).join("/")
  return {
    ...manifest,
    homepage: `${repository}/tree/main/${directory}#readme`,
    bugs: { url: `${repository}/issues` },
    repository: { type: "git", url: `git+${repository}.git`, directory },
    // The registry of MCP servers wants to see that a package and its entry are of the same owner.
    ...(directory === "packages/mcp" ? { mcpName: `io.github.${owner}/${name}` } : undefined)
  }
}

module.exports = { hooks: { beforePacking } }
