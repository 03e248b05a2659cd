/** Lists, of any endpoint that has pages: a page, a stream, a list, the first that fits. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { Answer, TwilioClient } from "../TwilioClient.ts"
import type { TwilioError } from "../TwilioError.ts"
import * as Endpoint from "./endpoint.ts"
import { invalid } from "./invalid.ts"
import * as Telemetry from "./telemetry.ts"

/** The most that one request can list. */
export const maxPageSize = 1000

/** Twilio's tokens have some 60 characters; an assistant reads what a cursor has. */
const maxTokenBytes = 4096

/**
 * Finds a circle of pages of any length while remembering one of them (Brent's algorithm): the mark moves to the current
 * page each time the distance since the last move has doubled.
 */
const Guard = Schema.Struct({
  mark: Schema.optionalKey(Schema.String),
  steps: Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  power: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))
})
type Guard = typeof Guard.Type

/** Where a next page starts, and what finds a circle of pages: a program that passes it on is guarded, from process to process too. */
export const Cursor = Schema.Struct({
  page: Schema.optionalKey(Schema.String),
  pageToken: Schema.optionalKey(Schema.String),
  guard: Schema.optionalKey(Guard)
})
export type Cursor = typeof Cursor.Type

/** What one request lists. It can be empty and still have a next. */
export interface Page<A> {
  readonly items: ReadonlyArray<A>
  /** Missing on the last page. */
  readonly next?: Cursor
}

/** Filters of the list, by their names in the query. */
export type Query = { readonly [name: string]: string | ReadonlyArray<string> | undefined }

interface Rows<Row> {
  readonly rows: ReadonlyArray<Row>
  readonly next: Cursor | undefined
  /** What the page says of itself, if it does: its number, from 0, and its own address. */
  readonly page: unknown
  readonly url: unknown
}

export interface Options<Path extends string, Row> extends Omit<
  Endpoint.Options<Path, Row>,
  "method" | "access" | "reply" | "conflict"
> {
  /** The key of the reply that has the rows, such as `participants`. */
  readonly rows: string
  readonly row: Schema.ConstraintDecoder<Row>
}

const Meta = Schema.Struct({
  meta: Schema.optionalKey(
    Schema.NullOr(
      Schema.Struct({
        page: Schema.optionalKey(Schema.Unknown),
        url: Schema.optionalKey(Schema.Unknown),
        next_page_url: Schema.optionalKey(Schema.NullOr(Schema.String))
      })
    )
  )
})
const decodeMeta = Schema.decodeUnknownResult(Meta)

/** An endpoint whose reply is a page of rows. */
export const endpoint = <const Path extends string, Row>({ row, rows, ...options }: Options<Path, Row>) => {
  const decodeRows = Schema.decodeUnknownResult(Schema.Struct({ [rows]: Schema.Array(row) }))
  return Endpoint.make({
    ...options,
    method: "GET",
    access: "read",
    rows,
    reply: (body): Result.Result<Rows<Row>, Schema.SchemaError | string> =>
      Result.flatMap(decodeRows(body), (found) =>
        Result.flatMap(decodeMeta(body), ({ meta }): Result.Result<Rows<Row>, string> => {
          const { next_page_url: next, page, url } = meta ?? {}
          const own = { rows: found[rows] ?? [], page, url }
          return next == null
            ? Result.succeed({ ...own, next: undefined })
            : Result.map(toCursor(next), (next) => ({ ...own, next }))
        })
      )
  })
}

const anyOrigin = "https://flex-api.twilio.com"

/** `Page` and `PageToken` alone: origin and path are ignored on purpose, since credentials go nowhere else. */
const toCursor = (nextPageUrl: string): Result.Result<Cursor, string> => {
  const query = URL.canParse(nextPageUrl, anyOrigin) ? new URL(nextPageUrl, anyOrigin).searchParams : undefined
  const page = query?.get("Page")
  const pageToken = query?.get("PageToken")
  if (page == null && pageToken == null) return Result.fail("next_page_url has no PageToken and no Page")
  const bytes = new TextEncoder().encode(`${page ?? ""}${pageToken ?? ""}`).byteLength
  return bytes > maxTokenBytes
    ? Result.fail(`next_page_url has a token of ${bytes} bytes, and at most ${maxTokenBytes} are taken`)
    : Result.succeed({ ...(page == null ? undefined : { page }), ...(pageToken == null ? undefined : { pageToken }) })
}

/** Where there is a token it alone says where a page starts; `Page` is "simply for client state", says Twilio. */
const advance = ({ mark, power, steps }: Guard, { page, pageToken }: Cursor): Guard | undefined => {
  const key = fingerprint(pageToken ?? `Page=${page}`)
  if (key === mark) return undefined
  if (steps + 1 === power) return { mark: key, steps: 0, power: power * 2 }
  return { ...(mark === undefined ? undefined : { mark }), steps: steps + 1, power }
}
const firstGuard: Guard = { steps: 0, power: 1 }

/** FNV-1a, 64 bits: a mark does not make a cursor twice as long. */
const fingerprint = (text: string): string => {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash.toString(36)
}

/** The SIDs in a text, in lower case. */
const sidsIn = (text: string): ReadonlyArray<string> => text.toLowerCase().match(/\b[a-z]{2}[0-9a-f]{32}\b/gu) ?? []

const wordsIn = (text: string): ReadonlyArray<string> => text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? []

/**
 * Does the address of a page say that it is one of another list? It does if it names another SID (a page's token can have any), or if
 * a filter of it has no word in common with what was asked for: Twilio may write values in its own way. What it leaves out says nothing.
 */
const isOfAnotherList = (url: unknown, path: string, query: Query): boolean => {
  if (typeof url !== "string" || !URL.canParse(url, anyOrigin)) return false
  const { pathname, searchParams } = new URL(url, anyOrigin)
  searchParams.delete("PageToken")
  const asked = sidsIn([path, ...Object.values(query).flat()].join(" "))
  if (!sidsIn([pathname, ...searchParams.values()].join(" ")).every((sid) => asked.includes(sid))) return true
  return Object.entries(query).some(([name, value]) => {
    const wanted = wordsIn([value].flat().join(" "))
    const found = wordsIn(searchParams.getAll(name).join(" "))
    return wanted.length > 0 && found.length > 0 && !found.some((word) => wanted.includes(word))
  })
}

/** Why a page is not the one that was asked for, as far as it says. The one before, if its reply came twice, fits otherwise. */
const strayPage = (
  { page, url }: Rows<unknown>,
  asked: { readonly cursor: Cursor | undefined; readonly path: string; readonly query: Query }
): string | undefined => {
  const { cursor, path, query } = asked
  const wanted = cursor === undefined ? 0 : cursor.page === undefined ? undefined : Number(cursor.page)
  if (Number.isInteger(page) && Number.isInteger(wanted) && page !== wanted) {
    return `the reply is page ${String(page)}, and page ${wanted} was asked for`
  }
  return isOfAnotherList(url, path, query)
    ? "the reply is a page of another list than was asked for: its url names something else"
    : undefined
}

/** What all methods take besides the parameters of the path. */
export interface Asked {
  readonly query?: Query
  readonly connection?: "kept" | "fresh"
}

/**
 * The methods of a service that list, for this endpoint; `toItem` turns a row into what the service gives, with the time of
 * the reply that it came with. Their spans are
 * called as the endpoint is, with `.list` at the end as the name of the method: `Participants.list` makes `Participants.page`,
 * and `Tasks.reservations` stays as it is.
 */
export const make = <P, Row, Item>(
  client: TwilioClient["Service"],
  endpoint: Endpoint.Endpoint<P, Rows<Row>>,
  toItem: (params: P, answer: Pick<Answer<unknown>, "date">) => (row: Row) => Item
) => {
  const span = (method: string) => endpoint.name.replace(/\.list$/u, `.${method}`)
  const fail = (problem: string) => Effect.fail(invalid(endpoint.name, problem))
  const within = (name: string, value: number, most: number) =>
    Number.isInteger(value) && value >= 1 && value <= most
      ? Effect.void
      : fail(`${name}: expected a whole number from 1 to ${most}`)

  /**
   * The endpoint, for the page at this cursor: a reply that is another page, or that leads back to one, is no answer, as if it
   * were about something else.
   */
  const pageOf = (cursor: Cursor | undefined, query: Query | undefined): Endpoint.Endpoint<P, Rows<Row>> => ({
    ...endpoint,
    decode: (body, params) =>
      Result.flatMap(endpoint.decode(body, params), (found) => {
        const { next } = found
        const path = Result.getOrElse(endpoint.pathOf(params), () => "")
        const stray = strayPage(found, { cursor, path, query: query ?? {} })
        if (stray !== undefined) return Result.fail(stray)
        if (next === undefined) return Result.succeed(found)
        const guard = advance(cursor?.guard ?? firstGuard, next)
        return guard === undefined
          ? Result.fail("the pages repeat")
          : Result.succeed({ ...found, next: { ...next, guard } })
      })
  })

  const fetchPage = Effect.fnUntraced(function* (
    params: P,
    pageSize: number | undefined,
    cursor: Cursor | undefined,
    { connection, query }: Asked = {}
  ): Effect.fn.Return<Page<Item>, TwilioError> {
    if (pageSize !== undefined) yield* within("pageSize", pageSize, maxPageSize)
    const answer = yield* client.executeWithReply(pageOf(cursor, query), {
      params,
      query: { ...query, PageSize: pageSize?.toString(), Page: cursor?.page, PageToken: cursor?.pageToken },
      connection
    })
    yield* Telemetry.add("twilio.pages", 1)
    const { next, rows } = answer.value
    const items = rows.map(toItem(params, answer))
    return next === undefined ? { items } : { items, next }
  })

  const page = (params: P, options: Asked & { readonly pageSize?: number; readonly cursor?: Cursor } = {}) =>
    fetchPage(params, options.pageSize, options.cursor, options).pipe(Telemetry.withSpan(span("page"), endpoint.name))

  const stream = (
    params: P,
    options: Asked & { readonly pageSize?: number } = {}
  ): Stream.Stream<Item, TwilioError> => {
    const fetchFrom = (cursor?: Cursor) => fetchPage(params, options.pageSize ?? maxPageSize, cursor, options)
    const pages = Effect.map(Effect.scope, (scope) =>
      Stream.paginate(fetchFrom(), (page) =>
        Effect.gen(function* () {
          const { items, next } = yield* page
          if (next === undefined) return [items, Option.none()] as const
          // The next page is asked for once this one's consumer has paused: who stops at once asks for no more.
          const ahead = yield* Effect.forkIn(Effect.andThen(Effect.yieldNow, fetchFrom(next)), scope)
          return [items, Option.some(Fiber.join(ahead))] as const
        })
      )
    )
    return Stream.withSpan(Stream.unwrap(pages), span("stream"), { attributes: { "twilio.operation": endpoint.name } })
  }

  const list = Effect.fnUntraced(
    function* (params: P, options: Asked & { readonly limit?: number; readonly pageSize?: number } = {}) {
      const limit = options.limit ?? Number.POSITIVE_INFINITY
      if (options.limit !== undefined) yield* within("limit", limit, Number.MAX_SAFE_INTEGER)
      const everything: Array<Item> = []
      let cursor: Cursor | undefined
      while (true) {
        const page: Page<Item> = yield* fetchPage(params, options.pageSize ?? fitting(limit), cursor, options)
        for (const item of page.items) everything.push(item)
        if (everything.length >= limit) return everything.slice(0, limit)
        if (page.next === undefined) return everything
        cursor = page.next
      }
    },
    Telemetry.withSpan(span("list"), endpoint.name)
  )

  /** The first that fits; no page behind it is asked for. `onPage` is told how many were read so far. */
  const find = Effect.fnUntraced(
    function* (
      params: P,
      fits: (item: Item) => boolean,
      options: Asked & { readonly onPage?: ((read: number) => Effect.Effect<void>) | undefined } = {}
    ) {
      let read = 0
      let cursor: Cursor | undefined
      while (true) {
        const page: Page<Item> = yield* fetchPage(params, maxPageSize, cursor, options)
        read += page.items.length
        if (options.onPage !== undefined) yield* options.onPage(read)
        const found = page.items.find(fits)
        if (found !== undefined) return Option.some(found)
        if (page.next === undefined) return Option.none<Item>()
        cursor = page.next
      }
    },
    Telemetry.withSpan(span("find"), endpoint.name)
  )

  return { page, stream, list, find }
}

/** The smallest page size with which `limit` takes the fewest pages. */
const fitting = (limit: number) =>
  Number.isFinite(limit) ? Math.ceil(limit / Math.ceil(limit / maxPageSize)) : maxPageSize
