/** The other forms that the server is handed out in: an MCPB bundle, an entry in the registry, a container image. */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { getMcpConfigForManifest, v0_3 as manifests } from "@anthropic-ai/mcpb"
import { validate } from "dockerfile-utils"
import { afterAll, assert, describe, it } from "vitest"
import { z } from "zod"
import { entry } from "../../scripts/registry.ts"
import * as Command from "../support/command.ts"
import * as Host from "../support/host.ts"
import * as Pack from "../support/pack.ts"

const here = Pack.temporary()
afterAll(here.remove)

const mcp = Pack.folderOf("mcp")
const read = (path: string) => readFileSync(join(mcp, path), "utf8")
const { version } = JSON.parse(read("package.json")) as { readonly version: string }
const environmentOf = (help: string) => new Set(help.match(/\b[A-Z]+_[A-Z_]+\b/gu))

describe("the MCPB bundle", () => {
  const cli = fileURLToPath(new URL("../node_modules/@anthropic-ai/mcpb/dist/cli/cli.js", import.meta.url))
  const run = (...args: ReadonlyArray<string>) =>
    execFileSync(process.execPath, [cli, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  const manifest = manifests.McpbManifestSchema.parse(JSON.parse(read("mcpb/manifest.json")))

  it("is valid, packed, and starts as its manifest says, in the hands of a person who set nothing but the sandbox", async () => {
    const folder = join(here.path, "bundle")
    mkdirSync(folder)
    for (const file of ["manifest.json", "icon.png"]) cpSync(join(mcp, "mcpb", file), join(folder, file))
    execFileSync("tar", [
      "-xzf",
      Pack.tarball("mcp"),
      "-C",
      folder,
      "--strip-components=1",
      "package/dist",
      "package/LICENSE",
      "package/package.json"
    ])
    assert.match(run("validate", join(folder, "manifest.json")), /passes|valid/iu)
    const packed = join(here.path, "flex-interactions.mcpb")
    run("pack", folder, packed)
    assert.isBelow(statSync(packed).size, 2 ** 20)

    const unpacked = join(here.path, "unpacked")
    run("unpack", packed, unpacked)
    const config = await getMcpConfigForManifest({
      manifest,
      extensionPath: unpacked,
      systemDirs: {},
      userConfig: { sandbox: true },
      pathSeparator: "/"
    })
    const [program = "", ...args] = config?.args ?? []
    const client = await Host.connect({ program, args, env: config?.env ?? {} })
    assert.deepStrictEqual(await Host.namesOf(client), Host.toolNames)
    await client.close()
  }, 60_000)

  it("is of this version, keeps secrets as secrets, and has an icon of 512 by 512", () => {
    assert.strictEqual(manifest.version, version)
    assert.isTrue(manifest.user_config?.["api_secret"]?.sensitive)
    const icon = readFileSync(join(mcp, "mcpb/icon.png"))
    assert.deepStrictEqual(
      [icon.toString("latin1", 1, 4), icon.readUInt32BE(16), icon.readUInt32BE(20)],
      ["PNG", 512, 512]
    )
  })

  it("sets variables that the server reads", async () => {
    const known = environmentOf((await Command.run(["--help"])).stdout)
    for (const name of Object.keys(manifest.server.mcp_config?.env ?? {})) assert.isTrue(known.has(name), name)
  })
})

describe("the entry in the registry", () => {
  // What the registry's schema of 2025-12-11 asks of the parts that are used here, and no other part.
  const Schema = z.strictObject({
    $schema: z.literal("https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json"),
    name: z
      .string()
      .min(3)
      .max(200)
      .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/u),
    title: z.string().min(1).max(100),
    description: z.string().min(1).max(100),
    version: z.string().max(255),
    repository: z.strictObject({ url: z.url(), source: z.literal("github"), subfolder: z.string() }),
    packages: z.array(
      z.strictObject({
        registryType: z.literal("npm"),
        identifier: z.string(),
        version: z.string().regex(/^\d+\.\d+\.\d+$/u),
        runtimeHint: z.literal("npx"),
        transport: z.strictObject({ type: z.literal("stdio") }),
        environmentVariables: z.array(
          z.strictObject({
            name: z.string(),
            description: z.string(),
            isRequired: z.boolean().optional(),
            isSecret: z.boolean().optional(),
            choices: z.array(z.string()).optional(),
            default: z.string().optional(),
            format: z.enum(["string", "number", "boolean", "filepath"]).optional()
          })
        )
      })
    )
  })

  it("is as the registry's schema wants it, of this version, and names variables that the server reads", async () => {
    const server = Schema.parse(entry())
    assert.deepStrictEqual([server.version, server.packages[0]?.version], [version, version])
    const known = environmentOf((await Command.run(["--help"])).stdout)
    for (const { isSecret = false, name } of server.packages[0]?.environmentVariables ?? []) {
      assert.isTrue(known.has(name), name)
      assert.strictEqual(isSecret, /SECRET|TOKEN/u.test(name), name)
    }
  })
})

describe("the Dockerfile", () => {
  const text = read("Dockerfile")
  const last = text.slice(text.lastIndexOf("\nFROM "))
  const instruction = (name: string) =>
    [...last.matchAll(new RegExp(`^${name} (.+)$`, "gmu"))].map(([, rest = ""]) => rest)

  it("is one by the parser that editors use, and ends as a user without rights", () => {
    assert.deepStrictEqual(validate(text), [])
    assert.deepStrictEqual(instruction("USER"), ["65532:65532"])
    assert.match(instruction("FROM").join(), /distroless.*:nonroot$/u)
  })

  it("starts what it copied, as that user, with its environment, and is found healthy", async () => {
    Pack.unpack("mcp", join(here.path, "app"))
    execFileSync("chmod", ["-R", "a+rX", here.path])
    const [, entry = ""] = JSON.parse(instruction("ENTRYPOINT").join()) as ReadonlyArray<string>
    assert.match(entry, /^\/app\//u)
    const env = Object.fromEntries(
      instruction("ENV")
        .join(" ")
        .split(" ")
        .map((pair) => pair.split("="))
    )
    assert.strictEqual(env["FLEX_MCP_HTTP"], `0.0.0.0:${instruction("EXPOSE").join()}`)

    // Without a token it must not listen to the world; with one it must.
    const start = (more: Record<string, string>) =>
      Command.startProgram(
        join(here.path, entry),
        ["--sandbox"],
        { ...env, FLEX_MCP_HTTP: "0.0.0.0:0", ...more },
        65_532
      )
    const refused = await start({}).ended
    assert.strictEqual(refused.code, 2)
    assert.match(refused.stderr, /FLEX_MCP_TOKEN/u)
    const server = start({
      FLEX_MCP_URL: "http://localhost:3920/mcp",
      FLEX_MCP_TOKEN: "0123456789abcdef0123456789abcdef"
    })
    const [, port = ""] = await server.says(/listening on http:\/\/0\.0\.0\.0:(\d+)/u)
    const [, script = ""] = /-e", "(.+)"\]/u.exec(instruction("HEALTHCHECK").join()) ?? []
    const health = (at: string) =>
      Command.startNode(["-e", script.replaceAll("3920", at)]).ended.then(({ code }) => code)
    assert.strictEqual(await health(port), 0)
    server.child.kill("SIGTERM")
    assert.strictEqual((await server.ended).code, 0)
    assert.strictEqual(await health(port), 1)
  }, 60_000)
})
