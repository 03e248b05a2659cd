/** What the operator lets an assistant do. No assistant can change any of it. */
import type { Participant } from "@flex-interactions/core"

export interface Limits {
  /** The tool that writes does not exist, whatever else is set. */
  readonly readOnly?: boolean
  /** The statuses that are offered; default: both. With none there is no tool that writes. */
  readonly allowStatus?: ReadonlyArray<Participant.ParticipantStatus>
  /** When a person is asked before a write; default `"when-possible"`. */
  readonly confirm?: Confirm
  /** The line on stderr for each write as JSON. */
  readonly auditAsJson?: boolean
}

/**
 * `when-possible`: ask where the host can; where it cannot, its own approval of tool calls governs. `always`: ask, and refuse
 * where the host cannot. `never`: do not ask.
 */
export type Confirm = "when-possible" | "always" | "never"

/** What an operator chooses from. `auto` depends on the transport. */
export const confirmChoices = ["auto", "when-possible", "always", "never"] as const

/** Over HTTP most callers cannot be asked, so `auto` refuses there what nobody was asked about. */
export const confirmOver = (transport: "stdio" | "http", choice: (typeof confirmChoices)[number]): Confirm =>
  choice !== "auto" ? choice : transport === "http" ? "always" : "when-possible"

/** How writes are confirmed, for the log: operators read it when the server starts. */
export const confirmation = ({ allowStatus, confirm = "when-possible", readOnly }: Limits): string => {
  if (readOnly === true || allowStatus?.length === 0) return "no writes: it only reads"
  switch (confirm) {
    case "when-possible":
      return "a person is asked before each write where the host can be asked; elsewhere writes are sent unasked (--confirm when-possible)"
    case "always":
      return "a person is asked before each write; where the host cannot be asked, writes are refused (--confirm always)"
    case "never":
      return "writes are sent without asking a person (--confirm never)"
  }
}
