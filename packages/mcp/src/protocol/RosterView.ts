/** The roster view as hosts get it: a page that holds all it needs. It is loaded when a host reads it, and not before. */
import type { Offer } from "../tools/Limits.ts"

/** The build puts it in: `build/view.ts` makes one file of `view/`. */
declare const ROSTER_VIEW: string

/** It has a button for each status that is offered. */
export const page = ({ statuses }: Offer): string =>
  ROSTER_VIEW.replace('data-statuses=""', `data-statuses="${statuses.join(" ")}"`)
