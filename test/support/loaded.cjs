/* Preloaded: at the exit, the modules of Node's own that were loaded, as JSON on file descriptor 3. */
const { writeSync } = require("node:fs")

process.on("exit", () => {
  const own = process.moduleLoadList.filter((name) => name.startsWith("NativeModule "))
  writeSync(3, JSON.stringify(own.map((name) => name.slice("NativeModule ".length))))
})
