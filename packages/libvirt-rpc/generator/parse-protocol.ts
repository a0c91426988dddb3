import { tokenize, type Token } from "./tokenize-protocol.ts"

/** A declaration of rpcgen's language: a name, the type it is built on, and how many of it there are. */
export interface Declaration {
  readonly name: string
  readonly type: string
  readonly count: Count
}

export type Count =
  | { readonly kind: "one" }
  | { readonly kind: "optional" }
  | { readonly kind: "fixed"; readonly length: string }
  | { readonly kind: "variable"; readonly max: string | undefined }

export interface Struct {
  readonly kind: "struct"
  readonly name: string
  readonly fields: readonly Declaration[]
}

export interface Union {
  readonly kind: "union"
  readonly name: string
  readonly discriminant: Declaration
  readonly arms: readonly { readonly label: string; readonly field: Declaration }[]
}

export interface Typedef {
  readonly kind: "typedef"
  readonly name: string
  readonly declaration: Declaration
}

export interface Enum {
  readonly kind: "enum"
  readonly name: string
  readonly members: readonly { readonly name: string; readonly value: string; readonly comment: string }[]
}

export interface Constant {
  readonly kind: "const"
  readonly name: string
  readonly value: string
}

export type Definition = Struct | Union | Typedef | Enum | Constant

/**
 * Parses the part of rpcgen's language (RFC 4506 section 6) that libvirt's .x files use. Anything else is an error
 * with its line, so that a newer libvirt cannot be misread silently.
 */
export function parseProtocol(text: string): readonly Definition[] {
  const source = new Tokens(tokenize(text))
  const definitions: Definition[] = []
  while (!source.done()) definitions.push(definition(source))
  return definitions
}

function definition(source: Tokens): Definition {
  const keyword = source.next()
  switch (keyword.text) {
    case "const": {
      const name = source.identifier()
      source.expect("=")
      return source.closed({ kind: "const", name, value: source.identifier() })
    }
    case "typedef": {
      const declared = declaration(source)
      return source.closed({ kind: "typedef", name: declared.name, declaration: declared })
    }
    case "enum":
      return source.closed(enumeration(source))
    case "struct":
      return source.closed(struct(source))
    case "union":
      return source.closed(union(source))
    default:
      throw source.refuse(keyword, "const, typedef, enum, struct or union")
  }
}

function struct(source: Tokens): Struct {
  const name = source.identifier()
  const fields: Declaration[] = []
  source.expect("{")
  while (!source.accept("}")) {
    fields.push(declaration(source))
    source.expect(";")
  }
  return { kind: "struct", name, fields }
}

function union(source: Tokens): Union {
  const name = source.identifier()
  source.expect("switch")
  source.expect("(")
  const discriminant = declaration(source)
  source.expect(")")
  source.expect("{")
  const arms: Union["arms"][number][] = []
  while (!source.accept("}")) {
    source.expect("case")
    const label = source.identifier()
    source.expect(":")
    arms.push({ label, field: declaration(source) })
    source.expect(";")
  }
  return { kind: "union", name, discriminant, arms }
}

function enumeration(source: Tokens): Enum {
  const name = source.identifier()
  const members: Enum["members"][number][] = []
  source.expect("{")
  while (!source.accept("}")) {
    const comment = source.comment()
    const member = source.identifier()
    source.expect("=")
    members.push({ name: member, value: source.identifier(), comment })
    if (!source.accept(",")) {
      source.expect("}")
      break
    }
  }
  return { kind: "enum", name, members }
}

function declaration(source: Tokens): Declaration {
  const type = typeSpecifier(source)
  if (source.accept("*")) return { name: source.identifier(), type, count: { kind: "optional" } }
  const name = source.identifier()
  if (source.accept("[")) {
    const length = source.identifier()
    source.expect("]")
    return { name, type, count: { kind: "fixed", length } }
  }
  if (source.accept("<")) {
    if (source.accept(">")) return { name, type, count: { kind: "variable", max: undefined } }
    const max = source.identifier()
    source.expect(">")
    return { name, type, count: { kind: "variable", max } }
  }
  return { name, type, count: { kind: "one" } }
}

function typeSpecifier(source: Tokens): string {
  const first = source.identifier()
  if (first !== "unsigned") return first
  for (const base of ["int", "hyper", "char", "short"]) if (source.accept(base)) return `unsigned ${base}`
  return "unsigned int"
}

class Tokens {
  #index = 0
  readonly #tokens: readonly Token[]

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  done(): boolean {
    return this.#index >= this.#tokens.length
  }

  next(): Token {
    const token = this.#tokens[this.#index++]
    if (token === undefined) throw new Error("The .x file ends in the middle of a definition")
    return token
  }

  accept(text: string): boolean {
    if (this.#tokens[this.#index]?.text !== text) return false
    this.#index++
    return true
  }

  expect(text: string): void {
    const token = this.next()
    if (token.text !== text) throw this.refuse(token, text)
  }

  identifier(): string {
    const token = this.next()
    if (!/^\w+$/.test(token.text)) throw this.refuse(token, "a name or a number")
    return token.text
  }

  /** The comment that stands before the next token. */
  comment(): string {
    return this.#tokens[this.#index]?.comment ?? ""
  }

  closed<T>(value: T): T {
    this.expect(";")
    return value
  }

  refuse(token: Token, wanted: string): Error {
    return new Error(`Line ${token.line}: found ${JSON.stringify(token.text)} where ${wanted} should stand`)
  }
}
