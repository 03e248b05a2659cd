/** The sandbox's own clock: the machine's, moved forward to test what takes hours. */

export interface Clock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** Moves the clock forward by so many milliseconds; what is due by then happens, in its order. */
  readonly advance: (ms: number) => void
}

export interface Schedule extends Clock {
  /** Has something happen at a time; it is told that time, even if the clock has jumped over it. */
  readonly at: (due: number, run: (at: number) => void) => void
  /** Has everything happen that is due. */
  readonly settle: () => void
  /** Back to the time of the machine, with nothing to come. */
  readonly reset: () => void
}

/** `machine` is the time that passes by itself; `happened` is told when something was due. */
export const make = (machine: () => number, happened: () => void): Schedule => {
  let ahead = 0
  let coming: Array<{ readonly due: number; readonly run: (at: number) => void }> = []
  let timer: ReturnType<typeof setTimeout> | undefined
  const now = () => machine() + ahead

  const settle = () => {
    let any = false
    for (let next = coming[0]; next !== undefined && next.due <= now(); next = coming[0]) {
      coming.shift()
      next.run(next.due)
      any = true
    }
    if (any) happened()
    wake()
  }

  /** So that what is due soon happens, and is shown, without a request. Keeps no process alive. */
  const wake = () => {
    clearTimeout(timer)
    const [next] = coming
    if (next === undefined) return
    timer = setTimeout(settle, Math.min(Math.max(next.due - now(), 0) + 1, 2_000_000_000))
    if (typeof timer === "object") timer.unref()
  }

  return {
    now,
    advance: (ms) => {
      ahead += ms
      settle()
    },
    at: (due, run) => {
      const index = coming.findLastIndex((other) => other.due <= due) + 1
      coming.splice(index, 0, { due, run })
      if (index === 0) wake()
    },
    settle,
    reset: () => {
      ahead = 0
      coming = []
      wake()
    }
  }
}
