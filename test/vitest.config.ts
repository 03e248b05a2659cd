import { availableParallelism } from "node:os"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type Reporter, type TestSpecification } from "vitest/node"
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

/**
 * The files that take longest, most of it waiting. They start first, so that the others run meanwhile: a fresh clone has no durations of an earlier
 * run to go by, and would start them last, because they are short.
 */
const longest = ["sweep/killed", "mcp/http", "package/packages", "mcp/print-config", "mcp/doctor"].map(
  (name) => `/${name}.test.ts`
)
for (const file of longest)
  if (!existsSync(new URL(`.${file}`, import.meta.url))) throw new Error(`there is no ${file}`)

class LongestFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>) {
    const rank = ({ moduleId }: TestSpecification) => {
      const found = longest.findIndex((file) => moduleId.endsWith(file))
      return found === -1 ? longest.length : found
    }
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b))
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
    sequence: { sequencer: LongestFirst },
    reporters: ["default", noneIsFailure],
    projects: [
      // Tests that may run beside each other wait for timers, and not for a processor.
      { extends: true, test: { name: "quick", include: quick, maxConcurrency: 20 } },
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
