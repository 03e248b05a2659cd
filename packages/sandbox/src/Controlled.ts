/** What of a sandbox can be seen and changed, by a program and by the control interface. */
import type { Clock } from "./Clock.ts"
import type { Fault, Faults } from "./Fault.ts"
import type { People } from "./People.ts"
import type { InteractionSeed, ParticipantSeed } from "./Seed.ts"
import type { Settings } from "./Assumptions.ts"
import type { ChannelName, Event, Interactions, Participant, Reservation, Task, Worker, Workspace } from "./World.ts"

/** A request that was answered, or not. */
export interface Handled {
  /** When it came in, ISO 8601, UTC. */
  readonly at: string
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly status: number | "no reply"
  /** What happened, in a few words. */
  readonly note: string
  /** The fault that it met. */
  readonly fault?: Fault["kind"]
  /** From its arrival to its reply, in milliseconds. */
  readonly ms: number
}

/** What of a sandbox can be seen and changed, here and by a program. */
export interface Controlled extends People {
  /** What Twilio hides is here: statuses, and who has left. */
  readonly state: Interactions
  /** What TaskRouter has, by SID; what it has removed is gone from here too. The first workspace is Flex's. */
  readonly taskrouter: {
    readonly workspaces: ReadonlyMap<string, Workspace>
    readonly workers: ReadonlyMap<string, Worker>
    readonly tasks: ReadonlyMap<string, Task>
    readonly reservations: ReadonlyMap<string, Reservation>
    readonly events: ReadonlyArray<Event>
  }
  /** By which everything here is dated, the `Date` header of each reply included. Moving it has happen what is due by then. */
  readonly clock: Clock
  /** May be changed at any time. */
  readonly settings: Settings
  readonly faults: Faults
  /** The last requests, the oldest first. */
  readonly requests: ReadonlyArray<Handled>
  /** Adds an interaction and gives its SID. Throws a `SeedError` if a SID is there already. */
  readonly add: (interaction: InteractionSeed) => string
  /** Someone joins a channel, at its end. Throws a `SeedError` if there is no such channel, or the SID is there already. */
  readonly join: (channel: ChannelName, participant: ParticipantSeed) => Participant
  /** Back to the start: the seed and its settings, no faults, no requests. */
  readonly reset: () => void
  /** Is told of every change and every request, until the function that it gives is called. */
  readonly subscribe: (listener: () => void) => () => void
}
