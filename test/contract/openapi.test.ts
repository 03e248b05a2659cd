/**
 * Core judged by Twilio's own OpenAPI document, out of the npm package of Twilio's MCP server: what core sends is what the
 * document takes, and what the document says that Twilio answers, core reads.
 */
import { assert, describe, it } from "@effect/vitest"
import { type TwilioError, Channels, Events, Participant, Participants, Tasks, Workers } from "@flex-interactions/core"
import { Effect, JsonSchema, Schema, SchemaRepresentation } from "effect"
import { agent, call, channel, double, moved, row, type Service } from "../support/double.ts"
import { documents, judgeRequest, type Operation, resolved, type Schema as OpenApi } from "../support/openapi.ts"

const document = documents.flex
const listPath = "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants"
const list = document.paths[listPath]?.get ?? assert.fail(listPath)
const update = document.paths[`${listPath}/{Sid}`]?.post ?? assert.fail(listPath)
const origin = document.paths[listPath]?.servers[0]?.url

const json = (operation: Operation | undefined) =>
  operation?.responses["200"]?.content?.["application/json"] ?? assert.fail("no reply")

const judged = (request: Request | undefined) =>
  Effect.promise(async () => (request === undefined ? ["none was sent"] : judgeRequest(request.clone())))

describe("what core sends", () => {
  const next = `${origin}/x?Page=7&PageToken=PT%2B1&PageSize=9`
  for (const [what, ask] of [
    ["a page", (participants: Service) => participants.page(channel)],
    ["a page of a size", (participants: Service) => participants.page(channel, { pageSize: 1000 })],
    ["a list", (participants: Service) => participants.list(channel)],
    ["a limited list", (participants: Service) => participants.list(channel, { limit: 1 })]
  ] as const) {
    it.effect(`${what} is a request for the list, on each of its pages`, () =>
      Effect.gen(function* () {
        const http = double(
          Response.json({ participants: [], meta: { next_page_url: next } }),
          Response.json({ participants: [row(1)] })
        )
        yield* call<unknown, TwilioError.TwilioError>(http, ask)
        assert.isNotEmpty(http.requests)
        for (const request of http.requests) {
          assert.strictEqual(new URL(request.url).pathname.split("/").at(-1), "Participants")
          assert.deepStrictEqual(yield* judged(request), [])
        }
      })
    )
  }

  for (const status of Participant.ParticipantStatus.literals) {
    it.effect(`${status} is a request for the update`, () =>
      Effect.gen(function* () {
        const http = double(moved())
        yield* call(http, (participants) => participants.setStatus(agent, status))
        assert.deepStrictEqual([http.requests[0]?.method, yield* judged(http.requests[0])], ["POST", []])
      })
    )
  }

  it("the statuses, the types and the page size are the document's", () => {
    const { schemas } = document.components
    const values = (name: string) => schemas[`interaction_channel_participant_enum_${name}`]?.enum ?? []
    assert.sameMembers([...Participant.ParticipantStatus.literals], values("status"))
    assert.sameMembers([...Participant.knownTypes], values("type"))
    const { maximum, minimum } = list.parameters?.find(({ name }) => name === "PageSize")?.schema ?? {}
    assert.deepStrictEqual([minimum, maximum], [1, Participants.maxPageSize])
  })
})

const pageSchema = resolved(document, json(list).schema)
const participantSchema = resolved(document, json(update).schema)

/** A generator of what a schema of the document describes: made from the document, not from our reading of it. */
const generator = (schema: OpenApi) =>
  SchemaRepresentation.fromJsonSchemaDocument(JsonSchema.fromSchemaOpenApi3_0({ ...schema }), {
    patterns: "apply"
  }) as unknown as Schema.Codec<Schema.JsonObject>

const read = ({ meta, participants, ...page }: WirePage) =>
  call(
    double(
      Response.json({
        ...page,
        ...(meta == null ? {} : { meta: ofTheFirst(meta) }),
        participants: participants.map(ofTheChannel)
      })
    ),
    (service) => service.page(channel)
  )

/** What a page says of itself, as the first of this channel's list has it: core takes no other for the answer. */
const ofTheFirst = (meta: object) => ({
  ...meta,
  ...("page" in meta ? { page: 0 } : {}),
  ...("url" in meta
    ? { url: `${origin}/v1/Interactions/${channel.interactionSid}/Channels/${channel.channelSid}/Participants` }
    : {})
})

const readOne = (participant: WireParticipant) =>
  call(double(Response.json({ ...ofTheChannel(participant), sid: agent.participantSid })), (participants) =>
    participants.setStatus(agent, "closed")
  )

/** The row as this channel's list has it: where it names a channel, this one. */
const ofTheChannel = (wire: WireParticipant): WireParticipant => ({
  ...wire,
  ...(wire.channel_sid == null ? {} : { channel_sid: channel.channelSid }),
  ...(wire.interaction_sid == null ? {} : { interaction_sid: channel.interactionSid })
})

interface WirePage {
  readonly participants: ReadonlyArray<WireParticipant>
  readonly meta?: object
}
interface WireParticipant {
  readonly sid?: string | null
  readonly type?: string
  readonly interaction_sid?: string | null
  readonly channel_sid?: string | null
  readonly url?: string | null
}

const assertRead = (participant: Participant.Participant | undefined, wire: WireParticipant) => {
  assert.strictEqual(participant?.type, wire.type ?? "unknown")
  assert.strictEqual(participant?.interactionSid, channel.interactionSid)
  assert.strictEqual(participant?.channelSid, channel.channelSid)
  assert.strictEqual(participant?.url, wire.url ?? undefined)
}

describe("what core reads", () => {
  const examples = Object.entries(json(list).examples ?? {})
  it("the document has examples", () => {
    assert.isNotEmpty(examples)
    assert.isNotEmpty(Object.keys(json(update).examples ?? {}))
  })
  for (const [name, { value }] of examples) {
    it.effect(`the document's example of a list, ${name}`, () =>
      Effect.gen(function* () {
        const { participants } = value as { readonly participants: ReadonlyArray<WireParticipant> }
        const page = yield* read({ ...(value as object), participants })
        assert.strictEqual(page.items.length, participants.length)
        page.items.forEach((participant, n) => {
          assertRead(participant, participants[n] ?? {})
          assert.strictEqual(participant.sid, participants[n]?.sid ?? undefined)
        })
      })
    )
  }
  for (const [name, { value }] of Object.entries(json(update).examples ?? {})) {
    it.effect(`the document's example of an update, ${name}`, () =>
      Effect.map(readOne(value as WireParticipant), (participant) => assertRead(participant, value as WireParticipant))
    )
  }

  it.effect("the examples of Twilio's page, with a key misspelt and SIDs of nothing but X", () =>
    Effect.gen(function* () {
      const a = "a".repeat(31)
      const listed = {
        sid: `UT${a}2`,
        channel_sid: `UO${a}1`,
        interaraction_sid: `KD${a}a`,
        type: "agent",
        routing_properties: { task_sid: `WT${a}a`, worker_sid: `WK${a}a`, reservation_sid: `WR${a}a` },
        url: "https://flex-api.twilio.com/v1/Interactions"
      }
      const page = { participants: [listed], meta: { next_page_url: null } }
      const [participant] = (yield* read(page)).items
      assertRead(participant, listed)
      assert.strictEqual(participant?.routingProperties?.workerSid as string, `WK${a}a`)

      const x = "X".repeat(32)
      const updated = { sid: `UT${x}`, channel_sid: `UO${x}`, interaction_sid: `KD${x}`, type: "agent" }
      assertRead(yield* readOne(updated), updated)
    })
  )

  it.effect.prop("any participant that the document describes", { wire: generator(participantSchema) }, ({ wire }) =>
    Effect.gen(function* () {
      assertRead(yield* readOne(wire), wire)
      assertRead((yield* read({ participants: [wire, wire] })).items[1], wire)
    })
  )

  it.effect.prop("any page that the document describes", { page: generator(pageSchema) }, ({ page }) =>
    Effect.gen(function* () {
      // Nothing is required in the document; a page without the list itself is not one.
      const { participants = [], meta } = page as {
        readonly participants?: ReadonlyArray<WireParticipant>
        readonly meta?: object
      }
      const found = yield* read({ participants, meta: { ...meta, next_page_url: null } })
      found.items.forEach((participant, n) => assertRead(participant, participants[n] ?? {}))
      assert.strictEqual(found.items.length, participants.length)
    })
  )

  const ours = Schema.Struct({
    sid: Schema.String.check(Schema.isPattern(/^UT[0-9a-f]{32}$/u)),
    type: Schema.Union([Schema.Literals(Participant.knownTypes), Schema.String]),
    routing_properties: Schema.NullOr(Schema.Record(Schema.String, Schema.Json))
  })
  it.effect.prop("any participant of ours, with everything that it has", { wire: ours }, ({ wire }) =>
    Effect.gen(function* () {
      const participant = yield* readOne(wire)
      assertRead(participant, wire)
      const { routing_properties: routing } = wire
      for (const [key, value] of Object.entries(routing ?? {})) {
        if (!/^(task|worker|reservation)_sid$/u.test(key))
          assert.deepEqual(participant.routingProperties?.other[key], JSON.parse(JSON.stringify(value)))
      }
    })
  )
})

const workspace = "/v1/Workspaces/{WorkspaceSid}"
const interaction = "/v1/Interactions/{InteractionSid}/Channels"

describe("the documents' examples of what is around the participants are read by core", () => {
  for (const [path, host, schema, sid] of [
    [interaction, "flex", Channels.Channel, "channelSid"],
    [`${interaction}/{Sid}`, "flex", Channels.Channel, "channelSid"],
    [`${interaction}/{ChannelSid}/Invites`, "flex", Channels.Invite, "sid"],
    [`${workspace}/Tasks`, "taskrouter", Tasks.Task, "sid"],
    [`${workspace}/Tasks/{Sid}`, "taskrouter", Tasks.Task, "sid"],
    [`${workspace}/Tasks/{TaskSid}/Reservations`, "taskrouter", Tasks.Reservation, "sid"],
    [`${workspace}/Tasks/{TaskSid}/Reservations/{Sid}`, "taskrouter", Tasks.Reservation, "sid"],
    [`${workspace}/Workers`, "taskrouter", Workers.Worker, "sid"],
    [`${workspace}/Workers/{Sid}`, "taskrouter", Workers.Worker, "sid"],
    [`${workspace}/Workers/{WorkerSid}/Reservations`, "taskrouter", Tasks.Reservation, "sid"],
    [`${workspace}/Events`, "taskrouter", Events.Event, "sid"]
  ] as const) {
    it(`${path}`, () => {
      const examples = Object.values(json(documents[host].paths[path]?.get).examples ?? {}).flatMap(({ value }) => {
        const { meta, ...reply } = value as {
          readonly meta?: { readonly key: string }
          readonly [key: string]: unknown
        }
        return meta === undefined ? [reply] : (reply[meta.key] as ReadonlyArray<Record<string, unknown>>)
      })
      assert.isNotEmpty(examples)
      const decode = Schema.decodeUnknownSync(schema as Schema.Codec<object, object>)
      for (const example of examples) {
        const decoded = decode(example) as Record<string, unknown>
        // Some examples have SIDs of 33 characters.
        if (/^[A-Z]{2}[0-9a-f]{32}$/u.test(String(example["sid"]))) assert.strictEqual(decoded[sid], example["sid"])
      }
    })
  }
})
