/** Listings of 1,000, 10,000 and 100,000 participants by 50 and by 1,000, and how flat a stream's memory stays. */
import { environment, plain, twilio } from "./contestants.ts"
import { interleave, start } from "./measure.ts"
import { type Part, table } from "./table.ts"

interface Sample {
  readonly ms: number
  readonly cpu: number
  readonly peak: number
}

const programs = {
  "raw node:http": [plain("list-raw"), "http"],
  "raw fetch": [plain("list-raw"), "fetch"],
  "twilio list": [plain("list-twilio"), "list"],
  "twilio each": [plain("list-twilio"), "each"],
  "flex-interactions list, fetch": [plain("list-core"), "fetch-list"],
  "flex-interactions list, node:http": [plain("list-core"), "http-list"],
  "flex-interactions stream, node:http": [plain("list-core"), "http-stream"]
}

const measure =
  (program: ReadonlyArray<string>, url: string, size: number, pageSize: number) => async (): Promise<Sample> => {
    const process = start([...program, `${size}`, `${pageSize}`], environment(url))
    const printed = new Promise<string>((resolve) => process.lines.once("line", resolve))
    const { cpu, peak, code } = await process.end()
    if (code !== 0) throw new Error(`${program.join(" ")} ended with ${code}`)
    return { ms: Number(await printed), cpu, peak }
  }

const flat = [10_000, 100_000, 1_000_000] as const

export const part: Part = async (report) => {
  const sizes = [1000, 10_000, 100_000]
  const api = await twilio(sizes)
  for (const pageSize of [1000, 50]) {
    for (const size of sizes) {
      const samples = await interleave(
        Object.fromEntries(
          Object.entries(programs).map(([name, program]) => [name, measure(program, api.url, size, pageSize)])
        ),
        size / pageSize > 1000 ? 3 : 5
      )
      report(
        table({
          title: `list: ${size.toLocaleString("en")} participants by ${pageSize.toLocaleString("en")}`,
          samples,
          figures: {
            "time, ms": ({ ms }) => ms,
            "CPU with start, ms": ({ cpu }) => cpu,
            "peak, MB": ({ peak }) => peak / 1e6
          },
          ratios: [{ figure: "time, ms", bases: ["raw node:http", "twilio list"] }]
        })
      )
    }
  }
  await api.close()

  const large = await twilio(flat)
  const stream = programs["flex-interactions stream, node:http"]
  const samples = await interleave(
    Object.fromEntries(
      flat.map((size) => [`stream of ${size.toLocaleString("en")}`, measure(stream, large.url, size, 1000)])
    ),
    3
  )
  await large.close()
  report(
    table({
      title: "list: memory of a stream by 1,000",
      samples,
      figures: { "peak, MB": ({ peak }) => peak / 1e6, "time, ms": ({ ms }) => ms },
      ratios: [{ figure: "peak, MB", bases: ["stream of 10,000", "stream of 100,000"] }]
    })
  )
}
