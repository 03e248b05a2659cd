/**
 * What people hand in as JSON, checked: seeds, faults, settings. Loaded only when there is some, because the checking is
 * most of the code.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import type { Fault as FaultType } from "./Fault.ts"
import type { Settings as SettingsType } from "./Settings.ts"
import { type InteractionSeed, type ParticipantSeed, type Seed as SeedType, SeedError } from "./State.ts"

const sid = (prefix: string) =>
  Schema.String.check(
    Schema.isPattern(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`, "u"), { expected: `${prefix} and 32 hexadecimal digits` })
  )

const Settings = Schema.Struct({
  closedAgents: Schema.optionalKey(Schema.Literals(["stay", "leave"])),
  repeat: Schema.optionalKey(Schema.Literals([200, 400, 409, 422])),
  nonAgent: Schema.optionalKey(Schema.Literals([400, 403, 409, 422])),
  malformedSid: Schema.optionalKey(Schema.Literals([400, 404])),
  pageSize: Schema.optionalKey(Schema.Literals(["refuse", "clamp"])),
  errorBody: Schema.optionalKey(Schema.Literals(["twilio", "rfc9457"])),
  latency: Schema.optionalKey(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600_000 })))
})

const Participant = Schema.Struct({
  sid: Schema.optionalKey(sid("UT")),
  type: Schema.Literals(["agent", "customer", "supervisor", "external", "unknown"]),
  status: Schema.optionalKey(Schema.Literals(["active", "wrapup", "closed"])),
  routing_properties: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Json)))
})

const Channel = Schema.Struct({
  sid: Schema.optionalKey(sid("UO")),
  about: Schema.optionalKey(Schema.String),
  participants: Schema.Array(Participant)
})

const Interaction = Schema.Struct({
  sid: Schema.optionalKey(sid("KD")),
  channels: Schema.Array(Channel)
})

const Joining = Schema.Struct({ interaction_sid: sid("KD"), channel_sid: sid("UO"), ...Participant.fields })

const Seed = Schema.Struct({
  settings: Schema.optionalKey(Settings),
  interactions: Schema.Array(Interaction)
})

const milliseconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600_000 }))
const status = Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 }))

const headerName = Schema.String.check(
  Schema.isPattern(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u, { expected: "the name of a header" })
)
const headerValue = Schema.String.check(
  Schema.isPattern(/^[\t\u0020-\u007E\u0080-\u00FF]*$/u, { expected: "a header without line breaks, in Latin-1" })
)

const Meets = {
  method: Schema.optionalKey(Schema.Literals(["GET", "POST"])),
  path: Schema.optionalKey(Schema.String),
  times: Schema.optionalKey(
    Schema.Union([Schema.Int.check(Schema.isGreaterThanOrEqualTo(1)), Schema.Literal("always")])
  )
}

const Fault = Schema.Union([
  Schema.Struct({
    ...Meets,
    kind: Schema.Literal("answer"),
    status,
    headers: Schema.optionalKey(Schema.Record(headerName, headerValue)),
    body: Schema.optionalKey(Schema.Json),
    applied: Schema.optionalKey(Schema.Boolean)
  }),
  Schema.Struct({
    ...Meets,
    kind: Schema.Literal("rate-limited"),
    retryAfter: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
    as: Schema.optionalKey(Schema.Literals(["seconds", "date"]))
  }),
  Schema.Struct({
    ...Meets,
    kind: Schema.Literal("html"),
    status: Schema.optionalKey(status),
    applied: Schema.optionalKey(Schema.Boolean)
  }),
  Schema.Struct({ ...Meets, kind: Schema.Literal("truncated") }),
  Schema.Struct({ ...Meets, kind: Schema.Literal("slow-headers"), ms: milliseconds }),
  Schema.Struct({ ...Meets, kind: Schema.Literal("slow-body"), ms: milliseconds }),
  Schema.Struct({ ...Meets, kind: Schema.Literal("drop"), when: Schema.Literals(["before", "after"]) }),
  Schema.Struct({
    ...Meets,
    kind: Schema.Literal("next-page-elsewhere"),
    origin: Schema.String.check(
      Schema.isPattern(/^https?:\/\/[^/?#\s]+$/u, { expected: "an origin, such as https://example.com" })
    )
  }),
  Schema.Struct({ ...Meets, kind: Schema.Literal("next-page-loop") }),
  Schema.Struct({
    ...Meets,
    kind: Schema.Literal("rate-limit"),
    perSecond: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
  })
])

/** Read before the rest, so that a kind that does not exist is the mistake, and not everything else that follows from it. */
const Kind = Schema.Struct({ kind: Schema.Literals(Fault.members.map((member) => member.fields.kind.literal)) })

const issues = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads JSON of a shape. Throws a {@link SeedError} that leads to the first mistake. */
const reader = <A, I>(schema: Schema.Codec<A, I>, onExcessProperty: "error" | "ignore" = "error") => {
  const decode = SchemaParser.decodeUnknownResult(schema, { onExcessProperty })
  return (json: string): A => {
    const decoded = decode(parse(json))
    if (Result.isSuccess(decoded)) return decoded.success
    const [first] = issues(decoded.failure).issues
    throw new SeedError(pathOf(first?.path ?? []), capped(first?.message ?? "has another shape"))
  }
}

const parse = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch (error) {
    throw new SeedError("", capped(`not JSON: ${error instanceof Error ? error.message : String(error)}`))
  }
}

/** One line, and no more than 200 characters: what is quoted of the input may have line breaks. */
const capped = (text: string) => {
  const line = text.replaceAll(/\s+/gu, " ")
  return line.length > 200 ? `${line.slice(0, 200)}…` : line
}

/** As one would write it in JavaScript: `interactions[0].channels[1].sid`. */
const pathOf = (path: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }>): string =>
  path
    .map((part) => (typeof part === "object" ? part.key : part))
    .map((key, index) => (typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`))
    .join("")

export const seed: (json: string) => SeedType = reader(Seed)
export const interaction: (json: string) => InteractionSeed = reader(Interaction)
export const joining: (
  json: string
) => ParticipantSeed & { readonly interaction_sid: string; readonly channel_sid: string } = reader(Joining)
const kind = reader(Kind, "ignore")
const anyFault: (json: string) => FaultType = reader(Fault)
export const fault = (json: string): FaultType => {
  kind(json)
  return anyFault(json)
}
export const settings: (json: string) => Partial<SettingsType> = reader(Settings)
