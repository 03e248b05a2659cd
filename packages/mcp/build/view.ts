/** The roster view as one file: its script is bundled into its page, with its style. Nothing that it needs is loaded. */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { build } from "rolldown"

const at = (file: string) => fileURLToPath(new URL(`../view/${file}`, import.meta.url))
const read = (file: string) => readFileSync(at(file), "utf8")

export const view = async (): Promise<string> => {
  const { output } = await build({
    input: at("roster.ts"),
    platform: "browser",
    write: false,
    output: { format: "iife", minify: true }
  })
  const script = output[0].code.trim()
  if (/<\/script|<!--/iu.test(script)) throw new Error("the roster view's script would end early")
  const style = read("roster.css")
    .replaceAll(/\/\*.*?\*\//gsu, "")
    .replaceAll(/\s+/gu, " ")
    .replaceAll(/(?<=[{};:,]) | (?=[{}])|;(?= ?\})/gu, "")
    .trim()
  return read("roster.html")
    .replaceAll(/^\s+/gmu, "")
    .replace("<style></style>", () => `<style>${style}</style>`)
    .replace("<script></script>", () => `<script>${script}</script>`)
}
