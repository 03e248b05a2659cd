/**
 * What people hand in as JSON, checked: seeds, faults, settings. Loaded only when there is some, because the checking is
 * most of the code.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import type { Fault as FaultType } from "./Fault.ts"
import type { Settings as SettingsType } from "./Assumptions.ts"
import { type InteractionSeed, type ParticipantSeed, type Seed as SeedType, SeedError } from "./Seed.ts"

const sid = (prefix: string) =>
  Schema.String.check(
    Schema.isPattern(new RegExp(`^${prefix}[0-9a-fA-F]{32}$`, "u"), { expected: `${prefix} and 32 hexadecimal digits` })
  )

const milliseconds = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 600_000 }))
/** How long ago. A year is enough for everything that TaskRouter forgets. */
const minutes = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 525_600 }))

const Settings = Schema.Struct({
  closedAgents: Schema.optionalKey(Schema.Literals(["stay", "leave"])),
  repeat: Schema.optionalKey(Schema.Literals([200, 400, 409, 422])),
  nonAgent: Schema.optionalKey(Schema.Literals([400, 403, 409, 422])),
  reservationDelay: Schema.optionalKey(milliseconds),
  listAttributes: Schema.optionalKey(Schema.Literals(["present", "null"])),
  wrappingFilter: Schema.optionalKey(Schema.Literals(["honoured", "ignored", "refused"])),
  answeredInvites: Schema.optionalKey(Schema.Literals(["stay", "leave"])),
  wakeUp: Schema.optionalKey(Schema.Literals(["new-task", "no-task"])),
  malformedSid: Schema.optionalKey(Schema.Literals([400, 404])),
  pageSize: Schema.optionalKey(Schema.Literals(["refuse", "clamp"])),
  errorBody: Schema.optionalKey(Schema.Literals(["twilio", "rfc9457"])),
  latency: Schema.optionalKey(milliseconds)
})

const Participant = Schema.Struct({
  sid: Schema.optionalKey(sid("UT")),
  type: Schema.Literals(["agent", "customer", "supervisor", "external", "unknown"]),
  name: Schema.optionalKey(Schema.String),
  worker: Schema.optionalKey(Schema.String),
  status: Schema.optionalKey(Schema.Literals(["active", "wrapup", "closed"])),
  minutes: Schema.optionalKey(minutes),
  routing_properties: Schema.optionalKey(Schema.NullOr(Schema.Record(Schema.String, Schema.Json)))
})

const Waiting = Schema.Struct({
  worker: Schema.optionalKey(Schema.String),
  queue: Schema.optionalKey(Schema.String),
  minutes: Schema.optionalKey(minutes)
})

const Channel = Schema.Struct({
  sid: Schema.optionalKey(sid("UO")),
  about: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(Schema.Literals(["voice", "sms", "email", "web", "whatsapp", "chat", "messenger", "gbm"])),
  status: Schema.optionalKey(Schema.Literals(["setup", "active", "failed", "closed", "inactive", "pause", "transfer"])),
  queue: Schema.optionalKey(Schema.String),
  minutes: Schema.optionalKey(minutes),
  participants: Schema.Array(Participant),
  waiting: Schema.optionalKey(Schema.Array(Waiting))
})

const Interaction = Schema.Struct({
  sid: Schema.optionalKey(sid("KD")),
  channels: Schema.Array(Channel)
})

const ChannelName = { interaction_sid: sid("KD"), channel_sid: sid("UO") }
const Joining = Schema.Struct({ ...ChannelName, ...Participant.fields })
const Message = Schema.Struct(ChannelName)
const Inviting = Schema.Struct({
  ...ChannelName,
  worker: Schema.optionalKey(Schema.String),
  queue: Schema.optionalKey(Schema.String)
})
const Answering = Schema.Struct({
  task_sid: sid("WT"),
  answer: Schema.Literals(["accept", "decline"]),
  worker: Schema.optionalKey(Schema.String)
})
const Moving = Schema.Struct({ minutes })

const Workspace = Schema.Struct({ sid: Schema.optionalKey(sid("WS")), friendly_name: Schema.String })

const Worker = Schema.Struct({
  sid: Schema.optionalKey(sid("WK")),
  friendly_name: Schema.String,
  attributes: Schema.optionalKey(Schema.Record(Schema.String, Schema.Json)),
  activity_name: Schema.optionalKey(Schema.String),
  workspace: Schema.optionalKey(Schema.String)
})

const Task = Schema.Struct({
  sid: Schema.optionalKey(sid("WT")),
  attributes: Schema.optionalKey(Schema.Union([Schema.Record(Schema.String, Schema.Json), Schema.String])),
  assignment_status: Schema.optionalKey(
    Schema.Literals(["pending", "reserved", "assigned", "wrapping", "completed", "canceled"])
  ),
  worker: Schema.optionalKey(Schema.String),
  queue: Schema.optionalKey(Schema.String),
  task_channel: Schema.optionalKey(Schema.String),
  priority: Schema.optionalKey(Schema.Int),
  minutes: Schema.optionalKey(minutes),
  workspace: Schema.optionalKey(Schema.String)
})

const Seed = Schema.Struct({
  settings: Schema.optionalKey(Settings),
  workspaces: Schema.optionalKey(Schema.Array(Workspace)),
  workers: Schema.optionalKey(Schema.Array(Worker)),
  interactions: Schema.Array(Interaction),
  tasks: Schema.optionalKey(Schema.Array(Task))
})

const status = Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 }))

const headerName = Schema.String.check(
  Schema.isPattern(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/u, { expected: "the name of a header" })
)
const headerValue = Schema.String.check(
  Schema.isPattern(/^[\t\u0020-\u007E\u0080-\u00FF]*$/u, { expected: "a header without line breaks, in Latin-1" })
)

const Meets = {
  host: Schema.optionalKey(Schema.Literals(["flex", "taskrouter"])),
  resource: Schema.optionalKey(Schema.String),
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
interface Named {
  readonly interaction_sid: string
  readonly channel_sid: string
}
export const joining: (json: string) => ParticipantSeed & Named = reader(Joining)
export const message: (json: string) => Named = reader(Message)
export const inviting: (json: string) => Named & { readonly worker?: string; readonly queue?: string } =
  reader(Inviting)
export const answering: (json: string) => {
  readonly task_sid: string
  readonly answer: "accept" | "decline"
  readonly worker?: string
} = reader(Answering)
export const moving: (json: string) => { readonly minutes: number } = reader(Moving)
const kind = reader(Kind, "ignore")
const anyFault: (json: string) => FaultType = reader(Fault)
export const fault = (json: string): FaultType => {
  kind(json)
  return anyFault(json)
}
export const settings: (json: string) => Partial<SettingsType> = reader(Settings)
