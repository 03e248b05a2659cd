/**
 * The transcripts and the list of tools in docs/tools.md are what really happens: each transcript is played here, on the built server, and the page must
 * say the same. After a change, `vitest run mcp/guide -u` writes them again.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Sandbox from "@flex-interactions/sandbox"
import { assert, expect, it } from "vitest"
import { start } from "../support/served.ts"
import { inGuide } from "../support/toolLists.ts"
import * as Settings from "../../packages/mcp/src/operator/Settings.ts"
import { type Action, call, channel, connect, environment, sid, write } from "../support/host.ts"

const page = fileURLToPath(new URL("../../docs/tools.md", import.meta.url))

/** A host on a sandbox of its own, and what is said between the assistant, the person, the server and its log. */
const session = async (args: ReadonlyArray<string> = [], answer?: Action) => {
  const served = await start(Sandbox.make())
  const lines: Array<string> = []
  const say = (who: string, text: string) => {
    for (const [index, line] of text.split("\n").flatMap(wrap).entries()) {
      lines.push(`${(index === 0 ? who : "").padEnd(11)}${line}`.trimEnd())
    }
  }
  const client = await connect({
    args,
    env: environment(served.url),
    ...(answer === undefined
      ? {}
      : {
          answer: (question: string) => {
            say("person", question)
            say("", `> ${answer}`)
            return answer
          }
        })
  })
  return {
    served,
    call: async (name: string, arguments_: Record<string, unknown>) => {
      say(
        "assistant",
        [name, ...Object.entries(arguments_).map(([key, value]) => `  ${key}: ${String(value)}`)].join("\n")
      )
      const { isError, text } = await call(client, name, arguments_)
      say(isError ? "error" : "server", mask(text))
    },
    end: async () => {
      await client.close()
      await served.close()
      return { said: lines.join("\n"), log: client.log().trimEnd().split("\n").map(mask).flatMap(wrap).join("\n") }
    }
  }
}

/** Lines of at most 110 characters; what has no blank in it stays whole. */
const wrap = (text: string): ReadonlyArray<string> => {
  const indent = /^ */u.exec(text)?.[0] ?? ""
  const lines: Array<string> = []
  for (const word of text.trimStart().split(/ |(?<=,)(?=")/u)) {
    const last = lines.at(-1)
    const joint = last?.endsWith(",") === true && word.startsWith('"') ? "" : " "
    if (last !== undefined && `${last}${joint}${word}`.length <= 110) lines[lines.length - 1] = `${last}${joint}${word}`
    else lines.push(`${indent}${word}`)
  }
  return lines
}

/** What differs from run to run. */
const mask = (text: string) =>
  text.replaceAll(/RQ[0-9a-f]{32}/gu, "RQ…").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, "2026-07-28T12:00:00.000Z")

const said = async (
  options: { readonly args?: ReadonlyArray<string>; readonly answer?: Action },
  ...calls: ReadonlyArray<readonly [string, Record<string, unknown>]>
) => {
  const host = await session(options.args, options.answer)
  for (const [name, args] of calls) await host.call(name, args)
  return (await host.end()).said
}

const set = "set_participant_status"

const unknownThenRepeat = async () => {
  const host = await session()
  host.served.answerWith(async (request) => {
    const answer = await host.served.sandbox.fetch(request)
    return request.method === "POST" ? new Response("<html>Bad Gateway</html>", { status: 502 }) : answer
  })
  await host.call(set, write(2, 2, "closed"))
  host.served.answerWith(undefined)
  await host.call(set, write(2, 2, "closed"))
  const [before = "", after = ""] = (await host.end()).said.split(/\n(?=assistant)/u)
  return [before, after] as const
}

const audit = async (...args: ReadonlyArray<string>) => {
  const host = await session(args, "accept")
  await host.call(set, write(2, 2, "closed"))
  return (await host.end()).log
}

const pair = unknownThenRepeat()

/** Each has a host and a sandbox of its own, so they are played at the same time. */
const played: Record<string, Promise<string>> = {
  list: said({}, ["list_participants", channel(2)]),
  "dry run": said({}, [set, { ...write(2, 2, "closed"), dry_run: true }]),
  accept: said({ answer: "accept" }, [set, write(2, 2, "closed")]),
  decline: said({ answer: "decline" }, [set, write(2, 2, "closed")]),
  "cannot ask": said({ args: ["--confirm", "always"] }, [set, write(2, 2, "wrapup")]),
  customer: said({}, [set, write(2, 1, "closed")]),
  swapped: said({}, [
    "list_participants",
    { interaction_sid: sid(2, "UO"), channel_sid: sid(2, "KD"), status: "active" }
  ]),
  unknown: pair.then(([unknown]) => unknown),
  repeat: pair.then(([, repeat]) => repeat),
  audit: audit(),
  "audit as JSON": audit("--audit-json")
}
const transcripts: Readonly<Record<string, string>> = Object.fromEntries(
  await Promise.all(Object.entries(played).map(async ([name, text]) => [name, await text] as const))
)

const block = /<!-- transcript: (.+) -->\n```text\n[^]*?```/gu

it("docs/tools.md shows what really happens", async () => {
  const text = readFileSync(page, "utf8")
  const names = [...text.matchAll(block)].map(([, name]) => name ?? "")
  assert.deepStrictEqual(names.toSorted(), Object.keys(transcripts).toSorted())
  const asPlayed = inGuide(text).replaceAll(
    block,
    (_, name: string) => `<!-- transcript: ${name} -->\n\`\`\`text\n${transcripts[name] ?? ""}\n\`\`\``
  )
  await expect(asPlayed).toMatchFileSnapshot(page)
})

it("the guide has every setting", () => {
  const text = ["get-started", "tools", "operate"]
    .map((name) => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), "utf8"))
    .join("\n")
  for (const { env, ...setting } of Object.values(Settings.table)) {
    assert.include(text, `\`${env}\``)
    if ("flag" in setting) assert.include(text, `--${setting.flag}`)
  }
})

it("nothing that is secret stands in a transcript", () => {
  for (const transcript of Object.values(transcripts)) assert.notInclude(transcript, "sandbox-auth-token")
})
