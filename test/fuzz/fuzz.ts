/**
 * `pnpm fuzz`: whatever can come in, at random: frames, arguments, replies, settings, seeds, cursors, states, options.
 *
 * `--cases=N` (1,000,000 by default, shared by the targets), `--seed=N` (1 by default), `--target=NAME` for one of them. It ends
 * with 1 if something crashed, hung, told a secret, or sent what nobody asked for.
 */
import { parseArgs } from "node:util"
import { fuzz } from "./run.ts"
import { targets } from "./targets.ts"

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    seed: { type: "string", default: "1" },
    target: { type: "string" }
  }
})
const cases = Number(values.cases)
const seed = Number(values.seed)
if (!Number.isSafeInteger(cases) || cases < 1 || !Number.isSafeInteger(seed) || seed < 0) {
  process.stderr.write("--cases and --seed take whole numbers\n")
  process.exit(2)
}
if (values.target !== undefined && !targets.some(({ name }) => name === values.target)) {
  process.stderr.write(`--target takes one of: ${targets.map(({ name }) => name).join("; ")}\n`)
  process.exit(2)
}
const { problems, ran } = await fuzz({
  cases,
  seed,
  target: values.target,
  onTarget: (target, cases, milliseconds) =>
    process.stderr.write(`${target}: ${cases} cases, ${Math.round(milliseconds / 1000)} s\n`)
})
const total = [...ran.values()].reduce((sum, cases) => sum + cases, 0)
process.stdout.write(
  [
    ...[...ran].map(([target, cases]) => `${`${cases}`.padStart(9)}  ${target}`),
    `${`${total}`.padStart(9)}  cases from seed ${seed}, ${problems.length} problems, on Node ${process.versions.node}`,
    ...problems.map(
      ({ problem, seed, target }) =>
        `\nA problem of ${target}: ${problem}\nTo see it again: pnpm fuzz --cases=1 --seed=${seed} --target=${JSON.stringify(target)}`
    ),
    ""
  ].join("\n")
)
process.exit(problems.length === 0 ? 0 : 1)
