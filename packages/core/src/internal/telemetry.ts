/** What the client counts and measures. Attributes are few and of few values: no SID, no URL, never a secret. */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { Reason, TwilioError } from "../TwilioError.ts"

type Attributes = { readonly [name: string]: string }

/** A metric for each of the few combinations of its attributes, made once: that takes longer than to update it. */
const tagged = <M>(make: (attributes: Attributes) => M) => {
  const known = new Map<string, M>()
  return (attributes: Attributes): M => {
    const key = Object.values(attributes).join(" ")
    const found = known.get(key) ?? make(attributes)
    known.set(key, found)
    return found
  }
}

const calls = tagged((attributes) =>
  Metric.counter("twilio.client.calls", {
    description: "Calls of an endpoint, by its name and outcome: success, or the reason of the failure",
    incremental: true,
    attributes
  })
)

const retries = tagged((attributes) =>
  Metric.counter("twilio.client.retries", {
    description: "Attempts after the first, by operation and the reason for them",
    incremental: true,
    attributes
  })
)

const duration = tagged((attributes) =>
  Metric.histogram("http.client.request.duration", {
    description: "Seconds from sending a request to the end of its reply",
    boundaries: [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10],
    attributes: { unit: "s", ...attributes }
  })
)

/** Counts an attempt after the first, adds it to those that the span of the operation already has, and logs it. */
export const retried = (operation: string, reason: Reason, delay: Duration.Duration): Effect.Effect<void> =>
  Metric.update(retries({ operation, reason: reason._tag }), 1).pipe(
    Effect.andThen(add("twilio.retries", 1)),
    Effect.andThen(Effect.logDebug(`trying ${operation} again in ${Duration.format(delay)}: ${reason.message}`)),
    Effect.annotateLogs({ "twilio.operation": operation, "twilio.request_id": reason.requestId ?? "none" })
  )

/** Counts the call of an endpoint. */
export const counted =
  (operation: string) =>
  <A>(self: Effect.Effect<A, TwilioError>): Effect.Effect<A, TwilioError> =>
    Effect.onExit(self, (exit) => Metric.update(calls({ operation, outcome: outcome(exit) }), 1))

const outcome = (exit: Exit.Exit<unknown, TwilioError>): string => {
  if (Exit.isSuccess(exit)) return "success"
  const error = Cause.findErrorOption(exit.cause)
  return Option.isSome(error) ? error.value.reason._tag : Exit.hasInterrupts(exit) ? "interrupted" : "defect"
}

/** Measures an attempt, from sending to the end of the reply. */
export const measured =
  (method: string) =>
  <A extends { readonly response: { readonly status: number } }, E, R>(
    self: Effect.Effect<A, E, R>
  ): Effect.Effect<A, E, R> =>
    Effect.clockWith((clock) => {
      const start = clock.monotonicTimeNanosUnsafe()
      return Effect.onExit(self, (exit) =>
        Metric.update(
          duration({
            "http.request.method": method,
            ...(Exit.isSuccess(exit)
              ? { "http.response.status_code": `${exit.value.response.status}` }
              : { "error.type": Exit.hasInterrupts(exit) ? "interrupted" : "no answer" })
          }),
          Number(clock.monotonicTimeNanosUnsafe() - start) / 1e9
        )
      )
    })

/**
 * Does anybody trace? By default a fiber has Effect's own tracer, whose spans go nowhere: only one that the program provides
 * is worth what spans cost.
 */
export const isTraced = ({ cache }: Fiber.Fiber<unknown, unknown>): boolean =>
  cache.tracerEnabled && cache.tracer !== undefined

/** Gives an operation its span. */
export const withSpan = (name: string, operation: string) => {
  const options = { attributes: { "twilio.operation": operation }, captureStackTrace: false }
  return <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.withFiber((fiber) => (isTraced(fiber) ? Effect.withSpan(self, name, options) : self))
}

/** The current span. */
export const spanOf = (fiber: Fiber.Fiber<unknown, unknown>): Tracer.Span | undefined => {
  const { span } = fiber.cache
  return isTraced(fiber) && span?._tag === "Span" ? span : undefined
}

/** Adds to a number among the attributes of the current span, if there is one. */
export const add = (attribute: string, n: number): Effect.Effect<void> =>
  Effect.withFiber((fiber) => {
    const span = spanOf(fiber)
    span?.attribute(attribute, Number(span.attributes.get(attribute) ?? 0) + n)
    return Effect.void
  })
