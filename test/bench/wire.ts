/** A wire that takes its time, in front of a port of this machine: what goes over it is not read. */
import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { performance } from "node:perf_hooks"
import { setTimeout as sleep } from "node:timers/promises"

/** Passes everything on in order, each chunk so many milliseconds later, the first later still. */
const late = (from: Socket, to: Socket, milliseconds: number, more: number) => {
  const start = performance.now() + milliseconds + more
  let passed = Promise.resolve()
  const pass = async (before: Promise<void>, at: number, chunk: Buffer) => {
    await before
    await sleep(Math.max(0, at - performance.now()))
    to.write(chunk)
  }
  from.on("data", (chunk: Buffer) => {
    passed = pass(passed, Math.max(start, performance.now() + milliseconds), chunk)
  })
  from.on("error", () => {})
  from.on("close", () => void passed.finally(() => to.destroy()))
}

/**
 * A port from which it is `roundTrip` milliseconds to `port` and back: half of it for what goes in one direction, and a whole
 * one before anything of a new connection, which is what TCP's handshake takes.
 */
export const wire = async (port: number, roundTrip: number) => {
  if (roundTrip === 0) return { port, close: () => {} }
  const forwarder = createServer((client) => {
    const upstream = connect(port, "localhost")
    late(client, upstream, roundTrip / 2, roundTrip)
    late(upstream, client, roundTrip / 2, 0)
  }).listen(0, "localhost")
  await once(forwarder, "listening")
  return { port: (forwarder.address() as AddressInfo).port, close: () => void forwarder.close() }
}
