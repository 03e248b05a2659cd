/** A program that lists one channel and reports on stdout how many participants it saw and how long that took. */

export interface Job {
  /** Which of the ways that the program knows. */
  readonly way: string
  readonly size: number
  readonly pageSize: number
}

export const listing = async (list: (job: Job) => Promise<number>): Promise<void> => {
  const [way = "", size = "", pageSize = ""] = process.argv.slice(2)
  const job = { way, size: Number(size), pageSize: Number(pageSize) }
  const start = performance.now()
  const count = await list(job)
  const ms = performance.now() - start
  if (count !== job.size) throw new Error(`${count} of ${size} participants`)
  process.stdout.write(`${ms}\n`)
}
