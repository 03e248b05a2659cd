/**
 * Twilio's own OpenAPI documents as the judge of every request that is carried out, and of every reply.
 *
 * The documents name no field of a reply as required and forbid none; a stand-in has to send each that they name, and no other.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as Sandbox from "@flex-interactions/sandbox"
import { serve, type Served } from "@flex-interactions/sandbox/serve"
import { Ajv, type ValidateFunction } from "ajv"
import addFormats from "ajv-formats"

export interface Schema {
  $ref?: string
  type?: string
  format?: string
  pattern?: string
  nullable?: boolean
  enum?: Array<string>
  minimum?: number
  maximum?: number
  properties?: Record<string, Schema>
  items?: Schema
  required?: Array<string>
  additionalProperties?: boolean | Schema
}

interface Media {
  readonly schema: Schema
  readonly examples?: Record<string, { readonly value: unknown }>
}

export interface Operation {
  readonly operationId: string
  readonly parameters?: ReadonlyArray<{
    readonly name: string
    readonly in: "path" | "query" | "header"
    readonly schema: Schema
    readonly required?: boolean
  }>
  readonly requestBody?: { readonly content: Record<string, Media> }
  readonly responses: Record<string, { readonly content?: Record<string, Media> }>
}

interface Path {
  readonly servers: ReadonlyArray<{ readonly url: string }>
  readonly get?: Operation
  readonly post?: Operation
}

interface Document {
  readonly paths: Record<string, Path>
  readonly components: { readonly schemas: Record<string, Schema> }
}

const read = (name: string) =>
  JSON.parse(
    readFileSync(
      createRequire(import.meta.url).resolve(`@twilio-alpha/mcp/twilio-oai/spec/json/twilio_${name}_v1.json`),
      "utf8"
    )
  ) as Document

/** The documents of both hosts. */
export const documents = { flex: read("flex"), taskrouter: read("taskrouter") } as const

/** A schema of a document, with what it refers to inside. */
export const resolved = (document: Document, schema: Schema): Schema => {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace("#/components/schemas/", "")
    const found = document.components.schemas[name]
    if (found === undefined) throw new Error(`the document has no ${name}`)
    return resolved(document, found)
  }
  const { items, properties, ...rest } = schema
  return {
    ...rest,
    ...(items === undefined ? {} : { items: resolved(document, items) }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, property]) => [name, resolved(document, property)])
          )
        })
  }
}

const uri = { type: "string", format: "uri" }

/** As a schema of JSON Schema in which every property is required, and no other allowed. */
const strict = (schema: Schema): Schema => {
  // Ajv knows `nullable`, next to a type.
  const { format, nullable = false, properties, items, ...rest } = schema
  const properly = Object.entries(properties ?? {}).map(([name, property]) => [name, strict(property)] as const)
  return {
    ...rest,
    ...(format === undefined ? {} : format === "uri-map" ? { additionalProperties: uri } : { format }),
    ...(nullable && rest.type !== undefined ? { nullable } : {}),
    ...(items === undefined ? {} : { items: strict(items) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(properly), required: Object.keys(properties), additionalProperties: false })
  }
}

const ajv = new Ajv({ allErrors: true, strict: true, keywords: ["example", "x-twilio"] })
const lenient = new Ajv({ allErrors: true, strict: false, coerceTypes: "array", keywords: ["example", "x-twilio"] })
for (const one of [ajv, lenient]) {
  addFormats.default(one)
  one.addFormat("http-method", true)
}

interface Known {
  readonly document: Document
  readonly path: string
  readonly pattern: RegExp
  readonly names: ReadonlyArray<string>
}

const known: ReadonlyArray<Known> = Object.values(documents).flatMap((document) =>
  Object.keys(document.paths).map((path) => ({
    document,
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/gu, "([^/]+)")}$`, "u"),
    names: [...path.matchAll(/\{(\w+)\}/gu)].map(([, name = ""]) => name)
  }))
)

/** What both documents have at this path and method. */
const operationOf = (method: string, pathname: string) => {
  const found = known.find(({ pattern }) => pattern.test(pathname))
  const operation = found?.document.paths[found.path]?.[method.toLowerCase() as "get" | "post"]
  return found === undefined || operation === undefined ? undefined : { ...found, operation }
}

const compiled = new Map<string, ValidateFunction>()
const once = (name: string, make: () => ValidateFunction): ValidateFunction => {
  const validate = compiled.get(name) ?? make()
  compiled.set(name, validate)
  return validate
}

const problems = (validate: ValidateFunction, value: unknown): ReadonlyArray<string> =>
  validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)

/**
 * What is wrong with a request: its host, if it names one of Twilio's, its path, its query, its form; each as the document has
 * it, and nothing else.
 */
export const judgeRequest = async (request: Request): Promise<ReadonlyArray<string>> => {
  const url = new URL(request.url)
  const found = operationOf(request.method, url.pathname)
  if (found === undefined) return ["the documents have no such operation"]
  const { document, names, operation, path, pattern } = found
  const values = pattern.exec(url.pathname)?.slice(1) ?? []
  const query: Record<string, string | ReadonlyArray<string>> = {}
  for (const name of url.searchParams.keys()) {
    const all = url.searchParams.getAll(name)
    query[name] = all.length === 1 ? (all[0] ?? "") : all
  }
  const wrong: Array<string> = []
  if (url.hostname.endsWith(".twilio.com") && url.origin !== document.paths[path]?.servers[0]?.url) {
    wrong.push(`not at ${url.origin}`)
  }
  for (const [where, given] of [
    ["path", Object.fromEntries(names.map((name, index) => [name, decodeURIComponent(values[index] ?? "")]))],
    ["query", query]
  ] as const) {
    const validate = once(`${operation.operationId} ${where}`, () => {
      const parameters = (operation.parameters ?? []).filter((parameter) => parameter.in === where)
      return lenient.compile({
        type: "object",
        properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, resolved(document, schema)])),
        required: parameters.filter(({ required }) => required).map(({ name }) => name),
        additionalProperties: false
      })
    })
    wrong.push(...problems(validate, given).map((problem) => `${where}${problem}`))
  }
  const [[type, media] = []] = Object.entries(operation.requestBody?.content ?? {})
  if (media !== undefined) {
    if (!request.headers.get("content-type")?.startsWith(type ?? "")) wrong.push(`the body is not ${type}`)
    const validate = once(`${operation.operationId} body`, () =>
      lenient.compile({ ...resolved(document, media.schema), additionalProperties: false })
    )
    const fields = Object.fromEntries(new URLSearchParams(await request.text()))
    wrong.push(...problems(validate, fields).map((problem) => `body${problem}`))
  }
  return wrong
}

const number = { type: "integer", minimum: 20_000, maximum: 99_999 }
const status = { type: "integer", minimum: 400, maximum: 599 }
const text = { type: "string", minLength: 1 }
const object = (properties: Record<string, object>) =>
  ajv.compile({ type: "object", properties, required: Object.keys(properties), additionalProperties: false })

/** Documented in prose, and not in the documents: what every error has, in the form of Twilio and of RFC 9457. */
const failed = {
  "application/json": object({ code: number, message: text, more_info: uri, status }),
  "application/problem+json": object({ type: uri, title: text, status, code: number, detail: text })
}

/** The schema of a reply. */
const validatorOf = (request: Request, response: Response): ValidateFunction | undefined => {
  const found = operationOf(request.method, new URL(request.url).pathname)
  const schema = found?.operation.responses[`${response.status}`]?.content?.["application/json"]?.schema
  if (found === undefined || schema === undefined) return undefined
  return once(`${found.operation.operationId} ${response.status}`, () =>
    ajv.compile(strict(resolved(found.document, schema)))
  )
}

/** What is wrong with a reply, if anything. */
export const judge = async (request: Request, response: Response): Promise<ReadonlyArray<string>> => {
  const type =
    response.headers.get("content-type") === "application/problem+json"
      ? "application/problem+json"
      : "application/json"
  const validate = response.ok ? validatorOf(request, response) : failed[type]
  const body: unknown = await response.json()
  const wrong = validate === undefined ? ["the documents have no such reply"] : [...problems(validate, body)]
  if (response.headers.get("content-type") !== type) wrong.push(`not ${type}`)
  if (!response.ok && (body as { readonly status: number }).status !== response.status)
    wrong.push("/status is not the status")
  if (!/^RQ[0-9a-f]{32}$/u.test(response.headers.get("twilio-request-id") ?? "")) wrong.push("no Twilio-Request-Id")
  if (!/^[1-9]\d*$/u.test(response.headers.get("twilio-concurrent-requests") ?? ""))
    wrong.push("no Twilio-Concurrent-Requests")
  if (Number.isNaN(Date.parse(response.headers.get("date") ?? ""))) wrong.push("no Date")
  return wrong.map((what) => `${request.method} ${request.url} ${response.status}: ${what}`)
}

export interface Judged extends Served {
  /** `METHOD /path?query` of each request so far. */
  readonly requests: Array<string>
  /** What was wrong with the replies so far. */
  readonly verdict: Array<string>
  /** What was wrong with those requests so far that were carried out. */
  readonly wrongly: Array<string>
}

/** A sandbox behind a port, each reply of which is judged. */
export const judged = async (sandbox = Sandbox.make()): Promise<Judged> => {
  const requests: Array<string> = []
  const verdict: Array<string> = []
  const wrongly: Array<string> = []
  const served = await serve({
    ...sandbox,
    fetch: async (request) => {
      const { pathname, search } = new URL(request.url)
      requests.push(`${request.method} ${pathname}${search}`)
      const sent = request.clone()
      const response = await sandbox.fetch(request)
      const failed = (error: unknown) => [String(error)]
      verdict.push(...(await judge(sent, response.clone()).catch(failed)))
      if (response.ok) wrongly.push(...(await judgeRequest(sent).catch(failed)))
      return response
    }
  })
  return { ...served, requests, verdict, wrongly }
}
