/**
 * The page at `/`: what the sandbox knows and what is asked of it, live, for a person who watches.
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
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; padding: 1rem 1.25rem; border-bottom: 1px solid var(--line); background: var(--card); }
h1 { font-size: 1.1rem; margin: 0; }
h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 0 0 .6rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
code { font: .8125rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.soft { color: var(--soft); }
#live { margin-left: auto; color: var(--soft); font-size: .875rem; }
#live::before { content: ""; display: inline-block; width: .55rem; height: .55rem; border-radius: 50%; margin-right: .4rem; background: var(--amber); }
#live.on::before { background: var(--green); }
main { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.25rem; padding: 1.25rem; max-width: 90rem; margin: 0 auto; align-items: start; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1rem; margin-bottom: 1rem; }
.card > code { display: block; color: var(--soft); }
ul { list-style: none; margin: .6rem 0 0; padding: 0; }
li { display: grid; gap: .1rem .75rem; align-items: baseline; padding: .4rem 0; border-top: 1px solid var(--line); }
.participants li { grid-template-columns: 6rem minmax(0, 1fr) auto; }
.participants li.gone { color: var(--soft); }
.participants .work { grid-column: 2 / -1; color: var(--soft); }
.requests { margin: 0; }
.requests li { grid-template-columns: auto auto auto minmax(0, 1fr); }
.requests li:first-child { border-top: 0; }
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
  #watch { position: static; order: -1; max-height: 24rem; }
  #live { margin-left: 0; }
}
@media (max-width: 34rem) { .participants li { grid-template-columns: minmax(0, 1fr) auto; } .participants .sid, .participants .work { grid-column: 1 / -1; order: 1; } }
`

const script = `
const at = (id) => document.getElementById(id)
const statuses = new Map()
let newest = ""

/** An element with a class and children; a string becomes text, whatever it contains. */
const make = (tag, name, ...children) => {
  const element = document.createElement(tag)
  if (name) element.className = name
  element.append(...children.filter((child) => child !== undefined && child !== ""))
  return element
}
const badge = (text, colour) => make("span", "badge " + colour, text)
const colours = { active: "green", wrapup: "amber", closed: "red" }
const short = (path) => path
  .replace(/\\/v1\\/Interactions\\/(?=KD)/, "").replace(/\\/(Channels|Participants)\\b/g, "")
  .replace(/\\b([A-Z]{2}[0-9a-fA-F]{2})[0-9a-fA-F]{26}([0-9a-fA-F]{4})\\b/g, "$1\\u2026$2")
const more = (count, what) => count > 0 ? make("p", "soft", "and " + count.toLocaleString() + " more " + what) : ""

const participant = ({ sid, type, status, listed, routing_properties }) => {
  const before = statuses.get(sid)
  statuses.set(sid, status)
  const name = (listed ? "" : "gone ") + (before !== undefined && before !== status ? "flash" : "")
  const worker = routing_properties?.worker_sid
  return make("li", name,
    make("span", "", type),
    make("code", "sid", sid),
    status === null ? make("span", "") : badge(status + (listed ? "" : ", has left the list"), colours[status]),
    worker === undefined ? "" : make("code", "work", "worker " + worker))
}
const channel = (interaction) => ({ sid, about, participants, participant_count }) => make("section", "card",
  make("h3", "", about || "A channel"),
  make("code", "", interaction.sid), make("code", "", sid),
  make("ul", "participants", ...participants.map(participant)),
  more(participant_count - participants.length, "participants"))

const colour = (status) => typeof status !== "number" || status >= 500 ? "red" : status >= 400 ? "amber" : "green"
const request = ({ at, method, path, status, note, fault, ms }) => make("li", at > newest && newest !== "" ? "flash" : "",
  make("time", "", at.slice(11, 19)), make("strong", "", method), badge(String(status), colour(status)), make("span", "ms", ms.toFixed(1) + " ms"),
  make("code", "path", short(path)),
  note || fault ? make("span", "note soft", short(note), fault ? " (fault: " + fault + ")" : "") : "")

const fault = ({ kind, times, ...rest }) => make("li", "", make("span", "", badge(kind, "red"), " ",
  times === undefined ? "" : times === "always" ? "always " : "\\u00d7" + times + " ", make("code", "soft", Object.keys(rest).length ? JSON.stringify(rest) : "")))

const draw = (state) => {
  at("interactions").replaceChildren(
    ...state.interactions.flatMap((interaction) => interaction.channels.map(channel(interaction))),
    more(state.interaction_count - state.interactions.length, "interactions"))
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
<code>FLEX_API_BASE_URL=<span id="url"></span></code>
<span id="live" role="status">connecting</span>
</header>
<main>
<div>
<h2>Interactions</h2>
<div id="interactions"></div>
</div>
<div id="watch" tabindex="0" role="region" aria-label="Faults and last requests">
<div id="faulty" hidden>
<h2>Faults to come</h2>
<section class="card"><ul class="requests" id="faults"></ul></section>
</div>
<h2>Last requests</h2>
<section class="card">
<p class="soft" id="none">None yet. They appear here as they are made.</p>
<ul class="requests" id="requests"></ul>
</section>
</div>
</main>
<noscript>This page needs its script. GET /_sandbox/state has the same as JSON.</noscript>
<script type="module" nonce="NONCE">${script}</script>
</body>
</html>
`
