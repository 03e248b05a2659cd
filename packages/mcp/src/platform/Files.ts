/** The one thing that this server asks of the file system: the text of a file that a setting names. */
import { readFile } from "node:fs"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as PlatformError from "effect/PlatformError"

const tags: { readonly [code: string]: PlatformError.SystemErrorTag } = {
  EACCES: "PermissionDenied",
  EISDIR: "BadResource",
  ENOENT: "NotFound"
}

const notHere = (): never => {
  throw new Error("this server reads files as a whole")
}

/** Of a whole `FileSystem` nothing else is there: its streams would be in each start. */
export const layer = Layer.mock(FileSystem.FileSystem)({
  "~effect/FileSystem": "~effect/FileSystem",
  sink: notHere,
  stream: notHere,
  readFileString: (path) =>
    // Not by node:fs/promises, which Node would have to load.
    Effect.callback((resume) =>
      readFile(path, "utf8", (error, text) =>
        resume(
          error === null
            ? Effect.succeed(text)
            : Effect.fail(
                PlatformError.systemError({
                  _tag: tags[error.code ?? ""] ?? "Unknown",
                  module: "FileSystem",
                  method: "readFileString",
                  pathOrDescriptor: path,
                  cause: error
                })
              )
        )
      )
    )
})
