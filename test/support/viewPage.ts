/**
 * The page of a host that shows views, in a browser. It is the official `AppBridge`: what a view sends is checked by the protocol's
 * own schemas, and the view's calls go out of the page, to whoever runs the test.
 */
import { AppBridge, type McpUiHostCapabilities, PostMessageTransport } from "@modelcontextprotocol/ext-apps/app-bridge"
import type { CallToolRequest, CallToolResult } from "@modelcontextprotocol/client"

export interface Shown {
  /** What the assistant called, and what came back. */
  readonly args: Record<string, unknown> | undefined
  readonly result: CallToolResult
  readonly theme?: "light" | "dark"
  /** The frame's page: the view itself, or one that has the view in a frame of its own and passes messages on, as web hosts have it. */
  readonly path?: "/view" | "/proxy"
  readonly capabilities?: McpUiHostCapabilities
}

declare global {
  interface Window {
    readonly callServer: (params: CallToolRequest["params"]) => Promise<CallToolResult>
    /** Opens the view and gives it a list. */
    showView: (shown: Shown) => Promise<void>
    /** Ends the view as a host does; false if it does not agree. */
    endView: () => Promise<boolean>
    changeTheme: (theme: "light" | "dark") => Promise<void>
    /** What the view has told the model. */
    told: Array<string>
    heights: Array<number>
  }
}

window.told = []
window.heights = []

window.showView = async ({
  args,
  capabilities = { serverTools: {}, updateModelContext: {} },
  path = "/view",
  result,
  theme
}) => {
  const frame = document.querySelector("iframe")
  const view = frame?.contentWindow
  if (frame === null || view === null || view === undefined) throw new Error("the page has no frame")
  const hostContext = theme === undefined ? {} : { theme }
  const bridge = new AppBridge(null, { name: "test", version: "1" }, capabilities, { hostContext })
  bridge.oncalltool = (params) => window.callServer(params)
  bridge.onsizechange = ({ height }) => {
    window.heights.push(height ?? 0)
    frame.style.height = `${height}px`
  }
  bridge.onupdatemodelcontext = (params) => {
    window.told.push(JSON.stringify(params))
    return Promise.resolve({})
  }
  window.endView = () =>
    bridge.teardownResource({}).then(
      () => true,
      () => false
    )
  window.changeTheme = async (theme) => bridge.sendHostContextChange({ theme })
  const ready = new Promise<void>((resolve) => {
    bridge.oninitialized = () => resolve()
  })
  await bridge.connect(new PostMessageTransport(view, view))
  frame.src = path
  await ready
  if (args !== undefined) await bridge.sendToolInput({ arguments: args })
  await bridge.sendToolResult(result)
}
