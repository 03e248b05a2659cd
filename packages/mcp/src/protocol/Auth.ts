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
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JSONWebKeySet,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey
} from "jose"

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
 * Lets a request with a good token pass, and answers any other with 401 and a challenge. While the keys are unavailable the
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
    {
      error: "temporarily_unavailable",
      error_description: "The keys that tokens are checked with are temporarily unavailable."
    },
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
    return { token: given, clientId: "bearer", scopes: [], expiresAt: Math.ceil((await now()) / 1000) + 3600 }
  }
}

const digest = async (text: string) =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)))

const now = () => Effect.runPromise(Clock.currentTimeMillis)

/** Public keys only: neither `none` nor a shared secret can pass for a signature. */
const algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]

/** For clocks that differ, in seconds. */
const tolerance = 30

const jwt = (
  settings: Exclude<Settings, { readonly token: unknown }>,
  fetch: typeof globalThis.fetch
): OAuthTokenVerifier["verifyAccessToken"] => {
  const fetched = { at: 0 }
  // A key that is not known is looked for again, but at most every five seconds: anybody can send an unknown key.
  const published = createRemoteJWKSet(settings.jwksUrl, {
    cooldownDuration: patience,
    [customFetch]: rememberingFailure(fetch, fetched)
  })
  /** While the keys can't be fetched again, those that are known still count, for as long as most tokens live. */
  const keys: JWTVerifyGetKey = (header, token) =>
    published(header, token).catch(async (unavailable: unknown) => {
      const known = published.jwks()
      if (!isAboutKeys(unavailable) || known === undefined || (await now()) > fetched.at + staleness) throw unavailable
      return createLocalJWKSet(known)(header, token).catch(() => {
        throw unavailable
      })
    })
  return async (token) => {
    const { payload } = await jwtVerify(token, keys, {
      issuer: settings.issuer,
      audience: settings.audience,
      algorithms,
      requiredClaims: ["exp"],
      clockTolerance: tolerance
    }).catch((error: unknown) => {
      throw isAboutKeys(error) ? error : invalid(reason(error))
    })
    return {
      token,
      clientId: identity(payload),
      scopes: typeof payload["scope"] === "string" ? payload["scope"].split(" ") : [],
      // The SDK compares it with the clock again, and knows no tolerance.
      expiresAt: (payload.exp ?? 0) + tolerance
    }
  }
}

/**
 * Who calls: the token's subject or, where it has none, the client, as `client:<client_id>`. A subject that looks like that, or like
 * what is made of it here, becomes `sub:<subject>`, so that no two callers are the same.
 */
const identity = ({ client_id: client, sub }: JWTPayload): string => {
  // The issuer can have put anything there.
  const subject: unknown = sub
  if (subject === undefined) {
    if (typeof client === "string" && client !== "") return `client:${client}`
    throw invalid("the token has neither a sub nor a client_id")
  }
  if (typeof subject !== "string" || subject === "")
    throw invalid("the token's claim sub is not a text that names somebody")
  return /^(?:client|sub):/u.test(subject) ? `sub:${subject}` : subject
}

/** How long a fetch of the keys may take, and how long its failure is remembered, in milliseconds. */
const patience = 5000

/** For how long after they were fetched keys count that can't be fetched again, in milliseconds. */
const staleness = 70 * 60_000

/** A set of keys is a few KB; the reading of a larger body stops here. */
const maxKeysBytes = 1024 * 1024

/** A failure is an answer for five seconds: until then no token causes another fetch. */
const rememberingFailure = (fetch: typeof globalThis.fetch, fetched: { at: number }): FetchImplementation => {
  let failure: { readonly error: unknown; readonly until: number } | undefined
  return async (url) => {
    if (failure !== undefined && (await now()) < failure.until) throw failure.error
    const keys = await fetchKeys(new URL(url), fetch).catch(async (error: unknown) => {
      failure = { error, until: (await now()) + patience }
      throw error
    })
    fetched.at = await now()
    return Response.json(keys)
  }
}

/** The keys that are published there; rejects if there are none, or not within five seconds or 1 MiB. */
export const fetchKeys = async (url: URL, fetch: typeof globalThis.fetch): Promise<JSONWebKeySet> => {
  const signal = AbortSignal.timeout(patience)
  const response = await fetch(url, { headers: { Accept: "application/json" }, redirect: "manual", signal })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the keys were answered with ${response.status}`)
  }
  const keys: JSONWebKeySet = await new Response(response.body?.pipeThrough(upTo(maxKeysBytes), { signal })).json()
  createLocalJWKSet(keys)
  return keys
}

const upTo = (most: number) => {
  let bytes = 0
  return new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      bytes += chunk.length
      if (bytes > most) controller.error(new Error(`the keys have more than ${most} bytes`))
      else controller.enqueue(chunk)
    }
  })
}

const isAboutKeys = (error: unknown): boolean =>
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
