/** What a C header of libvirt's public API says in numbers. */
export interface HeaderFacts {
  /** Every enum member, in order. */
  readonly members: readonly { readonly enumeration: string; readonly name: string; readonly value: number }[]
  /** `#define NAME (number)`. */
  readonly defines: readonly { readonly name: string; readonly value: number }[]
}

/**
 * Reads enum members and numeric defines out of headers that may refer to each other, in the order given.
 * Members under VIR_ENUM_SENTINELS are left out: they change with every release.
 */
export function parseHeaders(texts: readonly string[]): HeaderFacts {
  const known = new Map<string, number>()
  const members: HeaderFacts["members"][number][] = []
  const defines: HeaderFacts["defines"][number][] = []
  for (const text of texts.map(withoutCommentsAndSentinels)) {
    for (const match of text.matchAll(/^#\s*define (VIR_\w+) (\([\d+*<U() ]+\)|\d+)$/gm)) {
      const [, name = "", expression = ""] = match
      const value = evaluate(expression, known)
      known.set(name, value)
      defines.push({ name, value })
    }
    for (const match of text.matchAll(/typedef enum \{([^}]*)\}\s*(\w+);/g)) {
      let next = 0
      for (const item of (match[1] ?? "").split(",").map((part) => part.trim())) {
        if (item === "") continue
        const [, name = "", expression] = /^(\w+)(?:\s*=\s*([\s\S]+))?$/.exec(item) ?? []
        if (name === "") throw new Error(`The enum ${match[2]} holds ${JSON.stringify(item)}, which is no member`)
        const value = expression === undefined ? next : evaluate(expression, known)
        known.set(name, value)
        members.push({ enumeration: match[2] ?? "", name, value })
        next = value + 1
      }
    }
  }
  return { members, defines }
}

function withoutCommentsAndSentinels(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/^#\s*ifdef VIR_ENUM_SENTINELS$[\s\S]*?^#\s*endif.*$/gm, "")
    .replaceAll(/[ \t]+$/gm, "")
}

/** Integers, names already seen, `<<`, `|`, `+`, parentheses around the whole or a part. */
function evaluate(expression: string, known: ReadonlyMap<string, number>): number {
  let text = expression.trim()
  while (/\([^()]*\)/.test(text)) text = text.replace(/\(([^()]*)\)/, (_, inner: string) => `${evaluate(inner, known)}`)
  const apply = (operator: string, combine: (left: number, right: number) => number): number =>
    text
      .split(operator)
      .map((part) => evaluate(part, known))
      .reduce(combine)
  if (text.includes("|")) return apply("|", (left, right) => (left | right) >>> 0)
  if (text.includes("<<")) return apply("<<", (left, right) => (left << right) >>> 0)
  if (text.includes("+")) return apply("+", (left, right) => left + right)
  const value =
    known.get(text) ?? (/^-?\d+U?L*$|^0x[\da-fA-F]+U?$/.test(text) ? Number(text.replace(/[UL]+$/, "")) : NaN)
  if (Number.isNaN(value)) throw new Error(`The expression ${JSON.stringify(expression)} is not understood`)
  return value
}
