/** Continuous integration runs what contributors run, and lets nobody else's change in. */
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "vitest"
import { root } from "../../scripts/packages.ts"

const read = (path: string) => readFileSync(join(root, path), "utf8")
const { packageManager } = JSON.parse(read("package.json")) as { readonly packageManager: string }

describe("every workflow", () => {
  for (const file of readdirSync(join(root, ".github/workflows"))) {
    const text = read(`.github/workflows/${file}`)

    it(`${file}: takes actions by their digest, which no tag can move`, () => {
      const used = [...text.matchAll(/uses: (.+)$/gmu)].map(([, action = ""]) => action)
      assert.isNotEmpty(used)
      for (const action of used) assert.match(action, /^\.\/|^[\w-]+\/[\w-]+@[\da-f]{40} # v\d+\.\d+\.\d+$/u)
    })

    it(`${file}: may read, unless a job says more, and each job ends`, () => {
      assert.include(text, "\npermissions:\n  contents: read\n")
      const jobs = text
        .slice(text.indexOf("\njobs:\n"))
        .split(/^ {2}(?=[\w-]+:$)/mu)
        .slice(1)
      assert.isNotEmpty(jobs)
      for (const job of jobs) assert.match(job, /^ {4}(?:timeout-minutes: \d+|uses: \.\/.+)$/mu)
      for (const checkout of text.matchAll(/actions\/checkout@.*\n(.*\n.*\n)/gu))
        assert.include(checkout[1], "persist-credentials: false")
    })

    it(`${file}: runs the pnpm of package.json`, () => {
      for (const [found] of text.matchAll(/pnpm@[\d.]+/gu)) assert.strictEqual(found, packageManager)
      assert.include(text, packageManager)
    })
  }
})

describe(".ci/run", () => {
  const lines = read(".ci/run").trim().split("\n")

  it("installs what the lockfile says, checks, and ends with exactly what the README tells to run", () => {
    const [test = ""] = /^npx -y pnpm@\S+ test$/mu.exec(read("README.md")) ?? []
    assert.deepStrictEqual(
      lines.filter((line) => line.startsWith("npx")),
      [
        test.replace(/test$/u, "install --frozen-lockfile"),
        test.replace(/test$/u, "--dir test run nodes"),
        test.replace(/test$/u, "check"),
        test
      ]
    )
    assert.strictEqual(lines.at(-1), test)
  })

  it("is what continuous integration runs, on every version of Node that is promised", () => {
    const ci = read(".github/workflows/ci.yml")
    assert.include(ci, "- run: .ci/run\n")
    assert.strictEqual(ci.match(/node: \[20, 22, 24, 26\]/gu)?.length, 2)
  })
})

describe("dependencies", () => {
  const settings = read("pnpm-workspace.yaml")

  it("run nothing when they are installed", () => {
    const [, permissions = ""] = /^permissions:\n((?: {2}.+\n)+)/mu.exec(settings) ?? []
    for (const line of permissions.trim().split("\n")) assert.include(line, "build: false")
    assert.notInclude(settings, "dangerouslyAllowAllBuilds")
    assert.notInclude(settings, "build: true")
    assert.match(settings, /^strictDepBuilds: true$/mu)
  })

  it("are of exactly one version each, wherever they are named", () => {
    assert.match(settings, /^saveExact: true$/mu)
    const folders = ["", "test", ...readdirSync(join(root, "packages")).map((name) => `packages/${name}`)]
    for (const folder of folders.filter((name) => !/\.\w+$/u.test(name))) {
      const manifest = JSON.parse(read(join(folder, "package.json"))) as Record<string, Record<string, string>>
      for (const [name, version] of Object.entries({ ...manifest["dependencies"], ...manifest["devDependencies"] }))
        assert.match(version, /^(?:workspace:\*|\d+\.\d+\.\d+(?:-[\w.]+)?)$/u, `${folder}: ${name}`)
    }
  })

  it("that are programs are locked for macOS and Windows too", () => {
    const lock = read("pnpm-lock.yaml")
    for (const name of ["rolldown", "oxlint", "oxfmt", "esbuild", "typescript"]) {
      const versions = new Set(
        [...lock.matchAll(new RegExp(`^  ${name}@(\\d+\\.\\d+\\.\\d+):`, "gmu"))].map(([, found = ""]) => found)
      )
      assert.isNotEmpty(versions, name)
      for (const version of versions) {
        for (const platform of ["darwin-arm64", "win32-x64", "linux-x64"]) {
          const binary = new RegExp(`^  '@${name}/(?:binding-|typescript-)?${platform}[\\w-]*@${version}':`, "mu")
          assert.match(lock, binary, `${name} ${version} for ${platform}`)
        }
      }
    }
  })
})
