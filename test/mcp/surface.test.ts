/** What an assistant is shown: kept as files, so that a review sees each change; and what no host stumbles over. */
import { Ajv } from "ajv"
import { Ajv2020 } from "ajv/dist/2020.js"
import { countTokens } from "gpt-tokenizer"
import { assert, describe, expect, it } from "vitest"
import * as Limits from "../../packages/mcp/src/tools/Limits.ts"
import { listing } from "../../packages/mcp/src/tools/Listing.ts"
import { channel, environment, type Message, raw, read, sid, write } from "../support/host.ts"

interface Schema {
  readonly [keyword: string]: unknown
  readonly type?: string
  readonly description?: string
  readonly properties?: Record<string, Schema>
  readonly items?: Schema
}
interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: Schema
  readonly outputSchema: Schema
  readonly annotations: Record<string, boolean>
}

const toolsOf = (result: Message["result"]) => (result?.["tools"] ?? []) as ReadonlyArray<Tool>

/** What the built server answers to `tools/list`, and the bytes of the whole message. */
const list = async (era: "2025" | "2026", ...args: ReadonlyArray<string>) => {
  // Not on the sandbox, whose SIDs would be in the descriptions. Nothing is asked of this address.
  const host = raw(args, environment("http://127.0.0.1:9"))
  if (era === "2025") await host.initialize("2025-11-25")
  const { result } = era === "2025" ? await host.request("tools/list", {}) : await host.modern("tools/list", {})
  await host.end()
  const bytes = host.stdout().toString().trimEnd().split("\n").at(-1) ?? ""
  return { tools: toolsOf(result), bytes: Buffer.byteLength(bytes) }
}

const { tools } = await list("2025")
const [listTool, setTool, findTool] = ["list_participants", "set_participant_status", "find_conversations"].map(
  (name) => tools.find((tool) => tool.name === name)
)

it("the tools are the same in both eras", async () => {
  assert.deepStrictEqual((await list("2026")).tools, tools)
})

describe("what an assistant reads before it does anything is short", () => {
  for (const era of ["2025", "2026"] as const) {
    it(`in the era of ${era}, the answer to tools/list: 7,200 bytes for three tools, 8,600 for four`, async () => {
      for (const [args, count, most] of [
        [[], 3, 7200],
        [["--allow-end"], 4, 8600]
      ] as const) {
        const { bytes, tools } = await list(era, ...args)
        assert.lengthOf(tools, count)
        assert.isAbove(bytes, 1000)
        assert.isAtMost(bytes, most)
      }
    })
  }

  it("a row of list_participants: 50 tokens for an agent, 32 for others", async () => {
    const host = raw(["--sandbox"])
    await host.initialize("2025-11-25")
    for (const group of [1, 2, 4]) {
      const { result } = await host.request("tools/call", { name: "list_participants", arguments: channel(group) })
      const rows = read(result).data?.["participants"] as ReadonlyArray<{ readonly type: string }>
      for (const row of rows) {
        assert.isAtMost(countTokens(JSON.stringify(row)), row.type === "agent" ? 50 : 32, JSON.stringify(row))
      }
    }
    await host.end()
  })
})

/** The tools as they are by default and, where limits make others of them, as they are then. */
const surfaces = [
  ...tools.map((tool) => [tool.name, tool] as const),
  ...[
    ["read-only", await list("2025", "--read-only")] as const,
    ["wrapup", await list("2025", "--allow-status", "wrapup")] as const,
    ["allow-end", await list("2025", "--allow-end")] as const
  ].flatMap(([limit, limited]) =>
    limited.tools
      .filter((tool) => !tools.some((other) => JSON.stringify(other) === JSON.stringify(tool)))
      .map((tool) => [`${tool.name}, ${limit}`, tool] as const)
  )
]

for (const [name, tool] of surfaces) {
  describe(`${name}`, () => {
    it("is as it was reviewed", async () => {
      const file = `surface/${name.replaceAll(", ", ".")}.json`
      await expect(`${JSON.stringify(tool, undefined, 2)}\n`).toMatchFileSnapshot(file)
    })

    it("has all four annotations", () => {
      assert.hasAllKeys(tool.annotations, ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"])
    })

    for (const kind of ["inputSchema", "outputSchema"] as const) {
      const schema = tool[kind]

      it(`${kind}: a plain object at the root, nothing by reference, nothing that hosts drop`, () => {
        assert.strictEqual(schema.type, "object")
        assert.containsAllKeys(schema, ["properties"])
        const banned = /^(\$.*|definitions|anyOf|oneOf|allOf|not|if|format|nullable)$/u
        const keywords = keysOf(schema).filter((key) => banned.test(key))
        assert.deepStrictEqual(keywords, [])
      })

      it(`${kind}: keys in snake case, and what is given is described`, () => {
        for (const [key, property] of propertiesOf(schema)) {
          assert.match(key, /^[a-z][a-z0-9_]{0,63}$/u)
          // In an answer the key says what it is: only how to continue has to be said.
          if (kind === "inputSchema" || key === "next_cursor") assert.isNotEmpty(property.description ?? "", key)
        }
      })

      it(`${kind}: compiles with Ajv, draft-07 and 2020-12, in strict mode`, () => {
        for (const ajv of [new Ajv({ strict: true }), new Ajv2020({ strict: true })])
          assert.isFunction(ajv.compile(schema))
      })
    }

    it("every parameter has an example that it takes, and every free text a pattern or a length", () => {
      for (const [key, property] of Object.entries(tool.inputSchema.properties ?? {})) {
        const example = / ?e\.g\. (\S+)$/u.exec(property.description ?? "")?.[1]
        assert.isDefined(example, key)
        const value: unknown = property.type === "string" ? example?.replaceAll('"', "") : JSON.parse(example ?? "null")
        assert.isTrue(new Ajv2020().compile(property)(value), `${key}: ${String(value)}`)
        if (property.type === "string")
          assert.isTrue(
            ["pattern", "enum", "maxLength"].some((limit) => limit in property),
            key
          )
      }
    })

    it("takes no argument that it does not name", () => {
      assert.strictEqual(tool.inputSchema["additionalProperties"], false)
    })
  })
}

it("the built server lists what the sources say, whatever the limits", async () => {
  for (const offer of Limits.offers) {
    // No flag leaves the end without the moves.
    if (offer.end && offer.statuses.length === 0) continue
    const host = raw(
      [
        ...(offer.statuses.length === 0 ? ["--read-only"] : offer.statuses.map((status) => `--allow-status=${status}`)),
        ...(offer.end ? ["--allow-end"] : [])
      ],
      environment("http://127.0.0.1:9")
    )
    const { result: welcome } = await host.initialize("2025-11-25")
    const { result } = await host.request("tools/list", {})
    await host.end()
    assert.deepStrictEqual({ instructions: welcome?.["instructions"], tools: result?.["tools"] }, listing(offer))
  }
})

it("the instructions say at once that no tool ends a conversation, where none does", () => {
  const instructions = (limits: Limits.Limits) => listing(Limits.offer(limits)).instructions
  assert.match(instructions({}), /no end of a conversation \(the operator allows it: --allow-end\)/u)
  for (const limits of [{ allowEnd: true }, { readOnly: true }]) assert.notInclude(instructions(limits), "--allow-end")
})

it("what Ajv says of arguments is what the tools say", async () => {
  const host = raw(["--sandbox"])
  await host.initialize("2025-11-25")
  const set = new Ajv2020().compile(setTool?.inputSchema ?? {})
  const everyone = new Ajv2020().compile(listTool?.inputSchema ?? {})
  const find = new Ajv2020().compile(findTool?.inputSchema ?? {})
  for (const [name, validate, args] of [
    ["set_participant_status", set, { ...write(1, 2, "wrapup"), dry_run: true }],
    ["set_participant_status", set, { ...write(1, 2, "wrapup"), dry_run: "yes" }],
    ["set_participant_status", set, { ...write(1, 2, "wrapup"), status: "open" }],
    ["set_participant_status", set, { ...write(1, 2, "wrapup"), force: true }],
    ["set_participant_status", set, { ...channel(1), status: "wrapup" }],
    ["list_participants", everyone, channel(1)],
    ["list_participants", everyone, { ...channel(1), limit: 200 }],
    ["list_participants", everyone, { ...channel(1), limit: 0 }],
    ["list_participants", everyone, { ...channel(1), limit: 1.5 }],
    ["list_participants", everyone, { ...channel(1), type: "robot" }],
    ["find_conversations", find, { worker: "alice", standing: "active", older_than_minutes: 5 }],
    ["find_conversations", find, { worker: "" }],
    ["find_conversations", find, { standing: "left" }],
    ["list_participants", everyone, { interaction_sid: sid(1, "KD"), channel_sid: `${sid(1, "UO")} ` }]
  ] as const) {
    const { result } = await host.request("tools/call", { name, arguments: args })
    assert.strictEqual(result?.["isError"] !== true, validate(args), JSON.stringify(args))
  }
  await host.end()
})

it("what the tools answer is what their output schemas promise", async () => {
  const host = raw(["--sandbox"])
  await host.initialize("2025-11-25")
  for (const [tool, args] of [
    [listTool, channel(2)],
    [listTool, { ...channel(3), limit: 2 }],
    [listTool, { ...channel(5), details: true }],
    [findTool, { worker: "alice", details: true, limit: 1 }],
    [setTool, { ...write(2, 2, "wrapup"), dry_run: true }],
    [setTool, write(2, 2, "wrapup")]
  ] as const) {
    const { result } = await host.request("tools/call", { name: tool?.name, arguments: args })
    const closed = JSON.parse(JSON.stringify(tool?.outputSchema), (_key, value: unknown) =>
      typeof value === "object" && value !== null && "properties" in value && "type" in value
        ? { ...value, additionalProperties: false }
        : value
    ) as object
    const validate = new Ajv2020().compile(closed)
    assert.isTrue(validate(result?.["structuredContent"]), JSON.stringify(validate.errors))
  }
  await host.end()
})

describe("the server names itself", () => {
  interface Named {
    readonly name: string
    readonly title: string
    readonly icons?: ReadonlyArray<{
      readonly src: string
      readonly mimeType: string
      readonly sizes: ReadonlyArray<string>
    }>
  }
  const key = "io.modelcontextprotocol/serverInfo"
  const metaOf = ({ result }: Message) => ((result?.["_meta"] ?? {}) as Record<string, Named>)[key]

  it("with an icon where a host looks for it, and with none in what a model may read", async () => {
    const legacy = raw(["--sandbox"])
    const { result } = await legacy.initialize("2025-11-25")
    const { icons = [] } = (result?.["serverInfo"] ?? {}) as Partial<Named>
    assert.lengthOf(icons, 1)
    const [icon] = icons
    assert.deepInclude(icon, { mimeType: "image/svg+xml", sizes: ["any"] })
    const svg = Buffer.from((icon?.src ?? "").replace("data:image/svg+xml;base64,", ""), "base64").toString()
    // Nothing in it runs, and nothing is fetched.
    assert.match(
      svg,
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 32 32">(?:<(?:rect|path|circle|g)[^<>]*>|<\/g>)+<\/svg>$/u
    )
    assert.isBelow(svg.length, 600)
    assert.notProperty(await legacy.request("tools/list", {}).then(({ result }) => result ?? {}), "_meta")
    await legacy.end()

    const modern = raw(["--sandbox"])
    assert.deepStrictEqual(metaOf(await modern.modern("server/discover", {}))?.icons, icons)
    for (const [method, params] of [
      ["tools/list", {}],
      ["tools/call", { name: "list_participants", arguments: channel(1) }],
      ["tools/call", { name: "list_participants", arguments: {} }]
    ] as const) {
      const named = metaOf(await modern.modern(method, params))
      assert.deepInclude(named, { name: "flex-interactions", title: "Twilio Flex interactions" })
      assert.notProperty(named, "icons")
    }
    await modern.end()
  })
})

it("a host may keep for five minutes what depends on the start's flags alone; what a tool answers, it may not", async () => {
  const host = raw(["--sandbox"])
  for (const [method, params] of [
    ["server/discover", {}],
    ["tools/list", {}],
    ["resources/list", {}],
    ["resources/read", { uri: "ui://flex-interactions/roster" }]
  ] as const) {
    const { result } = await host.modern(method, params)
    assert.deepInclude(result, { ttlMs: 300_000, cacheScope: "private" }, method)
  }
  const called = await host.modern("tools/call", { name: "list_participants", arguments: channel(1) })
  assert.notProperty(called.result, "ttlMs")
  await host.end()
})

describe("on the sandbox", () => {
  /** The examples of a tool's arguments, by name. */
  const examplesOf = (all: ReadonlyArray<Tool>) =>
    Object.fromEntries(
      all.flatMap(({ inputSchema }) =>
        Object.entries(inputSchema.properties ?? {}).flatMap(([name, { description = "" }]) => {
          const [, example] = /e\.g\. ([A-Z]{2}[0-9a-f]{32})/u.exec(description) ?? []
          return example === undefined ? [] : [[name, example] as const]
        })
      )
    )
  const begin = async (...args: ReadonlyArray<string>) => {
    const host = raw(["--sandbox", ...args])
    await host.initialize("2025-11-25")
    const examples = examplesOf(toolsOf((await host.request("tools/list", {})).result))
    const ask = async (name: string, args: object) =>
      read((await host.request("tools/call", { name, arguments: args })).result)
    return { host, examples, ask }
  }

  it("the examples are SIDs that it has, and belong together", async () => {
    const { ask, examples, host } = await begin("--allow-end")
    const { channel_sid, interaction_sid, participant_sid, task_sid } = examples
    const channel = { interaction_sid, channel_sid }
    assert.isFalse((await ask("list_participants", channel)).isError)
    const found = await ask("find_conversations", { task_sid })
    assert.deepInclude(((found.data?.["conversations"] ?? []) as ReadonlyArray<object>)[0], {
      ...channel,
      participant_sid
    })
    const moved = await ask("set_participant_status", { ...channel, participant_sid, status: "closed" })
    assert.deepInclude(moved.data, { result: "confirmed", customer_alone: false })
    assert.isFalse((await ask("end_conversation", { ...channel, status: "closed" })).isError)
    await host.end()
  })

  it("stderr says once what to ask an assistant, in a conversation that the limits leave", async () => {
    for (const [args, queue] of [
      [[], undefined],
      [["--only-queue=Support"], "Support"]
    ] as const) {
      const { ask, examples, host } = await begin(...args)
      const hints = host.stderr().match(/^flex-interactions-mcp: to try it, ask the assistant: "(.*)"$/gmu) ?? []
      assert.lengthOf(hints, 1)
      const [, KD, UO, worker] =
        /^.*"Who is in the Flex conversation (KD\w{32}) (UO\w{32}), and what would happen if (\w+) left it\?"$/u.exec(
          hints[0] ?? ""
        ) ?? []
      assert.deepStrictEqual([KD, UO], [examples["interaction_sid"], examples["channel_sid"]])
      const { data } = await ask("find_conversations", { interaction_sid: KD, worker })
      const [row] = (data?.["conversations"] ?? []) as ReadonlyArray<{ readonly queue: string }>
      if (queue !== undefined) assert.strictEqual(row?.queue, queue)
      await host.end()
      for (const line of host.stdout().toString().trimEnd().split("\n")) JSON.parse(line)
    }
  })

  it("with a scope in which there is nothing there is no hint", async () => {
    const { examples, host } = await begin("--only-queue=Nowhere")
    assert.strictEqual(examples["interaction_sid"], "KD0123456789abcdef0123456789abcdef")
    assert.notInclude(host.stderr(), "to try it")
    await host.end()
  })

  it("and elsewhere there is none either, and no SID that somebody has", async () => {
    const host = raw([], environment("http://127.0.0.1:9"))
    await host.initialize("2025-11-25")
    const { result } = await host.request("tools/list", {})
    assert.strictEqual(examplesOf(toolsOf(result))["interaction_sid"], "KD0123456789abcdef0123456789abcdef")
    await host.end()
    assert.notInclude(host.stderr(), "to try it")
  })
})

it("neither the tools nor the view change, and the server says so", async () => {
  const host = raw(["--sandbox"])
  const { result } = await host.initialize("2025-11-25")
  assert.deepStrictEqual(result?.["capabilities"], {
    tools: { listChanged: false },
    resources: { listChanged: false }
  })
  await host.end()
})

describe("limits set by the operator", () => {
  it("--read-only: the write tool is not there, whatever else is set", async () => {
    for (const more of [[], ["--confirm", "never", "--allow-status", "closed"]]) {
      const host = raw(["--sandbox", ...more, "--read-only"])
      const { result: welcome } = await host.initialize("2025-11-25", { elicitation: {} })
      assert.match(welcome?.["instructions"] as string, /reads only/u)
      const { result } = await host.request("tools/list", {})
      assert.include(
        toolsOf(result).map(({ name }) => name),
        "list_participants"
      )
      assert.notInclude(JSON.stringify(result), "set_participant_status")
      for (const { annotations } of toolsOf(result)) assert.isTrue(annotations["readOnlyHint"])
      const { error } = await host.request("tools/call", {
        name: "set_participant_status",
        arguments: write(1, 2, "wrapup")
      })
      assert.strictEqual(error?.code, -32602)
      await host.end()
    }
  })

  for (const [allowed, other] of [
    ["wrapup", "closed"],
    ["closed", "wrapup"]
  ] as const) {
    it(`--allow-status ${allowed}: ${other} is not offered, not named, and not taken`, async () => {
      const { tools } = await list("2025", "--allow-status", allowed)
      const limited = tools.find(({ name }) => name === "set_participant_status")
      assert.deepStrictEqual(limited?.inputSchema.properties?.["status"]?.["enum"], [allowed])
      assert.notInclude(JSON.stringify(limited), other)
      const host = raw(["--sandbox", "--allow-status", allowed])
      await host.initialize("2025-11-25")
      const { result } = await host.request("tools/call", {
        name: "set_participant_status",
        arguments: write(1, 2, other)
      })
      assert.strictEqual(
        read(result).text,
        `The call is not valid: status: the operator of this server allows ${allowed} only. Nothing was changed. Correct it and call again.`
      )
      await host.end()
    })
  }
})

describe("a limit with nothing in it is refused, and not taken for none", () => {
  for (const args of [
    ["--allow-status="],
    ["--allow-status", ""],
    ["--allow-status", "wrapup", "--allow-status", ""],
    ["--confirm", ""]
  ] as const) {
    it(`${args.map((arg) => (arg === "" ? '""' : arg)).join(" ")}`, async () => {
      const host = raw(["--sandbox", ...args])
      assert.deepStrictEqual(await host.closed, [2, null])
      assert.match(host.stderr(), /^flex-interactions-mcp: --(allow-status|confirm) has an empty value\n/u)
    })
  }
})

const propertiesOf = (schema: Schema): ReadonlyArray<[string, Schema]> => [
  ...Object.entries(schema.properties ?? {}).flatMap(([key, property]): ReadonlyArray<[string, Schema]> => [
    [key, property],
    ...propertiesOf(property)
  ]),
  ...(schema.items === undefined ? [] : propertiesOf(schema.items))
]

/** The keywords of a schema at every depth; the names of its properties are none. */
const keysOf = (schema: Schema): ReadonlyArray<string> => [
  ...Object.keys(schema),
  ...Object.values(schema.properties ?? {}).flatMap(keysOf),
  ...(schema.items === undefined ? [] : keysOf(schema.items))
]
