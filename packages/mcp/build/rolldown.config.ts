import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig, type RolldownOptions } from "rolldown"
import { licenses } from "../../licenses.ts"
import { listingAsData } from "./listing.ts"
import { view } from "./view.ts"

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string }

const rosterView = JSON.stringify(await view())

/** Modules that modules of the start import, and of which only calls use anything. A test sees it when a start does after all. */
const onlyInCalls = /[\\/]effect[\\/]dist[\\/](Channel|MutableList|Pull|Queue|Semaphore|Sink|Stream)\.js$/u

/**
 * Nothing is resolved at run time. What is needed at once is in one file; what the first call needs is in another, and what few
 * runs need in more. For Node it is CommonJS, which starts faster than ES modules, and whose calls are faster too.
 */
const bundle = (source: string, file: string, platform: "node" | "browser" = "node"): RolldownOptions => ({
  input: { [file]: source },
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
  transform: {
    define: { PACKAGE_VERSION: JSON.stringify(version), ROSTER_VIEW: rosterView, "import.meta.env": "undefined" }
  },
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
    // In a worker all is in one file.
    codeSplitting: platform === "node" && {
      groups: [
        {
          name: file,
          tags: ["$initial"],
          test: (id) => file !== "main-start" || !onlyInCalls.test(id),
          includeDependenciesRecursively: false,
          priority: 1
        },
        // What the first call needs is loaded together; the sandbox and the roster view are other parts.
        ...(file === "main-start"
          ? [{ name: "Calls", test: /^(?!.*(?:sandbox|RosterView))/iu, includeDependenciesRecursively: false }]
          : [])
      ]
    }
  },
  plugins: [
    licenses,
    listingAsData,
    {
      // Bundles of their own: sharing parts with one another would make each carry what only the other needs.
      name: "apart",
      resolveId: (imported) => {
        const id = { "./start.ts": "./main-start.cjs", "./operator/Command.ts": "./Command.cjs" }[imported]
        return id === undefined ? null : { id, external: true }
      },
      // Node reads a CommonJS file once more, for the names that it exports, when import() takes it and not require().
      renderChunk: (code) =>
        code.replace(/\bimport\(("\.\/Command\.cjs")\)/u, "Promise.resolve().then(() => require($1))")
    }
  ]
})

export default defineConfig([
  bundle("build/entry.ts", "main"),
  bundle("build/start.ts", "main-start"),
  bundle("src/operator/Command.ts", "Command"),
  bundle("src/http.ts", "http", "browser")
])
