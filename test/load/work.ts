/**
 * Work for a server: mostly rosters, some changes, and some calls whose answer from Twilio is an error that was put there. What each call
 * must be answered with is known, and so is what must have become of every agent.
 */
import { fork } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import type { CallResult } from "../support/calls.ts"

export const sid = (prefix: string, n: number) => `${prefix}${n.toString(16).padStart(32, "0")}`

/** Conversations that are only read. */
export const readers = 20
const channelOf = (n: number) => ({ interaction_sid: sid("KD", n), channel_sid: sid("UO", n) })
/** There is no such conversation, and Twilio fails for this one. */
export const [missing, broken] = [channelOf(0xdead), channelOf(0xdeaf)]

export interface Call {
  readonly tool: string
  readonly args: Record<string, unknown>
  /** What is wrong with the answer, if anything. */
  readonly judge: (answer: CallResult) => string | undefined
  readonly kind: "roster" | "change" | "injected"
}

export interface Centre {
  readonly url: string
  /** Comes first: each roster once. */
  readonly warmUp: (call: (call: Call) => Promise<unknown>) => Promise<void>
  readonly call: (index: number) => Call
  /** What is wrong with where the agents stand after so many calls, and with what was asked of Twilio. */
  readonly wrong: (calls: number) => Promise<ReadonlyArray<string>>
  readonly close: () => void
}

/** One in a hundred calls is a change, and two in a hundred meet an error. */
export const changeAt = 3
const missingAt = 41
const brokenAt = 77

/** What the stand-in is asked: that all that is read was read once; or what is wrong after so many calls. And what it says: where it is; and that. */
export type Asked = "warm" | number
export type Said = string | ReadonlyArray<string>

export const centre = async (calls: number): Promise<Centre> => {
  const child = fork(fileURLToPath(new URL("stand-in.ts", import.meta.url)), [`${calls}`], {
    execArgv: ["--conditions=@flex-interactions/source", "--import", "tsx"],
    cwd: fileURLToPath(new URL("../..", import.meta.url))
  })
  const said = async () => ((await once(child, "message")) as [Said])[0]
  const ask = async (asked: Asked): Promise<ReadonlyArray<string>> => {
    const answer = said()
    child.send(asked)
    return [await answer].flat()
  }
  const url = `${await said()}`

  const roster = (n: number): Call => ({
    kind: "roster",
    tool: "list_participants",
    args: channelOf(n),
    judge: ({ data, isError, text }) => {
      const { participants } = (data ?? {}) as { readonly participants?: ReadonlyArray<unknown> }
      return isError || participants?.length !== 3 ? `a roster was answered with ${text.slice(0, 300)}` : undefined
    }
  })
  const injected = (args: typeof missing, says: RegExp): Call => ({
    kind: "injected",
    tool: "list_participants",
    args,
    judge: ({ isError, text }) =>
      isError && says.test(text) ? undefined : `an error was told as ${text.slice(0, 300)}`
  })
  const change = (n: number): Call => ({
    kind: "change",
    tool: "set_participant_status",
    args: { ...channelOf(1000 + n), participant_sid: sid("UT", (1000 + n) * 10 + 1), status: "closed" },
    // On a busy machine the time for a proof can be over before there is one.
    judge: ({ data, isError, text }) =>
      isError || !["confirmed", "pending", "accepted"].includes(`${data?.["result"]}`)
        ? `a change was answered with ${text.slice(0, 300)}`
        : undefined
  })

  return {
    url,
    warmUp: async (call) => {
      for (let n = 1; n <= readers; n++) await call(roster(n))
      await ask("warm")
    },
    call: (index) => {
      const of100 = index % 100
      if (of100 === changeAt) return change(Math.floor(index / 100))
      if (of100 === missingAt) return injected(missing, /no such interaction/u)
      if (of100 === brokenAt) return injected(broken, /503/u)
      return roster(1 + (index % readers))
    },
    wrong: ask,
    close: () => child.disconnect()
  }
}
