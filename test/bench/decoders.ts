/** `node decoders.mjs WAY`: parses and decodes a page of 1,000 participants and prints the median in microseconds. */
import * as Sandbox from "@flex-interactions/sandbox"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaJITCompiler from "effect/schema/SchemaJITCompiler"
import * as z from "zod/v4"
import * as Paging from "../../packages/core/dist/internal/paging.js"
import { ofChannel, Row } from "../../packages/core/dist/Participant.js"
import type { Participant } from "@flex-interactions/core"
import { authorization, path, seed, sids } from "./channel.ts"
import { percentile } from "./measure.ts"
import type { Way } from "./ways.ts"

const size = 1000
const request = new Request(`https://flex-api.twilio.com${path(size)}?PageSize=${size}`, { headers: { authorization } })
const text = await (await Sandbox.make({ seed: seed([size]) }).fetch(request)).text()
const channel = sids(size) as Participant.ChannelRef

interface WireRow {
  readonly sid?: string | null
  readonly type?: string | null
  readonly interaction_sid?: string | null
  readonly channel_sid?: string | null
  readonly url?: string | null
  readonly routing_properties?: { readonly [key: string]: Schema.Json } | null
}

const isText = (value: unknown) => value === undefined || value === null || typeof value === "string"
const isSid = (prefix: string) => (value: unknown) =>
  typeof value === "string" && value.length === 34 && value.startsWith(prefix)
const [isParticipantSid, isTaskSid, isWorkerSid, isReservationSid] = [
  isSid("UT"),
  isSid("WT"),
  isSid("WK"),
  isSid("WR")
]

/** As little as a careful hand would write: the kind of each value is checked, keys are renamed. */
const handWritten = (page: { readonly participants: ReadonlyArray<WireRow> }) =>
  page.participants.map(({ sid, type, interaction_sid, channel_sid, url, routing_properties }) => {
    if (!isText(sid) || !isText(type) || !isText(interaction_sid) || !isText(channel_sid) || !isText(url)) {
      throw new Error("not a participant")
    }
    const participant: Record<string, unknown> = {
      type: type ?? "unknown",
      interactionSid: interaction_sid ?? channel.interactionSid,
      channelSid: channel_sid ?? channel.channelSid
    }
    if (isParticipantSid(sid)) participant["sid"] = sid
    if (url != null) participant["url"] = url
    if (routing_properties != null) {
      const { task_sid, worker_sid, reservation_sid } = routing_properties
      const routing: Record<string, unknown> = {}
      if (isTaskSid(task_sid)) routing["taskSid"] = task_sid
      if (isWorkerSid(worker_sid)) routing["workerSid"] = worker_sid
      if (isReservationSid(reservation_sid)) routing["reservationSid"] = reservation_sid
      participant["routingProperties"] = routing
    }
    return participant
  })

const zodText = z.string().nullish()
const zodPage = z.object({
  participants: z.array(
    z.object({
      sid: zodText,
      type: zodText,
      interaction_sid: zodText,
      channel_sid: zodText,
      url: zodText,
      routing_properties: z.record(z.string(), z.json()).nullish()
    })
  ),
  meta: z.object({ next_page_url: zodText }).nullish()
})

const key = Schema.optionalKey(Schema.NullOr(Schema.String))
const structPage = Schema.Struct({
  participants: Schema.Array(
    Schema.Struct({
      sid: key,
      type: key,
      interaction_sid: key,
      channel_sid: key,
      url: key,
      routing_properties: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Json)))
    })
  ),
  meta: Schema.optionalKey(Schema.NullOr(Schema.Struct({ next_page_url: key })))
})

if (process.argv[2] === "Effect struct, compiled") SchemaJITCompiler.enable(structPage.ast)
const decodeStruct = Schema.decodeUnknownSync(structPage)

const endpoint = Paging.endpoint({
  name: "Participants.list",
  host: "flex",
  path: "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants",
  rows: "participants",
  row: Row
})

const ways: { readonly [way in Way]: (body: string) => { readonly length: number } } = {
  "JSON.parse": (body) => JSON.parse(body).participants,
  "hand-written": (body) => handWritten(JSON.parse(body)),
  "flex-interactions": (body) =>
    Result.getOrThrow(endpoint.decode(JSON.parse(body), channel)).rows.map(ofChannel(channel)),
  zod: (body) => zodPage.parse(JSON.parse(body)).participants,
  "Effect struct, interpreted": (body) => decodeStruct(JSON.parse(body)).participants,
  "Effect struct, compiled": (body) => decodeStruct(JSON.parse(body)).participants
}

const way = ways[process.argv[2] as Way]
const times: Array<number> = []
for (let n = 0; n < 400; n++) {
  const from = performance.now()
  if (way(text).length !== size) throw new Error("participants are missing")
  if (n >= 100) times.push((performance.now() - from) * 1000)
}
process.stdout.write(`${percentile(times, 0.5)}\n`)
