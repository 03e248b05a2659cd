/**
 * Stands in for the SDK's `_shims` in the bundle, and so keeps its JSON Schema validator, Ajv, out: 154 KB that nothing here
 * uses. Tools validate by their own schemas, and what a person answers is checked by Confirmation.
 */
// Not from "node:process": an import of that runs all of its getters.
export const { process } = globalThis

export class DefaultJsonSchemaValidator {
  getValidator(): never {
    throw new Error("this server has no JSON Schema validator: pass one to McpServer as jsonSchemaValidator")
  }
}
