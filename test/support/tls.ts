/** A certificate authority of the test's own, and what it vouches for: the sandbox over TLS. */
import { once } from "node:events"
import { writeFileSync } from "node:fs"
import { createServer, type Server } from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { getRequestListener } from "@hono/node-server"
import * as Sandbox from "@flex-interactions/sandbox"
import { generate } from "selfsigned"

export interface Secured {
  readonly server: Server
  readonly port: number
  /** The file with the authority's certificate. */
  readonly authority: string
  /** What it serves with. */
  readonly secure: { readonly key: string; readonly cert: string }
}

/** A key and a certificate for these names, and the certificate of the authority that signed it. */
export const certificate = async (names: ReadonlyArray<string>) => {
  const authority = await generate([{ name: "organizationName", value: "Test authority" }], {
    keyType: "ec",
    algorithm: "sha256",
    extensions: [
      { name: "basicConstraints", cA: true, critical: true },
      { name: "keyUsage", keyCertSign: true, critical: true }
    ]
  })
  const { cert, private: key } = await generate([{ name: "commonName", value: "test" }], {
    keyType: "ec",
    algorithm: "sha256",
    ca: { key: authority.private, cert: authority.cert },
    extensions: [{ name: "subjectAltName", altNames: names.map((value) => ({ type: 2, value })) }]
  })
  return { key, cert, authority: authority.cert }
}

/** Serves a sandbox for these names on a free port. The authority's certificate lies in `folder`. */
export const serve = async (
  folder: string,
  names: ReadonlyArray<string>,
  sandbox = Sandbox.make()
): Promise<Secured> => {
  const { authority, cert, key } = await certificate(names)
  const file = join(folder, "authority.pem")
  writeFileSync(file, authority)
  const secure = { key, cert }
  const server = createServer(secure, getRequestListener(sandbox.fetch, { overrideGlobalObjects: false }))
  server.listen(0, "localhost")
  await once(server, "listening")
  return { server, port: (server.address() as AddressInfo).port, authority: file, secure }
}
