/**
 * The evals: each request can be fulfilled with the tools, the judge lets nothing pass that was not done, and a model behind an endpoint of either
 * kind is asked, answered and counted.
 */
import { execFile } from "node:child_process"
import type { IncomingHttpHeaders } from "node:http"
import { createServer } from "node:http"
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { json } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import { assert, describe, it } from "vitest"
import { sid } from "../support/calls.ts"
import { type Assistant, play } from "./play.ts"
import { type Call, type Eval, evals } from "./requests.ts"

const answerOf = (text: string): Awaited<ReturnType<Call>> =>
  text.startsWith("{") ? (JSON.parse(text) as Record<string, unknown>) : { error: text }

/** The trace of a request, as an assistant. */
const traced: Assistant = async ({ call, eval: { trace } }) => ({
  said: await trace(async (name, args) => answerOf((await call(name, args)).text))
})

it("there are ten", () => {
  assert.lengthOf(new Set(evals.map(({ name }) => name)), 10)
})

for (const request of evals) {
  it(`${request.name}: a trace fulfils it, with nothing wrong, in three calls at most`, async () => {
    const { bytes, calls, isDone, missing, said, wrong } = await play(request, traced)
    assert.deepStrictEqual([wrong, missing], [[], []], said)
    assert.isTrue(isDone, said)
    assert.isAtMost(calls, 3)
    // The README says so.
    assert.isBelow(bytes, 1800)
  })
}

describe("the judge", () => {
  it("an assistant that does and says nothing has done nothing", async () => {
    for (const request of evals) {
      const { isDone, missing } = await play(request, () => Promise.resolve({ said: "" }))
      assert.deepStrictEqual([isDone, missing], [false, [...request.changes]], request.name)
    }
  })

  it("right words for what was not done are not enough", async () => {
    for (const request of evals.filter(({ changes }) => changes.length > 0)) {
      const { isDone } = await play(request, () =>
        Promise.resolve({ said: "Done: Alice, Carla and Deepak moved, and it has ended. Confirmed." })
      )
      assert.isFalse(isDone, request.name)
    }
  })

  it("one change too many is a wrong write, whatever else was done", async () => {
    for (const request of evals.filter(({ seed }) => seed === undefined)) {
      const { isDone, wrong } = await play(request, async (work) => {
        const done = await traced(work)
        await work.call("set_participant_status", {
          interaction_sid: sid(3, "KD"),
          channel_sid: sid(3, "UO"),
          participant_sid: sid(3, "UT", 2),
          status: "closed"
        })
        return done
      })
      assert.deepStrictEqual([isDone, wrong], [false, ["bruno in crowd: active > closed"]], request.name)
    }
  })
})

type Step = { readonly name: string; readonly args: unknown } | { readonly said: string }

/** A trace, step by step: what it calls or says next, once it has the answer to its last call. */
const session = ({ trace }: Eval) => {
  let emit = (_step: Step): void => {}
  let resume = (_text: string): void => {}
  const step = (begin: () => void) =>
    new Promise<Step>((resolve) => {
      emit = resolve
      begin()
    })
  return {
    first: () =>
      step(() => {
        const call: Call = (name, args) =>
          new Promise((resolve) => {
            resume = (text) => resolve(answerOf(text))
            emit({ name, args })
          })
        void trace(call).then((said) => emit({ said }))
      }),
    next: (text: string) => step(() => resume(text))
  }
}

interface Block {
  readonly role?: string
  readonly content?: string | ReadonlyArray<{ readonly type?: string; readonly content?: string }>
  readonly tool_call_id?: string
}
interface Body {
  readonly model: string
  readonly system?: string
  readonly messages: ReadonlyArray<Block>
  readonly tools: ReadonlyArray<object>
}

/** What an endpoint of this kind is sent and answers. */
const kinds = {
  openai: {
    path: "/chat/completions",
    keyOf: (headers: IncomingHttpHeaders) => headers.authorization?.replace("Bearer ", ""),
    asked: ({ messages }: Body) => messages.filter(({ role }) => role !== "system"),
    result: (block: Block) => (block.role === "tool" && block.tool_call_id === "call-1" ? block.content : undefined),
    toolsOf: ({ tools }: Body) =>
      (tools as ReadonlyArray<{ readonly function: { readonly name: string; readonly parameters: object } }>).map(
        ({ function: { name, parameters } }) => ({ name, schema: parameters })
      ),
    reply: (step: Step) => ({
      choices: [
        {
          message:
            "said" in step
              ? { role: "assistant", content: step.said }
              : {
                  role: "assistant",
                  content: null,
                  tool_calls: [
                    {
                      id: "call-1",
                      type: "function",
                      function: { name: step.name, arguments: JSON.stringify(step.args) }
                    }
                  ]
                }
        }
      ],
      usage: { prompt_tokens: 90, completion_tokens: 10, total_tokens: 100 }
    })
  },
  anthropic: {
    path: "/messages",
    keyOf: (headers: IncomingHttpHeaders) =>
      headers["anthropic-version"] === "2023-06-01" ? headers["x-api-key"] : undefined,
    asked: ({ messages }: Body) => messages,
    result: ({ content }: Block) => (typeof content === "string" ? undefined : content?.[0]?.content),
    toolsOf: ({ tools }: Body) =>
      (tools as ReadonlyArray<{ readonly name: string; readonly input_schema: object }>).map(
        ({ input_schema, name }) => ({ name, schema: input_schema })
      ),
    reply: (step: Step) => ({
      type: "message",
      role: "assistant",
      content: [
        { type: "thinking", thinking: "…", signature: "…" },
        "said" in step
          ? { type: "text", text: step.said }
          : { type: "tool_use", id: "call-1", name: step.name, input: step.args }
      ],
      usage: { input_tokens: 90, output_tokens: 10 }
    })
  }
}

const key = "a-key-that-nobody-should-see"

/** An endpoint at which a model plays the traces. It refuses what a real one would. */
const endpoint = async (kind: keyof typeof kinds) => {
  const { asked, keyOf, path, reply, result, toolsOf } = kinds[kind]
  const sessions = new Map<unknown, ReturnType<typeof session>>()
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: object) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body))
    }
    const body = (await json(request)) as Body
    if (request.url !== `/v1${path}`) return answer(404, { error: "no such path" })
    if (keyOf(request.headers) !== key) return answer(401, { error: `${keyOf(request.headers)} is no key` })
    const tools = toolsOf(body)
    if (tools.length < 3 || tools.some(({ schema }) => !("properties" in schema)))
      return answer(400, { error: "tools" })
    const [first, ...more] = asked(body)
    const known = evals.find(({ request }) => request === first?.content)
    if (known === undefined) return answer(400, { error: "the request is not there" })
    const playing = sessions.get(known) ?? session(known)
    sessions.set(known, playing)
    const last = more.at(-1)
    const text = last === undefined ? undefined : result(last)
    if (last !== undefined && typeof text !== "string") return answer(400, { error: "the result is not there" })
    return answer(200, reply(await (typeof text === "string" ? playing.next(text) : playing.first())))
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, close: () => server.close() }
}

const root = fileURLToPath(new URL("../../", import.meta.url))

/** `pnpm evals`, without its build. */
const evaluate = (env: Record<string, string>, ...names: ReadonlyArray<string>) =>
  new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const args = ["--import", "tsx", "--conditions=@flex-interactions/source", "test/evals/main.ts", ...names]
    const options = { cwd: root, env: { PATH: process.env["PATH"] ?? "", ...env } }
    execFile(process.execPath, args, options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr })
    )
  })

describe("a model behind an endpoint", () => {
  for (const kind of ["openai", "anthropic"] as const) {
    it(`that speaks as ${kind} does: all ten are done, and the table says so`, async () => {
      const { close, url } = await endpoint(kind)
      const { code, stderr, stdout } = await evaluate({
        EVALS_API: kind,
        EVALS_URL: url,
        EVALS_KEY: key,
        EVALS_MODEL: "stub"
      })
      close()
      assert.deepStrictEqual([code, stderr], [0, ""], stdout)
      const lines = stdout.trimEnd().split("\n")
      assert.match(lines[0] ?? "", /^request +done +wrong +calls +bytes +tokens$/u)
      for (const { name } of evals) assert.match(stdout, new RegExp(`^${name} +yes +0 +[123] +\\d+ +[2-4]00$`, "mu"))
      assert.match(lines.at(-1) ?? "", /^all +10\/10 +0 +\d+ +\d+ +\d+$/u)
    })
  }

  it("that refuses the key: it says so, without the key", async () => {
    const { close, url } = await endpoint("openai")
    const wrong = "another-key-that-nobody-should-see"
    const { code, stderr, stdout } = await evaluate({ EVALS_URL: url, EVALS_KEY: wrong, EVALS_MODEL: "stub" }, "alone")
    close()
    assert.strictEqual(code, 2)
    assert.match(stderr, /^evals: the endpoint answered 401: /u)
    assert.notInclude(stdout + stderr, wrong)
  })

  it("without settings it says which there are", async () => {
    const { code, stderr } = await evaluate({})
    assert.strictEqual(code, 2)
    for (const name of ["EVALS_API", "EVALS_URL", "EVALS_MODEL", "EVALS_KEY"]) assert.include(stderr, name)
  })
})
