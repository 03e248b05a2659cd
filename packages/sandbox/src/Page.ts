/**
 * The page at `/`: what a supervisor would want to see of the sandbox, and what is asked of it, live, for a person who watches.
 *
 * One document, without a build step or anything from elsewhere. It holds no data: its script fetches the state and writes it as
 * text, never as markup, because names in a seed and paths of requests may be hostile.
 */

/** The page, as a reply that lets nothing run or load but what is in it. */
export const page = (): Response => {
  const nonce = crypto.randomUUID()
  return new Response(html.replaceAll("NONCE", nonce), {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      "Referrer-Policy": "no-referrer"
    }
  })
}

const style = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --line: #e1e4ea; --text: #1b2130; --soft: #596275;
  --green: #0b6b3a; --green-bg: #dff3e6; --amber: #7a4b00; --amber-bg: #fdefcf;
  --red: #a3202a; --red-bg: #fce3e4; --grey-bg: #eceef2; --flash: #fff3bf;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151c; --card: #1a1f29; --line: #2c3340; --text: #e6e9f0; --soft: #9aa4b8;
    --green: #7fdca4; --green-bg: #153524; --amber: #f4c56a; --amber-bg: #3d2f11;
    --red: #ff9aa0; --red-bg: #431d21; --grey-bg: #272d39; --flash: #4a3f16;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; padding: .8rem 1.25rem; border-bottom: 1px solid var(--line); background: var(--card); }
h1 { font-size: 1.1rem; margin: 0; }
h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 0 0 .6rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: 0; }
code { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
#live { margin-left: auto; color: var(--soft); font-size: .875rem; }
#live::before { content: ""; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; margin-right: .4rem; background: var(--amber); }
#live.on::before { background: var(--green); }
#summary { display: flex; flex-wrap: wrap; gap: .4rem; padding: .9rem 1.25rem 0; max-width: 100rem; margin: 0 auto; }
main { display: grid; grid-template-columns: minmax(0, 1fr) 24rem; gap: 1.25rem; padding: .9rem 1.25rem 1.25rem; max-width: 100rem; margin: 0 auto; align-items: start; }
#interactions { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(21rem, 100%), 1fr)); gap: 1rem; align-items: start; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.card.alone { border-color: var(--red); }
aside .card { margin-bottom: 1rem; }
.head { display: flex; flex-wrap: wrap; gap: .3rem .6rem; align-items: baseline; justify-content: space-between; }
.marks { display: flex; flex-wrap: wrap; gap: .3rem; margin: .45rem 0 0; }
ul { list-style: none; margin: .6rem 0 0; padding: 0; }
li { display: grid; gap: .1rem .75rem; align-items: baseline; padding: .35rem 0; border-top: 1px solid var(--line); }
.participants li, .workers li { grid-template-columns: minmax(0, 1fr) auto; }
.participants .name, .workers .name { overflow-wrap: anywhere; }
.participants .listed-no .name { color: var(--soft); text-decoration: line-through; }
details { margin-top: .5rem; font-size: .8125rem; color: var(--soft); }
summary { cursor: pointer; }
dl { display: grid; grid-template-columns: fit-content(40%) minmax(0, 1fr); gap: .1rem .75rem; margin: .4rem 0 0; }
dt, dd { margin: 0; overflow-wrap: anywhere; }
.workers, .requests { margin: 0; }
.workers li:first-child, .requests li:first-child { border-top: 0; }
.requests li { grid-template-columns: auto auto auto minmax(0, 1fr); }
.requests .path, .requests .note { grid-column: 1 / -1; }
.requests .note { font-size: .875rem; overflow-wrap: anywhere; }
.requests .ms { text-align: right; }
.badge { border-radius: 1rem; padding: .05rem .55rem; font-size: .8125rem; font-weight: 600; white-space: nowrap; background: var(--grey-bg); color: var(--soft); }
.badge.green { background: var(--green-bg); color: var(--green); }
.badge.amber { background: var(--amber-bg); color: var(--amber); }
.badge.red { background: var(--red-bg); color: var(--red); }
time, .ms { color: var(--soft); font-size: .8125rem; font-variant-numeric: tabular-nums; }
.flash { animation: flash 2.5s ease-out; }
@keyframes flash { from { background: var(--flash); } }
@media (prefers-reduced-motion: reduce) { .flash { animation: none; outline: 2px solid var(--amber); } }
#watch { position: sticky; top: 1.25rem; max-height: calc(100vh - 2.5rem); overflow-y: auto; }
@media (max-width: 60rem) {
  main { grid-template-columns: minmax(0, 1fr); padding: .9rem; }
  #watch { position: static; max-height: none; }
  #asked { max-height: 24rem; overflow-y: auto; }
  #summary { padding: .9rem .9rem 0; }
  #live { margin-left: 0; }
}
`

const script = `
const at = (id) => document.getElementById(id)
const stood = new Map(), opened = new Set(), cards = new Map()
let newest = ""

/** An element with a class and children; a string becomes text, whatever it contains. */
const make = (tag, name, ...children) => {
  const element = document.createElement(tag)
  if (name) element.className = name
  element.append(...children.filter((child) => child !== undefined && child !== ""))
  return element
}
const badge = (text, colour) => make("span", "badge " + (colour ?? ""), text)
const short = (path) => path
  .replace(/\\/v1\\/(Interactions|Workspaces)\\//, "").replace(/\\/(Channels|Participants)\\b/g, "")
  .replace(/\\b([A-Z]{2}[0-9a-fA-F]{2})[0-9a-fA-F]{26}([0-9a-fA-F]{4})\\b/g, "$1\\u2026$2")
const count = (n, one, many) => n.toLocaleString() + " " + (n === 1 ? one : many)
const age = (minutes) => minutes === null ? "" : minutes < 1 ? "now" : minutes < 90 ? minutes + " min" : minutes < 2880 ? Math.floor(minutes / 60) + " h " + (minutes % 60 ? minutes % 60 + " min" : "") : Math.floor(minutes / 1440) + " days"

const standings = { active: ["active", "green"], wrapping: ["in wrap-up", "amber"], left: ["has left"], gone: ["task gone", "amber"], invited: ["invited", "amber"] }
const channels = { active: "green", inactive: "amber", failed: "red" }

/** Long in wrap-up: an hour. */
const isLong = ({ standing, minutes }) => standing === "wrapping" && minutes >= 60

const person = (participant) => {
  const { sid, type, name, status, standing, minutes, listed } = participant
  const now = standing + " " + status
  const before = stood.get(sid)
  stood.set(sid, now)
  const [words, colour] = standings[standing === "gone" && status === "closed" ? "left" : standing] ?? []
  const item = make("li", (listed ? "" : "listed-no ") + (before !== undefined && before !== now ? "flash" : ""),
    make("span", "name", name || type, name && type !== "agent" ? make("span", "soft", " " + type) : ""),
    words === undefined ? make("span", "") : badge(words + (minutes === null ? "" : " \\u00b7 " + age(minutes)), isLong(participant) ? "red" : colour))
  setTimeout(() => item.classList.remove("flash"), 2500)
  if (!listed) item.title = "no longer in the list"
  return item
}
const sids = (name, entries) => {
  const summary = make("summary", "", "SIDs")
  const box = make("details", "", summary, make("dl", "", ...entries.flatMap(([label, value]) => [make("dt", "", label), make("dd", "", make("code", "", value))])))
  box.open = opened.has(name)
  summary.onclick = () => { if (box.open) opened.delete(name); else opened.add(name) }
  return box
}
const more = (n, what) => n > 0 ? make("p", "soft", "and " + n.toLocaleString() + " more " + what) : ""

const channel = (interaction) => (each) => {
  const { sid, about, type, status, queue, customer_alone, on_the_way, participants, participant_count } = each
  const customer = participants.find((one) => one.type === "customer" && one.name)
  const shown = participants.filter((one) => one !== customer && one.type !== "external")
  const guests = participants.filter((one) => one.type === "external").length
  return make("section", "card" + (customer_alone ? " alone" : ""),
    make("div", "head", make("h3", "", customer?.name ?? "A conversation"), make("span", "soft", type + " \\u00b7 " + queue)),
    make("p", "soft about", about),
    make("div", "marks", badge(status, channels[status]), customer_alone ? badge("customer alone", "red") : "",
      ...on_the_way.map(({ worker, minutes }) => badge((worker === null ? "in the queue" : "offered to " + worker) + " \\u00b7 " + age(minutes), "amber"))),
    make("ul", "participants", ...shown.map(person)),
    guests > 0 ? make("p", "soft", count(guests, "guest", "guests")) : "",
    more(participant_count - participants.length, "participants"),
    sids(sid, [["interaction", interaction.sid], ["channel", sid],
      ...participants.filter((one) => one.type !== "external").flatMap((one) => [[one.name || one.type, one.sid], ...Object.entries(one.routing_properties ?? {}).map(([key, value]) => [key.replace("_sid", ""), String(value)])])]))
}
/** The card of a conversation, the same one as long as nothing in it changes: so nothing moves under a hand. */
const card = ({ interaction, each }) => {
  const now = JSON.stringify(each)
  const known = cards.get(each.sid)
  if (known?.now === now) return known.element
  const element = channel(interaction)(each)
  cards.set(each.sid, { now, element })
  return element
}
const place = (parent, elements) => {
  for (const [index, element] of elements.entries()) {
    const there = parent.children[index]
    if (there === undefined) parent.append(element)
    else if (there !== element) there.replaceWith(element)
  }
  while (parent.children.length > elements.length) parent.lastElementChild.remove()
}
const worker = ({ full_name, activity_name, active, wrapping }) => make("li", "",
  make("span", "name", full_name, make("span", "soft", " " + activity_name)),
  make("span", "marks", active ? badge(active + " open", "green") : "", wrapping ? badge(wrapping + " in wrap-up", "amber") : "", active || wrapping ? "" : make("span", "soft", "free")))

const colour = (status) => typeof status !== "number" || status >= 500 ? "red" : status >= 400 ? "amber" : "green"
const request = ({ at, method, path, status, note, fault, ms }) => make("li", at > newest && newest !== "" ? "flash" : "",
  make("time", "", at.slice(11, 19)), make("strong", "", method), badge(String(status), colour(status)), make("span", "ms", ms.toFixed(1) + " ms"),
  make("code", "path", short(path)),
  note || fault ? make("span", "note soft", short(note), fault ? " (fault: " + fault + ")" : "") : "")

const fault = ({ kind, times, ...rest }) => make("li", "", make("span", "", badge(kind, "red"), " ",
  times === undefined ? "" : times === "always" ? "always " : "\\u00d7" + times + " ", make("code", "soft", Object.keys(rest).length ? JSON.stringify(rest) : "")))

const draw = (state) => {
  const all = state.interactions.flatMap((interaction) => interaction.channels.map((each) => ({ interaction, each })))
  const alone = all.filter(({ each }) => each.customer_alone).length
  const long = all.flatMap(({ each }) => each.participants.filter(isLong)).length
  const coming = all.filter(({ each }) => each.on_the_way.length > 0).length
  at("summary").replaceChildren(badge(count(state.interaction_count, "conversation", "conversations")),
    badge(count(alone, "customer alone", "customers alone"), alone ? "red" : "green"),
    badge(count(long, "agent", "agents") + " in wrap-up for over an hour", long ? "red" : "green"),
    coming ? badge(count(coming, "conversation", "conversations") + " with somebody on the way", "amber") : "")
  place(at("interactions"), all.map(card))
  at("rest").replaceChildren(more(state.interaction_count - state.interactions.length, "interactions"))
  at("workers").replaceChildren(...state.workers.slice(0, 50).map(worker))
  const requests = state.requests.toReversed()
  at("requests").replaceChildren(...requests.map(request))
  at("none").hidden = requests.length > 0
  newest = requests[0]?.at ?? newest
  at("faults").replaceChildren(...state.faults.map(fault))
  at("faulty").hidden = state.faults.length === 0
}

let drawing = false, due = false
const refresh = async () => {
  due = true
  if (drawing) return
  drawing = true
  try {
    while (due) {
      due = false
      const reply = await fetch("/_sandbox/state?interactions=50&participants=20")
      draw(await reply.json())
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  } catch {
    // The events say when it is back.
  }
  drawing = false
}
const live = (on, text) => { at("live").className = on ? "on" : ""; at("live").textContent = text }
const events = new EventSource("/_sandbox/events")
events.onopen = () => live(true, "live")
events.onmessage = refresh
events.onerror = () => live(false, "connection lost, trying again")
setInterval(() => { if (at("live").className === "on" && !document.hidden) void refresh() }, 30000)
at("url").textContent = location.origin
`

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Flex sandbox</title>
<link rel="icon" href="data:,">
<style nonce="NONCE">${style}</style>
</head>
<body>
<header>
<h1>Flex sandbox</h1>
<code id="url"></code>
<span id="live" role="status">connecting</span>
</header>
<div id="summary"></div>
<main>
<div>
<h2>Conversations</h2>
<div id="interactions"></div>
<div id="rest"></div>
</div>
<aside id="watch" tabindex="0" aria-label="Agents, faults and last requests">
<h2>Agents</h2>
<section class="card"><ul class="workers" id="workers"></ul></section>
<div id="faulty" hidden>
<h2>Faults to come</h2>
<section class="card"><ul class="requests" id="faults"></ul></section>
</div>
<h2>Last requests</h2>
<section class="card" id="asked" tabindex="0" role="region" aria-label="Last requests">
<p class="soft" id="none">None yet. They appear here as they are made.</p>
<ul class="requests" id="requests"></ul>
</section>
</aside>
</main>
<noscript>This page needs its script. GET /_sandbox/state has the same as JSON.</noscript>
<script type="module" nonce="NONCE">${script}</script>
</body>
</html>
`
