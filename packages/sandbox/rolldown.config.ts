import { defineConfig } from "rolldown"

/** The library, and the command with what it needs inside. The compiler writes the types. */
export default defineConfig({
  input: { Sandbox: "src/Sandbox.ts", main: "src/main.ts" },
  platform: "node",
  logLevel: "warn",
  output: { dir: "dist", format: "esm", minify: true, chunkFileNames: "[name].js" }
})
