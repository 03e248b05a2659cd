/** The two hosts of Twilio whose operations are here. */

export type Host = "flex" | "taskrouter"

/** Documented: the names of both hosts, with edge and region too. */
export const hostOf = ({ hostname }: URL): Host | undefined => {
  const [, name] = /^(flex-api|taskrouter)(?:\.[\w-]+)*\.twilio\.com$/u.exec(hostname) ?? []
  return name === undefined ? undefined : name === "taskrouter" ? "taskrouter" : "flex"
}
