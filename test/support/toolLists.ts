/** The lists of tools in README, guide and manifest, made from the tools. */
import * as Limits from "../../packages/mcp/src/tools/Limits.ts"
import { tools } from "../../packages/mcp/src/tools/index.ts"
import { listing } from "../../packages/mcp/src/tools/Listing.ts"

interface Field {
  readonly enum?: ReadonlyArray<string>
  readonly minimum?: number
  readonly maximum?: number
}

const offer = Limits.offer({})
const offered = tools.filter(({ isOffered }) => isOffered(offer))

/** The text with its list made again: what follows the mark, up to an empty line. */
const marked = (text: string, table: ReadonlyArray<string>): string =>
  text.replace(/(<!-- tools -->\n)(?:.+\n)*/u, (_, mark: string) => `${mark}${table.join("\n")}\n`)

export const inReadme = (text: string): string =>
  marked(text, [
    "| tool | what it does |",
    "|---|---|",
    ...offered.map((tool) => `| \`${tool.name}\` | ${tool.summary} |`)
  ])

const described = ([name, field]: readonly [string, Field]): string => {
  const range = field.minimum === undefined ? "" : ` (${field.minimum}–${field.maximum})`
  const values = field.enum === undefined ? "" : ` (${field.enum.map((value) => `\`${value}\``).join(", ")})`
  return `\`${name}\`${range}${values}`
}

export const inGuide = (text: string): string =>
  marked(text, [
    "| tool | arguments | changes something |",
    "|---|---|---|",
    ...listing(offer).tools.map(({ annotations, inputSchema, name }) => {
      const schema: { readonly [keyword: string]: unknown } = inputSchema
      const { properties, required = [] } = schema as {
        readonly properties: { readonly [name: string]: Field }
        readonly required?: ReadonlyArray<string>
      }
      const fields = Object.entries(properties)
      const needed = fields.filter(([field]) => required.includes(field)).map(described)
      const optional = fields.filter(([field]) => !required.includes(field)).map(described)
      const all = [needed, optional].filter((some) => some.length > 0).map((some) => some.join(", "))
      return `| \`${name}\` | ${all.join("; optional ")} | ${annotations.readOnlyHint ? "no" : "yes, unless `dry_run` is true"} |`
    })
  ])

export const inManifest = (text: string): string =>
  text.replace(
    /("tools": \[\n).*?(\n {2}\])/su,
    (_, start: string, end: string) =>
      start +
      offered
        .map(
          ({ name, summary }) =>
            `    {\n      "name": "${name}",\n      "description": ${JSON.stringify(summary)}\n    }`
        )
        .join(",\n") +
      end
  )
