/** One table of a part: for people as text, for machines as data. */
import { type Figure, figure, ratio } from "./measure.ts"

export interface Table {
  readonly title: string
  /** Medians with their quartiles, by contestant and figure. */
  readonly rows: { readonly [contestant: string]: { readonly [figure: string]: Figure | number } }
}

/** A part of the bench hands out each table as soon as it has it. */
export type Part = (report: (table: Table) => void) => Promise<void>

/** Figures of each contestant, and one of them as a ratio to others, round by round. */
export const table = <Sample>(options: {
  readonly title: string
  readonly samples: { readonly [contestant: string]: ReadonlyArray<Sample> }
  readonly figures: { readonly [figure: string]: (sample: Sample) => number }
  readonly ratios: ReadonlyArray<{ readonly figure: string; readonly bases: ReadonlyArray<string> }>
}): Table => {
  const rows = Object.entries(options.samples).map(([contestant, samples]) => {
    const figures = Object.entries(options.figures).map(([name, of]) => [name, figure(samples.map(of))] as const)
    const ratios = options.ratios.flatMap(({ figure, bases }) => {
      const of = options.figures[figure]
      return of === undefined
        ? []
        : bases.map((base) => {
            const column = options.ratios.length === 1 ? `× ${base}` : `${figure.split(",")[0]} × ${base}`
            return [column, ratio(samples.map(of), (options.samples[base] ?? []).map(of))] as const
          })
    })
    return [contestant, Object.fromEntries([...figures, ...ratios])] as const
  })
  return { title: options.title, rows: Object.fromEntries(rows) }
}

const digits = (value: number) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2))

const cell = (value: Figure | number | undefined): string => {
  if (value === undefined) return "–"
  if (typeof value === "number") return value.toLocaleString("en")
  const { median, low, high } = value
  return low === high ? digits(median) : `${digits(median)} (${digits(low)}–${digits(high)})`
}

/** As Markdown that reads well in a terminal too. */
export const format = ({ title, rows }: Table): string => {
  const columns = [...new Set(Object.values(rows).flatMap((row) => Object.keys(row)))]
  const cells = [
    ["", ...columns],
    ...Object.entries(rows).map(([contestant, row]) => [contestant, ...columns.map((column) => cell(row[column]))])
  ]
  const widths = ["", ...columns].map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map((row) => `| ${row.map((text, column) => text.padEnd(widths[column] ?? 0)).join(" | ")} |`)
  const rule = `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`
  return [`### ${title}`, "", lines[0], rule, ...lines.slice(1), ""].join("\n")
}
