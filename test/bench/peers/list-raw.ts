/** The floor of a listing: node:http or fetch, JSON.parse, and the next page; each page is dropped before the next. */
import { path } from "../channel.ts"
import { overFetch, overHttp } from "./flex.ts"
import { listing } from "./listing.ts"

interface Page {
  readonly participants: ReadonlyArray<unknown>
  readonly meta: { readonly next_page_url: string | null }
}

await listing(async ({ way, size, pageSize }) => {
  const send = way === "http" ? overHttp : overFetch
  let count = 0
  let next: string | undefined = `${path(size)}?PageSize=${pageSize}`
  while (next !== undefined) {
    const page = JSON.parse(await send("GET", next)) as Page
    count += page.participants.length
    const url = page.meta.next_page_url === null ? undefined : new URL(page.meta.next_page_url)
    next = url && `${url.pathname}${url.search}`
  }
  return count
})
