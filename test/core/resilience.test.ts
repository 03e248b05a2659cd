/** What is tried again and what is not, and for how long: all under the test's clock. */
import { assert, describe, it } from "@effect/vitest"
import { TwilioClient, type TwilioError } from "@flex-interactions/core"
import { Clock, Duration, Effect, Exit, Fiber, Random, Scheduler } from "effect"
import { HttpClientError, HttpClientRequest } from "effect/http"
import { TestClock } from "effect/testing"
import { type Answer, call, close, double, empty, list, moved, refused, type Ask } from "../support/double.ts"

/** Runs the call for as long as `passing` says, and gives how it ended, if it did, and what was asked. */
const run = (
  f: Ask,
  answers: ReadonlyArray<Answer>,
  passing: `${number} ${"seconds" | "hours"}` = "59 seconds",
  options: Partial<TwilioClient.Options> = {}
) =>
  Effect.gen(function* () {
    const http = double(...answers)
    const fiber = yield* Effect.forkChild(call(http, f, options))
    yield* TestClock.adjust(passing)
    const exit = fiber.pollUnsafe()
    yield* Fiber.interrupt(fiber)
    return { exit, requests: http.requests, reason: exit === undefined ? undefined : reasonOf(exit) }
  })

const reasonOf = (exit: Exit.Exit<unknown, unknown>): TwilioError.Reason | undefined => {
  const error = Exit.isFailure(exit)
    ? (exit.cause.reasons[0] as { readonly error?: TwilioError.TwilioError }).error
    : undefined
  return error?.reason
}

const broken = (code: string, syscall: string): Answer =>
  Effect.fail(
    new HttpClientError.HttpClientError({
      reason: new HttpClientError.TransportError({
        request: HttpClientRequest.get("https://x.example"),
        cause: Object.assign(new Error(), { code, syscall })
      })
    })
  ) as never
const lost = broken("ECONNRESET", "read")
const unreachable = broken("ECONNREFUSED", "connect")
const silence: Answer = Effect.never

describe("a list is tried again", () => {
  for (const [what, answer] of [
    ["429", refused(429, 20429)],
    ["500", refused(500, 20500)],
    ["502 with HTML", new Response("<html>", { status: 502 })],
    ["503 with nothing", new Response(null, { status: 503 })],
    ["a connection that broke", lost],
    ["a host that cannot be reached", unreachable]
  ] as const) {
    it.effect(`after ${what}`, () =>
      Effect.gen(function* () {
        const { exit, requests } = yield* run(list, [answer, answer, empty()])
        assert.isTrue(exit !== undefined && Exit.isSuccess(exit))
        assert.lengthOf(requests, 3)
      })
    )
  }

  it.effect("three times, and then fails with the last reason", () =>
    Effect.gen(function* () {
      const { reason, requests } = yield* run(list, [refused(500, 20500)])
      assert.strictEqual(reason?._tag, "ServerError")
      assert.lengthOf(requests, 4)
    })
  )

  it.effect("as often as it is told", () =>
    Effect.gen(function* () {
      assert.lengthOf((yield* run(list, [lost], "59 seconds", { retry: { times: 0 } })).requests, 1)
      assert.lengthOf((yield* run(list, [lost], "59 seconds", { retry: { times: 5 } })).requests, 6)
    })
  )

  it.effect("with waits that double from the base, give or take a fifth, up to the cap", () =>
    Effect.gen(function* () {
      const http = double(lost)
      const fiber = yield* Effect.forkChild(
        call(http, list, { retry: { times: 4, base: "1 second", maxDelay: "3 seconds" } }).pipe(Effect.flip)
      )
      const asked: Array<number> = []
      for (const _ of Array.from({ length: 12 })) {
        yield* TestClock.adjust("1 second")
        asked.push(http.requests.length)
      }
      // 1 ± 0.2, 2 ± 0.4, then 3 and 3 at most: 6 ± 0.6 seconds to the fourth, 9 ± 0.6 to the fifth request.
      assert.isAtLeast(asked[1] ?? 0, 2)
      assert.isAtMost(asked[1] ?? 0, 2)
      assert.strictEqual(asked[6], 4)
      assert.strictEqual(asked[9], 5)
      yield* Fiber.join(fiber)
    })
  )

  for (const [chance, wait] of [
    [0, 800],
    [0.5, 1000],
    [1, 1200]
  ] as const) {
    it.effect(`after a wait of ${wait} ms where the base is a second and chance says ${chance}`, () =>
      Effect.gen(function* () {
        const http = double(lost, empty())
        const fiber = yield* call(http, list, { retry: { base: "1 second" } }).pipe(
          Effect.provideService(Random.Random, { nextDoubleUnsafe: () => chance, nextIntUnsafe: () => 0 }),
          Effect.forkChild
        )
        yield* TestClock.adjust(wait - 1)
        assert.lengthOf(http.requests, 1)
        yield* TestClock.adjust(1)
        yield* Fiber.join(fiber)
        assert.lengthOf(http.requests, 2)
      })
    )
  }

  it.effect("not where the wait would outlast the time for the call: the reason comes at once", () =>
    Effect.gen(function* () {
      const answers = [refused(503, 20503, { "retry-after": "9" }), empty()]
      const { reason, requests } = yield* run(list, answers, "0 seconds", { timeouts: { total: "5 seconds" } })
      assert.strictEqual(reason?._tag, "ServerError")
      assert.lengthOf(requests, 1)
    })
  )

  for (const [what, answer] of [
    ["400", refused(400, 45004)],
    ["401", refused(401, 20003)],
    ["403", refused(403, 20403)],
    ["404", refused(404, 20404)],
    ["a redirect", new Response(null, { status: 302, headers: { location: "https://elsewhere.example" } })],
    ["a reply of another shape", Response.json({ participants: 1 })]
  ] as const) {
    it.effect(`not after ${what}`, () =>
      Effect.gen(function* () {
        assert.lengthOf((yield* run(list, [answer])).requests, 1)
      })
    )
  }
})

describe("a change is tried again", () => {
  for (const [what, answer] of [
    ["429", refused(429, 20429)],
    ["503 that names a Retry-After", refused(503, 20503, { "retry-after": "1" })]
  ] as const) {
    it.effect(`after ${what}: it was not carried out`, () =>
      Effect.gen(function* () {
        const { exit, requests } = yield* run(close, [answer, answer, moved()])
        assert.isTrue(exit !== undefined && Exit.isSuccess(exit))
        assert.lengthOf(requests, 3)
      })
    )
  }

  for (const [what, answer, tag] of [
    ["500", refused(500, 20500), "OutcomeUnknown"],
    ["502 with HTML", new Response("<html>", { status: 502 }), "OutcomeUnknown"],
    ["503 with nothing", new Response(null, { status: 503 }), "OutcomeUnknown"],
    ["504", refused(504, 20504), "OutcomeUnknown"],
    ["a connection that broke", lost, "OutcomeUnknown"],
    ["a redirect, after which it may have been carried out", new Response(null, { status: 303 }), "OutcomeUnknown"],
    ["408", refused(408, 20001), "OutcomeUnknown"],
    ["a success with no body", new Response(null, { status: 200 }), "OutcomeUnknown"],
    ["503 of Twilio's own, with no time to come back", refused(503, 20503), "ServerError"],
    ["a host that cannot be reached", unreachable, "NetworkError"],
    ["a conflict", refused(409, 45008), "Conflict"]
  ] as const) {
    it.effect(`not after ${what}, which is ${tag}`, () =>
      Effect.gen(function* () {
        const { reason, requests } = yield* run(close, [answer, moved()])
        assert.strictEqual(reason?._tag, tag)
        assert.lengthOf(requests, 1)
      })
    )
  }
})

describe("a change that an error's status answers", () => {
  const refusing: { readonly [status: number]: TwilioError.Reason["_tag"] } = {
    400: "InvalidRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "InvalidRequest",
    409: "Conflict",
    411: "InvalidRequest",
    413: "InvalidRequest",
    415: "InvalidRequest",
    422: "Conflict",
    429: "RateLimited"
  }
  for (const status of Array.from({ length: 100 }, (_, n) => 400 + n)) {
    const tag = refusing[status]
    it.effect(`${status} is ${tag ?? "OutcomeUnknown: nobody says that it was not carried out"}`, () =>
      Effect.gen(function* () {
        for (const answer of [refused(status, 20000 + status), new Response("<html>", { status })]) {
          const { reason } = yield* run(close, [answer], "59 seconds", { retry: { times: 0 } })
          assert.strictEqual(reason?._tag, tag ?? "OutcomeUnknown")
          assert.strictEqual(reason?.status, status)
        }
      })
    )
  }
})

describe("what is known of an attempt", () => {
  it.effect("never comes from the one before: neither the error nor OnAttempt has the request id of a 429", () =>
    Effect.gen(function* () {
      let requestId: string | undefined = "none yet"
      let attempts = 0
      const ask: Ask = (participants) =>
        close(participants).pipe(
          Effect.provideService(TwilioClient.OnAttempt, (operation) => {
            assert.strictEqual(operation, "Participants.setStatus")
            requestId = undefined
            attempts++
            return (reply) => {
              requestId = reply.requestId
            }
          })
        )
      const { reason } = yield* run(ask, [refused(429, 20429), lost])
      assert.strictEqual(reason?._tag, "OutcomeUnknown")
      assert.isUndefined(reason?.requestId)
      assert.isUndefined(requestId)
      assert.strictEqual(attempts, 2)
    })
  )
})

describe("Retry-After", () => {
  it.effect("is waited for, where it is longer than the wait that was planned", () =>
    Effect.gen(function* () {
      const answers = [refused(429, 20429, { "retry-after": "5" }), empty()]
      assert.lengthOf((yield* run(list, answers, "4 seconds")).requests, 1)
      assert.lengthOf((yield* run(list, answers, "5 seconds")).requests, 2)
    })
  )

  it.effect("as a date is measured from now", () =>
    Effect.gen(function* () {
      const answers = [refused(429, 20429, { "retry-after": "Thu, 01 Jan 1970 00:00:05 GMT" }), empty()]
      assert.lengthOf((yield* run(list, answers, "4 seconds")).requests, 1)
      const later = [refused(429, 20429, { "retry-after": "Thu, 01 Jan 1970 00:00:09 GMT" }), empty()]
      assert.lengthOf((yield* run(list, later, "5 seconds")).requests, 2)
    })
  )

  for (const [what, header, millis] of [
    ["a year", "31536000", 31_536_000_000],
    ["a number of a hundred digits", "9".repeat(100), Number("9".repeat(100)) * 1000],
    ["a date in a hundred years", "Thu, 01 Jan 2071 00:00:00 GMT", Date.UTC(2071, 0, 1)]
  ] as const) {
    it.effect(`of ${what} is not waited for: the caller gets it at once, and nobody else is held up`, () =>
      Effect.gen(function* () {
        const http = double(refused(429, 20429, { "retry-after": header }), empty())
        yield* call(http, (participants) =>
          Effect.gen(function* () {
            const { reason } = yield* Effect.flip(list(participants))
            assert.strictEqual(reason._tag, "RateLimited")
            const after = Duration.toMillis(reason.retryAfter ?? Duration.zero)
            assert.approximately(after, millis, millis / 1e6)
            yield* list(participants)
          })
        )
        assert.lengthOf(http.requests, 2)
      })
    )
  }

  for (const [what, header] of [
    ["negative", "-5"],
    ["in the past", "Thu, 01 Jan 1970 00:00:00 GMT"],
    ["nonsense", "soon ∞ \u00ff"],
    ["a fraction", "1.5"],
    ["empty", ""]
  ] as const) {
    it.effect(`that is ${what} leaves the wait as it was planned`, () =>
      Effect.gen(function* () {
        const answer = new Response(null, { status: 429, headers: { "retry-after": encodeURI(header) } })
        const { exit, requests } = yield* run(list, [answer, empty()], "1 seconds")
        assert.isTrue(exit !== undefined && Exit.isSuccess(exit))
        assert.lengthOf(requests, 2)
      })
    )
  }

  it.effect("beside headers that claim a limit of nothing for ever stalls nobody", () =>
    Effect.gen(function* () {
      const hostile = Response.json(
        { participants: [] },
        {
          headers: {
            "ratelimit-remaining": "0",
            "ratelimit-reset": "99999999",
            "x-ratelimit-limit": "1",
            "x-ratelimit-reset": "nonsense"
          }
        }
      )
      const http = double(hostile)
      yield* call(http, (participants) => Effect.forEach([1, 2, 3], () => list(participants)))
      assert.lengthOf(http.requests, 3)
    })
  )
})

describe("timeouts", () => {
  it.effect("an attempt of a list that takes too long is tried again", () =>
    Effect.gen(function* () {
      const { exit, requests } = yield* run(list, [silence, empty()], "21 seconds")
      assert.isTrue(exit !== undefined && Exit.isSuccess(exit))
      assert.lengthOf(requests, 2)
    })
  )

  it.effect("a change that takes too long is OutcomeUnknown, and is not tried again", () =>
    Effect.gen(function* () {
      const { reason, requests } = yield* run(close, [silence], "20 seconds")
      assert.strictEqual(reason?._tag, "OutcomeUnknown")
      assert.match(reason?.message ?? "", /no answer from https:\/\/flex-api\.twilio\.com within 20s/u)
      assert.lengthOf(requests, 1)
    })
  )

  it.effect("a body that does not end is an answer that takes too long", () =>
    Effect.gen(function* () {
      const { reason } = yield* run(close, [Effect.sync(() => new Response(new ReadableStream()))], "20 seconds")
      assert.strictEqual(reason?._tag, "OutcomeUnknown")
    })
  )

  it.effect("of an error reply whose body does not end the status is known all the same", () =>
    Effect.gen(function* () {
      const refusing = (status: number) => Effect.sync(() => new Response(new ReadableStream(), { status }))
      assert.strictEqual((yield* run(close, [refusing(409)], "20 seconds")).reason?._tag, "Conflict")
      const { requests } = yield* run(close, [refusing(429), moved()], "22 seconds")
      assert.lengthOf(requests, 2)
    })
  )

  for (const [what, headers, attempt] of [
    ["while it waits to be tried again", { "retry-after": "5" }, "2 seconds"],
    ["while the rest is still awaited", {}, "20 seconds"]
  ] as const) {
    it.effect(`a change that was refused is refused, also when its time ends ${what}`, () =>
      Effect.gen(function* () {
        const refusing = Effect.sync(() => new Response(new ReadableStream(), { status: 429, headers }))
        const { reason, requests } = yield* run(close, [refusing], "4 seconds", {
          timeouts: { attempt, total: "4 seconds" }
        })
        assert.strictEqual(reason?._tag, "RateLimited")
        assert.strictEqual(reason?.status, 429)
        assert.lengthOf(requests, 1)
      })
    )
  }

  it.live("a change that Twilio took is never said to have failed, however late the time ends", () =>
    Effect.gen(function* () {
      // All sleeps end when the reply of the second attempt has been read, and each step of the client's lets others go first.
      const sleeps: Array<() => void> = []
      const clock: Clock.Clock = Object.create(yield* Clock.Clock, {
        sleep: {
          value: (duration: Duration.Duration) =>
            Effect.callback<void>((resume) => {
              const wake = () => resume(Effect.void)
              if (Duration.toMillis(duration) < 1000) setImmediate(wake)
              else sleeps.push(wake)
            })
        }
      })
      let replies = 0
      const onReply = () => {
        replies += 1
        if (replies === 2) setImmediate(() => sleeps.forEach((wake) => wake()))
      }
      for (const steps of [3, 4, 5, 6, 7, 8, 9]) {
        replies = 0
        const http = double(refused(429, 20429), moved())
        const exit = yield* call(http, close, { rateLimit: false }).pipe(
          Effect.provideService(TwilioClient.OnAttempt, () => onReply),
          Effect.provideService(Clock.Clock, clock),
          Effect.provideService(Scheduler.MaxOpsBeforeYield, steps),
          Effect.exit
        )
        assert.strictEqual(replies, 2)
        assert.include([undefined, "OutcomeUnknown"], reasonOf(exit)?._tag)
      }
    })
  )

  it.effect("a list as a whole takes no longer than it may: in flight it is NetworkError", () =>
    Effect.gen(function* () {
      const { reason } = yield* run(list, [silence], "5 seconds", { timeouts: { total: "5 seconds" } })
      assert.strictEqual(reason?._tag, "NetworkError")
      assert.match(reason?.message ?? "", /within 5s, all attempts together/u)
      assert.deepInclude(reason, { timedOut: true })
      // It is told from a host that can't be reached at all.
      assert.notProperty((yield* run(list, [unreachable], "5 seconds")).reason, "timedOut")
    })
  )

  it.effect("a change as a whole: in flight it is OutcomeUnknown", () =>
    Effect.gen(function* () {
      const { reason } = yield* run(close, [silence], "5 seconds", { timeouts: { total: "5 seconds" } })
      assert.strictEqual(reason?._tag, "OutcomeUnknown")
    })
  )

  it.effect("a change that waits to be tried again is not in flight: the reason is the last one", () =>
    Effect.gen(function* () {
      const { reason } = yield* run(close, [refused(429, 20429, { "retry-after": "9" })], "5 seconds", {
        timeouts: { total: "5 seconds" }
      })
      assert.strictEqual(reason?._tag, "RateLimited")
      assert.strictEqual(reason?.code, 20429)
    })
  )

  it.effect("a change that is held back by the rate limit was never sent", () =>
    Effect.gen(function* () {
      const http = double(moved())
      const fiber = yield* Effect.forkChild(
        call(http, (participants) => Effect.all([close(participants), Effect.flip(close(participants))]), {
          rateLimit: { limit: 1, window: "1 hour" }
        })
      )
      yield* TestClock.adjust("60 seconds")
      const [, error] = yield* Fiber.join(fiber)
      assert.strictEqual(error.reason._tag, "RateLimited")
      assert.isUndefined(error.status)
      assert.match(error.message, /nothing was sent/u)
      assert.lengthOf(http.requests, 1)
    })
  )
})

describe("interruption", () => {
  it.effect("of the program is interruption of the request", () =>
    Effect.gen(function* () {
      const http = double(silence)
      const fiber = yield* Effect.forkChild(call(http, list))
      yield* TestClock.adjust("1 second")
      assert.isFalse(http.requests[0]?.signal.aborted)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(http.requests[0]?.signal.aborted)
    })
  )

  it.effect("so is a timeout", () =>
    Effect.gen(function* () {
      const { requests } = yield* run(close, [silence], "20 seconds")
      assert.isTrue(requests[0]?.signal.aborted)
    })
  )
})
