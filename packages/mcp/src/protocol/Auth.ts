/** Who may call over HTTP: holders of one bearer token, or of a JWT that an authorization server issued for this server. */
import {
  type AuthInfo,
  OAuthError,
  OAuthErrorCode,
  type OAuthTokenVerifier,
  requireBearerAuth
} from "@modelcontextprotocol/server"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createRemoteJWKSet, customFetch, errors, jwtVerify } from "jose"

export type Settings =
  | { readonly token: Redacted.Redacted }
  | {
      /** Where the authorization server publishes its keys. */
      readonly jwksUrl: URL
      /** The `iss` that a token must have. */
      readonly issuer: string
      /** The `aud` that a token must have. */
      readonly audience: string
    }

export type Gate = (request: Request) => Promise<AuthInfo | Response>

/**
 * Lets a request with a good token pass, and answers any other with 401 and a challenge. While the keys cannot be had the
 * answer is 503: the token may be good, and the client should not throw it away.
 */
export const gate = (
  settings: Settings,
  resourceMetadataUrl: string | undefined,
  fetch: typeof globalThis.fetch
): Gate => {
  const verify = "token" in settings ? sharedToken(settings.token) : jwt(settings, fetch)
  const bearer = requireBearerAuth({
    verifier: { verifyAccessToken: verify },
    ...(resourceMetadataUrl === undefined ? undefined : { resourceMetadataUrl })
  })
  return async (request) => {
    const answer = await bearer(request)
    return answer instanceof Response && answer.status >= 500 ? unavailable() : answer
  }
}

const unavailable = () =>
  Response.json(
    { error: "temporarily_unavailable", error_description: "The keys that tokens are checked with cannot be had now." },
    { status: 503, headers: { "Retry-After": "5" } }
  )

const invalid = (why: string) => new OAuthError(OAuthErrorCode.InvalidToken, why)

/** Digests are compared, so that the time it takes tells nothing about the token, not even its length. */
const sharedToken = (token: Redacted.Redacted): OAuthTokenVerifier["verifyAccessToken"] => {
  const expected = digest(Redacted.value(token))
  return async (given) => {
    const [left, right] = await Promise.all([expected, digest(given)])
    if (left.reduce((difference, byte, index) => difference | (byte ^ (right[index] ?? 256)), 0) !== 0) {
      throw invalid("this is not the token that this server was given")
    }
    return { token: given, clientId: "bearer", scopes: [], expiresAt: (await nowSeconds()) + 3600 }
  }
}

const digest = async (text: string) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))

const nowSeconds = () => Effect.runPromise(Effect.map(Clock.currentTimeMillis, (millis) => Math.floor(millis / 1000)))

/** Public keys only: neither `none` nor a shared secret can pass for a signature. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]

const jwt = (
  settings: Exclude<Settings, { readonly token: unknown }>,
  fetch: typeof globalThis.fetch
): OAuthTokenVerifier["verifyAccessToken"] => {
  // A key that is not known is looked for again, but no oftener than every five seconds: anybody can send an unknown key.
  const keys = createRemoteJWKSet(settings.jwksUrl, { cooldownDuration: 5000, [customFetch]: fetch })
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, {
      issuer: settings.issuer,
      audience: settings.audience,
      algorithms,
      requiredClaims: ["exp"],
      clockTolerance: 30
    }).catch((error: unknown) => {
      throw keysCannotBeHad(error) ? error : invalid(reason(error))
    })
    return {
      token,
      clientId: payload.sub ?? (typeof payload["client_id"] === "string" ? payload["client_id"] : "unnamed"),
      scopes: typeof payload["scope"] === "string" ? payload["scope"].split(" ") : [],
      expiresAt: payload.exp ?? 0
    }
  }
}

const keysCannotBeHad = (error: unknown): boolean =>
  !(error instanceof errors.JOSEError) ||
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  error.code === "ERR_JOSE_GENERIC"

const reason = (error: unknown): string => {
  if (error instanceof errors.JWTExpired) return "the token has expired"
  if (error instanceof errors.JWTClaimValidationFailed)
    return `the token's claim ${error.claim} is not the one expected`
  return "the token is not one that the authorization server signed for this server"
}
