/**
 * TaskRouter's expressions over attributes. Documented: `==`, `!=`, `>`, `<`, `CONTAINS` for a single value, `HAS`, `IN`, `NOT IN` for lists,
 * `AND`, `OR`, paths with dots, single or double quotes, no hyphens in names; a key that is missing is `NULL`. Assumed: strings are
 * compared exactly, numbers as numbers; parentheses; `AND` binds closer than `OR`; words in any case.
 */

export type Attributes = Readonly<Record<string, unknown>>
type Predicate = (attributes: Attributes) => boolean
type Operand = (attributes: Attributes) => unknown

const token = /\s*(?:(==|!=|>|<|[()[\],])|"([^"]*)"|'([^']*)'|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w.]*)|(\S))/uy

interface Token {
  readonly sign?: string | undefined
  readonly word?: string | undefined
  readonly value?: string | number | undefined
}

/** Whether attributes fit an expression, unless it is none. */
export const compile = (expression: string): Predicate | undefined => {
  const tokens = tokensOf(expression)
  if (tokens === undefined) return undefined
  let at = 0
  const isSign = (sign: string) => tokens[at]?.sign === sign
  const isWord = (word: string) => tokens[at]?.word?.toUpperCase() === word
  const take = (is: boolean) => {
    if (is) at += 1
    return is
  }

  const either = (): Predicate | undefined =>
    chain("OR", both, (all) => (attributes) => all.some((one) => one(attributes)))
  const both = (): Predicate | undefined =>
    chain("AND", single, (all) => (attributes) => all.every((one) => one(attributes)))

  const chain = (
    word: string,
    part: () => Predicate | undefined,
    join: (parts: ReadonlyArray<Predicate>) => Predicate
  ): Predicate | undefined => {
    const parts: Array<Predicate> = []
    do {
      const next = part()
      if (next === undefined) return undefined
      parts.push(next)
    } while (take(isWord(word)))
    return join(parts)
  }

  const single = (): Predicate | undefined => {
    if (take(isSign("("))) {
      const inner = either()
      return take(isSign(")")) ? inner : undefined
    }
    const left = operand()
    const not = take(isWord("NOT"))
    const { sign, word = "" } = tokens[at] ?? {}
    at += 1
    const compare = not ? (word.toUpperCase() === "IN" ? negated : undefined) : comparisons[sign ?? word.toUpperCase()]
    const right = operand()
    if (left === undefined || compare === undefined || right === undefined) return undefined
    return (attributes) => compare(left(attributes), right(attributes))
  }

  const operand = (): Operand | undefined => {
    const { sign, value, word } = tokens[at] ?? {}
    at += 1
    if (value !== undefined) return () => value
    if (sign === "[") return listOf()
    if (word === undefined) return undefined
    const literal = literals[word.toUpperCase()]
    return literal === undefined ? (attributes) => follow(attributes, word.split(".")) : () => literal.value
  }

  const listOf = (): Operand | undefined => {
    const members: Array<Operand> = []
    while (!take(isSign("]"))) {
      if (members.length > 0 && !take(isSign(","))) return undefined
      const member = operand()
      if (member === undefined) return undefined
      members.push(member)
    }
    return (attributes) => members.map((member) => member(attributes))
  }

  const whole = either()
  return at === tokens.length ? whole : undefined
}

const tokensOf = (expression: string): ReadonlyArray<Token> | undefined => {
  const tokens: Array<Token> = []
  token.lastIndex = 0
  const text = expression.trimEnd()
  while (token.lastIndex < text.length) {
    const [, sign, double, single, number, word, other] = token.exec(text) ?? []
    if (other !== undefined) return undefined
    tokens.push({ sign, word, value: double ?? single ?? (number === undefined ? undefined : Number(number)) })
  }
  return tokens
}

const literals: Readonly<Record<string, { readonly value: unknown }>> = {
  NULL: { value: null },
  TRUE: { value: true },
  FALSE: { value: false }
}

const follow = (value: unknown, path: ReadonlyArray<string>): unknown =>
  path.reduce<unknown>(
    (found, key) =>
      typeof found === "object" && found !== null && Object.hasOwn(found, key) ? (found as Attributes)[key] : null,
    value
  )

const has = (left: unknown, right: unknown) => Array.isArray(left) && left.includes(right)
const contains = (left: unknown, right: unknown) =>
  typeof left === "string" ? typeof right === "string" && left.includes(right) : has(left, right)
const negated = (left: unknown, right: unknown) => !has(right, left)

const comparisons: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  "==": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  ">": (left, right) => typeof left === "number" && typeof right === "number" && left > right,
  "<": (left, right) => typeof left === "number" && typeof right === "number" && left < right,
  CONTAINS: contains,
  HAS: has,
  IN: (left, right) => has(right, left)
}
