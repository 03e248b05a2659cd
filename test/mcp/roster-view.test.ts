/** The roster view, as the built server serves it: to hosts in either revision of the protocol, and to people, in Chromium. */
import type { CallToolRequest, CallToolResult } from "@modelcontextprotocol/client"
import { RESOURCE_MIME_TYPE } from "@modelcontextprotocol/ext-apps"
import { make } from "@flex-interactions/mcp/http"
import axe from "axe-core"
import * as Sandbox from "@flex-interactions/sandbox"
import type { Browser, FrameLocator } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { listen } from "../support/command.ts"
import { type Action, call, connect, connectTo, eras } from "../support/host.ts"
import { address, how, launch, missing, type Options, pageOf, screen as newScreen } from "../support/views.ts"

declare global {
  interface Window {
    readonly axe: typeof axe
  }
}

type Name = keyof typeof Sandbox.ready.conversations
const channel = (name: Name) => {
  const { channelSid, interactionSid } = Sandbox.ready.conversations[name]
  return { interaction_sid: interactionSid, channel_sid: channelSid }
}

describe("as a resource", () => {
  for (const [era, mode] of eras) {
    for (const transport of ["stdio", "HTTP"] as const) {
      it(`over ${transport}, ${era}: list_participants names it, and the server has it`, async () => {
        const http = transport === "HTTP" ? await listen(["--sandbox"]) : undefined
        const host =
          http === undefined ? await connect({ args: ["--sandbox"], mode }) : await connectTo(http.url, { mode })
        const { tools } = await host.listTools()
        assert.deepStrictEqual(
          tools.flatMap(({ _meta, name }) => (_meta === undefined ? [] : [{ name, _meta }])),
          [{ name: "list_participants", _meta: { ui: { resourceUri: address } } }]
        )
        const { resources } = await host.listResources()
        assert.deepStrictEqual(
          resources.map(({ mimeType, uri }) => ({ uri, mimeType })),
          [{ uri: address, mimeType: RESOURCE_MIME_TYPE }]
        )
        const { contents } = await host.readResource({ uri: address })
        assert.lengthOf(contents, 1)
        assert.deepInclude(contents[0], { uri: address, mimeType: RESOURCE_MIME_TYPE })
        await host.close()
        await http?.stop()
      })
    }
  }

  it("the web-standard handler has it too", async () => {
    const handler = await make({
      url: "https://mcp.example.com/mcp",
      credentials: { apiKey: `SK${"0".repeat(32)}`, apiSecret: "secret" },
      auth: "none",
      readOnly: true
    })
    const host = await connectTo("https://mcp.example.com/mcp", {
      fetch: (input, init) => handler.fetch(new Request(input, init))
    })
    assert.include(await pageOf(host), "<h1>In this conversation</h1>")
    await host.close()
    await handler.close()
  })

  it("is one file of less than 8 KB that loads nothing, whatever is allowed", async () => {
    for (const args of [[], ["--allow-status", "wrapup"], ["--read-only"]]) {
      const host = await connect({ args: ["--sandbox", ...args] })
      const page = await pageOf(host)
      await host.close()
      assert.match(page, /^<!doctype html>/u)
      assert.isBelow(Buffer.byteLength(page), 8000)
      assert.notMatch(page, /https?:|\b(?:src|href)=|url\(|@import|\bimport\b|fetch\(|innerHTML|\beval\b/u)
    }
  })
})

describe.skipIf(missing)(`in Chromium${how}`, () => {
  let browser: Browser
  let screen: Awaited<ReturnType<typeof newScreen>>
  /** Of tests that change nothing that another reads. */
  let shared: Awaited<ReturnType<typeof connect>>
  beforeAll(async () => {
    browser = await launch()
    screen = await newScreen(browser)
    shared = await connect({ args: ["--sandbox"] })
  })
  afterAll(async () => {
    await browser.close()
    await shared.close()
  })

  interface Setting extends Partial<Omit<Options, "client" | "args">> {
    /** Of a server of its own. */
    readonly flags?: ReadonlyArray<string>
    /** What a person answers to the host's questions; without it the host can't ask. */
    readonly person?: Action
    readonly width?: number
    /** The host does not say what the list is of. */
    readonly isUnsaid?: boolean
  }

  /** Opens the view on a conversation. What happens in it that must not, makes `close` fail. */
  const open = async (name: Name, { flags, isUnsaid, person, width = 640, ...rest }: Setting = {}) => {
    const host =
      flags === undefined && person === undefined
        ? shared
        : await connect({ args: ["--sandbox", ...(flags ?? [])], answer: person })
    await screen.page.setViewportSize({ width, height: 700 })
    const shown = await screen.show({ ...rest, client: host, args: isUnsaid === true ? undefined : channel(name) })
    return {
      ...shown,
      page: screen.page,
      host,
      close: async () => {
        assert.deepStrictEqual(shown.wrong, [])
        if (host !== shared) await host.close()
      }
    }
  }

  const row = (view: FrameLocator, name: string) =>
    view.getByRole("listitem").filter({ has: view.getByText(name, { exact: true }) })
  const textOf = async (view: FrameLocator, name: string) => {
    await row(view, name).waitFor()
    return (await row(view, name).locator(".who").innerText()).replace(/\s*\n\s*/u, ": ")
  }
  const buttons = (view: FrameLocator) =>
    view
      .getByRole("listitem")
      .getByRole("button")
      .evaluateAll((all) => all.map((one) => one.ariaLabel))
  /** What the box says, when it has come as far as the text that is given. */
  const boxOf = async (view: FrameLocator, text: string): Promise<string> => {
    const box = view.getByRole("group").filter({ hasText: text })
    await box.waitFor()
    return box.innerText()
  }
  const standing = async (host: Options["client"], name: Name, worker: string) => {
    const { data } = await call(host, "list_participants", { ...channel(name), worker })
    const [person] = (data?.["participants"] ?? []) as ReadonlyArray<{ readonly standing: string }>
    return person?.standing
  }

  it("shows names, standings and minutes, and who is on the way", async () => {
    const stuck = await open("stuck")
    // The clock of the sandbox goes on while these tests run.
    assert.match(await textOf(stuck.view, "deepak"), /^deepak: wrapping for 3 h [12]\d min$/u)
    assert.match(await textOf(stuck.view, "alice"), /^alice: active for 3 h [12]\d min$/u)
    assert.isTrue(await row(stuck.view, "customer").isVisible())
    assert.isFalse(await stuck.view.getByRole("alert").isVisible())
    await stuck.close()

    const queued = await open("queued", { flags: [] })
    assert.match(await textOf(queued.view, "carla"), /^carla: left for 1?\d min$/u)
    await queued.view.getByText("Waiting for an agent: 1.").waitFor()
    await queued.close()

    const offered = await open("offered", {
      result: { content: [], structuredContent: { participants: [], on_the_way: { queued: 0, offered: 1 } } }
    })
    await offered.view.getByText("Asked, and not answered yet: 1.").waitFor()
    await offered.close()
  })

  it("warns when the customer is alone, and where nobody knows it says so", async () => {
    const alone = await open("alone")
    await alone.view.getByRole("alert").getByText("The customer is alone").waitFor()
    await alone.close()
    const unknown = await open("one", {
      result: { content: [], structuredContent: { participants: [], customer_alone: "unknown" } }
    })
    await unknown.view.getByText("It can't be seen whether the customer is alone.").waitFor()
    assert.isFalse(await unknown.view.getByRole("alert").isVisible())
    await unknown.close()
  })

  it("a list of several pages is shown page by page", async () => {
    const { close, view } = await open("crowd")
    await row(view, "bruno").waitFor()
    for (const many of [50, 100, 120]) {
      await view
        .getByRole("listitem")
        .nth(many - 1)
        .waitFor()
      assert.strictEqual(await view.getByRole("listitem").count(), many)
      if (many < 120) await view.getByRole("button", { name: "Show more" }).click()
    }
    assert.isFalse(await view.getByRole("button", { name: "Show more" }).isVisible())
    await close()
  })

  it("has a button for each status that the operator allows, and for no other", async () => {
    for (const [flags, expected] of [
      [[], ["Wrap up bruno", "Take out bruno", "Wrap up carla", "Take out carla"]],
      [
        ["--allow-status", "wrapup"],
        ["Wrap up bruno", "Wrap up carla"]
      ],
      [
        ["--allow-status", "closed"],
        ["Take out bruno", "Take out carla"]
      ],
      [["--read-only"], []]
    ] as const) {
      const { close, view } = await open("two", { flags })
      await row(view, "bruno").waitFor()
      assert.deepStrictEqual(await buttons(view), [...expected])
      await close()
    }
  })

  it("has no button where the host passes no calls on, or has not said which list it is", async () => {
    for (const setting of [{ capabilities: {} }, { isUnsaid: true, result: await resultOf("two") }]) {
      const { close, view } = await open("two", setting)
      await row(view, "bruno").waitFor()
      assert.deepStrictEqual(await buttons(view), [])
      assert.isFalse(await view.getByRole("button", { name: "Refresh" }).isVisible())
      await close()
    }
  })

  const resultOf = (name: Name) => shared.callTool({ name: "list_participants", arguments: channel(name) })

  it("a click shows the dry run and asks; to cancel changes nothing", async () => {
    const { calls, close, host, view } = await open("two")
    await view.getByRole("button", { name: "Take out bruno" }).click()
    assert.match(
      await boxOf(view, "Nothing was sent"),
      /^Take out bruno\? .* The customer would not be alone\. Other agents: carla \(active for [12]\d min\)\./u
    )
    await view.getByRole("button", { name: "Cancel" }).click()
    assert.strictEqual(await view.getByRole("group").count(), 0)
    assert.deepStrictEqual(
      calls.map(({ arguments: args, name }) => [name, args?.["dry_run"]]),
      [["set_participant_status", true]]
    )
    assert.strictEqual(await standing(host, "two", "bruno"), "active")
    await close()
  })

  it("to confirm moves the agent: the proof is shown, the list is read again, and the model is told", async () => {
    const { close, host, page, view } = await open("two", { flags: [] })
    await view.getByRole("button", { name: "Wrap up bruno" }).click()
    await view.getByRole("button", { name: "Wrap up now" }).click()
    assert.match(await boxOf(view, "Done"), /^Wrap up bruno: confirmed\. Done: the agent's reservation shows it\./u)
    assert.match(await textOf(view, "bruno"), /^bruno: wrapping for \d min/u)
    assert.deepStrictEqual(await buttons(view), ["Take out bruno", null, "Wrap up carla", "Take out carla"])
    await view.getByRole("button", { name: "OK" }).click()
    assert.strictEqual(await view.getByRole("group").count(), 0)
    assert.strictEqual(await standing(host, "two", "bruno"), "wrapping")
    const told = await page.evaluate(() => window.told)
    assert.lengthOf(told, 1)
    assert.match(told[0] ?? "", /a person called set_participant_status.*confirmed/u)
    await close()
  })

  it("in a frame within a frame, as hosts on the web have it, it is the same", async () => {
    const { close, view } = await open("two", { flags: [], path: "/proxy" })
    await view.getByRole("button", { name: "Wrap up carla" }).click()
    await view.getByRole("button", { name: "Wrap up now" }).click()
    assert.match(await boxOf(view, "Done"), /^Wrap up carla: confirmed\./u)
    await close()
  })

  it("the last agent can't be taken out: the dry run says why, and there is nothing to confirm with", async () => {
    const { close, host, view } = await open("stuck")
    await view.getByRole("button", { name: "Take out alice" }).click()
    assert.match(
      await boxOf(view, "Nothing was sent"),
      /^Take out alice\? .*would be refused: this is the last agent.*The customer would be alone/u
    )
    assert.strictEqual(await view.getByRole("group").getByRole("button").count(), 1)
    await view.getByRole("button", { name: "Cancel" }).click()
    assert.strictEqual(await standing(host, "stuck", "alice"), "active")
    await close()
  })

  it("an agent who was asked and has not answered is not called company", async () => {
    const { close, view } = await open("offered")
    await view.getByRole("button", { name: "Take out alice" }).click()
    assert.match(
      await boxOf(view, "Nothing was sent"),
      /The agent leaves; the conversation stays open\. No agent would be active in it, but somebody is on the way\./u
    )
    await close()
  })

  describe("the server asks as if the assistant called", () => {
    it("a person who says yes to the host's question: it is done", async () => {
      const { close, host, view } = await open("two", { person: "accept" })
      await view.getByRole("button", { name: "Wrap up carla" }).click()
      await view.getByRole("button", { name: "Wrap up now" }).click()
      assert.match(await boxOf(view, "Done"), /^Wrap up carla: confirmed\./u)
      assert.match(host.stderr(), /asked=true answer=accept result=confirmed/u)
      await close()
    })

    for (const [what, setting, says] of [
      ["a person who says no", { person: "decline" }, "was declined, or the host could not ask."],
      [
        "a host that can't ask, where the operator wants it",
        { flags: ["--confirm", "always"] },
        "this host cannot be asked"
      ]
    ] as const) {
      it(`${what}: nothing is changed, and the view says so`, async () => {
        const { close, host, view } = await open("two", setting)
        await view.getByRole("button", { name: "Wrap up carla" }).click()
        await view.getByRole("button", { name: "Wrap up now" }).click()
        assert.include(await boxOf(view, "Nothing was changed"), says)
        assert.match(await textOf(view, "carla"), /^carla: active/u)
        assert.strictEqual(await standing(host, "two", "carla"), "active")
        await close()
      })
    }
  })

  describe("a host that does not answer as it should", () => {
    type Odd = CallToolResult | Error
    const calling = (of: (params: CallToolRequest["params"]) => Odd) => ({
      answer: (params: CallToolRequest["params"]) => {
        const answer = of(params)
        return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer)
      }
    })
    const plan: CallToolResult = { content: [], structuredContent: { result: "dry_run", note: "A plan." } }
    const isDryRun = ({ arguments: args }: CallToolRequest["params"]) => args?.["dry_run"] === true

    const odd: ReadonlyArray<readonly [string, Odd]> = [
      ["an error", new Error("the host is confused")],
      ["nothing", { content: [] }],
      ["something else", { content: [{ type: "text", text: "Of course!" }] }]
    ]
    for (const [what, answer] of odd) {
      it(`${what} for the change: it is not known whether it was made`, async () => {
        const { close, view } = await open(
          "two",
          calling((params) => (isDryRun(params) ? plan : answer))
        )
        await view.getByRole("button", { name: "Take out bruno" }).click()
        await view.getByRole("button", { name: "Take out now" }).click()
        assert.match(await boxOf(view, "not known"), /^Take out bruno: .*it is not known whether anything was changed/u)
        await close()
      })

      it(`${what} for the dry run: there is nothing to confirm`, async () => {
        const { calls, close, view } = await open(
          "two",
          calling(() => answer)
        )
        await view.getByRole("button", { name: "Take out bruno" }).click()
        assert.match(await boxOf(view, "did not"), /The host did not pass on the dry run\. Nothing was changed\./u)
        assert.strictEqual(await view.getByRole("group").getByRole("button").count(), 1)
        assert.lengthOf(calls, 1)
        await close()
      })
    }

    it("an answer as text alone is read", async () => {
      const { content } = await resultOf("two")
      const { close, view } = await open("two", { result: { content } })
      assert.match(await textOf(view, "carla"), /^carla: active for [12]\d min$/u)
      await close()
    })

    it("a list that failed is told in the server's words", async () => {
      const { close, view } = await open("two", {
        result: { isError: true, content: [{ type: "text", text: "Twilio could not be reached." }] }
      })
      await view.getByText("Twilio could not be reached.").waitFor()
      assert.strictEqual(await view.getByRole("status").textContent(), "Twilio could not be reached.")
      await close()
    })
  })

  it("what anybody may have written is shown as text, and cut", async () => {
    const hostile =
      '<img src="https://attacker.example/x" onerror="alert(1)"><script>alert(2)</script>\u0000\u202e\u200b'
    const long = "x".repeat(10_000)
    const person = { participant_sid: hostile, type: hostile, worker: hostile, standing: hostile, minutes: hostile }
    const participants = [
      { ...person, type: "agent" },
      { ...person, worker: long, type: "agent" },
      { type: hostile },
      { type: "agent", participant_sid: '"], * { }', worker: "quote\"'`" },
      { type: { toString: "no" }, worker: ["no"] },
      null,
      7
    ]
    const note = hostile + long
    const list = {
      participants,
      channel_status: hostile,
      customer_alone: hostile,
      on_the_way: { queued: hostile },
      note
    }
    const dryRun = { result: "dry_run", note, others: [person, null, { worker: long }], customer_alone: hostile }
    const { close, page, view } = await open("one", {
      result: { content: [], structuredContent: list },
      answer: ({ arguments: args, name }) =>
        Promise.resolve({
          content: [],
          structuredContent:
            name === "list_participants" ? list : args?.["dry_run"] === true ? dryRun : { result: note, note }
        })
    })
    await view.getByRole("listitem").nth(4).waitFor()
    const first = view.getByRole("listitem").first()
    assert.include(await first.innerText(), '<img src="https://attacker.example/x" onerror="alert(1)">')
    await first.getByRole("button").first().click()
    await view.getByRole("button", { name: "Wrap up now" }).click()
    await view.getByRole("button", { name: "OK" }).waitFor()
    const text = await view.locator("body").innerText()
    assert.notMatch(text, /[\0\u202e\u200b]/u)
    assert.isBelow(text.length, 8000)
    assert.strictEqual(await view.locator("img, body script:not(:last-child)").count(), 0)
    const height = await page.evaluate(() => window.heights.at(-1) ?? 0)
    assert.isBelow(height, 4000)
    await close()
  })

  it("by keyboard alone: each button is reached, the focus is where it is needed, Escape cancels", async () => {
    const { close, page, view } = await open("two", { flags: [] })
    await row(view, "bruno").waitFor()
    const focused = () => view.locator(":focus").evaluate((one) => one.ariaLabel ?? one.textContent)
    for (const expected of ["Refresh", "Wrap up bruno", "Take out bruno"]) {
      await page.keyboard.press("Tab")
      assert.strictEqual(await focused(), expected)
    }
    await page.keyboard.press("Enter")
    await view.getByRole("button", { name: "Take out now" }).waitFor()
    assert.strictEqual(await focused(), "Cancel")
    await page.keyboard.press("Escape")
    assert.strictEqual(await view.getByRole("group").count(), 0)
    assert.strictEqual(await focused(), "Take out bruno")
    await page.keyboard.press("Space")
    await view.getByRole("button", { name: "Take out now" }).waitFor()
    await page.keyboard.press("Tab")
    assert.strictEqual(await focused(), "Take out now")
    await page.keyboard.press("Enter")
    await view.getByRole("button", { name: "OK" }).waitFor()
    assert.strictEqual(await focused(), "OK")
    await page.keyboard.press("Enter")
    assert.match((await focused()) ?? "", /^bruno/u)
    await close()
  })

  it("takes the host's theme, and each change of it; a host may end it", async () => {
    const { close, page } = await open("one", { theme: "dark" })
    const frame = page.frames()[1] ?? assert.fail("there is no frame")
    const paper = () => frame.evaluate(() => getComputedStyle(document.body).backgroundColor)
    assert.strictEqual(await paper(), "rgb(28, 29, 34)")
    await page.evaluate(() => window.changeTheme("light"))
    await frame.waitForFunction(() => getComputedStyle(document.body).backgroundColor === "rgb(255, 255, 255)")
    assert.isTrue(await page.evaluate(() => window.endView()))
    await close()
  })

  for (const [theme, width] of [
    ["light", 320],
    ["dark", 1280]
  ] as const) {
    it(`${theme}, ${width} pixels wide: everything fits, and axe finds nothing wrong`, async () => {
      const { close, page, view } = await open("stuck", { theme, width })
      await view.getByRole("button", { name: "Take out alice" }).click()
      await boxOf(view, "would be refused")
      const frame = page.frames()[1] ?? assert.fail("there is no frame")
      assert.isTrue(await frame.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
      await frame.evaluate(axe.source)
      const found = await frame.evaluate(() => window.axe.run(document))
      assert.deepStrictEqual(
        found.violations.map(({ help, nodes }) => [help, nodes.map(({ html }) => html)]),
        []
      )
      assert.isAbove(found.passes.length, 10)
      await close()
    })
  }
})
