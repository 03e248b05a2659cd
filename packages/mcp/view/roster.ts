/**
 * The roster view (MCP Apps): what a host shows under an answer of `list_participants`. It speaks with the host alone, by
 * messages, and what it does the server checks, and asks about, as if the assistant did it.
 *
 * What it is given may have been written by anybody: it is shown as text, never as markup, and cut.
 */
import type {
  McpUiHostCapabilities,
  McpUiHostContextChangedNotification,
  McpUiInitializedNotification,
  McpUiInitializeRequest,
  McpUiInitializeResult,
  McpUiSizeChangedNotification,
  McpUiToolCancelledNotification,
  McpUiToolInputNotification,
  McpUiToolResultNotification,
  McpUiUpdateModelContextRequest
} from "@modelcontextprotocol/ext-apps"
import type { CallToolRequest, CallToolResult } from "@modelcontextprotocol/server"

type Data = { readonly [key: string]: unknown }

// --- What is shown.

const verbs = { wrapup: "Wrap up", closed: "Take out" }
type Status = keyof typeof verbs
const isStatus = (text: string): text is Status => Object.hasOwn(verbs, text)

/** The server fills them in: those that the operator allows. */
const statuses = (document.body.dataset["statuses"] ?? "").split(" ").filter(isStatus)

/** Text that is safe to read: no character that is invisible or turns others round, and not too much of it. */
const clean = (value: unknown, most = 100): string => {
  const text = typeof value === "string" || typeof value === "number" ? `${value}`.replaceAll(/\p{C}/gu, "\ufffd") : ""
  return text.length > most ? `${text.slice(0, most)}…` : text
}

const at = (selector: string) => document.querySelector<HTMLElement>(selector) ?? document.body

const say = (selector: string, ...sentences: ReadonlyArray<unknown>) => {
  at(selector).textContent = sentences
    .map((sentence) => clean(sentence, 1500))
    .filter((sentence) => sentence !== "")
    .join(" ")
}

const make = (tag: string, is: Partial<HTMLElement>, ...children: ReadonlyArray<Node | string>): HTMLElement => {
  const made = Object.assign(document.createElement(tag), is)
  made.append(...children)
  return made
}

const button = (text: string, does: () => unknown, is: Partial<HTMLElement> = {}): HTMLElement => {
  const made = make("button", is, text)
  made.addEventListener("click", does)
  return made
}

const nameOf = ({ type, worker }: Data): string => clean(worker) || clean(type)

const standingOf = ({ minutes, standing }: Data): string => {
  const time =
    typeof minutes !== "number"
      ? ""
      : minutes < 120
        ? ` for ${minutes} min`
        : minutes < 2880
          ? ` for ${Math.floor(minutes / 60)} h ${minutes % 60} min`
          : ` for ${Math.floor(minutes / 1440)} days`
  return `${clean(standing)}${time}`
}

const listOf = (value: unknown): ReadonlyArray<Data> =>
  Array.isArray(value) ? value.filter((one) => typeof one === "object" && one !== null) : []

// --- The host.

type Request = McpUiInitializeRequest | McpUiUpdateModelContextRequest | Pick<CallToolRequest, "method" | "params">
type Result = {
  "ui/initialize": McpUiInitializeResult
  "tools/call": CallToolResult
  "ui/update-model-context": object
}

type Heard =
  | McpUiToolInputNotification
  | McpUiToolResultNotification
  | McpUiToolCancelledNotification
  | McpUiHostContextChangedNotification

let last = 0
const waiting = new Map<unknown, (answer: Data) => void>()

const post = (
  message: (McpUiInitializedNotification | McpUiSizeChangedNotification | Request | Data) & { readonly id?: unknown }
) => parent.postMessage({ jsonrpc: "2.0", ...message }, "*")

const ask = <R extends Request>(request: R): Promise<Result[R["method"]]> =>
  new Promise((resolve, reject) => {
    waiting.set(++last, ({ error, result }) =>
      error === undefined ? resolve(result as Result[R["method"]]) : reject(new Error("the host refused"))
    )
    post({ ...request, id: last })
  })

addEventListener(
  "message",
  ({ data, source }: MessageEvent<Heard & { readonly jsonrpc?: string; readonly id?: unknown }>) => {
    if (source !== parent || data?.jsonrpc !== "2.0") return
    const { id, method } = data
    if (method === undefined) {
      waiting.get(id)?.(data)
      waiting.delete(id)
    } else if (id === undefined) hear(data)
    else if (/^(?:ping|ui\/resource-teardown)$/u.test(method)) post({ id, result: {} })
    else post({ id, error: { code: -32601, message: "Method not found" } })
  }
)

let host: McpUiHostCapabilities = {}
/** The arguments of the list that is shown. */
let list: Data | undefined

const hear = (heard: Heard) => {
  switch (heard.method) {
    case "ui/notifications/tool-input":
      list = heard.params.arguments
      break
    case "ui/notifications/tool-result":
      void answerOf(Promise.resolve(heard.params)).then((data) => settle(data))
      break
    case "ui/notifications/tool-cancelled":
      say("#said", "The list was cancelled.")
      break
    case "ui/notifications/host-context-changed":
      dress(heard.params)
  }
}

const dress = ({ styles, theme }: McpUiHostContextChangedNotification["params"]) => {
  const { style } = document.documentElement
  if (theme !== undefined) style.colorScheme = theme
  for (const [name, value] of Object.entries(styles?.variables ?? {})) style.setProperty(name, value ?? null)
}

/** What a tool answered, or the words in which the server refused. Undefined if neither came through the host. */
const read = (result: CallToolResult): Data | undefined => {
  const text = result.content?.find((block) => block.type === "text")?.text
  return result.isError === true ? { error: text } : (result.structuredContent ?? JSON.parse(text ?? ""))
}

const answerOf = (result: Promise<CallToolResult>): Promise<Data | undefined> =>
  result.then(read).catch(() => undefined)

const call = (name: string, args: Data): Promise<Data | undefined> =>
  answerOf(ask({ method: "tools/call", params: { name, arguments: args } }))

const canCall = (): boolean => host.serverTools !== undefined && list !== undefined

// --- The list.

let next: unknown

const settle = (data: Data | undefined, isMore = false) => {
  if (!Array.isArray(data?.["participants"])) {
    say("#said", data?.["error"] ?? "The host did not pass on a list.")
    return
  }
  const { channel_status, customer_alone, note, on_the_way, participants } = data
  const { offered = 0, queued = 0 } = (on_the_way ?? {}) as Data
  say("#alone", customer_alone === true && "The customer is alone: no agent is active, and nobody is on the way.")
  say(
    "#coming",
    queued !== 0 && `Waiting for an agent: ${clean(queued)}.`,
    offered !== 0 && `Asked, and not answered yet: ${clean(offered)}.`,
    customer_alone === "unknown" && "It can't be seen whether the customer is alone."
  )
  say("#note", channel_status !== "active" && `The conversation is ${clean(channel_status)}.`, note)
  say("#said")
  const rows = listOf(participants).map(row)
  if (isMore) at("#people").append(...rows)
  else at("#people").replaceChildren(...rows)
  next = data["next_cursor"]
  at("#again").hidden = !canCall()
  at("#more").hidden = !canCall() || typeof next !== "string"
}

const load = (more: Data = {}) =>
  call("list_participants", { ...list, ...more }).then((data) => settle(data, "cursor" in more))

at("#again").addEventListener("click", () => load())
at("#more").addEventListener("click", () => load({ cursor: next }))

const row = (person: Data): HTMLElement => {
  const isAgent = person["type"] === "agent"
  const name = make("bdi", { className: person["worker"] === undefined ? "type" : "" }, nameOf(person))
  const who = make("div", { className: "who" }, make("strong", {}, name))
  const item = make("li", { tabIndex: -1 }, who)
  item.dataset["sid"] = clean(person["participant_sid"])
  if (isAgent) {
    who.append(make("small", { className: clean(person["standing"]) }, standingOf(person)))
    if (canCall()) {
      item.append(
        make("div", { className: "acts" }, ...statuses.filter(fits(person)).map((status) => choice(person, status)))
      )
    }
  }
  return item
}

/** An agent who wraps up, or has left, is not sent to wrap-up. */
const fits =
  ({ standing }: Data) =>
  (status: Status) =>
    status !== "wrapup" || (standing !== "wrapping" && standing !== "left")

const choice = (person: Data, status: Status): HTMLElement => {
  const made = button(verbs[status], () => move(person, status, made), {
    ariaLabel: `${verbs[status]} ${nameOf(person)}`
  })
  return made
}

// --- A change: the dry run, the question, the change, the proof.

const move = async (person: Data, status: Status, from: HTMLElement) => {
  const what = `${verbs[status]} ${nameOf(person)}`
  const text = make("p", { role: "status" })
  const acts = make("div", { className: "acts" })
  const box = make("div", { className: "box", tabIndex: -1, role: "group", ariaLabel: what }, text, acts)
  const tell = (head: string, words: string, ...buttons: ReadonlyArray<HTMLElement>) => {
    text.replaceChildren(make("strong", {}, head), ` ${clean(words, 1500)}`)
    acts.replaceChildren(...buttons)
    // Nobody is fetched back who has gone elsewhere in the host.
    if (document.hasFocus()) (buttons[0] ?? box).focus()
  }
  const leave = (words: string, to: HTMLElement | null) =>
    button(words, () => {
      box.remove()
      to?.focus()
    })
  box.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") acts.querySelector("button")?.click()
  })
  document.querySelector(".box")?.remove()
  from.closest("li")?.append(box)

  const args = {
    interaction_sid: list?.["interaction_sid"],
    channel_sid: list?.["channel_sid"],
    participant_sid: person["participant_sid"],
    status
  }
  const send = async () => {
    tell(what, "Sending…")
    const done = await call("set_participant_status", args)
    await load()
    const item = document.querySelector<HTMLElement>(`[data-sid="${CSS.escape(clean(args.participant_sid))}"]`)
    ;(item ?? at("#people")).append(box)
    box.classList.toggle("warn", done?.["customer_alone"] === true)
    const isDone = typeof done?.["result"] === "string"
    tell(
      `${what}: ${isDone ? `${clean(done["result"])}.` : ""}`,
      clean(isDone ? done["note"] : done?.["error"], 1000) ||
        "No answer came through the host: it is not known whether anything was changed. Refresh to see where the agents stand.",
      leave("OK", item)
    )
    if (host.updateModelContext !== undefined) {
      const told = `In the roster view a person called set_participant_status: ${JSON.stringify({ ...args, ...done })}`
      await ask({ method: "ui/update-model-context", params: { content: [{ type: "text", text: told }] } }).catch(
        () => {}
      )
    }
  }

  tell(`${what}?`, "Checking what would happen…")
  const plan = await call("set_participant_status", { ...args, dry_run: true })
  const isPlan = plan?.["result"] === "dry_run"
  const isAlone = plan?.["customer_alone"] === true
  const others = listOf(plan?.["others"]).map((other) => `${nameOf(other)} (${standingOf(other)})`)
  box.classList.toggle("warn", isAlone)
  tell(
    `${what}?`,
    isPlan
      ? `${clean(plan["note"], 1000)}${others.length === 0 ? "" : ` Other agents: ${others.join(", ")}.`}`
      : clean(plan?.["error"], 1000) || "The host did not pass on the dry run. Nothing was changed.",
    leave("Cancel", from),
    // The server refuses to leave a customer alone.
    ...(isPlan && !(isAlone && status === "closed") ? [button(`${verbs[status]} now`, send, { className: "go" })] : [])
  )
}

// --- The start.

const start = async () => {
  const { hostCapabilities, hostContext } = await ask({
    method: "ui/initialize",
    params: {
      appInfo: { name: "flex-interactions roster", version: "1" },
      appCapabilities: {},
      protocolVersion: "2026-01-26"
    }
  })
  // The protocol has both, and not every host.
  host = hostCapabilities ?? {}
  dress(hostContext ?? {})
  post({ method: "ui/notifications/initialized" })
  new ResizeObserver(() =>
    post({ method: "ui/notifications/size-changed", params: { height: document.body.offsetHeight } })
  ).observe(document.body)
}
void start()
