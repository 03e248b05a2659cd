/** What a request carries. */
import { maxBody } from "./Reply.ts"

/** The body of a request, unless it is larger than {@link maxBody}: then no more of it is read. */
export const text = async (request: Request): Promise<string | undefined> => {
  const length = request.headers.get("content-length")
  if (length !== null) return Number(length) > maxBody ? undefined : request.text()
  const decoder = new TextDecoder()
  let [size, read] = [0, ""]
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maxBody) return undefined
    read += decoder.decode(chunk, { stream: true })
  }
  return read + decoder.decode()
}

/** The fields of a form. Assumed: a body that is not a form holds none. */
export const form = async (request: Request): Promise<URLSearchParams | undefined> => {
  const body = await text(request)
  if (body === undefined) return undefined
  const type = request.headers.get("content-type") ?? ""
  return new URLSearchParams(/^application\/x-www-form-urlencoded\b/iu.test(type) ? body : "")
}

/** What base64 says, unless it is none. */
export const fromBase64 = (encoded: string): string | undefined => {
  try {
    return atob(encoded)
  } catch {
    return undefined
  }
}

/** An object out of JSON, if that is what it is. */
export const parsed = (json: string): Readonly<Record<string, unknown>> | undefined => {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === "object" && value !== null ? { ...value } : undefined
  } catch {
    return undefined
  }
}
