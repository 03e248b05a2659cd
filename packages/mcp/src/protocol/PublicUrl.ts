/** URLs in settings: the one that clients know and the issuer's, which are published, and the one of the issuer's keys. */

/** What is wrong with it, in the words of a setting's error. */
export const problem = (
  text: string,
  allow: { readonly http?: boolean; readonly query?: boolean } = {}
): string | undefined => {
  if (!URL.canParse(text)) return "is not a URL"
  const { hash, hostname, href, password, protocol, username } = new URL(text)
  if (protocol !== "https:" && !(protocol === "http:" && (allow.http === true || isLoopback(hostname)))) {
    return "must be https (http only on loopback)"
  }
  if (username !== "" || password !== "") return "must have no user and no password in it"
  if (hash !== "" || href.endsWith("#")) return "must have no fragment (#)"
  return allow.query !== true && href.includes("?") ? "must have no query (?)" : undefined
}

/** Is this host, in the form that a URL gives it, this machine alone? */
export const isLoopback = (hostname: string): boolean =>
  /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\])$/u.test(hostname)
