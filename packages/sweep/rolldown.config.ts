import { readFileSync } from "node:fs"
import { defineConfig } from "rolldown"
import { licenses } from "../licenses.ts"

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string }

/** The command with what it needs inside: nothing is resolved at run time. What few runs need is in parts of their own. */
export default defineConfig({
  input: { main: "src/main.ts" },
  platform: "node",
  logLevel: "warn",
  resolve: { conditionNames: ["@flex-interactions/source", "node", "import", "default"] },
  transform: { define: { PACKAGE_VERSION: JSON.stringify(version) } },
  plugins: [licenses],
  output: { dir: "dist", format: "esm", minify: true, chunkFileNames: "[name].js" }
})
