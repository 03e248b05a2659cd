/**
 * An endpoint of Twilio's API as a value. The URL, the span, the metric's label, the rate limit's budget, what may be sent
 * again, the words of a 404 and of a 409, and which reply belongs to which request all derive from it: nothing else knows
 * a path.
 */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Sid from "../Sid.ts"

/** Which of Twilio's APIs: each has an origin of its own, and credentials go to no other. */
export type Host = "flex" | "taskrouter"

/** The SIDs that a path can name, by the names that Twilio's documents give them. */
const prefixes = {
  ChannelSid: "UO",
  InteractionSid: "KD",
  InviteSid: "KG",
  ParticipantSid: "UT",
  ReservationSid: "WR",
  TaskSid: "WT",
  WorkerSid: "WK",
  WorkspaceSid: "WS"
} as const satisfies { readonly [name: string]: Sid.ResourcePrefix }
type SidName = keyof typeof prefixes

type Named<Path extends string> = Path extends `${string}{${infer Name}}${infer Rest}` ? Name | Named<Rest> : never

/** What a path needs: `…/Interactions/{InteractionSid}` needs `{ interactionSid }`. A reference can be passed as it is. */
export type Params<Path extends string> = {
  readonly [Name in Named<Path> as Uncapitalize<Name>]: Name extends SidName ? Sid.Of<(typeof prefixes)[Name]> : never
}

/** An endpoint that takes the parameters `P` in its path and whose reply means `A`. Made by {@link make}. */
export interface Endpoint<in P, out A> {
  /** The service and the method, such as `Participants.setStatus`: the span, the metric's label, `operation` of an error. */
  readonly name: string
  readonly host: Host
  readonly method: "GET" | "POST"
  /** Such as `/v1/Interactions/{InteractionSid}`. */
  readonly path: string
  /** A read may be sent again after a failure; a write only where the reply says that it was not carried out. */
  readonly access: "read" | "write"
  /** Its methods page through it, and have the spans. */
  readonly isList: boolean
  /** A request over a fresh connection cannot get the reply to another. */
  readonly connection: "kept" | "fresh"
  /** The most requests a second, where Twilio publishes fewer for this endpoint than for most. */
  readonly perSecond: number | undefined
  /** What a 404 means here, and what to do about it. */
  readonly notFound: string | undefined
  /** What a 409 or a 422 means here. */
  readonly conflict: string | undefined
  /** The path with its parameters in place, or what is wrong with which of them. */
  readonly pathOf: (params: P) => Result.Result<string, string>
  /** The JSON of a 2xx reply, or why it is not an answer to this request. */
  readonly decode: (body: unknown, params: P) => Result.Result<A, string>
}

export interface Options<Path extends string, A> {
  readonly name: `${Capitalize<string>}.${string}`
  readonly host: Host
  readonly method: "GET" | "POST"
  readonly path: Path
  readonly access: "read" | "write"
  /** Of the reply: a schema's decoder, such as `Schema.decodeUnknownResult(Channel)`. */
  readonly reply: (body: unknown) => Result.Result<A, Schema.SchemaError | string>
  /** The key of the reply that has its rows, for a list: each of them must belong to the path. */
  readonly rows?: string
  /** Default: a write has a fresh one, a read one that is kept. A read that proves a write says `fresh`. */
  readonly connection?: "kept" | "fresh"
  readonly perSecond?: number
  readonly notFound?: string
  readonly conflict?: string
}

/**
 * Makes an endpoint.
 *
 * A reply is checked by the schema and against the path: a SID in it that differs from the path's makes it the reply
 * to another request. The last SID of the path is the reply's `sid`, the others have their names, `InteractionSid` as
 * `interaction_sid`. A missing SID is no mismatch, but a write, and a read of one thing, must find at least one of them: a
 * reply without any may be the one to another request.
 */
export const make = <const Path extends string, A>(options: Options<Path, A>): Endpoint<Params<Path>, A> => {
  const { access, path, reply, rows } = options
  // "/v1/Interactions/", "InteractionSid", "/Channels/", …
  const parts = path.split(/[{}]/u)
  const names = parts.filter((_, index) => index % 2 === 1)
  const isItem = parts.at(-1) === "" && names.length > 0
  // The last one first: it says the most.
  const keys = names.map((name, index) => keyOf(name, isItem && index === names.length - 1)).toReversed()

  const pathOf = (params: Params<Path>) => {
    const given: Given = Object(params)
    for (const { param, prefix } of keys.toReversed()) {
      const problem = Sid.problem(prefix, given[param])
      if (problem !== undefined) return Result.fail(`${param}: ${problem}`)
    }
    return Result.succeed(parts.map((part, index) => (index % 2 === 0 ? part : given[uncapitalized(part)])).join(""))
  }

  const mismatch = (body: Given, asked: Given): string | undefined => {
    const wanted = keys.map(({ param, wire }) => ({ wire, sid: String(asked[param]) }))
    if (rows !== undefined) {
      const found = body[rows] as ReadonlyArray<Given>
      // There can be a thousand of them, which a loop makes a third cheaper.
      for (let index = 0; index < found.length; index++) {
        const key = alien(found[index] ?? {}, wanted)
        if (key !== undefined) return `${rows}[${index}] is not of what was asked for: its ${key} is another`
      }
      return undefined
    }
    const key = alien(body, wanted)
    if (key !== undefined) return `the reply is about something else than what was asked for: its ${key} is another`
    return (access === "read" && !isItem) || wanted.some(({ wire }) => body[wire] != null)
      ? undefined
      : `the reply does not say what it is about: it has no ${wanted.map(({ wire }) => wire).join(", ")}`
  }

  const decode = (body: unknown, params: Params<Path>) =>
    Result.flatMap(Result.mapError(reply(body), shape), (value) => {
      const problem = mismatch(Object(body), Object(params))
      return problem === undefined ? Result.succeed(value) : Result.fail(problem)
    })

  return {
    name: options.name,
    host: options.host,
    method: options.method,
    path,
    access,
    isList: rows !== undefined,
    connection: options.connection ?? (access === "write" ? "fresh" : "kept"),
    perSecond: options.perSecond,
    notFound: options.notFound,
    conflict: options.conflict,
    pathOf,
    decode
  }
}

type Given = { readonly [param: string]: unknown }

/** Where the parameter called `name` is found: in what is given, and in a reply. */
const keyOf = (name: string, isLast: boolean) => ({
  param: uncapitalized(name),
  prefix: prefixes[name as SidName],
  wire: isLast ? "sid" : uncapitalized(name).replaceAll(/[A-Z]/gu, (letter) => `_${letter.toLowerCase()}`)
})

const uncapitalized = (name: string) => name.slice(0, 1).toLowerCase() + name.slice(1)

/**
 * The key by which this is about something else than what was asked for. A SID that is missing says nothing; Twilio's are
 * compared without regard to case.
 */
const alien = (
  found: Given,
  wanted: ReadonlyArray<{ readonly wire: string; readonly sid: string }>
): string | undefined => {
  for (const { sid, wire } of wanted) {
    const value = found[wire]
    if (value != null && value !== sid && String(value).toLowerCase() !== sid.toLowerCase()) return wire
  }
  return undefined
}

const shape = (error: Schema.SchemaError | string): string =>
  typeof error === "string" ? error : `the reply has another shape: ${error.message}`
