import { availableParallelism } from "node:os"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import type { Reporter } from "vitest/node"
import { quick } from "./support/quick.ts"

// Vitest 5 groups failures with it, and Node 20 lacks it: without this a failure on Node 20 is reported as a crash.
Map.groupBy ??= <K, T>(items: Iterable<T>, key: (item: T, index: number) => K) => {
  const groups = new Map<K, Array<T>>()
  let index = 0
  for (const item of items) {
    const group = key(item, index++)
    groups.set(group, [...(groups.get(group) ?? []), item])
  }
  return groups
}

/** A run without a single test, because a name is misspelt, is no success. */
const noneIsFailure: Reporter = {
  onTestRunEnd: (modules) => {
    const ran = modules.some((module) =>
      [...module.children.allTests()].some((test) => test.result().state !== "skipped")
    )
    if (ran) return
    process.stderr.write("No test ran: check the names of files and tests that you gave.\n")
    process.exitCode = 1
  }
}

/** What the packages promise is tested on their sources, what users start on what `pnpm build` made. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  ssr: { resolve: { conditions: ["@flex-interactions/source"] } },
  resolve: { conditions: ["@flex-interactions/source"] },
  test: {
    // Most of the time goes into processes that tests start, and into loading effect: so one worker more than there are cores, each
    // of which loads it once.
    maxWorkers: availableParallelism() + 1,
    isolate: false,
    // It ends what hangs, and measures nothing: on a busy machine everything takes long.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    reporters: ["default", noneIsFailure],
    projects: [
      { extends: true, test: { name: "quick", include: quick } },
      {
        extends: true,
        test: {
          name: "built",
          include: ["**/*.test.ts"],
          exclude: ["**/node_modules/**", ...quick],
          globalSetup: "support/pack.ts"
        }
      }
    ]
  }
})
