import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig, type RolldownOptions } from "rolldown"
import { licenses } from "../../licenses.ts"
import { listingAsData } from "./listing.ts"

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string }

/**
 * Nothing is resolved at run time. What is needed at once lies in one file, what few runs need, or later parts, in others.
 * For Node it is CommonJS, which starts faster than ES modules, and whose calls are faster too.
 */
const bundle = (source: string, file: string, platform: "node" | "browser" = "node"): RolldownOptions => ({
  input: { [file]: `src/${source}.ts` },
  platform,
  logLevel: "warn",
  resolve: {
    conditionNames: ["@flex-interactions/source", platform === "node" ? "node" : "workerd", "import", "default"],
    ...(platform === "node"
      ? { alias: { "@modelcontextprotocol/server/_shims": fileURLToPath(new URL("sdkShims.ts", import.meta.url)) } }
      : undefined)
  },
  // No module's getter does anything but give a value.
  treeshake: { propertyReadSideEffects: false },
  transform: { define: { PACKAGE_VERSION: JSON.stringify(version), "import.meta.env": "undefined" } },
  // The entry's file may export to later parts what it shares with them, and so have it all.
  preserveEntrySignatures: "allow-extension",
  output: {
    dir: "dist",
    format: platform === "node" ? "cjs" : "esm",
    minify: true,
    // They are for bundlers, and this has been bundled.
    comments: { annotation: false },
    entryFileNames: `[name].${platform === "node" ? "cjs" : "js"}`,
    chunkFileNames: `${file.replace("-start", "")}-[name].${platform === "node" ? "cjs" : "js"}`,
    codeSplitting: { groups: [{ name: file, tags: ["$initial"], includeDependenciesRecursively: false }] }
  },
  plugins: [
    licenses,
    listingAsData,
    {
      // Bundles of their own: sharing parts with one another would make each carry what only the other needs.
      name: "apart",
      resolveId: (imported) => {
        const id = { "./operator/Command.ts": "./main-start.cjs", "./Operator.ts": "./Operator.cjs" }[imported]
        return id === undefined ? null : { id, external: true }
      }
    }
  ]
})

export default defineConfig([
  bundle("main", "main"),
  bundle("operator/Command", "main-start"),
  bundle("operator/Operator", "Operator"),
  bundle("http", "http", "browser")
])
