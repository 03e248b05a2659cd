import { defineConfig } from "rolldown"
import { licenses } from "../licenses.ts"

const output = { dir: "dist", format: "esm", minify: true, chunkFileNames: "[name].js" } as const

/**
 * The library, and the command with what it needs inside: nothing is resolved at run time. The layer alone leaves `effect` to the
 * program that uses it, because both must have the same. The compiler writes the types.
 */
export default defineConfig([
  {
    input: { Sandbox: "src/Sandbox.ts", Serve: "src/Serve.ts", main: "src/main.ts" },
    platform: "node",
    logLevel: "warn",
    plugins: [licenses],
    output
  },
  { input: { Layer: "src/Layer.ts" }, platform: "neutral", external: /^effect\//u, logLevel: "warn", output }
])
