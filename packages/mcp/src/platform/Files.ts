/** The one thing that this server asks of the file system: the text of a file that a setting names. */
import { readFile } from "node:fs"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"

const tags: { readonly [code: string]: PlatformError.SystemErrorTag } = {
  EACCES: "PermissionDenied",
  EISDIR: "BadResource",
  ENOENT: "NotFound"
}

export const layer = FileSystem.layerNoop({
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
