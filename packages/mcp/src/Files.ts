/** The one thing that this server asks of the file system: the text of a file that a setting names. */
import { readFile } from "node:fs/promises"
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
    Effect.tryPromise({
      try: () => readFile(path, "utf8"),
      catch: (cause) => {
        const { code = "" } = cause as NodeJS.ErrnoException
        const _tag = tags[code] ?? "Unknown"
        return PlatformError.systemError({
          _tag,
          module: "FileSystem",
          method: "readFileString",
          pathOrDescriptor: path,
          cause
        })
      }
    })
})
