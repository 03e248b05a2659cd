/* Preloaded: time passes forty times as fast in this process, for what waits and for what measures how long it waited. */
const factor = 40
const { performance } = require("node:perf_hooks")

for (const name of ["setTimeout", "setInterval"]) {
  const real = globalThis[name]
  globalThis[name] = Object.assign((f, milliseconds = 0, ...rest) => real(f, milliseconds / factor, ...rest), real)
}
const { bigint } = process.hrtime
process.hrtime.bigint = () => bigint() * BigInt(factor)
const now = performance.now.bind(performance)
performance.now = () => now() * factor
