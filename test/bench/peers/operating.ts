/** A program that does an operation some times, each time with another conversation, and reports on stdout what each took, in milliseconds. */
import { participantSid, sids } from "../channel.ts"
import type { Job, Operation } from "../operations.ts"

/** A channel, and its first agent. */
export interface Ref {
  readonly interactionSid: string
  readonly channelSid: string
  readonly participantSid: string
}

export type Operations = { readonly [name in Operation]: (ref: Ref) => Promise<unknown> } & {
  /** With the program's own defaults. */
  readonly list: (ref: Ref) => Promise<number>
}

const refOf = (n: number): Ref => ({ ...sids(n), participantSid: participantSid(n, 1) })

export const operate = async (operations: Operations): Promise<void> => {
  const [operation = "", times = ""] = process.argv.slice(2)
  const job = { operation, times: Number(times) } as Job
  const took: Array<number> = []
  if (job.operation === "list") {
    const from = performance.now()
    const count = await operations.list(refOf(job.times))
    took.push(performance.now() - from)
    if (count !== job.times) throw new Error(`${count} of ${times} participants`)
  } else {
    for (let n = 1; n <= job.times; n++) {
      const from = performance.now()
      await operations[job.operation](refOf(n))
      took.push(performance.now() - from)
    }
  }
  process.stdout.write(`${JSON.stringify(took)}\n`)
}
