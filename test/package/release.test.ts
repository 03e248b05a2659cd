/** What must be so before anything can be published, for every folder of `packages`. */
import { execFileSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"
import { Spec, Validation } from "@cyclonedx/cyclonedx-library"
import { afterAll, assert, describe, it } from "vitest"
import { page } from "../../scripts/dependencies.ts"
import { objections } from "../../scripts/objections.ts"
import { type Manifest, packages, repository, root } from "../../scripts/packages.ts"
import { entry } from "../../scripts/registry.ts"
import * as Pack from "../support/pack.ts"

const here = Pack.temporary()
afterAll(here.remove)

const { hooks } = createRequire(import.meta.url)(join(root, ".pnpmfile.cjs")) as {
  readonly hooks: { readonly beforePacking: (manifest: object, folder: string) => Record<string, unknown> }
}
const read = (path: string) => readFileSync(join(root, path), "utf8")

describe("every package", () => {
  for (const { folder, manifest } of packages) {
    const name = manifest.name.replace("@flex-interactions/", "")
    const given = manifest as Manifest & Record<string, unknown>

    it(`${name}: is built when it is packed, and published with its provenance`, () => {
      assert.strictEqual(manifest.scripts?.["prepack"], "npm run build")
      assert.deepStrictEqual(given["publishConfig"], { access: "public", provenance: true })
      assert.include(given["files"], "CHANGELOG.md")
      assert.deepStrictEqual(given["engines"], { node: ">=20.19" })
      assert.isNotEmpty(given["description"])
      assert.isNotEmpty(given["keywords"])
    })

    it(`${name}: says where it comes from, by the one line that names the repository`, () => {
      for (const field of ["repository", "homepage", "bugs"]) assert.isUndefined(given[field], field)
      const packed = hooks.beforePacking(manifest, folder)
      assert.deepStrictEqual(packed["repository"], {
        type: "git",
        url: `git+${repository}.git`,
        directory: `packages/${name}`
      })
      assert.strictEqual(packed["homepage"], `${repository}/tree/main/packages/${name}#readme`)
      assert.deepStrictEqual(packed["bugs"], { url: `${repository}/issues` })
      assert.strictEqual(packed["mcpName"], name === "mcp" ? entry()["name"] : undefined)
    })

    it(`${name}: has tests of its own, that \`pnpm --filter\` finds`, () => {
      assert.match(manifest.scripts?.["test"] ?? "", new RegExp(`run test --dir ${name}$`, "u"))
      assert.isTrue(existsSync(join(root, "test", name)))
    })

    it(`${name}: is checked and released with the others`, () => {
      assert.include(read("tsconfig.json"), `"packages/${name}"`)
      const fixed = /^ {2}fixed:\n {4}- (\[.*\])$/mu.exec(read("pnpm-workspace.yaml"))?.[1] ?? "[]"
      assert.include(JSON.parse(fixed), manifest.name)
    })
  }
})

it("a package that nobody has built is built by packing it", () => {
  const clone = join(here.path, "clone")
  mkdirSync(join(clone, "packages"), { recursive: true })
  for (const file of ["package.json", "tsconfig.base.json", "packages/clear.mjs"])
    cpSync(join(root, file), join(clone, file))
  cpSync(join(root, "packages/core"), join(clone, "packages/core"), {
    recursive: true,
    filter: (source) => !/[\\/](?:dist|node_modules)$/u.test(source)
  })
  symlinkSync(join(root, "node_modules"), join(clone, "node_modules"))
  const pack = () => {
    const args = ["pack", "--silent", "--pack-destination", here.path]
    return execFileSync("npm", args, {
      cwd: join(clone, "packages/core"),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"]
    })
  }
  const tarball = pack().trim().split("\n").at(-1) ?? ""
  const files = execFileSync("tar", ["-tzf", join(here.path, tarball)], { encoding: "utf8" }).split("\n")
  assert.includeMembers(files, ["package/dist/index.js", "package/dist/index.d.ts"])

  rmSync(join(clone, "packages/core/dist"), { recursive: true })
  rmSync(join(clone, "node_modules"))
  assert.throws(pack, /Command failed/u)
}, 60_000)

describe("what a package contains", () => {
  it("is listed in docs/dependencies.md, with a reason for each, as `pnpm dependencies` writes it", () => {
    assert.strictEqual(page(), read("docs/dependencies.md"))
  })

  for (const name of ["mcp", "sandbox"]) {
    it(`${name}: is listed for programs, in valid CycloneDX, without what differs from build to build`, async () => {
      const text = readFileSync(join(root, "packages", name, "dist/sbom.cdx.json"), "utf8")
      assert.isNull(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text))
      const { components, ...rest } = JSON.parse(text) as {
        readonly components: ReadonlyArray<{ readonly purl: string }>
      }
      assert.include(
        components.map(({ purl }) => purl),
        "pkg:npm/effect@4.1.0"
      )
      assert.notMatch(JSON.stringify(rest), /timestamp|serialNumber/u)
    })
  }
})

describe("the peer range of effect", () => {
  const effect = join(root, "node_modules/effect")
  const { version } = JSON.parse(readFileSync(join(effect, "package.json"), "utf8")) as { readonly version: string }

  /** The modules that a package uses and Effect marks as unstable; those of a folder that is unstable as a whole count as one. */
  const unstable = (name: string) => {
    const folder = join(root, "packages", name, "src")
    const sources = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"))
    const modules = sources.flatMap((file) =>
      [...readFileSync(join(folder, file), "utf8").matchAll(/(?: from |import\()"(effect\/[^"]+)"/gu)].map(
        ([, module = ""]) => module
      )
    )
    const isUnstable = (module: string) => {
      const file = [`${module}.ts`, `${module}/index.ts`].map((path) => path.replace("effect", `${effect}/src`))
      const [first] = /@stability \w+/u.exec(readFileSync(file.find((path) => existsSync(path)) ?? "", "utf8")) ?? []
      return first === "@stability unstable"
    }
    const found = [...new Set(modules)].filter(isUnstable)
    return new Set(found.map((module) => (module.startsWith("effect/http/") ? "effect/http" : module)))
  }

  it("is the minor version that the tests run on, because of what is unstable in it: the list in the decision", () => {
    const page = read("docs/decisions/0601-versions.md")
    const [, list = ""] = /<!-- unstable -->\n([^]*?)<!-- \/unstable -->/u.exec(page) ?? []
    const stated = new Map(
      [...list.matchAll(/^- (\w+): (.*)$/gmu)].map(([, name = "", modules = ""]) => [name, modules.match(/[\w/]+/gu)])
    )
    for (const { manifest } of packages) {
      const range = manifest.peerDependencies?.["effect"]
      if (range === undefined) continue
      assert.strictEqual(range, `~${version.replace(/\.\d+$/u, ".0")}`)
      const name = manifest.name.replace("@flex-interactions/", "")
      assert.sameMembers([...(stated.get(name) ?? [])], [...unstable(name)], name)
    }
  })
})

describe("the release", () => {
  const ready = {
    version: "1.2.3",
    repository: "https://github.com/somebody/flex-interactions",
    changed: "",
    pending: [],
    changelog: "# Changelog\n\n## 1.2.3\n\n- core: a change\n"
  }

  it("has nothing against a commit that is ready", () => {
    assert.deepStrictEqual(objections(ready), [])
  })

  for (const [what, state, says] of [
    [
      "while the owner of the repository is not known",
      { repository: "https://github.com/OWNER/flex-interactions" },
      /OWNER/u
    ],
    ["with changes that are not committed", { changed: " M package.json" }, /not committed/u],
    ["with changes that no version has taken up", { pending: ["brave-cats-jump.md"] }, /brave-cats-jump/u],
    ["for the tag of another version", { tag: "v1.2.2" }, /the tag is v1.2.2/u],
    ["without a word in the changelog", { version: "1.2.4" }, /no part "## 1.2.4"/u]
  ] as const) {
    it(`is refused ${what}`, () => {
      const [objection, ...others] = objections({ ...ready, ...state })
      assert.match(objection ?? "", says)
      assert.isEmpty(others)
    })
  }

  it("finds the owner's placeholder in one file alone", () => {
    const files = execFileSync("git", ["grep", "-lE", "github.com/OWNER|io.github.OWNER"], {
      cwd: root,
      encoding: "utf8"
    })
    assert.sameMembers(files.trim().split("\n"), ["package.json", "test/package/release.test.ts"])
  })
})
