/** What the sweep asks of Twilio with every rule at once, and what the sandbox answers it, judged by Twilio's OpenAPI documents. */
import * as Sandbox from "@flex-interactions/sandbox"
import { expect, test } from "vitest"
import { startNode } from "../support/command.ts"
import { judged } from "../support/openapi.ts"
import { conversation, main, workers } from "../support/sweep.ts"

test("each request of a sweep that was carried out is in the documents, and each reply too", async () => {
  const served = await judged(
    Sandbox.make({
      seed: {
        workers: workers("ana", "ben", "cem"),
        interactions: [
          conversation(
            [
              ["ana", "wrapup", 200],
              ["ben", "active", 60]
            ],
            { queue: "Sales" }
          ),
          conversation([["cem", "wrapup", 200]], { status: "closed", queue: "Sales" }),
          conversation([["ben", "closed", 300]], { queue: "Sales" })
        ]
      }
    })
  )
  const rules = ["--wrapping-longer-than", "2h", "--alone-longer-than", "4h", "--alone-action", "closed"]
  const more = ["--worker", "ana", "--worker-action", "closed", "--only-queue", "Sales", "--apply", "--json"]
  const { code, stderr, stdout } = await startNode([main, ...rules, ...more], {
    TWILIO_API_KEY: Sandbox.defaultCredentials.apiKey,
    TWILIO_API_SECRET: Sandbox.defaultCredentials.apiSecret,
    FLEX_API_BASE_URL: served.url,
    TASKROUTER_API_BASE_URL: served.url,
    FLEX_API_RATE_LIMIT: "off"
  }).ended
  await served.close()
  expect([code, stderr, stdout.match(/"result":"confirmed"/gu)?.length]).toEqual([0, "", 3])
  for (const resource of ["TaskQueues", "Tasks", "Reservations", "Workers", "Events", "Participants", "Channels"]) {
    expect(served.requests.filter((request) => request.includes(`/${resource}`))).not.toEqual([])
  }
  expect([served.verdict, served.wrongly]).toEqual([[], []])
})
