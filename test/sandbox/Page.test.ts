/** The page at `/`, in a real browser. */
import { existsSync } from "node:fs"
import * as Sandbox from "@flex-interactions/sandbox"
import { serve, type Served } from "@flex-interactions/sandbox/serve"
import { type Browser, chromium, type Page } from "playwright-core"
import { afterAll, assert, beforeAll, beforeEach, describe, it } from "vitest"
import { list, modify } from "../support/requests.ts"

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium"
const missing = !existsSync(executablePath) && process.env["CI"] === undefined
const how = missing ? " (skipped: install Chromium, with `apt-get install chromium`, or name it in CHROMIUM)" : ""

const hostile = '<img src="https://attacker.example/x" onerror="alert(1)"><script>alert(2)</script>'

describe.skipIf(missing)(`the page in Chromium${how}`, () => {
  let browser: Browser
  let served: Served
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] })
    served = await serve(
      Sandbox.make({
        seed: {
          ...Sandbox.readyMade,
          interactions: [
            ...Sandbox.readyMade.interactions,
            {
              channels: [
                {
                  about: hostile,
                  queue: hostile,
                  participants: [
                    { type: "customer", name: hostile },
                    { type: "agent", routing_properties: { worker_sid: hostile } }
                  ]
                }
              ]
            }
          ]
        }
      })
    )
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await served.close()
  })
  beforeEach(() => served.reset())

  /** What happened in the page that must not: errors, dialogs, requests to anywhere else. */
  const watch = (page: Page) => {
    const wrong: Array<string> = []
    page.on("console", (message) => message.type() === "error" && wrong.push(message.text()))
    page.on("pageerror", (error) => wrong.push(error.message))
    page.on("dialog", (dialog) => {
      wrong.push(dialog.message())
      void dialog.dismiss()
    })
    page.on("request", (request) => request.url().startsWith(served.url) || wrong.push(request.url()))
    return wrong
  }

  const open = async (options: Parameters<Browser["newPage"]>[0] = {}) => {
    const page = await browser.newPage(options)
    const wrong = watch(page)
    await page.goto(served.url)
    await page.getByRole("status").getByText("live", { exact: true }).waitFor()
    await page.locator("section.card h3").first().waitFor()
    return { page, wrong }
  }

  const { conversations } = Sandbox.ready
  /** The card of a conversation, by its customer. */
  const card = (page: Page, customer: string) =>
    page.locator("section.card", { has: page.locator("h3", { hasText: customer }) })
  /** What it says of a person in it. */
  const says = async (page: Page, customer: string, name: string) =>
    (await card(page, customer).locator("li", { hasText: name }).locator(".badge").textContent()) ?? ""

  it("shows each conversation by its customer, and where each of its agents stands", async () => {
    const { page, wrong } = await open()
    assert.lengthOf(await page.locator("h3").allTextContents(), Object.keys(conversations).length + 1)
    for (const [customer, agent, standing] of [
      ["Priya Shah", "Alice Moreau", /^active · 9 min$/u],
      ["Tomás Ortega", "Deepak Rao", /^in wrap-up · 3 h 15 min$/u],
      ["Tomás Ortega", "Alice Moreau", /^active · 3 h 10 min$/u],
      ["Liam Byrne", "Carla Jensen", /^has left · 3 min$/u],
      ["Marta Nowak", "Emma Lindqvist", /^has left$/u],
      ["Noah Fischer", "Emma Lindqvist", /^in wrap-up · 75 min$/u],
      ["Omar Haddad", "Carla Jensen", /^task gone$/u]
    ] as const) {
      assert.match(await says(page, customer, agent), standing)
    }
    assert.strictEqual(await card(page, "Jonas Weber").locator("li", { hasText: "Sofia Marin supervisor" }).count(), 1)
    assert.isTrue(await page.getByText("and 100 more participants").isVisible())
    assert.isTrue(await page.getByText("None yet.").isVisible())
    assert.isEmpty(wrong)
    await page.close()
  })

  it("says who is alone, who has been in wrap-up for long, who is on the way, and what each agent has", async () => {
    const { page } = await open()
    assert.deepStrictEqual(await page.locator("#summary .badge").allTextContents(), [
      "13 conversations",
      // In the one with the hostile names, too: TaskRouter knows nothing of its agent.
      "2 customers alone",
      "2 agents in wrap-up for over an hour",
      "2 conversations with somebody on the way"
    ])
    for (const [customer, marks] of [
      ["Marta Nowak", ["active", "customer alone"]],
      ["Liam Byrne", ["active", "in the queue · 2 min"]],
      ["Aiko Tanaka", ["active", "offered to Bruno Costa · 1 min"]],
      ["Noah Fischer", ["closed"]],
      ["Chloé Dubois", ["inactive"]]
    ] as const) {
      assert.deepStrictEqual(await card(page, customer).locator(".marks .badge").allTextContents(), [...marks])
    }
    const alice = page.locator("#workers li", { hasText: "Alice Moreau" })
    assert.deepStrictEqual(await alice.locator(".badge").allTextContents(), ["4 open", "1 in wrap-up"])
    await page.close()
  })

  it("has every SID of a conversation, for who asks for them, and keeps them open", async () => {
    const { page } = await open()
    const priya = card(page, "Priya Shah")
    await priya.getByText("SIDs").click()
    const { channelSid, interactionSid, participants } = conversations.one
    const agent = participants[1]
    for (const sid of [
      interactionSid,
      channelSid,
      agent?.participantSid,
      agent?.taskSid,
      agent?.workerSid,
      agent?.reservationSid
    ]) {
      assert.isTrue(await priya.getByText(sid ?? "?").isVisible())
    }
    await fetch(list(served.url, 2))
    await page.locator("#requests li").first().waitFor()
    assert.isTrue(await priya.getByText(interactionSid).isVisible())
    await page.close()
  })

  it("follows, without a reload, what an assistant does", async () => {
    const { page, wrong } = await open()
    await page.evaluate(() => Object.assign(globalThis, { same: true }))
    await fetch(list(served.url, 2))
    await page.locator("#requests li", { hasText: "listed 4 of 4" }).waitFor()
    await fetch(modify(served.url, 2, 2, "wrapup"))
    await card(page, "Jonas Weber").locator("li", { hasText: "Bruno Costa" }).getByText("in wrap-up · now").waitFor()
    served.sandbox.settings.closedAgents = "leave"
    await fetch(modify(served.url, 2, 2, "closed"))
    const left = card(page, "Jonas Weber").locator("li[title='no longer in the list']", { hasText: "Bruno Costa" })
    await left.getByText("has left · now").waitFor()
    served.sandbox.message(conversations.parked)
    await card(page, "Chloé Dubois").getByText("in the queue · now").waitFor()
    served.sandbox.clock.advance(60 * 60_000)
    await page.locator("#summary").getByText("3 agents in wrap-up for over an hour").waitFor()
    await fetch(modify(served.url, 2, 1, "closed"))
    served.sandbox.faults.add({ kind: "drop", when: "before", times: 2 })
    await page.locator("#faults li", { hasText: "drop" }).waitFor()
    await fetch(modify(served.url, 2, 3, "closed")).catch(() => undefined)
    await page.locator("#requests li", { hasText: "no reply" }).waitFor()
    assert.deepStrictEqual(await page.locator("#requests .badge").allTextContents(), [
      "no reply",
      "422",
      "200",
      "200",
      "200"
    ])
    assert.isTrue(await page.evaluate(() => "same" in globalThis))
    assert.isEmpty(wrong)
    await page.close()
  })

  it("shows hostile names and paths as text", async () => {
    const { page, wrong } = await open()
    await fetch(`${served.url}/v1/${encodeURIComponent(hostile)}?x=<script>alert(3)</script>`)
    await page.locator("#requests li", { hasText: "401" }).waitFor()
    assert.strictEqual(await page.locator("img").count(), 0)
    assert.strictEqual(await page.locator("script").count(), 1)
    const evil = card(page, hostile)
    assert.strictEqual(await evil.locator("h3").textContent(), hostile)
    await evil.getByText("SIDs").click()
    await evil.locator("dd", { hasText: hostile }).waitFor()
    assert.isEmpty(wrong)
    await page.close()
  })

  it("runs no script but its own", async () => {
    const { page, wrong } = await open()
    await page.evaluate(() => {
      const script = document.createElement("script")
      script.textContent = "alert(4)"
      document.body.append(script)
    })
    assert.lengthOf(wrong, 1)
    assert.match(wrong[0] ?? "", /Content Security Policy/u)
    await page.close()
  })

  for (const colorScheme of ["light", "dark"] as const) {
    for (const width of [1280, 375]) {
      it(`is readable in ${colorScheme} at ${width} pixels`, async () => {
        await fetch(list(served.url, 99))
        await fetch(list(served.url, 2))
        await fetch(list(served.url, 2, "", { "sandbox-fault": "html" }))
        served.sandbox.faults.add({ kind: "html" })
        await fetch(modify(served.url, 1, 2, "wrapup", { "sandbox-fault": "truncated" }))
        const { page } = await open({ colorScheme, reducedMotion: "reduce", viewport: { width, height: 800 } })
        await page.locator("#requests li").first().waitFor()
        assert.isAtMost(await page.evaluate(() => document.documentElement.scrollWidth), width)
        const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
        assert.strictEqual(Number(/\d+/u.exec(ground)) < 128, colorScheme === "dark")
        const texts = await page.evaluate(contrasts)
        assert.isAbove(texts.length, 20)
        for (const { text, ratio } of texts) assert.isAtLeast(ratio, 4.5, text)
        await page.close()
      })
    }
  }

  it("says that the connection is lost, and finds the server again", async () => {
    const first = await serve()
    const page = await browser.newPage()
    await page.goto(first.url)
    await page.getByRole("status").getByText("live", { exact: true }).waitFor()
    await first.close()
    const status = page.getByRole("status")
    await status.getByText("connection lost, trying again").waitFor()
    const again = await serve(Sandbox.make(), { port: Number(new URL(first.url).port) })
    await status.getByText("live", { exact: true }).waitFor()
    assert.strictEqual(await page.locator("h3").count(), 12)
    await page.close()
    await again.close()
  })
})

/** The contrast of each text with what is behind it, as WCAG has it. Runs in the page. */
const contrasts = () => {
  const numbers = (colour: string) => (colour.match(/[\d.]+/gu) ?? []).map(Number)
  const luminance = (colour: string) => {
    const [r = 0, g = 0, b = 0] = numbers(colour).map((value) => {
      const part = value / 255
      return part <= 0.040_45 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const behind = (element: Element | null): string => {
    if (element === null) return "rgb(255, 255, 255)"
    const { backgroundColor } = getComputedStyle(element)
    return numbers(backgroundColor)[3] === 0 ? behind(element.parentElement) : backgroundColor
  }
  return [...document.body.querySelectorAll("*")]
    .filter(
      (element) =>
        element.tagName !== "SCRIPT" &&
        [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim() !== "")
    )
    .map((element) => {
      const [high = 0, low = 0] = [luminance(getComputedStyle(element).color), luminance(behind(element))].sort(
        (a, b) => b - a
      )
      return { text: element.textContent ?? "", ratio: (high + 0.05) / (low + 0.05) }
    })
}
