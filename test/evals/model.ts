/**
 * A model as an assistant: two ways to call one, OpenAI's chat completions and Anthropic's messages, which most endpoints speak. A turn sends
 * what was said so far and the tools; what comes back is words, calls, or both.
 */
import { Config, Effect, Option, Redacted, Schedule, Schema } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import type { Tool } from "@modelcontextprotocol/client"
import type { Assistant } from "./play.ts"

/** `EVALS_MODEL` and `EVALS_KEY` are needed; `EVALS_API` is `openai` or `anthropic`; `EVALS_URL` is the endpoint, by default the maker's own. */
export const settings = Config.all({
  api: Config.Literals(["openai", "anthropic"], "EVALS_API").pipe(Config.withDefault("openai" as const)),
  url: Config.option(Config.String("EVALS_URL")),
  key: Config.Redacted("EVALS_KEY"),
  model: Config.String("EVALS_MODEL")
})
type Settings = Config.Success<typeof settings>

/** A message as the endpoint has it. */
type Message = Schema.Json

interface Turn {
  /** What the model said, to be sent back with the next turn. */
  readonly message: Message
  readonly said: string
  /** `args` is undefined where they are no JSON object. */
  readonly calls: ReadonlyArray<{
    readonly id: string
    readonly name: string
    readonly args: { readonly [key: string]: unknown } | undefined
  }>
  readonly tokens: number
}

interface Sent {
  readonly model: string
  readonly system: string
  readonly messages: ReadonlyArray<Message>
  readonly tools: ReadonlyArray<Tool>
}

interface Answered {
  readonly id: string
  readonly text: string
  readonly isError: boolean
}

/** What differs between endpoints. */
interface Api {
  readonly url: string
  readonly request: (key: string, sent: Sent) => HttpClientRequest.HttpClientRequest
  readonly turn: (reply: unknown) => Effect.Effect<Turn, Schema.SchemaError>
  readonly answers: (answered: ReadonlyArray<Answered>) => ReadonlyArray<Message>
}

const Arguments = Schema.Record(Schema.String, Schema.Unknown)

const OpenAiReply = Schema.Struct({
  choices: Schema.NonEmptyArray(Schema.Struct({ message: Schema.Json })),
  usage: Schema.optionalKey(Schema.Struct({ prompt_tokens: Schema.Finite, completion_tokens: Schema.Finite }))
})
const OpenAiMessage = Schema.Struct({
  content: Schema.optionalKey(Schema.NullOr(Schema.String)),
  tool_calls: Schema.optionalKey(
    Schema.NullOr(
      Schema.Array(
        Schema.Struct({
          id: Schema.String,
          function: Schema.Struct({ name: Schema.String, arguments: Schema.String })
        })
      )
    )
  )
})

const openai: Api = {
  url: "https://api.openai.com/v1",
  request: (key, { messages, model, system, tools }) =>
    HttpClientRequest.post("/chat/completions").pipe(
      HttpClientRequest.bearerToken(key),
      HttpClientRequest.bodyJsonUnsafe({
        model,
        messages: [{ role: "system", content: system }, ...messages],
        tools: tools.map(({ description, inputSchema, name }) => ({
          type: "function",
          function: { name, description, parameters: inputSchema }
        }))
      })
    ),
  turn: Effect.fnUntraced(function* (reply) {
    const { choices, usage } = yield* Schema.decodeUnknownEffect(OpenAiReply)(reply)
    const [{ message }] = choices
    const { content, tool_calls } = yield* Schema.decodeUnknownEffect(OpenAiMessage)(message)
    return {
      message,
      said: content ?? "",
      calls: (tool_calls ?? []).map(({ function: { arguments: args, name }, id }) => ({
        id,
        name,
        args: Option.getOrUndefined(Schema.decodeUnknownOption(Schema.fromJsonString(Arguments))(args))
      })),
      tokens: (usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0)
    }
  }),
  answers: (answered) => answered.map(({ id, text }) => ({ role: "tool", tool_call_id: id, content: text }))
}

const AnthropicReply = Schema.Struct({
  content: Schema.Array(Schema.Json),
  usage: Schema.Struct({ input_tokens: Schema.Finite, output_tokens: Schema.Finite })
})
const decodeText = Schema.decodeUnknownOption(Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }))
const decodeCall = Schema.decodeUnknownOption(
  Schema.Struct({ type: Schema.Literal("tool_use"), id: Schema.String, name: Schema.String, input: Arguments })
)

const anthropic: Api = {
  url: "https://api.anthropic.com/v1",
  request: (key, { messages, model, system, tools }) =>
    HttpClientRequest.post("/messages").pipe(
      HttpClientRequest.setHeaders({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
      HttpClientRequest.bodyJsonUnsafe({
        model,
        max_tokens: 4096,
        system,
        messages,
        tools: tools.map(({ description, inputSchema, name }) => ({ name, description, input_schema: inputSchema }))
      })
    ),
  turn: Effect.fnUntraced(function* (reply) {
    const { content, usage } = yield* Schema.decodeUnknownEffect(AnthropicReply)(reply)
    return {
      message: { role: "assistant", content },
      said: content
        .flatMap((block) => Option.toArray(decodeText(block)))
        .map(({ text }) => text)
        .join("\n"),
      calls: content
        .flatMap((block) => Option.toArray(decodeCall(block)))
        .map(({ id, input, name }) => ({ id, name, args: input })),
      tokens: usage.input_tokens + usage.output_tokens
    }
  }),
  answers: (answered) => [
    {
      role: "user",
      content: answered.map(({ id, isError, text }) => ({
        type: "tool_result",
        tool_use_id: id,
        content: text,
        is_error: isError
      }))
    }
  ]
}

const apis = { openai, anthropic }

/** The endpoint refused, or does not answer as it should. Has nothing of the key. */
export class EndpointError extends Schema.TaggedError<EndpointError>()("EndpointError", { message: Schema.String }) {}

const manner = `You work for a supervisor of a contact centre, who waits for your answer and can't answer questions now. Do what is asked if it is
clear; otherwise change nothing and say what you need to know. Answer in one to three sentences: what you found, or did, and what came of it.`

/** So many turns are enough for anything that is asked here. */
const mostTurns = 12

/** The model by these settings. */
export const assistant = Effect.fnUntraced(function* (settings: Settings) {
  const api = apis[settings.api]
  const key = Redacted.value(settings.key)
  const http = (yield* HttpClient.HttpClient).pipe(
    HttpClient.mapRequest(HttpClientRequest.prependUrl(Option.getOrElse(settings.url, () => api.url))),
    HttpClient.retryTransient({ schedule: Schedule.exponential("1 second"), times: 4 })
  )

  const turn = Effect.fnUntraced(
    function* (sent: Sent) {
      const reply = yield* http.execute(api.request(key, sent))
      if (reply.status !== 200) {
        const text = yield* reply.text
        return yield* new EndpointError({
          message: `the endpoint answered ${reply.status}: ${text.slice(0, 300).replaceAll(key, "…")}`
        })
      }
      return yield* Effect.flatMap(reply.json, api.turn)
    },
    Effect.catchTags({
      HttpClientError: () => new EndpointError({ message: "the endpoint was not reached, or its answer broke off" }),
      SchemaError: ({ message }) =>
        new EndpointError({ message: `the endpoint's answer is not that of ${settings.api}: ${message}` })
    })
  )

  const work = Effect.fnUntraced(function* ({
    call,
    eval: { request },
    instructions,
    tools
  }: Parameters<Assistant>[0]) {
    const system = `${instructions}\n\n${manner}`
    const messages: Array<Message> = [{ role: "user", content: request }]
    let tokens = 0
    for (let turns = 0; turns < mostTurns; turns++) {
      const { calls, message, said, tokens: used } = yield* turn({ model: settings.model, system, messages, tools })
      tokens += used
      if (calls.length === 0) return { said, tokens }
      const answered = yield* Effect.forEach(calls, ({ args, id, name }) =>
        args === undefined
          ? Effect.succeed({ id, isError: true, text: "The arguments are not a JSON object." })
          : Effect.map(
              Effect.promise(() => call(name, args)),
              (answer) => ({ id, ...answer })
            )
      )
      messages.push(message, ...api.answers(answered))
    }
    return { said: `(no answer after ${mostTurns} turns)`, tokens }
  })

  return ((given) => Effect.runPromise(work(given))) satisfies Assistant
})
