/**
 * `pnpm pictures`: draws the pictures of the guide. Each is a real run: the built server on the sandbox, its roster view in the official
 * host bridge, in Chromium. Only the chat around the view is drawn here.
 */
import { fileURLToPath } from "node:url"
import { connect } from "./support/host.ts"
import { launch, screen } from "./support/views.ts"

const chat = (frame: string) => `
  <style>
    body { padding: 20px; font: 15px/1.5 system-ui, sans-serif; color-scheme: light dark;
      color: light-dark(#1b1c22, #f1f1f4); background: light-dark(#eef0f4, #121317); }
    p { margin: 0 0 12px; }
    .person { width: fit-content; max-width: 80%; margin-left: auto; padding: 8px 14px; border-radius: 14px; color: #fff; background: #1d55c4; }
    code { font-size: 13px; color: light-dark(#5a5c68, #a8aab6); }
    iframe { border: 1px solid light-dark(#d9dae1, #41434e) !important; border-radius: 10px; box-sizing: border-box; }
  </style>
  <p class="person">Who is in Bruno's billing chat? I need him elsewhere.</p>
  <p><code>find_conversations</code> <code>list_participants</code></p>
  ${frame}
`

const browser = await launch()
const { page, show } = await screen(browser)
for (const [theme, file] of [
  ["light", "roster.png"],
  ["dark", "roster-dark.png"]
] as const) {
  const client = await connect({ args: ["--sandbox"] })
  const found = await client.callTool({
    name: "find_conversations",
    arguments: { worker: "bruno", standing: "active" }
  })
  const { conversations } = found.structuredContent as {
    readonly conversations: ReadonlyArray<Readonly<Record<string, string>>>
  }
  const chosen = conversations.find(({ queue }) => queue === "Billing")
  await page.emulateMedia({ colorScheme: theme })
  await page.setViewportSize({ width: 640, height: 400 })
  const args = { interaction_sid: chosen?.["interaction_sid"], channel_sid: chosen?.["channel_sid"] }
  const { view, wrong } = await show({ client, theme, args, around: chat })
  await view.getByRole("button", { name: "Take out bruno" }).click()
  await view.getByRole("button", { name: "Take out now" }).waitFor()
  const height = await page.evaluate(() => document.body.offsetHeight)
  await page.setViewportSize({ width: 640, height })
  if (wrong.length > 0) throw new Error(wrong.join("\n"))
  await page.screenshot({ path: fileURLToPath(new URL(`../docs/images/${file}`, import.meta.url)) })
  await client.close()
}
await browser.close()
