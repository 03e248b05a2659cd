/**
 * Twilio's own OpenAPI document as the judge of every reply.
 *
 * The document names no field as required and forbids none; a stand-in has to send each that it names, and no other.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as Sandbox from "@flex-interactions/sandbox"
import { serve, type Served } from "@flex-interactions/sandbox/serve"
import { Ajv, type ValidateFunction } from "ajv"
import addFormats from "ajv-formats"

interface Schema {
  $ref?: string
  type?: string
  nullable?: boolean
  properties?: Record<string, Schema>
  items?: Schema
  required?: Array<string>
  additionalProperties?: boolean
}

interface Operation {
  readonly operationId: string
  readonly responses: Record<string, { readonly content: Record<string, { readonly schema: Schema }> }>
}

interface Document {
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly schemas: Record<string, Schema> }
}

const document = JSON.parse(
  readFileSync(
    createRequire(import.meta.url).resolve("@twilio-alpha/mcp/twilio-oai/spec/json/twilio_flex_v1.json"),
    "utf8"
  )
) as Document

const list = "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants"

/** A schema of OpenAPI 3.0 as one of JSON Schema, with what it refers to inside, and with every property required. */
const strict = (schema: Schema): Schema => {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace("#/components/schemas/", "")
    const found = document.components.schemas[name]
    if (found === undefined) throw new Error(`the document has no ${name}`)
    return strict(found)
  }
  // Ajv knows `nullable`, beside a type.
  const { nullable = false, properties, items, ...rest } = schema
  const properly = Object.entries(properties ?? {}).map(([name, property]) => [name, strict(property)] as const)
  return {
    ...rest,
    ...(nullable && rest.type !== undefined ? { nullable } : {}),
    ...(items === undefined ? {} : { items: strict(items) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(properly), required: Object.keys(properties), additionalProperties: false })
  }
}

const ajv = new Ajv({ allErrors: true, strict: true, keywords: ["example"] })
addFormats.default(ajv)

const validator = (path: string, method: string): ValidateFunction => {
  const operation = document.paths[path]?.[method]
  const schema = operation?.responses["200"]?.content["application/json"]?.schema
  if (schema === undefined) throw new Error(`the document has no ${method} ${path}`)
  return ajv.compile(strict(schema))
}

const listed = validator(list, "get")
const modified = validator(`${list}/{Sid}`, "post")

const number = { type: "integer", minimum: 20_000, maximum: 99_999 }
const status = { type: "integer", minimum: 400, maximum: 599 }
const text = { type: "string", minLength: 1 }
const uri = { type: "string", format: "uri" }
const object = (properties: Record<string, object>) =>
  ajv.compile({ type: "object", properties, required: Object.keys(properties), additionalProperties: false })

/** Documented in prose, and not in the document: what every error has, in the form of Twilio and of RFC 9457. */
const failed = {
  "application/json": object({ code: number, message: text, more_info: uri, status }),
  "application/problem+json": object({ type: uri, title: text, status, code: number, detail: text })
}

/** What is wrong with a reply, if anything. */
export const judge = async (request: Request, response: Response): Promise<ReadonlyArray<string>> => {
  const type =
    response.headers.get("content-type") === "application/problem+json"
      ? "application/problem+json"
      : "application/json"
  const validate = !response.ok ? failed[type] : request.method === "GET" ? listed : modified
  const body: unknown = await response.json()
  const wrong = validate(body)
    ? []
    : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
  if (response.headers.get("content-type") !== type) wrong.push(`not ${type}`)
  if (!response.ok && (body as { readonly status: number }).status !== response.status)
    wrong.push("/status is not the status")
  if (!/^RQ[0-9a-f]{32}$/u.test(response.headers.get("twilio-request-id") ?? "")) wrong.push("no Twilio-Request-Id")
  if (!/^[1-9]\d*$/u.test(response.headers.get("twilio-concurrent-requests") ?? ""))
    wrong.push("no Twilio-Concurrent-Requests")
  return wrong.map((what) => `${request.method} ${request.url} ${response.status}: ${what}`)
}

export interface Judged extends Served {
  /** `METHOD /path?query` of each request so far. */
  readonly requests: Array<string>
  /** What was wrong with the replies so far. */
  readonly verdict: Array<string>
}

/** A sandbox behind a port, each reply of which is judged. */
export const judged = async (sandbox = Sandbox.make()): Promise<Judged> => {
  const requests: Array<string> = []
  const verdict: Array<string> = []
  const served = await serve({
    ...sandbox,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url)
      requests.push(`${request.method} ${pathname}${search}`)
      const response = await sandbox.fetch(request)
      verdict.push(...(await judge(request, response.clone())))
      return response
    }
  })
  return { ...served, requests, verdict }
}
