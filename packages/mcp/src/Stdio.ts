/** Serving over stdio: stdout carries the protocol and nothing else, and the end of stdin is the end. */
import type { McpServerFactory } from "@modelcontextprotocol/server"
import { serveStdio } from "@modelcontextprotocol/server/stdio"
import * as Effect from "effect/Effect"

/** Serves one connection, in whichever protocol era it opens; completes when stdin ends or stdout breaks. */
export const serve = (make: McpServerFactory): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const end = () => resume(Effect.void)
    const handle = serveStdio(make, { onerror: (error) => process.stderr.write(`protocol: ${error.message}\n`) })
    process.stdin.once("end", end).once("close", end)
    process.stdout.once("error", end)
    return Effect.promise(() => handle.close())
  }).pipe(Effect.andThen(Effect.void))
