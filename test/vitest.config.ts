import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

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

/** What the packages promise is tested on their sources, what users start on what `pnpm build` made. */
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  ssr: { resolve: { conditions: ["@flex-interactions/source"] } },
  resolve: { conditions: ["@flex-interactions/source"] },
  test: { include: ["**/*.test.ts"], testTimeout: 20_000 }
})
