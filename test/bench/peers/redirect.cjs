/*
 * Twilio's own server knows no other origin than Twilio's. Preloaded into it, this sends what is meant for
 * flex-api.twilio.com to FLEX_API_BASE_URL, without TLS, as the other contestants send it.
 */
const http = require("node:http")
const https = require("node:https")

const target = new URL(process.env.FLEX_API_BASE_URL)
https.request = ({ ...options }, answered) =>
  http.request(
    { ...options, protocol: "http:", host: target.hostname, hostname: target.hostname, port: target.port },
    answered
  )
