/** What GitHub makes of a Markdown page: its headings, their anchors, and where its links lead. */

/** The page without code, so that nothing in an example counts as a heading or a link. */
export const prose = (page: string): string =>
  page
    .replaceAll(/^( *)(```+)[^]*?^\1\2$/gmu, "")
    .replaceAll(/(`+)(?:(?!\1)[^])+\1/gu, (code) => code.replaceAll(/[[\]()]/gu, ""))

export interface Heading {
  readonly level: number
  readonly title: string
  readonly anchor: string
}

/** Anchors as GitHub makes them: lower case, without punctuation, and numbered where one comes again. */
export const headings = (page: string): ReadonlyArray<Heading> => {
  const seen = new Map<string, number>()
  return Array.from(
    page.replaceAll(/^( *)(```+)[^]*?^\1\2$/gmu, "").matchAll(/^(#+) (.+)$/gmu),
    ([, marks = "", text = ""]) => {
      const title = text.replaceAll(/\[([^\]]*)\]\([^)]*\)/gu, "$1")
      const slug = title
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(" ", "-")
      const times = seen.get(slug) ?? 0
      seen.set(slug, times + 1)
      return { level: marks.length, title, anchor: times === 0 ? slug : `${slug}-${times}` }
    }
  )
}

/** Targets of the page's links and pictures. */
export const links = (page: string): ReadonlyArray<string> =>
  [
    ...prose(page).matchAll(/\]\(<?([^()\s>]+(?:\([^()]*\)[^()\s>]*)?)>?(?: "[^"]*")?\)/gu),
    ...prose(page).matchAll(/^\[[^\]]+\]: <?(\S+?)>?$/gmu),
    ...prose(page).matchAll(/<(?:a|img)\b[^>]*? (?:href|src)="([^"]+)"/gu)
  ].map(([, target = ""]) => target)

/** The list of a page's sections, as it is above the first of them. */
export const contents = (page: string): string =>
  headings(page)
    .filter(({ level }) => level === 2)
    .map(({ anchor, title }) => `- [${title}](#${anchor})\n`)
    .join("")

const listed = /^- \[.+\]\(#.+\)\n(?:- \[.+\]\(#.+\)\n)+/mu

/** The page with its list of sections up to date; where there was none, it gets one. */
export const withContents = (page: string): string => {
  const first = page.search(/^## /mu)
  const [head, rest] = [page.slice(0, first), page.slice(first)]
  return listed.test(head) ? head.replace(listed, contents(page)) + rest : `${head}${contents(page)}\n${rest}`
}
