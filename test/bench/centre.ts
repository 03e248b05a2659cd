/** A contact centre as the operations meet it: `node centre.mjs`, told over IPC to start again, and asked what came. */
import { createServer } from "node:http"
import { createServer as createSecureServer } from "node:https"
import type { AddressInfo } from "node:net"
import { getRequestListener } from "@hono/node-server"
import * as Sandbox from "@flex-interactions/sandbox"
import { certificate } from "../support/tls.ts"
import { participantSid, seed, sids } from "./channel.ts"
import { conversations, wrapping } from "./operations.ts"

const agent = { type: "agent" as const, minutes: 20 }
const conversation = (n: number, isWrapping: boolean) => {
  const first = { ...agent, sid: participantSid(n, 1), status: isWrapping ? ("wrapup" as const) : ("active" as const) }
  return {
    sid: sids(n).interactionSid,
    channels: [{ sid: sids(n).channelSid, participants: [{ type: "customer" as const }, first, agent] }]
  }
}
const sandbox = Sandbox.make({
  seed: {
    interactions: [
      ...Array.from({ length: conversations }, (_, n) => conversation(n + 1, n >= conversations - wrapping)),
      ...seed([1000, 10_000]).interactions
    ]
  }
})

let requests = 0
const listener = getRequestListener((request) => {
  requests += 1
  return sandbox.fetch(request)
})
const { authority, cert, key } = await certificate(["localhost"])
const [plain, secure] = [createServer(listener), createSecureServer({ cert, key }, listener)]
const portOf = (server: typeof plain | typeof secure) =>
  new Promise<number>((resolve) => server.listen(0, "localhost", () => resolve((server.address() as AddressInfo).port)))

process.on("message", () => {
  process.send?.({ requests })
  requests = 0
  sandbox.reset()
})
process.once("disconnect", () => process.exit(0))
process.send?.({ plain: await portOf(plain), secure: await portOf(secure), authority })
