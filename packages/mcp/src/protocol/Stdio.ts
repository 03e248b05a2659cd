/** Serving over stdio: stdout carries the protocol and nothing else, and the end of stdin is the end. */
import { Transform } from "node:stream"
import type { McpServerFactory } from "@modelcontextprotocol/server"
import { serveStdio, StdioServerTransport } from "@modelcontextprotocol/server/stdio"
import * as Effect from "effect/Effect"
import * as Notices from "./Notices.ts"

/** Serves one connection, in whichever protocol era it opens; completes when stdin ends or stdout breaks. */
export const serve = (make: McpServerFactory): Effect.Effect<void> =>
  Effect.scoped(Effect.flatMap(Notices.make, (say) => connection(make, (problem) => say(`protocol: ${problem}`))))

const connection = (make: McpServerFactory, onProblem: (problem: string) => void): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    const end = () => resume(Effect.void)
    const { stdin } = process
    const stdout = claimStdout()
    stdin.once("end", end).once("close", end).once("error", end)
    stdout.once("error", end)

    const frames = stdin.pipe(dropHugeFrames(() => onProblem(`dropped a frame of over ${maxFrameBytes} bytes`)))
    const handle = serveStdio(make, {
      transport: new StdioServerTransport(frames, stdout),
      onerror: ({ message }) => onProblem(message)
    })
    return Effect.promise(() => handle.close())
  })

let claimed: NodeJS.WriteStream | undefined

/** Keeps stdout for the protocol: what anything else in this process writes to it goes to stderr from now on. */
export const claimStdout = (): NodeJS.WriteStream => {
  if (claimed !== undefined) return claimed
  const { stdout } = process
  Object.defineProperty(process, "stdout", { get: () => process.stderr })
  // Each answer that a slow host keeps waiting adds a listener.
  stdout.setMaxListeners(0)
  return (claimed = stdout)
}

/** As much as the SDK takes over HTTP; a call needs less than 1 KB. */
const maxFrameBytes = 4 * 1024 * 1024

/**
 * The SDK closes the connection at 10 MB without a line feed. Here such a frame is cut off, which makes it one of the
 * malformed ones, and the connection stays open for the next.
 */
const dropHugeFrames = (onDropped: () => void): Transform => {
  let length = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      for (let start = 0; start < chunk.length;) {
        const feed = chunk.indexOf(0x0a, start)
        const end = feed === -1 ? chunk.length : feed + 1
        const wasDropped = length > maxFrameBytes
        length += end - start
        const isDropped = length > maxFrameBytes
        if (!isDropped) this.push(chunk.subarray(start, end))
        else if (!wasDropped) {
          this.push("\u0000\n")
          onDropped()
        }
        if (feed !== -1) length = 0
        start = end
      }
      done()
    }
  })
}
