/** The view that hosts which can (MCP Apps) show under a tool's answer. What is in it: `packages/mcp/view`. */

/** Named by the tool, served by the server. */
export const roster = "ui://flex-interactions/roster"
