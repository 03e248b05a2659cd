/** What stands against publishing a commit, whatever its packages are like. */

export interface State {
  readonly version: string
  /** The tag that asks for it, if a tag does. */
  readonly tag?: string | undefined
  /** Where the project says that it lives. */
  readonly repository: string
  /** What git says is not committed. */
  readonly changed: string
  /** The files in `.changeset` that no version has taken up. */
  readonly pending: ReadonlyArray<string>
  readonly changelog: string
}

export const objections = ({ changed, changelog, pending, repository, tag, version }: State): ReadonlyArray<string> => [
  ...(repository.includes("/OWNER/")
    ? ['the owner of the repository is not known: write it for OWNER, in "repository" of the package.json of the root']
    : []),
  ...(tag === undefined || tag === `v${version}` ? [] : [`the tag is ${tag}, and the version ${version}`]),
  ...(changed === "" ? [] : ["there are changes that are not committed, and they would not be published"]),
  ...(pending.length === 0
    ? []
    : [`no version has taken up ${pending.join(", ")}: run \`pnpm release:version\`, and commit`]),
  ...(changelog.includes(`\n## ${version}\n`) ? [] : [`CHANGELOG.md has no part "## ${version}"`])
]
