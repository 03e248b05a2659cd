/**
 * Twilio's operations, as Twilio answers them. Written from the API's documents, sharing no code with any client of it.
 *
 * Each behaviour is marked *documented* or *assumed*; docs/sandbox.md has them in one table. Documented and left out on purpose:
 * CORS, so that no web page is a client.
 */
import { checker, type Credentials } from "./Credentials.ts"
import * as Channels from "./flex/Channels.ts"
import * as Configuration from "./flex/Configuration.ts"
import * as Invites from "./flex/Invites.ts"
import * as Participants from "./flex/Participants.ts"
import { type Answer, replies } from "./Reply.ts"
import * as Router from "./Router.ts"
import * as Events from "./taskrouter/Events.ts"
import * as Reservations from "./taskrouter/Reservations.ts"
import * as TaskQueues from "./taskrouter/TaskQueues.ts"
import * as Tasks from "./taskrouter/Tasks.ts"
import * as Workers from "./taskrouter/Workers.ts"
import * as Workspaces from "./taskrouter/Workspaces.ts"
import type { World } from "./World.ts"

const resources = [
  Participants,
  Channels,
  Invites,
  Configuration,
  Workspaces,
  TaskQueues,
  Tasks,
  Reservations,
  Workers,
  Events
]

export interface Twilio {
  readonly find: (method: string, url: URL) => Router.Found
  readonly answer: (request: Request, url: URL, found: Router.Found) => Answer | Promise<Answer>
}

export const make = (credentials: Credentials, world: World): Twilio => {
  const isKnown = checker(credentials)
  const { settings } = world
  return {
    find: Router.make(resources.flatMap(({ routes }) => routes(world))),
    // Documented: 401 with 20003, 404 with 20404. Assumed: credentials come before everything else; the challenge; 405, its code, and
    // `Allow`.
    answer: (request, url, { allowed, host, malformed, route, sids }) => {
      const reply = replies(settings, url, host)
      if (!isKnown(request)) {
        return reply.error(401, 20003, "Authenticate", { "WWW-Authenticate": 'Basic realm="Twilio API"' })
      }
      if (allowed.length === 0) return reply.notFound()
      if (route === undefined) return reply.error(405, 20004, "Method not allowed", { Allow: allowed.join(", ") })
      if (malformed !== undefined) {
        return settings.malformedSid === 404 ? reply.notFound() : reply.invalid(`${malformed} is not valid`)
      }
      return route.answer({ request, url, sid: (name) => sids[name] ?? "", reply })
    }
  }
}
