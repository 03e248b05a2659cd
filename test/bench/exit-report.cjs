/*
 * Loaded into every process that is measured: reports, on file descriptor 3, the CPU time and the peak memory that the
 * process has used; at its exit, and whenever it receives SIGUSR2. `VmHWM` first: what getrusage(2) calls the peak can
 * be that of the parent.
 */
const { readFileSync, writeSync } = require("node:fs")

const peak = () => {
  try {
    return Number(/VmHWM:\s+(\d+)/u.exec(readFileSync("/proc/self/status", "latin1"))[1]) * 1024
  } catch {
    return process.resourceUsage().maxRSS * 1024
  }
}
const report = () => {
  const { userCPUTime, systemCPUTime } = process.resourceUsage()
  writeSync(3, `${JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1000, peak: peak() })}\n`)
}
process.on("SIGUSR2", report)
process.on("exit", report)
