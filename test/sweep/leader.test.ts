/** Several machines, of which one leads, by a lock in a real PostgreSQL. */
import { afterEach, beforeEach, describe, expect, test } from "vitest"
import type { Command } from "../support/command.ts"
import * as Postgres from "../support/postgres.ts"
import type { Served } from "../support/served.ts"
import { begin, centre, changes, conversation, standings, sweep } from "../support/sweep.ts"

const isMissing = Postgres.bin === undefined
if (isMissing && process.env["CI"] !== undefined)
  throw new Error("CI runs without PostgreSQL: apt-get install postgresql")

const rules = ["--wrapping-longer-than", "2h", "--apply"]

describe.skipIf(isMissing)(
  `with PostgreSQL${isMissing ? " (skipped: it is not here; apt-get install postgresql runs these)" : ""}`,
  () => {
    let postgres: Postgres.Postgres
    let served: Served
    let ending: Array<() => unknown> = []
    beforeEach(async () => {
      postgres = await Postgres.make()
      served = await centre([conversation([["ana", "wrapup", 200]], { status: "closed" })])
    })
    afterEach(async () => {
      for (const end of ending.splice(0)) await end()
      ending = []
      await served.close()
      await postgres.remove()
    })

    const machine = (url = postgres.url): Command => {
      const command = begin(served, [...rules, "--json", "--every", "1s"], { DATABASE_URL: url })
      ending.push(() => command.child.kill("SIGKILL"))
      return command
    }
    const leads = (command: Command) => command.says(/this machine leads/u)
    const isLeader = (command: Command) => command.stderr().includes("this machine leads")
    /** The first of these to lead. */
    const first = (commands: ReadonlyArray<Command>) =>
      Promise.race(commands.map((command) => leads(command).then(() => command)))

    /** Three machines: the one that leads, and the others. */
    const three = async (urls: ReadonlyArray<string | undefined> = [undefined, undefined, undefined]) => {
      await postgres.start()
      const machines = urls.map((url) => machine(url))
      const leader = await first(machines)
      return { leader, others: machines.filter((other) => other !== leader) }
    }

    test("of three exactly one leads; when it is killed another one does, and nothing is done twice", async () => {
      const { leader, others } = await three()
      await expect.poll(() => standings(served)["ana"], { timeout: 30_000 }).toEqual(["completed"])
      expect(others.map(isLeader)).toEqual([false, false])
      leader.child.kill("SIGKILL")
      const next = await first(others)
      expect(others.filter(isLeader)).toEqual([next])
      expect(changes(served)).toHaveLength(1)
    })

    test("when the leader is stopped, PostgreSQL frees its lock and another one leads; woken up, it changes nothing and knows that it leads no more", async () => {
      const { leader, others } = await three()
      leader.child.kill("SIGSTOP")
      const next = await first(others)
      expect(others.filter(isLeader)).toEqual([next])
      leader.child.kill("SIGCONT")
      await leader.says(/the lead is lost/u)
    })

    test("when the leader is stopped in the middle of its work, another one does the rest, and what two may have sent is applied once", async () => {
      const crowd = await centre(
        Array.from({ length: 300 }, (_, n) => conversation([[`agent${n}`, "wrapup", 200]], { status: "closed" }))
      )
      ending.push(crowd.close)
      const applied: Array<string> = []
      let stop: (() => void) | undefined
      crowd.answerWith(async (request) => {
        const reply = await crowd.sandbox.fetch(request)
        if (request.method === "POST" && reply.ok && applied.push(request.url) >= 40) stop?.()
        return reply
      })
      const join = () => {
        const command = begin(crowd, [...rules, "--json", "--every", "1s"], { DATABASE_URL: postgres.url })
        ending.unshift(() => command.child.kill("SIGKILL"))
        return command
      }
      await postgres.start()
      const leader = join()
      stop = () => leader.child.kill("SIGSTOP")
      await leads(leader)
      const other = join()
      await leads(other)
      stop = undefined
      leader.child.kill("SIGCONT")
      await leader.says(/the lead is lost/u)
      await expect
        .poll(() => new Set(Object.values(standings(crowd)).flat()), { timeout: 30_000 })
        .toEqual(new Set(["completed"]))
      // Once it plans the next round, it has told what became of each in this one.
      const rounds = () => crowd.requests.filter((request) => request.includes("AssignmentStatus=wrapping")).length
      const before = rounds()
      await expect.poll(rounds, { timeout: 30_000 }).toBeGreaterThan(before)
      expect(applied.length).toBeGreaterThan(40)
      expect(new Set(applied).size).toBe(applied.length)
      other.child.kill("SIGTERM")
      const { stdout } = await other.ended
      const results = stdout
        .split("\n")
        .flatMap((line) => (line === "" ? [] : (JSON.parse(line) as { readonly result: string }).result))
      expect(results.filter((result) => result !== "confirmed" && result !== "already")).toEqual([])
    })

    test("when the leader is cut off from the database, it stops by itself and another one leads", async () => {
      await postgres.start()
      const wire = await Postgres.wire(postgres.port)
      ending.push(wire.close)
      const leader = machine(wire.url)
      await leads(leader)
      const other = machine()
      wire.cut()
      await leader.says(/the lead is lost: the database does not answer/u)
      // It stopped before PostgreSQL freed the lock.
      expect(isLeader(other)).toBe(false)
      await leads(other)
    })

    test("without a database at the start it waits for it, and when that goes away later, it leads again once it is back", async () => {
      const command = machine()
      await command.says(/the database of DATABASE_URL can't be reached/u)
      expect(changes(served)).toEqual([])
      await postgres.start()
      await leads(command)
      await postgres.stop()
      await command.says(/the lead is lost/u)
      const before = command.stderr().length
      await postgres.start()
      await expect.poll(() => command.stderr().slice(before), { timeout: 30_000 }).toContain("this machine leads")
    })

    test("a single run ends with what is wrong where there is no database, and does nothing where another machine leads", async () => {
      const away = await sweep(served, rules, { DATABASE_URL: postgres.url })
      expect([away.code, away.rows]).toEqual([1, []])
      expect(away.stderr).toMatch(/the database of DATABASE_URL can't be reached/u)
      await postgres.start()
      await leads(machine())
      const second = await sweep(served, rules, { DATABASE_URL: postgres.url })
      expect([second.code, second.rows]).toEqual([0, []])
      expect(second.stderr).toMatch(/another machine leads: nothing was done here/u)
    })

    test("a single run that leads does its work and ends", async () => {
      await postgres.start()
      const { code, rows } = await sweep(served, rules, { DATABASE_URL: postgres.url })
      expect([code, rows.map(({ result }) => result)]).toEqual([0, ["confirmed"]])
    })
  }
)

test("a DATABASE_URL that is none is refused, and its password is not shown", async () => {
  const served = await centre([])
  const { code, stderr } = await sweep(served, rules, { DATABASE_URL: "mysql://me:hunter2@localhost/x" })
  await served.close()
  expect([code, stderr]).toEqual([1, expect.stringContaining("DATABASE_URL is not a URL such as postgres://")])
  expect(stderr).not.toContain("hunter2")
})
