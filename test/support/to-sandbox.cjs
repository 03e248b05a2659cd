/**
 * Loaded into Twilio's MCP server before its own code, by `node --require`. The server has no setting for where Twilio is, so
 * what it would send by HTTPS to flex-api.twilio.com goes by HTTP to the origin in SANDBOX_URL instead. Its method, path,
 * headers and body stay as they are. To any other host it sends nothing.
 */
const http = require("node:http")
const https = require("node:https")

const { hostname, port } = new URL(process.env.SANDBOX_URL)

https.request = (options, callback) => {
  if (options.hostname !== "flex-api.twilio.com") throw new Error(`not to ${options.hostname}`)
  return http.request({ ...options, protocol: "http:", host: hostname, hostname, port, agent: undefined }, callback)
}
