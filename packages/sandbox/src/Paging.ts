/** Lists, a page at a time. */
import { fromBase64 } from "./Form.ts"
import type { Answer } from "./Reply.ts"
import type { Call } from "./Router.ts"
import type { Settings } from "./Assumptions.ts"

/** What is listed, in its order. */
export interface Rows<A> {
  readonly all: ReadonlyArray<A>
  /**
   * The index of the row with this SID, or, if it has left the list, the index that it would have; none if it was never in it. So a
   * page starts where it should, even if rows have left meanwhile.
   */
  readonly indexOf: (sid: string, index: number) => number | undefined
}

/** Rows with SIDs of this prefix, looked for one by one. In the place of one that is gone is the one that has moved up. */
export const rows = <A extends { readonly sid: string }>(
  all: ReadonlyArray<A>,
  taken: ReadonlySet<string>,
  prefix: string
): Rows<A> => ({
  all,
  indexOf: (sid, index) => {
    const found = all.findIndex((row) => row.sid === sid)
    if (found !== -1) return found
    return sid.startsWith(prefix) && taken.has(sid) ? Math.min(index, all.length) : undefined
  }
})

/**
 * Documented: `PageSize` 1 to 1000, default 50; `Page` from 0, which is client state and chooses nothing; `PageToken`, opaque; the
 * seven fields of `meta`. Assumed: what is out of range is refused; a parameter that does not exist is ignored; the filters are in the
 * addresses of the pages.
 */
export const list = <A extends { readonly sid: string }>(
  { reply, url }: Call,
  settings: Settings,
  key: string,
  { all, indexOf }: Rows<A>,
  show: (row: A) => unknown
): Answer => {
  const query = url.searchParams
  const asked = integer(query.get("PageSize") ?? "50")
  const pageSize = asked === undefined || settings.pageSize === "refuse" ? asked : Math.min(Math.max(asked, 1), 1000)
  if (pageSize === undefined || pageSize < 1 || pageSize > 1000) {
    return reply.invalid("PageSize must be a number from 1 to 1000")
  }
  const page = integer(query.get("Page") ?? "0")
  if (page === undefined || page < 0) return reply.invalid("Page must be a number from 0")
  const token = query.get("PageToken")
  const named = token === null ? undefined : fromToken(token)
  const start = token === null ? 0 : named && indexOf(named.sid, named.index)
  if (start === undefined) return reply.error(400, 21481, "Invalid PageToken")

  const end = Math.min(start + pageSize, all.length)
  const pageUrl = (page: number, first: number) => {
    const address = new URL(url.pathname, url.origin)
    for (const [name, value] of query)
      if (!/^Page(?:Size|Token)?$/u.test(name)) address.searchParams.append(name, value)
    address.searchParams.set("PageSize", `${pageSize}`)
    address.searchParams.set("Page", `${page}`)
    const row = first > 0 ? all[first] : undefined
    if (row !== undefined) address.searchParams.set("PageToken", toToken(row.sid, first))
    return address.href
  }
  return {
    response: Response.json({
      [key]: all.slice(start, end).map(show),
      meta: {
        page,
        page_size: pageSize,
        first_page_url: pageUrl(0, 0),
        previous_page_url: start > 0 ? pageUrl(Math.max(page - 1, 0), Math.max(start - pageSize, 0)) : null,
        url: pageUrl(page, start),
        next_page_url: end < all.length ? pageUrl(page + 1, end) : null,
        key
      }
    }),
    note: `listed ${end - start} of ${all.length}`
  }
}

/** Documented: a token is opaque. Assumed: it names the row that its page starts with. */
export const toToken = (sid: string, index: number): string => `PT${btoa(`${sid} ${index}`)}`

const fromToken = (token: string): { readonly sid: string; readonly index: number } | undefined => {
  const named = /^PT[A-Za-z0-9+/]+={0,2}$/u.test(token) ? fromBase64(token.slice(2)) : undefined
  const [, sid = "", index] = /^(\w+) (\d{1,9})$/u.exec(named ?? "") ?? []
  return index === undefined ? undefined : { sid, index: Number(index) }
}

const integer = (text: string): number | undefined => (/^-?\d{1,9}$/u.test(text) ? Number(text) : undefined)
