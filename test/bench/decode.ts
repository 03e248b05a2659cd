/** Parsing and decoding a page of 1,000 participants, alone: no request, no process start. */
import { bundled } from "./contestants.ts"
import { interleave, start } from "./measure.ts"
import { type Part, table } from "./table.ts"
import { ways } from "./ways.ts"

const measure = (way: string) => async (): Promise<number> => {
  const process = start([bundled("decoders"), way])
  const printed = new Promise<string>((resolve) => process.lines.once("line", resolve))
  await process.end()
  return Number(await printed)
}

export const part: Part = async (report) => {
  const samples = await interleave(Object.fromEntries(ways.map((way) => [way, measure(way)])), 9)
  report(
    table({
      title: "decode: 1,000 participants, parse included",
      samples,
      figures: { "page, µs": (microseconds) => microseconds },
      ratios: [{ figure: "page, µs", bases: ["JSON.parse", "zod"] }]
    })
  )
}
