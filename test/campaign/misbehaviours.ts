/**
 * Every way in which a reply can go wrong, by the request that it may be drawn for. In one thing the server is honest: a status
 * that says that a change was refused, or that something is not there, is the truth.
 */
import { gzipSync } from "node:zlib"
import * as Shared from "../support/misbehaviours.ts"
import { type Misbehaviour, mute, reset, send, told } from "../support/misbehaviours.ts"
import { reply, type Script } from "../support/rawServer.ts"
import * as Twilio from "./twilio.ts"

type Named = { readonly [name: string]: Misbehaviour }

const pause = (milliseconds: number) => ({ do: "pause", milliseconds }) as const

/** The truth, and something about the connection. */
const ofConnections: Named = {
  "a close at the moment of reuse": (asked, honest) =>
    asked.nth > 1 ? [reset] : told(({ bytes }) => [send(bytes)])(asked, honest),
  "an end right after the reply": told(({ bytes }) => [send(bytes), { do: "end" }]),
  "a pause before the reply": told(({ bytes }) => [pause(30), send(bytes)]),
  "a body that is slower than anybody waits for": told(({ bytes }) =>
    [...(bytes.match(/[^]{1,40}/gu) ?? [])].flatMap((piece): Script => [send(piece), pause(60)])
  ),
  "gzip of something else": told(({ status }) => [
    send(reply(status, gzipSync("{}").toString("latin1"), { "Content-Encoding": "gzip" }))
  ]),
  "the reply to another request": told(({ bytes }) => [send(bytes.replaceAll(/\d{28}(?=\d{4}")/gu, "8".repeat(28)))])
}

/** Replies that come too late, or twice: the next request over the connection gets them. */
export const shifted: Named = {
  "the reply comes twice, the second time with the next": (asked, honest = () => ({ applies: false, bytes: "" })) => {
    const { applies, bytes } = honest(asked)
    return [...(applies ? [{ do: "apply" } as const] : []), send(bytes), { do: "send with the next", bytes }]
  },
  "the reply twice": Shared.toAll["the reply twice"] ?? (() => []),
  "the reply, and then another": Shared.toAll["the reply, and then another"] ?? (() => [])
}

/** Something that another program does, just before a request is carried out or just after. */
const anothers: Named = Object.fromEntries(
  Object.keys(Twilio.anothers(1)).flatMap((what) =>
    (["before", "after"] as const).map((when): [string, Misbehaviour] => [
      `another program ${what}, ${when} it`,
      (asked, honest = () => ({ applies: false, bytes: "" })) => {
        const another = Twilio.anothers(Twilio.numberOf(asked) ?? 0)[what]
        if (another === undefined) return []
        const apply = { do: "apply", another } as const
        const change = { request: asked.number, ...another }
        const { applies, bytes } = honest(when === "before" ? { ...asked, before: [...asked.before, change] } : asked)
        const own: Script = applies ? [{ do: "apply" }] : []
        return when === "before" ? [apply, ...own, send(bytes)] : [...own, apply, send(bytes)]
      }
    ])
  )
)

/** Twilio consents to a change and does not carry it out; or carries it out when nobody waits any more. */
const ofCarryingOut: Named = {
  "consent, and nothing is carried out": (asked, honest = () => ({ applies: false, bytes: "" })) => {
    const { applies, bytes } = honest(asked)
    return [...(applies ? [{ do: "promise" } as const] : []), send(bytes)]
  },
  "it is carried out after everybody has stopped waiting": (asked, honest) => [
    pause(350),
    ...told(({ bytes }) => [send(bytes)])(asked, honest)
  ]
}

/** A reply that can't be read, or that can't be the answer: nothing that a caller could take for one. */
const mutes: Named = Object.assign(
  {},
  ...Object.entries(Shared.alien)
    // An empty page is an answer to a list.
    .filter(([what]) => what !== "an empty page")
    .map(([what, body]) => mute(`a 200 with ${what}`, send(reply(200, body)))),
  ...[...Shared.others4xx, ...Shared.all5xx].map((status) =>
    mute(`a ${status}`, send(reply(status, Shared.error(status))))
  ),
  ...[400, 401, 403, 405, 409, 411, 413, 415, 422, 429].map((status) =>
    mute(`a ${status}`, send(reply(status, Shared.error(status, 20_000 + status))))
  ),
  mute("a 404 of a gateway", send(reply(404, "<html>", { "Content-Type": "text/html" }))),
  mute("a 404 with nothing", send(reply(404, ""))),
  mute("a 429 that says to come back at once", send(reply(429, "", { "Retry-After": 0 }))),
  mute("a 503 that says to come back at once", send(reply(503, "", { "Retry-After": 0 }))),
  mute("a 503 that says to come back tomorrow", send(reply(503, "", { "Retry-After": 86_400 }))),
  ...[301, 302, 307, 308].map((status) =>
    mute(`a redirect (${status})`, send(reply(status, "", { Location: "/elsewhere" })))
  ),
  mute("a 204", send(Shared.headers("204"))),
  mute("a 205", send(reply(205, ""))),
  mute("a switch to another protocol", send(Shared.headers("101", "Connection: Upgrade", "Upgrade: other"))),
  mute("another protocol", send("SSH-2.0-OpenSSH_9.6\r\n\r\n")),
  mute("a reset", reset),
  mute("an end", { do: "end" })
)

/** A row, or a resource, with another SID than the one in the path that it must have. */
const aliens: Named = Object.fromEntries(
  ["sid", "interaction_sid", "channel_sid", "task_sid", "worker_sid", "workspace_sid"].map(
    (key): [string, Misbehaviour] => [
      `another ${key}`,
      (asked, honest) =>
        told(({ body }) => {
          const change = (row: object) => {
            const own = String((row as { readonly [key: string]: unknown })[key])
            return asked.path.includes(own) ? { ...row, [key]: `${own.slice(0, 2)}${"8".repeat(32)}` } : row
          }
          const json = JSON.parse(body) as { readonly [key: string]: unknown }
          const name = Object.keys(json).find((name) => Array.isArray(json[name]))
          const rows = name === undefined ? [] : (json[name] as ReadonlyArray<object>)
          return [send(reply(200, name === undefined ? change(json) : { ...json, [name]: rows.map(change) }))]
        })(asked, honest)
    ]
  )
)

const brokenLists: Named = {
  "rows that are no objects": told(({ body }) => [send(reply(200, replaceRows(body, [1, null, "agent"])))]),
  "an object in the place of rows": told(({ body }) => [send(reply(200, replaceRows(body, { 0: "agent" })))])
}

const replaceRows = (body: string, rows: unknown) => {
  const json = JSON.parse(body) as { readonly [key: string]: unknown }
  const name = Object.keys(json).find((key) => Array.isArray(json[key]))
  return name === undefined ? rows : { ...json, [name]: rows }
}

const without = (all: Named, others: Named): Named =>
  Object.fromEntries(Object.entries(all).filter(([name]) => !(name in others)))

const truth = { ...without(Shared.toAll, shifted), ...ofConnections, ...Shared.stalls, ...anothers }

/** Only if the honest reply is a success; otherwise they do as the honest reply does. */
const ofSuccess = (all: Named): Named =>
  Object.fromEntries(
    Object.entries(all).map(([name, misbehaviour]): [string, Misbehaviour] => [
      name,
      (asked, honest = () => ({ applies: false, bytes: "" })) => {
        const { bytes } = honest(asked)
        return bytes.startsWith("HTTP/1.1 200") ? misbehaviour(asked, honest) : [send(bytes)]
      }
    ])
  )

/** For a change. */
export const toChanges: Named = { ...Shared.toChanges, ...truth, ...ofCarryingOut, ...ofSuccess(Shared.toSuccess) }

/** For what is read. */
export const toReads: Named = ofSuccess({ ...mutes, ...aliens, ...brokenLists, ...Shared.toSuccess, ...truth })

const all: Named = { ...toChanges, ...toReads, ...shifted }

/** What is done by this name. A change and a read that have a misbehaviour by the same name have the same. */
export const named = (name: string, isChange: boolean): Misbehaviour | undefined =>
  name in shifted ? shifted[name] : isChange ? (toChanges[name] ?? all[name]) : (toReads[name] ?? all[name])
