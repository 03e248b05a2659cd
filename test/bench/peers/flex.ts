/** What each peer's tools do with the API, as short as it goes. */

interface Channel {
  readonly interaction_sid: string
  readonly channel_sid: string
}

interface WireParticipant {
  readonly sid: string
  readonly type: string
  readonly routing_properties: {
    readonly task_sid: string
    readonly worker_sid: string
    readonly reservation_sid: string
  } | null
}

interface WirePage {
  readonly participants: ReadonlyArray<WireParticipant>
  readonly meta: { readonly next_page_url: string | null }
}

/** Sends a request and gives the text of a 2xx reply. */
export type Send = (method: "GET" | "POST", path: string, form?: string) => Promise<string>

const { FLEX_API_BASE_URL = "", TWILIO_API_KEY = "", TWILIO_API_SECRET = "" } = process.env
const headers = {
  accept: "application/json",
  authorization: `Basic ${btoa(`${TWILIO_API_KEY}:${TWILIO_API_SECRET}`)}`
}
const formHeaders = { ...headers, "content-type": "application/x-www-form-urlencoded" }

export const overFetch: Send = async (method, path, form) => {
  const response = await fetch(
    `${FLEX_API_BASE_URL}${path}`,
    form === undefined ? { method, headers } : { method, headers: formHeaders, body: form }
  )
  if (!response.ok) throw new Error(`HTTP ${response.status}`)
  return response.text()
}

let http: Promise<{ readonly agent: import("node:http").Agent; readonly request: typeof import("node:http").request }>

/** The least that Node asks for a request: node:http, loaded with the first one, on a connection that stays. */
export const overHttp: Send = async (method, path, form) => {
  http ??= import("node:http").then(({ Agent, request }) => ({ agent: new Agent({ keepAlive: true }), request }))
  const { agent, request } = await http
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${FLEX_API_BASE_URL}${path}`,
      { method, agent, headers: form === undefined ? headers : { ...formHeaders, "content-length": form.length } },
      (response) => {
        const chunks: Array<Buffer> = []
        response.on("data", (chunk: Buffer) => chunks.push(chunk))
        response.on("error", reject)
        response.on("end", () =>
          response.statusCode === 200
            ? resolve(Buffer.concat(chunks).toString())
            : reject(new Error(`HTTP ${response.statusCode}`))
        )
      }
    )
    outgoing.on("error", reject)
    outgoing.end(form)
  })
}

const path = ({ interaction_sid, channel_sid }: Channel) =>
  `/v1/Interactions/${interaction_sid}/Channels/${channel_sid}/Participants`

const row = ({ sid, type, routing_properties }: WireParticipant) => ({
  participant_sid: sid,
  type,
  ...(routing_properties === null
    ? undefined
    : {
        worker_sid: routing_properties.worker_sid,
        task_sid: routing_properties.task_sid,
        reservation_sid: routing_properties.reservation_sid
      })
})

/** One page. */
export const list = async (send: Send, input: Channel & { readonly limit?: number | undefined }) => {
  const page = JSON.parse(await send("GET", `${path(input)}?PageSize=${input.limit ?? 50}`)) as WirePage
  return { participants: page.participants.map(row) }
}

/** Looks the agent up, and then moves them. */
export const setStatus = async (
  send: Send,
  input: Channel & { readonly participant_sid: string; readonly status: string }
) => {
  const page = JSON.parse(await send("GET", `${path(input)}?PageSize=1000`)) as WirePage
  const found = page.participants.find(({ sid }) => sid === input.participant_sid)
  if (found?.type !== "agent") throw new Error("not an agent of this channel")
  await send("POST", `${path(input)}/${input.participant_sid}`, `Status=${input.status}`)
  return { result: "accepted", status: input.status, ...row(found) }
}

/** A result as the protocol wants it, the same data twice. */
export const result = (data: { readonly [key: string]: unknown }) => ({
  content: [{ type: "text" as const, text: JSON.stringify(data) }],
  structuredContent: data
})

export const failed = (error: unknown) => ({
  content: [{ type: "text" as const, text: error instanceof Error ? error.message : String(error) }],
  isError: true
})
