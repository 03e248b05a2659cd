/** `pnpm evals [NAME …]`: the ten requests, put to a model of your choice. Prints who did what; exits with 1 if anything was not done. */
import { Effect } from "effect"
import { FetchHttpClient } from "effect/http"
import { assistant, settings } from "./model.ts"
import { play, type Verdict } from "./play.ts"
import { evals } from "./requests.ts"

const usage = `usage: EVALS_MODEL=… EVALS_KEY=… pnpm evals [NAME …]

EVALS_API   openai (the default) or anthropic: what the endpoint speaks
EVALS_URL   where it is; by default https://api.openai.com/v1 or https://api.anthropic.com/v1
EVALS_MODEL the model
EVALS_KEY   the key

The requests: ${evals.map(({ name }) => name).join("; ")}
`

const print = (line: string) => Effect.sync(() => process.stdout.write(`${line}\n`))
const columns = (cells: ReadonlyArray<string | number>): string =>
  cells.map((cell, index) => (index === 0 ? `${cell}`.padEnd(46) : `${cell}`.padStart(8))).join("")

const why = ({ isDone, missing, said, wrong }: Verdict): ReadonlyArray<string> =>
  isDone
    ? []
    : [
        ...wrong.map((change) => `  wrong: ${change}`),
        ...missing.map((change) => `  missing: ${change}`),
        `  said: ${JSON.stringify(said.slice(0, 300))}`
      ]

const program = Effect.gen(function* () {
  const model = yield* assistant(yield* settings)
  const wanted = process.argv.slice(2)
  const chosen = evals.filter(({ name }) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  yield* print(columns(["request", "done", "wrong", "calls", "bytes", "tokens"]))
  const verdicts = yield* Effect.forEach(chosen, (request) =>
    Effect.tap(
      Effect.tryPromise(() => play(request, model)),
      (verdict) =>
        Effect.forEach(
          [
            columns([
              request.name,
              verdict.isDone ? "yes" : "no",
              verdict.wrong.length,
              verdict.calls,
              verdict.bytes,
              verdict.tokens ?? 0
            ]),
            ...why(verdict)
          ],
          print
        )
    )
  )
  const sum = (of: (verdict: Verdict) => number) => verdicts.reduce((all, verdict) => all + of(verdict), 0)
  const done = sum(({ isDone }) => (isDone ? 1 : 0))
  yield* print(
    columns([
      "all",
      `${done}/${verdicts.length}`,
      sum(({ wrong }) => wrong.length),
      sum(({ calls }) => calls),
      sum(({ bytes }) => bytes),
      sum(({ tokens }) => tokens ?? 0)
    ])
  )
  return verdicts.length > 0 && done === verdicts.length ? 0 : 1
})

// The server's audit would stand between the lines of the table.
Object.assign(console, { error: () => {} })

process.exitCode = await Effect.runPromise(
  program.pipe(
    Effect.provide(FetchHttpClient.layer),
    Effect.catchTags({
      ConfigError: () =>
        Effect.as(
          Effect.sync(() => process.stderr.write(usage)),
          2
        ),
      UnknownError: ({ cause }) =>
        Effect.as(
          Effect.sync(() => process.stderr.write(`evals: ${cause instanceof Error ? cause.message : ""}\n`)),
          2
        )
    })
  )
)
