/** What `doctor` found about one thing. */
export interface Finding {
  readonly check: string
  readonly result: "ok" | "warning" | "failed" | "skipped"
  readonly says: string
  /** What to do about it. */
  readonly fix?: string
}

export type Found = Omit<Finding, "check">

export const ok = (says: string): Found => ({ result: "ok", says })
export const skipped = (says: string): Found => ({ result: "skipped", says })
export const warning = (says: string, fix: string): Found => ({ result: "warning", says, fix })
export const failed = (says: string, fix: string): Found => ({ result: "failed", says, fix })
