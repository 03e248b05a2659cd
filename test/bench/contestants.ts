/** Who takes part, and how each is started. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { createRequire } from "node:module"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { build } from "rolldown"
import { credentials } from "./channel.ts"

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))
/** Below the packages of `test`, so that what is not bundled is found as in a user's project. */
const cache = at("../node_modules/.cache/bench")

const programs = [
  "twilio",
  "peers/loop",
  "peers/sdk1",
  "peers/sdk2",
  "peers/list-raw",
  "peers/list-twilio",
  "peers/list-core",
  "centre",
  "peers/operate-raw",
  "peers/operate-twilio",
  "peers/operate-core",
  "decoders"
]

/**
 * Every program twice: in `plain` as its users run it, each package loaded from where it was installed, and in `bundled`
 * as one minified file.
 */
export const prepare = async (): Promise<void> => {
  const input = Object.fromEntries(programs.map((name) => [name.replace("peers/", ""), at(`${name}.ts`)]))
  const common = { input, platform: "node", logLevel: "warn" } as const
  await build({
    ...common,
    external: (id) => !/^[./]/u.test(id),
    output: { dir: `${cache}/plain`, entryFileNames: "[name].mjs", chunkFileNames: "[name].mjs" }
  })
  for (const [name, path] of Object.entries(input)) {
    await build({
      ...common,
      input: { [name]: path },
      external: ["twilio"],
      resolve: { conditionNames: ["node", "import", "default"] },
      output: {
        dir: `${cache}/bundled/${name}`,
        entryFileNames: "[name].mjs",
        chunkFileNames: "[name].mjs",
        minify: true
      }
    })
  }
}

export const plain = (name: string) => `${cache}/plain/${name}.mjs`
export const bundled = (name: string) => `${cache}/bundled/${name}/${name}.mjs`
export const ours = at("../../packages/mcp/dist/main.cjs")

const twilioMcp = createRequire(import.meta.url).resolve("@twilio-alpha/mcp")
const { accountSid, apiKey, apiSecret } = credentials

/** The servers, by the name that the tables give them; Twilio's with only the tools for participants. */
export const servers = {
  loop: [plain("loop")],
  "SDK v2 + zod": [plain("sdk2")],
  "SDK v2 + zod, bundled": [bundled("sdk2")],
  "SDK v1 + zod": [plain("sdk1")],
  "SDK v1 + zod, bundled": [bundled("sdk1")],
  "flex-interactions": [ours],
  "@twilio-alpha/mcp": [
    "-r",
    at("peers/redirect.cjs"),
    twilioMcp,
    `${accountSid}/${apiKey}:${apiSecret}`,
    "--services",
    "twilio_flex_v1",
    "--tags",
    "FlexV1InteractionChannelParticipant"
  ]
} as const satisfies Record<string, ReadonlyArray<string>>
export type Server = keyof typeof servers

/** What every server is told. */
export const environment = (url: string) => ({
  TWILIO_API_KEY: apiKey,
  TWILIO_API_SECRET: apiSecret,
  FLEX_API_BASE_URL: url,
  // No peer keeps to Twilio's limit of 20 requests a second, which would be all that is measured.
  FLEX_API_RATE_LIMIT: "off"
})

/** Twilio, as far as the contestants know: channels of these sizes. */
export const twilio = async (sizes: ReadonlyArray<number>) => {
  const child = spawn(process.execPath, [bundled("twilio"), ...sizes.map(String)], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string]
  return {
    url,
    close: async () => {
      child.stdin.end()
      await once(child, "exit")
    }
  }
}
