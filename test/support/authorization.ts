/** An authorization server that publishes its keys, as often and as badly as a test wants, and issues tokens. */
import { once } from "node:events"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose"

export const issuer = "https://issuer.example"
export const audience = "https://mcp.example.com/mcp"

export const pair = async (kid: string) => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true })
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "ES256", use: "sig" } }
}

export type Pair = Awaited<ReturnType<typeof pair>>

/** A good token, unless it is changed. */
export const sign = (
  { kid, privateKey }: Pair,
  change: (jwt: SignJWT) => SignJWT = (jwt) => jwt,
  claims: Record<string, unknown> = { sub: "supervisor" }
) =>
  change(
    new SignJWT(claims)
      .setProtectedHeader({ alg: "ES256", kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt()
      .setExpirationTime("5 minutes")
  ).sign(privateKey)

export const bearer = (jwt: string) => ({ Authorization: `Bearer ${jwt}` })

export const start = async () => {
  let keys: ReadonlyArray<JWK> = []
  let fetches = 0
  const publish: RequestListener = (_, response) => {
    response.setHeader("Content-Type", "application/json").end(JSON.stringify({ keys }))
  }
  let answer = publish
  const server = createServer((request, response) => {
    fetches += 1
    answer(request, response)
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    /** The arguments of a server that takes its tokens. */
    args: [
      `--jwks-url=http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
      `--issuer=${issuer}`,
      `--audience=${audience}`,
      `--url=${audience}`
    ],
    publish: (...pairs: ReadonlyArray<Pair>) => {
      keys = pairs.map(({ jwk }) => jwk)
      answer = publish
    },
    answerWith: (listener: RequestListener) => {
      answer = listener
    },
    fetches: () => fetches,
    close: () => {
      server.close()
      server.closeAllConnections()
    }
  }
}
