/** Who may ask. */
import { fromBase64 } from "./Form.ts"

export interface Credentials {
  readonly accountSid: string
  readonly authToken: string
  readonly apiKey: string
  readonly apiSecret: string
}

/** What a sandbox accepts unless told otherwise. Not secrets: they open nothing but a sandbox. */
export const defaults: Credentials = {
  accountSid: `AC${"0".repeat(31)}1`,
  authToken: "sandbox-auth-token",
  apiKey: `SK${"0".repeat(31)}1`,
  apiSecret: "sandbox-api-secret"
}

/** Documented: Basic auth, by account or by API key. */
export const checker = (credentials: Credentials): ((request: Request) => boolean) => {
  const accepted = new Set([
    `${credentials.accountSid}:${credentials.authToken}`,
    `${credentials.apiKey}:${credentials.apiSecret}`
  ])
  return (request) => {
    const [, encoded = ""] = /^basic +(\S+)$/iu.exec(request.headers.get("authorization") ?? "") ?? []
    return accepted.has(fromBase64(encoded) ?? "")
  }
}
