import { readFileSync } from "node:fs"
import { licenses } from "./licenses.ts"
import { defineConfig, type RolldownOptions } from "rolldown"

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string }

/** Nothing is resolved at run time. What few runs need lies in files beside the entry. */
const bundle = (input: string, platform: "node" | "browser" = "node"): RolldownOptions => ({
  input: `src/${input}.ts`,
  platform,
  logLevel: "warn",
  resolve: {
    conditionNames: ["@flex-participants/source", platform === "node" ? "node" : "workerd", "import", "default"]
  },
  transform: { define: { PACKAGE_VERSION: JSON.stringify(version) } },
  output: { dir: "dist", format: "esm", minify: true, chunkFileNames: `${input}-[name].js` },
  plugins: [
    licenses,
    {
      // A bundle of its own: sharing parts with it would make the entry carry what only it needs.
      name: "operator-apart",
      resolveId: (source) => (source === "./Operator.ts" ? { id: "./Operator.js", external: true } : null)
    }
  ]
})

export default defineConfig([bundle("main"), bundle("Operator"), bundle("WebHandler", "browser")])
