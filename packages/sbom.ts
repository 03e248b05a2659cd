/** What a package contains, for programs that look for known weaknesses: CycloneDX, by the library of its makers. */
import { Contrib, Enums, Models, Serialize, Spec } from "@cyclonedx/cyclonedx-library"

export interface Part {
  readonly name: string
  readonly version: string
  readonly license: string
}

const licenses = new Contrib.License.Factories.LicenseFactory(() => {})

const component = ({ license, name, version }: Part, type = Enums.ComponentType.Library): Models.Component => {
  const [, group, own = name] = /^(@[^/]+)\/(.+)$/u.exec(name) ?? []
  // A package that is inside another one, as its makers published it, says no version.
  const known = /^\d/u.test(version) ? version : undefined
  const purl = `pkg:npm/${name.replace("@", "%40")}${known === undefined ? "" : `@${known}`}`
  return new Models.Component(type, own, {
    bomRef: purl,
    purl,
    ...(group === undefined ? undefined : { group }),
    ...(known === undefined ? undefined : { version: known }),
    ...(license.startsWith("see ")
      ? undefined
      : { licenses: new Models.LicenseRepository([licenses.makeFromString(license)]) })
  })
}

/** The same text whenever it contains the same: no time, no number drawn at random. */
export const sbom = (whole: Part, parts: ReadonlyArray<Part>): string => {
  const bom = new Models.Bom()
  bom.metadata.component = component(whole, Enums.ComponentType.Application)
  for (const part of parts) {
    const each = component(part)
    bom.components.add(each)
    bom.metadata.component.dependencies.add(each.bomRef)
  }
  const normalize = new Serialize.JSON.Normalize.Factory(Spec.Spec1dot6)
  return `${new Serialize.JsonSerializer(normalize).serialize(bom, { sortLists: true, space: 2 })}\n`
}
