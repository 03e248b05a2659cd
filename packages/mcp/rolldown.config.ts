import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig, type RolldownOptions } from "rolldown"
import { licenses } from "../licenses.ts"
import { pureSchemas } from "./pureSchemas.ts"

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string }

/**
 * Nothing is resolved at run time. What few runs need lies in files beside the entry, what is needed at once in one:
 * `start` with all that it imports, also where what is loaded later shares some of it.
 */
const bundle = (input: string, start: string, platform: "node" | "browser" = "node"): RolldownOptions => ({
  input: `src/${input}.ts`,
  platform,
  logLevel: "warn",
  resolve: {
    conditionNames: ["@flex-participants/source", platform === "node" ? "node" : "workerd", "import", "default"],
    ...(platform === "node"
      ? { alias: { "@modelcontextprotocol/server/_shims": fileURLToPath(new URL("src/SdkShims.ts", import.meta.url)) } }
      : undefined)
  },
  // No module's getter does anything but give a value.
  treeshake: { propertyReadSideEffects: false },
  transform: { define: { PACKAGE_VERSION: JSON.stringify(version) } },
  output: {
    dir: "dist",
    format: "esm",
    minify: true,
    chunkFileNames: `${input}-[name].js`,
    codeSplitting: { groups: [{ name: "start", test: new RegExp(`/src/${start}\\.ts$`, "u") }] }
  },
  plugins: [
    licenses,
    pureSchemas,
    {
      // A bundle of its own: sharing parts with it would make the entry carry what only it needs.
      name: "operator-apart",
      resolveId: (source) => (source === "./Operator.ts" ? { id: "./Operator.js", external: true } : null)
    }
  ]
})

export default defineConfig([
  bundle("main", "Command"),
  bundle("Operator", "Operator"),
  bundle("WebHandler", "WebHandler", "browser")
])
