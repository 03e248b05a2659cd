/**
 * Puts what hosts read of the tools into the bundle as data: for each offer that an operator's limits can leave. To make JSON Schemas
 * of schemas takes 20 KB, and 5 ms of each start.
 */
import type { Plugin } from "rolldown"
import { offers } from "../src/tools/Limits.ts"
import { listing } from "../src/tools/Listing.ts"

const data = () => {
  const tools: Array<string> = []
  const place = (tool: object) => {
    const json = JSON.stringify(tool)
    return tools.includes(json) ? tools.indexOf(json) : tools.push(json) - 1
  }
  const listings = offers.map((offer) => {
    const { instructions, tools } = listing(offer)
    return [JSON.stringify(offer), { instructions, tools: tools.map(place) }] as const
  })
  return { listings: Object.fromEntries(listings), tools: JSON.stringify(tools) }
}

export const listingAsData: Plugin = {
  name: "listing-as-data",
  load: {
    filter: { id: /[\\/]src[\\/]tools[\\/]Listing\.ts$/u },
    handler: () => {
      const { listings, tools } = data()
      return `const listings = ${JSON.stringify(listings)}
const tools = ${tools}
export const listing = (offer) => {
  const { instructions, tools: places } = listings[JSON.stringify(offer)]
  return { instructions, tools: places.map((place) => JSON.parse(tools[place])) }
}
`
    }
  }
}
