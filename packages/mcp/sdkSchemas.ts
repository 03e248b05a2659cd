import type { Plugin } from "rolldown"

/**
 * Lets the bundler leave out what nothing here uses of the SDK's zod schemas: it cannot know that making one does nothing
 * else, and so it would keep all of them, and make them at every start.
 *
 * Each schema becomes a function called at once and marked as pure, which means the same to JavaScript. So it does to the
 * table of all schemas by name, which is for other programs than this server.
 */
export const pureSchemas: Plugin = {
  name: "pure-schemas",
  transform: {
    filter: { id: /@modelcontextprotocol[\\/](?:core|server)[\\/]dist[\\/](?:schemas|auth|src)-/u },
    handler(code) {
      const out = code
        .replaceAll(/^(const \w+ = )((?:z|\w+Schema)\..*(?:\n[\t)}\]].*)*);$/gmu, "$1/* @__PURE__ */ (() => $2)();")
        .replace(
          /^(\/\/#region \S+\/specTypeSchema\.ts$.*?^)\/\/#endregion$/msu,
          `const tables = /* @__PURE__ */ (() => {
$1return { specTypeSchemas, isSpecType } })()
const specTypeSchemas = /* @__PURE__ */ (() => tables.specTypeSchemas)()
const isSpecType = /* @__PURE__ */ (() => tables.isSpecType)()`
        )
      return { code: out, map: null }
    }
  }
}
