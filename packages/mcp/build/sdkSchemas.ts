import type { Plugin } from "rolldown"

/** What hosts send to a server that has tools and nothing else, and what it asks of them, in either revision. */
const methods = new Set([
  "elicitation/create",
  "initialize",
  "notifications/cancelled",
  "notifications/initialized",
  "notifications/progress",
  "notifications/roots/list_changed",
  "ping",
  "server/discover",
  "subscriptions/listen",
  "tools/call",
  "tools/list"
])

/**
 * Leaves out of the bundle what this server does not use of the SDK's zod schemas: for prompts, resources, sampling, tasks
 * and authorization, and most of those by name, which are for other programs. All of them would be made at every start.
 *
 * They leave the SDK's tables, and each becomes a function called at once and marked as pure: that means the same to
 * JavaScript, and lets the bundler drop what nothing refers to any more. No check is lost: a message that this server has no
 * handler for is refused before its schema would be looked up.
 *
 * It goes by how the SDK's files are written, and so only touches these three, which have a hash of their content in their
 * names. With another version of the SDK the budget of bytes fails: then look at its files, and at what is left of them.
 */
export const sdkSchemas: Plugin = {
  name: "sdk-schemas",
  transform: {
    filter: { id: /[\\/](?:auth-UMQCo-ad|schemas-DscsoNZN|src-DdvbAHrR)\.mjs$/u },
    handler(code) {
      const left = code.replaceAll(
        /^(\t+)"?(\w+(?:\/\w+)+|ping|initialize)"?: (?:s\.|z\.|dispatchRequest\(|liftedResult\(|\w+Schema\$1).*(?:\n\1[\t})\]].*)*\n/gmu,
        (entry, _indent, method: string) => (methods.has(method) ? entry : "")
      )
      const used = new Set(
        Array.from(left.matchAll(/\b(?:s|buildSchemas\d+\(\))\.(?!CreateMessage)(\w+)/gu), ([, name]) => name)
      )
      return {
        code: left
          .replaceAll(/^\t\t([A-Z]\w+Schema)(?:,|: .*(?:\n\t\t[\t})\]].*)*)\n/gmu, (entry, name: string) =>
            used.has(name) ? entry : ""
          )
          .replaceAll(
            /^(\t?)(const [\w$]+ = )((?:z\.|\w+Schema(?:\$1)?\.|wire\w+\().*(?:\n\1[\t})\]].*)*);$/gmu,
            "$2/* @__PURE__ */ (() => $3)();"
          )
          .replace(
            /^(\/\/#region \S+\/specTypeSchema\.ts$.*?^)\/\/#endregion$/msu,
            `const tables = /* @__PURE__ */ (() => {
$1return { specTypeSchemas, isSpecType } })()
const specTypeSchemas = /* @__PURE__ */ (() => tables.specTypeSchemas)()
const isSpecType = /* @__PURE__ */ (() => tables.isSpecType)()`
          ),
        map: null
      }
    }
  }
}
