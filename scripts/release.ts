/**
 * `pnpm release`: packs a clean clone of what is committed, tries the packages as their users will, and publishes exactly those
 * files. With `--dry-run` it stops before it publishes, and says whether it would have; with `--packages` it tries the packages, and
 * does not ask whether this commit is one to publish.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { parseArgs } from "node:util"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import * as Nodes from "../test/support/nodes.ts"
import * as Consumers from "./consumers.ts"
import { objections } from "./objections.ts"
import { manifestOf, packages, repository, root } from "./packages.ts"
import { ended, output } from "./run.ts"

const { values: options } = parseArgs({
  options: {
    "dry-run": { type: "boolean", default: false },
    packages: { type: "boolean", default: false },
    tag: { type: "string" }
  }
})

const say = (line: string) => process.stdout.write(`${line}\n`)
const step = async <A>(what: string, run: () => A | Promise<A>): Promise<A> => {
  const result = await run()
  say(`ok    ${what}`)
  return result
}

/** Why this commit is not to be published. */
const why = async (version: string): Promise<ReadonlyArray<string>> =>
  objections({
    version,
    tag: options.tag,
    repository,
    changed: await output("git", ["status", "--porcelain"], { cwd: root }),
    pending: readdirSync(join(root, ".changeset")).filter((file) => file.endsWith(".md") && file !== "README.md"),
    changelog: readFileSync(join(root, "CHANGELOG.md"), "utf8")
  })

/** Packs every package of a clean clone: what nobody has built must be built by packing it. */
const pack = async (clone: string, into: string): Promise<ReadonlyArray<Consumers.Tarball>> => {
  await output("git", ["clone", "--quiet", root, clone], { cwd: root })
  const pnpm = (args: ReadonlyArray<string>) => output("pnpm", args, { cwd: clone })
  await pnpm(["install", "--frozen-lockfile", "--prefer-offline", "--ignore-scripts"])
  const found: Array<Consumers.Tarball> = []
  for (const { folder } of packages) {
    const at = join(clone, relative(root, folder))
    const manifest = manifestOf(at)
    const path = join(into, `${manifest.name.replace("/", "-").slice(1)}-${manifest.version}.tgz`)
    await pnpm(["--dir", at, "pack", "--out", path])
    found.push({ manifest, path })
  }
  return found
}

/** What is in a tarball is whole, and says where it comes from. */
const inspect = async (path: string, into: string): Promise<void> => {
  mkdirSync(into)
  await output("tar", ["-xzf", path, "-C", into, "--strip-components=1"], { cwd: into })
  const { messages } = await publint({ pkgDir: into, level: "suggestion", strict: true, pack: false })
  const manifest = manifestOf(into)
  const problems = [
    ...messages.map((message) => formatMessage(message, manifest) ?? message.code),
    ...["repository", "homepage", "bugs", "license", "description", "publishConfig"]
      .filter((field) => !(field in manifest))
      .map((field) => `package.json has no ${field}`),
    ...["README.md", "LICENSE", "dist"]
      .filter((file) => !existsSync(join(into, file)))
      .map((file) => `there is no ${file}`),
    ...(JSON.stringify(manifest).includes("workspace:") ? ["package.json refers to the workspace"] : [])
  ]
  if (problems.length > 0) throw new Error(`${manifest.name}: ${problems.join("; ")}`)
}

const main = async (folder: string): Promise<boolean> => {
  const [version = "", ...others] = [...new Set(packages.map(({ manifest }) => manifest.version))]
  if (others.length > 0) throw new Error(`the packages have several versions: ${[version, ...others].join(", ")}`)

  const packed = join(folder, "packed")
  mkdirSync(packed)
  const tarballs = await step(
    `a clean clone packs, which builds it: ${packages.map(({ manifest }) => manifest.name).join(", ")}`,
    () => pack(join(folder, "clone"), packed)
  )
  for (const [index, { manifest, path }] of tarballs.entries())
    await step(`${manifest.name} is whole`, () => inspect(path, join(folder, `unpacked-${index}`)))

  const names = tarballs.map(({ manifest }) => manifest.name)
  for (const major of [20, 26] as const) {
    const node = Nodes.program(major)
    if (node === undefined) throw new Error(`Node ${major} is not installed: ${Nodes.howTo}`)
    const consumer = await step(`Node ${major}: npm installs them together`, () =>
      Consumers.install(tarballs, node, join(folder, `node-${major}`))
    )
    await step(`Node ${major}: every module loads`, () => Consumers.load(consumer, names, node))
    for (const tarball of tarballs.filter(({ manifest }) => manifest.bin !== undefined))
      await step(`Node ${major}: npx starts ${Object.keys(tarball.manifest.bin ?? {}).join(", ")}`, () =>
        Consumers.start(tarball, tarballs, node, consumer)
      )
    if (major !== 20) continue
    for (const resolution of ["nodenext", "bundler"] as const)
      await step(`a program that imports everything is checked under ${resolution}`, () =>
        Consumers.typeCheck(consumer, names, resolution)
      )
  }

  if (options.packages) return true
  const against = await why(version)
  for (const objection of against) say(`no    ${objection}`)
  if (against.length > 0) {
    say(`${version} is not published.`)
    return false
  }
  if (options["dry-run"]) {
    say(`${version} would be published.`)
    return true
  }
  for (const { manifest, path } of tarballs) {
    const id = `${manifest.name}@${manifest.version}`
    // A release that broke off in the middle is run again.
    const isThere = (await ended("npm", ["view", id, "version"], { cwd: folder })).stdout.trim() === manifest.version
    if (isThere) say(`ok    ${id} is published already`)
    else
      await step(`${id} is published`, () =>
        output("pnpm", ["publish", path, "--provenance", "--access=public", "--no-git-checks"], { cwd: root })
      )
  }
  return true
}

const folder = mkdtempSync(join(tmpdir(), "release-"))
try {
  process.exitCode = (await main(folder)) ? 0 : 1
} catch (error) {
  say(`no    ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
