/** `--help` for a terminal of 80 columns: what Effect's formatter prints, with long lines broken. */
import * as CliOutput from "effect/cli/CliOutput"

const width = 80

/** A long line, broken between words; what follows the column of names stays in its own column. */
const broken = (line: string): string => {
  if (CliOutput.displayWidth(line) <= width) return line
  const [, names = "", text = line] = /^( *.*? {2,}(?=\S))?([^]*)$/u.exec(line) ?? []
  const indent = " ".repeat(CliOutput.displayWidth(names))
  const lines = [""]
  for (const word of text.split(" ")) {
    const last = lines.at(-1) ?? ""
    if (last !== "" && indent.length + CliOutput.displayWidth(`${last} ${word}`) > width) lines.push(word)
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`
  }
  return lines.map((line, index) => (index === 0 ? names : indent) + line).join("\n")
}

const wide = CliOutput.defaultFormatter()

export const formatter: CliOutput.Formatter = {
  ...wide,
  formatHelpDoc: ({ globalFlags = [], ...doc }) =>
    wide
      // Their choices are in their descriptions too.
      .formatHelpDoc({
        ...doc,
        globalFlags: globalFlags.map((flag) => (flag.type.includes("|") ? { ...flag, type: "choice" } : flag))
      })
      .split("\n")
      .map(broken)
      .join("\n")
}
