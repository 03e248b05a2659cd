/** The short form of `pnpm load life`: whichever process is killed, nobody is told a lie, nothing stays behind, and the rest continues. */
import { expect, test } from "vitest"
import { isMissing, live, victims } from "./life.ts"

test.skipIf(isMissing || process.platform !== "linux")(
  "a host, servers, sweeps, Redis, PostgreSQL and Twilio's stand-in are killed under load: each change that was on its way is told or audited as it is, no process is left over, and all of it recovers",
  async () => {
    const { audited, kills, lies, orphans, recovered, told } = await live(victims)
    expect([kills, lies, orphans, recovered]).toEqual([victims.length, [], [], true])
    expect(told["done"]).toBeGreaterThan(0)
    expect(Object.keys(audited).length).toBeGreaterThan(0)
  },
  180_000
)
