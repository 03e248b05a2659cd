/**
 * What can go wrong between a client and Twilio, each thing as a script for a request; see rawServer.ts. In one thing the
 * server is honest: a status that says that a change was refused never comes after the change was applied.
 */
import { gzipSync } from "node:zlib"
import { type Asked, reply, type Script, type Step } from "./rawServer.ts"
import * as Truth from "./truth.ts"

/** What Twilio would do, and the bytes that it would answer with. */
export type Honest = (asked: Asked) => { readonly applies: boolean; readonly bytes: string }

export type Misbehaviour = (asked: Asked, honest?: Honest) => Script

export const send = (bytes: string): Step => ({ do: "send", bytes })
export const reset: Step = { do: "reset" }
export const end: Step = { do: "end" }

/** The honest reply in pieces, and the change if there is one to apply. */
const take = (asked: Asked, honest: Honest) => {
  const { applies, bytes } = honest(asked)
  const at = bytes.indexOf("\r\n\r\n") + 4
  const apply: Script = applies ? [{ do: "apply" }] : []
  return { apply, bytes, body: bytes.slice(at), status: Number(bytes.slice(9, 12)) }
}

/** The honest thing is done, and told in another way. */
export const told = (
  how: (honest: { readonly bytes: string; readonly body: string; readonly status: number }) => Script
) => {
  const misbehaviour: Misbehaviour = (asked, honest = Truth.honest) => {
    const { apply, ...said } = take(asked, honest)
    return [...apply, ...how(said)]
  }
  return misbehaviour
}

/** What says neither that the change was applied nor that it was not: with and without. */
export const mute = (name: string, ...script: Script): { readonly [name: string]: Misbehaviour } => ({
  [`${name}, without applying`]: () => script,
  [`${name}, after applying`]: (asked, honest = Truth.honest) => [...take(asked, honest).apply, ...script]
})

export const headers = (status: string, ...lines: ReadonlyArray<string>) =>
  `HTTP/1.1 ${status} Status\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\n`

const chunked = (body: string, trailers = "") =>
  `${headers("200", "Content-Type: application/json", "Transfer-Encoding: chunked", "Trailer: X-Status")}${body.length.toString(16)}\r\n${body}\r\n0\r\n${trailers}\r\n`

export const error = (status: number, code?: number) =>
  code === undefined ? { status } : { code, message: "no", status }

/** Of these statuses Twilio or HTTP says that the request was not carried out. */
export const refusals = [400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429]
export const others4xx = [
  402, 406, 407, 408, 410, 412, 414, 416, 417, 418, 421, 423, 424, 425, 426, 428, 431, 444, 451, 460, 499
]
export const all5xx = [500, 501, 502, 504, 505, 506, 507, 508, 510, 511, 520, 522, 524, 599]

/** Bodies that are no answer to a change. */
export const alien: { readonly [what: string]: unknown } = {
  "an empty object": {},
  "an empty list": [],
  null: null,
  "a number": 1,
  "a text": '"accepted"',
  "an error in the body": { error: "maintenance" },
  "Twilio's error in the body": { code: 20404, message: "no", status: 404 },
  "an empty page": { participants: [], meta: {} },
  "another participant": { sid: `UT${"8".repeat(32)}`, channel_sid: `UO${"8".repeat(32)}`, type: "agent" },
  "another participant without more": { sid: `UT${"8".repeat(32)}` },
  "another channel": { channel_sid: `UO${"8".repeat(32)}`, type: "agent" },
  "another interaction": { interaction_sid: `KD${"8".repeat(32)}`, type: "agent" },
  "SIDs that are null": { sid: null, channel_sid: null, interaction_sid: null, type: "agent" },
  "SIDs of other types": { sid: 1, channel_sid: {}, interaction_sid: [] },
  HTML: "<!doctype html><html><body>Accepted</body></html>",
  nothing: "",
  "white space": "\r\n\r\n"
}

/** For a change only: to a list most of this is an answer. */
export const toChanges: { readonly [name: string]: Misbehaviour } = Object.assign(
  {},
  ...Object.entries(alien).map(([what, body]) => mute(`a 200 with ${what}`, send(reply(200, body)))),
  ...others4xx.map((status) => mute(`a ${status}`, send(reply(status, error(status))))),
  ...all5xx.map((status) => mute(`a ${status}`, send(reply(status, error(status, 20500))))),
  mute("a 503 of a gateway", send(reply(503, "<html>", { "Content-Type": "text/html" }))),
  mute("a 502 with nothing", send(reply(502, ""))),
  ...[300, 301, 302, 303, 304, 307, 308].map((status) =>
    mute(`a redirect (${status})`, send(reply(status, "", { Location: "http://127.0.0.1:1/elsewhere" })))
  ),
  mute("a redirect to itself", send(reply(307, "", { Location: "/" }))),
  mute("a 204", send(headers("204"))),
  mute("a 204 with a body", send(reply(204, { status: "accepted" }))),
  mute("a 205", send(reply(205, ""))),
  mute("a 202 that promises to do it later", send(reply(202, { status: "queued" }))),
  mute("a switch to another protocol", send(headers("101", "Connection: Upgrade", "Upgrade: other"))),
  ...[0, 99, 600, 999].map((status) => mute(`a status that is none (${status})`, send(reply(status, "{}")))),
  mute("another protocol", send("SSH-2.0-OpenSSH_9.6\r\n\r\n")),
  mute("a head that never ends", send("HTTP/1.1 200 OK\r\nX-A: b\r\n"), end),
  mute("a head of 100 KB", send(headers("200", `X-Long: ${"x".repeat(100_000)}`))),
  mute("a reset", reset),
  mute("an end", end),
  mute("a reset in the head", send("HTTP/1.1 200 O"), reset),
  ...refusals.flatMap((status) =>
    [
      ["of Twilio's", error(status, 20000 + status)],
      ["of a gateway", "<html>"],
      ["with nothing", ""],
      ["that looks like success", { sid: `UT${"0".repeat(32)}`, status: "wrapup" }]
    ].map(([what, body]) => ({ [`a ${status} ${what as string}`]: () => [send(reply(status, body))] }))
  ),
  { "Twilio's 503": () => [send(reply(503, error(503, 20503)))] },
  { "a 503 that says to come back at once": () => [send(reply(503, "", { "Retry-After": 0 }))] },
  { "a 429 that says to come back at once": () => [send(reply(429, error(429, 20429), { "Retry-After": 0 }))] }
)

/** For changes and lists: the truth, badly told. */
export const toAll: { readonly [name: string]: Misbehaviour } = {
  "a reply in pieces": told(({ bytes }) =>
    [...(bytes.match(/[^]{1,60}/gu) ?? [])].flatMap((piece): Script => [send(piece), { do: "pause", milliseconds: 1 }])
  ),
  "half a head, then a reset": told(({ bytes }) => [send(bytes.slice(0, 30)), reset]),
  "half a body, then a reset": told(({ bytes }) => [send(bytes.slice(0, -20)), reset]),
  "half a body, then an end": told(({ bytes }) => [send(bytes.slice(0, -20)), end]),
  "a whole reply, then a reset": told(({ bytes }) => [send(bytes), reset]),
  "a whole reply, then an end": told(({ bytes }) => [send(bytes), end]),
  "a length that is too long": told(({ body, status }) => [
    send(reply(status, body, { "Content-Length": body.length + 50 })),
    end
  ]),
  "a length that is too short": told(({ body, status }) => [
    send(reply(status, body, { "Content-Length": body.length - 5 }))
  ]),
  "a length of none": told(({ body, status }) => [send(reply(status, body, { "Content-Length": 0 }))]),
  "a length that is no number": told(({ body, status }) => [send(reply(status, body, { "Content-Length": "many" }))]),
  "a negative length": told(({ body, status }) => [send(reply(status, body, { "Content-Length": -1 }))]),
  "two lengths": told(({ body, status }) => [send(reply(status, body, { "content-length": body.length - 3 }))]),
  "a length and chunks": told(({ body, status }) => [send(reply(status, body, { "Transfer-Encoding": "chunked" }))]),
  "no length, up to the end": told(({ body, status }) => [
    send(`${headers(`${status}`, "Content-Type: application/json")}${body}`),
    end
  ]),
  "100 before it": told(({ bytes }) => [send(headers("100") + bytes)]),
  "102 and 103 before it, again and again": told(({ bytes }) => [
    send((headers("102") + headers("103", "Link: </a>; rel=preload")).repeat(20) + bytes)
  ]),
  "101 before it": told(({ bytes }) => [send(headers("101", "Connection: Upgrade", "Upgrade: other") + bytes)]),
  "the reply twice": told(({ bytes }) => [send(bytes + bytes)]),
  "the reply, and then another": told(({ bytes }) => [send(bytes + reply(404, error(404, 20404)))]),
  "the reply, and then garbage": told(({ bytes }) => [send(`${bytes}garbage\r\n\r\n`)]),
  "gzip that is none": told(({ body, status }) => [send(reply(status, body, { "Content-Encoding": "gzip" }))]),
  "gzip that nobody asked for": told(({ body, status }) => [
    send(reply(status, gzipSync(body).toString("latin1"), { "Content-Encoding": "gzip" }))
  ]),
  "half of gzip": told(({ body, status }) => [
    send(reply(status, gzipSync(body).toString("latin1").slice(0, -12), { "Content-Encoding": "gzip" }))
  ]),
  "an encoding that nobody knows": told(({ body, status }) => [
    send(reply(status, body, { "Content-Encoding": "rot13" }))
  ]),
  "another content type": told(({ body, status }) => [send(reply(status, body, { "Content-Type": "text/html" }))]),
  "a byte order mark": told(({ body, status }) => [send(reply(status, `\u00ef\u00bb\u00bf${body}`))]),
  "HTTP/1.0": told(({ bytes }) => [send(bytes.replace("HTTP/1.1", "HTTP/1.0")), end]),
  "line feeds alone": told(({ bytes }) => [send(bytes.replaceAll("\r\n", "\n"))]),
  "a header on two lines": told(({ body, status }) => [send(reply(status, body, { "X-Folded": "a\r\n b" }))]),
  "a request id that is none": told(({ body, status }) => [
    send(reply(status, body, { "Twilio-Request-Id": "\u001b[2Jcleared" }))
  ])
}

/** For lists of a channel that is there: rows that were not asked for. */
export const toLists: { readonly [name: string]: Misbehaviour } = Object.fromEntries(
  (
    [
      ["another channel's rows", (rows) => rows.map((row) => ({ ...row, channel_sid: `UO${"8".repeat(32)}` }))],
      ["another interaction's rows", (rows) => rows.map((row) => ({ ...row, interaction_sid: `KD${"8".repeat(32)}` }))],
      [
        "a row of another channel among the right ones",
        (rows) => [...rows, { ...rows[0], sid: `UT${"8".repeat(32)}`, channel_sid: `UO${"8".repeat(32)}` }]
      ],
      ["rows that say of no channel", (rows) => rows.map(({ sid, type }) => ({ sid, type }))],
      ["rows that are no objects", () => [1, null, "agent"]],
      ["an object in the place of rows", () => ({ 0: "agent" })]
    ] satisfies ReadonlyArray<readonly [string, (rows: ReadonlyArray<{ readonly [key: string]: unknown }>) => unknown]>
  ).map(([what, change]) => [
    what,
    told(({ body }) => {
      const page = JSON.parse(body) as { readonly participants: ReadonlyArray<{ readonly [key: string]: unknown }> }
      return [send(reply(200, { ...page, participants: change(page.participants) }))]
    })
  ])
)

/** For what succeeds only. */
export const toSuccess: { readonly [name: string]: Misbehaviour } = {
  chunks: told(({ body }) => [send(chunked(body))]),
  "chunks with trailers": told(({ body }) => [send(chunked(body, "X-Status: 500\r\nContent-Length: 3\r\n"))]),
  "a chunk that is cut": told(({ body }) => [send(chunked(body).slice(0, -30)), end]),
  "chunks without their end": told(({ body }) => [send(chunked(body).slice(0, -5)), end]),
  "a chunk with a wrong length": told(({ body }) => [send(chunked(body).replace(body.length.toString(16), "5"))])
}

/** What leaves a client waiting for as long as it waits. */
export const stalls: { readonly [name: string]: Misbehaviour } = {
  ...mute("nothing at all"),
  "half a head, then nothing": told(({ bytes }) => [send(bytes.slice(0, 30))]),
  "half a body, then nothing": told(({ bytes }) => [send(bytes.slice(0, -20))])
}
