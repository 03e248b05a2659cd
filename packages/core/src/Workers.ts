/**
 * TaskRouter's workers: the agents as persons, with a name. Read only.
 *
 * Source: Twilio's pages "Worker Resource" and "Worker Reservation Resource", and its OpenAPI document of TaskRouter.
 */
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"
import * as Sid from "./Sid.ts"
import * as Attributes from "./internal/attributes.ts"
import { date, field, fitting, loose } from "./internal/field.ts"

/**
 * What is known of a person. Twilio promises none of these keys; Flex has `full_name` and `email` by habit (assumed).
 * Everything else is in `other`, under its own name. `text` is there only if the attributes are no JSON object: then it has
 * them as they are.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Workers } from "@flex-interactions/core"
 *
 * const decode = Schema.decodeUnknownSync(Workers.WorkerAttributes)
 * decode('{"full_name":"Ana Silva","roles":["agent"]}') // => { fullName: "Ana Silva", other: { roles: ["agent"] } }
 * ```
 */
export const WorkerAttributes = Schema.String.pipe(
  Schema.decodeTo(
    Schema.Struct({
      /** `full_name`. */
      fullName: Schema.optionalKey(Schema.String),
      email: Schema.optionalKey(Schema.String),
      other: Schema.JsonObject,
      text: Schema.optionalKey(Schema.String)
    }),
    SchemaTransformation.transform({
      decode: (text) => {
        const json = Attributes.parse(text)
        if (json === undefined) return { other: {}, text }
        const found = readTyped(json)
        return { ...found, other: Attributes.rest(json, attributeNames, found) }
      },
      encode: ({ other, text, ...typed }) => text ?? JSON.stringify({ ...other, ...writeTyped(typed) })
    })
  )
)
/** What {@link WorkerAttributes} makes of the text. */
export type WorkerAttributes = typeof WorkerAttributes.Type

const attributeNames = { fullName: "full_name", email: "email" } as const
const Typed = Schema.Struct({ fullName: loose(Schema.String), email: loose(Schema.String) }).pipe(
  Schema.encodeKeys(attributeNames)
)
const readTyped = Schema.decodeUnknownSync(Typed)
const writeTyped = Schema.encodeSync(Typed)

/**
 * A worker. `friendlyName` is unique in a workspace, whatever the case of its letters (documented); with Flex it is usually
 * the name to log in with (assumed), and `attributes.fullName` the name that people use.
 *
 * @example
 * ```ts
 * import { Schema } from "effect"
 * import { Workers } from "@flex-interactions/core"
 *
 * const worker = Schema.decodeUnknownSync(Workers.Worker)({ friendly_name: "ana", available: true, attributes: null })
 * worker // => { friendlyName: "ana", available: true }
 * ```
 */
export const Worker = Schema.Struct({
  sid: fitting(Sid.WorkerSid),
  workspaceSid: fitting(Sid.WorkspaceSid),
  friendlyName: field(Schema.String),
  /** Left out where the reply left them out, which a list may do: then read the worker alone. */
  attributes: field(WorkerAttributes),
  activityName: field(Schema.String),
  /** Does the activity let TaskRouter offer tasks? */
  available: field(Schema.Boolean),
  /** Since when the worker has had this activity. */
  dateStatusChanged: date,
  dateCreated: date,
  dateUpdated: date,
  url: field(Schema.String)
}).pipe(
  Schema.encodeKeys({
    workspaceSid: "workspace_sid",
    friendlyName: "friendly_name",
    activityName: "activity_name",
    dateStatusChanged: "date_status_changed",
    dateCreated: "date_created",
    dateUpdated: "date_updated"
  })
)
/** What {@link Worker} makes of Twilio's JSON. */
export type Worker = typeof Worker.Type
