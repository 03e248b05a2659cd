/** A host that shows views: the built server's view in Chromium, in a sandboxed frame under a strict policy. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import type { CallToolRequest, CallToolResult, Client } from "@modelcontextprotocol/client"
import { type Browser, chromium } from "playwright-core"
import { build } from "rolldown"
import type { Shown } from "./viewPage.ts"

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium"
export const missing = !existsSync(executablePath) && process.env["CI"] === undefined
export const how = missing
  ? " (skipped: install Chromium, with `apt-get install chromium`, or name it in CHROMIUM)"
  : ""

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath, args: ["--headless", "--no-sandbox", "--disable-gpu"] })

let script: Promise<string> | undefined
const hostScript = () =>
  (script ??= build({
    input: fileURLToPath(new URL("viewPage.ts", import.meta.url)),
    platform: "browser",
    logLevel: "silent",
    write: false,
    output: { format: "iife" }
  }).then(({ output }) => output[0].code))

/** What MCP Apps allows a view that declares nothing: its own inline code, and no network at all. */
const policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'"

export const address = "ui://flex-interactions/roster"

/** The view as the server serves it. */
export const pageOf = async (client: Client): Promise<string> => {
  const { contents } = await client.readResource({ uri: address })
  const [content] = contents
  return content !== undefined && "text" in content ? content.text : ""
}

export interface Options extends Omit<Shown, "result"> {
  readonly client: Client
  /** Instead of what the server answers to the arguments. */
  readonly result?: CallToolResult
  /** Instead of the server, for the calls of the view. */
  readonly answer?: (params: CallToolRequest["params"]) => Promise<CallToolResult>
  /** What is around the frame. */
  readonly around?: (frame: string) => string
}

/** A page in which one view after the other is opened. */
export const screen = async (browser: Browser) => {
  const page = await browser.newPage()
  const code = await hostScript()
  let view = ""
  let host = ""
  let answer: Options["answer"]
  let calls: Array<CallToolRequest["params"]> = []
  let wrong: Array<string> = []

  page.on("console", (message) => ["error", "warning"].includes(message.type()) && wrong.push(message.text()))
  page.on("pageerror", (error) => wrong.push(error.message))
  page.on("dialog", (dialog) => {
    wrong.push(dialog.message())
    void dialog.dismiss()
  })
  page.on("request", (request) => request.url().startsWith("http://host.test/") || wrong.push(request.url()))
  await page.route("http://host.test/**", (route) => {
    const { pathname } = new URL(route.request().url())
    return pathname === "/view"
      ? route.fulfill({ body: view, contentType: "text/html", headers: { "Content-Security-Policy": policy } })
      : pathname === "/host.js"
        ? route.fulfill({ body: code, contentType: "text/javascript" })
        : pathname === "/proxy" || pathname === "/"
          ? route.fulfill({ body: pathname === "/" ? host : proxy, contentType: "text/html" })
          : route.fulfill({ status: 204 })
  })
  await page.exposeFunction("callServer", (params: CallToolRequest["params"]) => {
    calls.push(params)
    return answer?.(params)
  })

  return {
    page,
    /** Opens the view on what `list_participants` answers to `args`; `wrong` is what happened in it that must not. */
    show: async ({ around = (frame) => frame, client, ...shown }: Options) => {
      calls = []
      wrong = []
      answer = shown.answer ?? ((params) => client.callTool(params))
      view = await pageOf(client)
      host = `<!doctype html><meta charset="utf-8"><title>host</title><style>body { margin: 0 }</style>${around(frame)}<script src="/host.js"></script>`
      const result = shown.result ?? (await client.callTool({ name: "list_participants", arguments: shown.args ?? {} }))
      await page.goto("http://host.test/")
      const { args, capabilities, path, theme } = shown
      await page.evaluate((shown) => window.showView(shown), { args, capabilities, path, theme, result } as Shown)
      const outer = page.frameLocator("iframe")
      return { calls, wrong, view: path === "/proxy" ? outer.frameLocator("iframe") : outer }
    }
  }
}

const frame = '<iframe title="roster" sandbox="allow-scripts" style="width: 100%; height: 60px; border: 0"></iframe>'

const proxy = `<!doctype html><meta charset="utf-8"><title>proxy</title><style>body { margin: 0 }</style>
<iframe title="roster" sandbox="allow-scripts" src="/view" style="width: 100%; height: 100vh; border: 0"></iframe>
<script>
  const view = document.querySelector("iframe").contentWindow
  addEventListener("message", ({ data, source }) => (source === parent ? view : parent).postMessage(data, "*"))
</script>`
