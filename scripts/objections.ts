/** What stands against publishing a commit, whatever its packages are like. */

export interface State {
  readonly version: string
  /** Where the project says that it lives. */
  readonly repository: string
  /** What git says is not committed. */
  readonly changed: string
  /** The files in `.changeset` that no version has taken up. */
  readonly pending: ReadonlyArray<string>
  readonly changelog: string
}

export const objections = ({ changed, changelog, pending, repository, version }: State): ReadonlyArray<string> => [
  ...(repository.includes("/OWNER/")
    ? ['the owner of the repository is not known: write it for OWNER, in "repository" of the package.json of the root']
    : []),
  ...(changed === "" ? [] : ["there are changes that are not committed, and they would not be published"]),
  ...(pending.length === 0
    ? []
    : [`no version has taken up ${pending.join(", ")}: run \`pnpm release:version\`, and commit`]),
  ...(changelog.includes(`\n## ${version}\n`) ? [] : [`CHANGELOG.md has no part "## ${version}"`])
]
