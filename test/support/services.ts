/** The services of core: on a sandbox over HTTP, each request and reply of which is judged, or on a client of the test's own. */
import { Channels, Events, Participants, Tasks, TwilioClient, Workers, Workspace } from "@flex-interactions/core"
import * as Sandbox from "@flex-interactions/sandbox"
import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient, type HttpClient } from "effect/http"
import { afterEach, assert, beforeEach } from "vitest"
import { credentials } from "./double.ts"
import { type Judged, judged } from "./openapi.ts"

/** All services on this HTTP client. */
export const services = (
  http: Layer.Layer<HttpClient.HttpClient>,
  options: Partial<TwilioClient.Options> & { readonly workspaceSid?: string | undefined } = {}
) =>
  Layer.mergeAll(Channels.layer, Events.layer, Participants.layer, Tasks.layer, Workers.layer).pipe(
    Layer.provideMerge(
      Workspace.layer(options.workspaceSid === undefined ? {} : { workspaceSid: options.workspaceSid })
    ),
    Layer.provide(TwilioClient.layer({ credentials, rateLimit: false, retry: { times: 0 }, ...options })),
    Layer.provide(http)
  )
export type Services = Layer.Success<ReturnType<typeof services>>

/** A SID of the test's own. */
export const sid = (prefix: string, n: number): never => `${prefix}${`${n}`.padStart(32, "0")}` as never

/** A contact centre in which every kind of task is there once. */
export const seed: Sandbox.Seed = {
  workspaces: [
    { sid: sid("WS", 1), friendly_name: "Flex Task Assignment" },
    { sid: sid("WS", 2), friendly_name: "Another" }
  ],
  workers: [
    { sid: sid("WK", 1), friendly_name: "ana", attributes: { full_name: "Ana O'Hara", email: "ana@example.com" } },
    { sid: sid("WK", 2), friendly_name: "Ben", attributes: { full_name: "Sam Smith", email: "ben@example.com" } },
    { sid: sid("WK", 3), friendly_name: "sam", attributes: { full_name: "Sam Smith" } }
  ],
  interactions: [
    {
      sid: sid("KD", 1),
      channels: [
        {
          sid: sid("UO", 1),
          type: "sms",
          queue: "Sales",
          minutes: 60,
          participants: [
            { type: "customer" },
            {
              type: "agent",
              minutes: 50,
              routing_properties: { task_sid: sid("WT", 1), worker_sid: sid("WK", 1), reservation_sid: sid("WR", 1) }
            },
            {
              type: "agent",
              status: "wrapup",
              minutes: 20,
              routing_properties: { task_sid: sid("WT", 2), worker_sid: sid("WK", 2), reservation_sid: sid("WR", 2) }
            }
          ],
          waiting: [{ minutes: 3 }, { worker: "sam", minutes: 2 }]
        }
      ]
    },
    { sid: sid("KD", 2), channels: [{ sid: sid("UO", 2), participants: [{ type: "customer" }] }] }
  ],
  tasks: [
    { sid: sid("WT", 10), attributes: { call_sid: "CA1" }, assignment_status: "assigned", worker: "ana" },
    { sid: sid("WT", 11), attributes: "not JSON", queue: "Sales" },
    { sid: sid("WT", 12), workspace: "Another" }
  ]
}
export const channel = { interactionSid: sid("KD", 1), channelSid: sid("UO", 1) }

/** A sandbox behind a port for each test of a file. Nothing that core sends, or that it answers, is outside of Twilio's documents. */
export const onSandbox = (settings: Partial<Sandbox.Settings> = {}) => {
  let served: Judged | undefined
  const current = () => served ?? assert.fail("no test runs")
  beforeEach(async () => {
    served = await judged(Sandbox.make({ seed: { ...seed, settings } }))
  })
  afterEach(async () => {
    const { close, verdict, wrongly } = current()
    await close()
    assert.deepStrictEqual([verdict, wrongly], [[], []])
  })
  return {
    sandbox: () => current().sandbox,
    /** What was asked so far: `METHOD /path?query`, without the origin, the workspace and the version. */
    asked: () => current().requests.map((request) => request.replace(/\/v1(\/Workspaces\/WS\w+)?/u, "")),
    run: <A, E>(program: Effect.Effect<A, E, Services>, options: Parameters<typeof services>[1] = {}) => {
      const { sandbox, url } = current()
      const { apiKey, apiSecret } = sandbox.credentials
      return Effect.provide(
        program,
        services(FetchHttpClient.layer, {
          credentials: { apiKey, apiSecret: Redacted.make(apiSecret) },
          baseUrl: url,
          taskRouterBaseUrl: url,
          workspaceSid: sid("WS", 1),
          ...options
        })
      )
    }
  }
}
