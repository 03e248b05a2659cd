/** Runs so many cases of each target. */
import { setTimeout as sleep } from "node:timers/promises"
import { drawing } from "../support/drawing.ts"
import { type Target, targets } from "./targets.ts"

export interface Problem {
  readonly target: string
  /** By this number the case is made again. */
  readonly seed: number
  readonly problem: string
}

export interface Report {
  /** How many cases of which target were run. */
  readonly ran: ReadonlyMap<string, number>
  readonly problems: ReadonlyArray<Problem>
}

/** Nothing may take so long: a case, or what is looked at after some. */
const patience = 60_000

const inTime = async (run: () => Promise<string | undefined>): Promise<string | undefined> => {
  const stop = new AbortController()
  const late = sleep(patience, "it hangs", { signal: stop.signal }).catch(() => undefined)
  const thrown = (error: unknown) =>
    `it throws ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`
  return Promise.race([run().catch(thrown), late]).finally(() => stop.abort())
}

/** Each target has its share of the cases; a target ends at its first problem. */
export const fuzz = async (options: {
  readonly cases: number
  readonly seed: number
  readonly target?: string | undefined
  readonly onTarget?: (target: string, cases: number, milliseconds: number) => void
}): Promise<Report> => {
  const { cases, onTarget, seed } = options
  const ran = new Map<string, number>()
  const problems: Array<Problem> = []
  const one = async ({ name, open, share }: Target, part: number) => {
    const many = Math.max(1, Math.ceil((cases * share) / part))
    const from = performance.now()
    const opened = await open()
    const settle = async () => opened.settle?.()
    let done = 0
    let problem: string | undefined
    for (; done < many && problem === undefined; done++) {
      problem = await inTime(async () => opened.run(drawing(seed + done)))
      // In-process cases leave no time to what else is to happen.
      if (done % 1000 === 999) problem ??= await inTime(settle)
    }
    problem ??= await inTime(settle)
    if (problem !== undefined) problems.push({ target: name, seed: seed + done - 1, problem })
    ran.set(name, done)
    await opened.close()
    onTarget?.(name, done, performance.now() - from)
  }
  const chosen = targets.filter(({ name }) => options.target === undefined || name === options.target)
  const whole = chosen.reduce((sum, { share }) => sum + share, 0)
  for (const target of chosen) await one(target, whole)
  return { ran, problems }
}
