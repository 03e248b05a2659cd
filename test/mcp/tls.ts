/** A certificate authority of the test's own, and what it vouches for: the sandbox over TLS. */
import { execFileSync } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { getRequestListener } from "@hono/node-server"
import * as Sandbox from "@flex-participants/sandbox"

export interface Secured {
  readonly server: Server
  readonly port: number
  /** The file with the authority's certificate. */
  readonly authority: string
}

/** Serves a sandbox for these names on a free port. The files lie in `folder`. */
export const serve = async (folder: string, names: ReadonlyArray<string>): Promise<Secured> => {
  const path = (file: string) => join(folder, file)
  const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { stdio: "ignore" })
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  const authority = path("authority.pem")
  openssl(
    "req",
    "-x509",
    ...key,
    "-keyout",
    path("authority.key"),
    "-out",
    authority,
    "-subj",
    "/O=Test authority",
    "-days",
    "2"
  )
  openssl("req", ...key, "-keyout", path("server.key"), "-out", path("server.csr"), "-subj", "/CN=test")
  writeFileSync(path("names"), `subjectAltName=${names.map((name) => `DNS:${name}`).join(",")}\n`)
  const signed = ["-CA", authority, "-CAkey", path("authority.key"), "-CAcreateserial", "-extfile", path("names")]
  openssl("x509", "-req", "-in", path("server.csr"), "-out", path("server.pem"), "-days", "2", ...signed)
  const options = { key: readFileSync(path("server.key")), cert: readFileSync(path("server.pem")) }
  const server = createServer(options, getRequestListener(Sandbox.make().fetch, { overrideGlobalObjects: false }))
  server.listen(0, "localhost")
  await once(server, "listening")
  return { server, port: (server.address() as AddressInfo).port, authority }
}
