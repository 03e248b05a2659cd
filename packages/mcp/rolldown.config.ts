import { readFileSync } from "node:fs"
import { defineConfig } from "rolldown"

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { readonly version: string }

/** One file for what every run needs; what few runs need lies in chunks beside it. Nothing is resolved at run time. */
export default defineConfig({
  input: "src/main.ts",
  platform: "node",
  logLevel: "warn",
  resolve: { conditionNames: ["@flex-participants/source", "node", "import", "default"] },
  transform: { define: { PACKAGE_VERSION: JSON.stringify(version) } },
  output: { dir: "dist", format: "esm", minify: true, chunkFileNames: "[name].js" }
})
