/** The built sweep on a sandbox over HTTP: contact centres to sweep, runs of the command, and what became of everybody. */
import { fileURLToPath } from "node:url"
import * as Sandbox from "@flex-interactions/sandbox"
import { type Command, startNode } from "./command.ts"
import { type Served, start } from "./served.ts"

export const main = fileURLToPath(new URL("../../packages/sweep/dist/main.js", import.meta.url))

/** A row of `--json`, as a program reads it. */
export interface Row {
  readonly rule: string
  readonly action: string
  readonly why: string
  readonly worker?: string
  readonly channelSid?: string
  readonly minutes?: number
  readonly customerAlone: boolean | "unknown"
  readonly skip?: string
  readonly result?: string
  readonly detail?: string
}

/** The environment of a run on this sandbox, at no rate limit unless one is given. */
export const env = ({ sandbox, url }: Served, more: Record<string, string> = {}): Record<string, string> => ({
  TWILIO_API_KEY: sandbox.credentials.apiKey,
  TWILIO_API_SECRET: sandbox.credentials.apiSecret,
  FLEX_API_BASE_URL: url,
  TASKROUTER_API_BASE_URL: url,
  FLEX_API_RATE_LIMIT: "off",
  ...more
})

export const begin = (served: Served, args: ReadonlyArray<string>, more?: Record<string, string>): Command =>
  startNode([main, ...args], env(served, more))

/** Runs it to its end with `--json`. */
export const sweep = async (served: Served, args: ReadonlyArray<string>, more?: Record<string, string>) => {
  const { code, stderr, stdout } = await begin(served, [...args, "--json"], more).ended
  const rows = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row)
  return { code, stderr, rows }
}

type Agent = readonly [worker: string, status: "active" | "wrapup" | "closed", minutes: number]

/** A conversation with a customer and these agents. */
export const conversation = (agents: ReadonlyArray<Agent>, more: Partial<Sandbox.ChannelSeed> = {}) => ({
  channels: [
    {
      participants: [
        { type: "customer" as const },
        ...agents.map(([worker, status, minutes]) => ({ type: "agent" as const, worker, status, minutes }))
      ],
      ...more
    }
  ]
})

export const workers = (...names: ReadonlyArray<string>) => names.map((friendly_name) => ({ friendly_name }))

/** A sandbox with these conversations, behind a port. */
export const centre = (
  interactions: ReadonlyArray<Sandbox.InteractionSeed>,
  more: Partial<Sandbox.Seed> & { readonly now?: () => number } = {}
): Promise<Served> => {
  const { now, ...seed } = more
  const names = new Set(
    interactions.flatMap(({ channels }) =>
      channels.flatMap(({ participants }) => participants.flatMap(({ worker }) => worker ?? []))
    )
  )
  return start(
    Sandbox.make({ seed: { workers: workers(...names), interactions, ...seed }, ...(now === undefined ? {} : { now }) })
  )
}

/** Where every agent stands, by worker: the newest status of each of their reservations. */
export const standings = ({ sandbox }: Served): Record<string, ReadonlyArray<string>> =>
  Object.fromEntries(
    [...sandbox.taskrouter.workers.values()].map(({ name, reservations }) => [
      name,
      reservations.map(({ status }) => status)
    ])
  )

export const channels = ({ sandbox }: Served) =>
  [...sandbox.state.values()].flatMap((interaction) => [...interaction.values()])

/** What was asked of the sandbox that changes something. */
export const changes = ({ requests }: Served) => requests.filter((request) => request.startsWith("POST"))
