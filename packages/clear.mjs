/**
 * Run in a package before it is built: clears from `dist` what this build will not write again. What the compiler wrote stays
 * as long as its source is there, because the compiler goes on from it; what the bundler wrote goes, because it names its
 * chunks as it likes.
 */
import { existsSync, readdirSync, rmSync } from "node:fs"

const isBundled = existsSync("rolldown.config.ts") || existsSync("build")
for (const file of existsSync("dist") ? readdirSync("dist", { recursive: true, encoding: "utf8" }) : []) {
  const [, source, kind] = /^(.+?)\.(d\.ts|c?js)(?:\.map)?$/u.exec(file) ?? []
  if (source === undefined) continue
  if ((isBundled && kind !== "d.ts") || !existsSync(`src/${source}.ts`)) rmSync(`dist/${file}`)
}
