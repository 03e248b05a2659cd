/** Where to listen: `--http`. */
import { isIPv4, isIPv6 } from "node:net"
import * as PublicUrl from "../protocol/PublicUrl.ts"
import * as Settings from "./Settings.ts"

export interface Address {
  /** A name in lower case, an IPv4 address, or an IPv6 address in its shortest form. */
  readonly host: string
  /** 0 is any free one. */
  readonly port: number
}

/**
 * `HOST:PORT`, `HOST` or `PORT`; an IPv6 address is in brackets, or stands alone. A switch that is on is the default address.
 * `undefined` if it is none of these.
 */
export const parse = (text: string): Address | undefined => {
  if (["true", "yes", "on", "1"].includes(text.toLowerCase())) return parse(Settings.defaultAddress)
  if (/^\d{1,5}$/u.test(text)) return at("127.0.0.1", text)
  if (isIPv6(text)) return isAmbiguous(text) ? undefined : at(v6(text), undefined)
  const parts = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d{1,5}))?$/u.exec(text)?.groups
  const [address, name] = [parts?.["v6"], parts?.["name"]]
  if (address !== undefined) return isIPv6(address) ? at(v6(address), parts?.["port"]) : undefined
  return name !== undefined && (isIPv4(name) || isName(name)) ? at(name.toLowerCase(), parts?.["port"]) : undefined
}

const at = (host: string | undefined, port = "3920"): Address | undefined =>
  host === undefined || Number(port) > 65_535 ? undefined : { host, port: Number(port) }

/** In its shortest form; `undefined` with a zone, which no URL can have. */
const v6 = (address: string): string | undefined =>
  URL.canParse(`http://[${address}]`) ? new URL(`http://[${address}]`).hostname.slice(1, -1) : undefined

/** `::1:80` may be meant as an address, or as an address and a port. */
const isAmbiguous = (address: string): boolean => isIPv6(/^(.*):\d+$/u.exec(address)?.[1] ?? "")

/**
 * A name that is looked up. Not `0`, `0x0` or `127.1`: a name that ends in a number is taken for an IPv4 address by what
 * looks names up, however it is written, and `0` is all addresses of the machine.
 */
const isName = (name: string): boolean =>
  /^(?=.{1,253}$)(?:[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?\.)*(?!(?:\d+|0x[a-f\d]*)$)[a-z\d](?:[a-z\d-]{0,61}[a-z\d])?$/iu.test(
    name
  )

/** As it is in a URL, or before a port. */
export const inUrl = (host: string): string => (host.includes(":") ? `[${host}]` : host)

export const isLoopback = (host: string): boolean => PublicUrl.isLoopback(inUrl(host))

/** Is it every address of the machine? */
export const isWildcard = (host: string): boolean => ["0.0.0.0", "::", "::ffff:0:0"].includes(host)
