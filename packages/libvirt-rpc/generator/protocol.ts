import type { HeaderFacts } from "./parse-header.ts"
import { parseProtocol, type Definition } from "./parse-protocol.ts"

/** All .x files and headers together: definitions by name, and every named number. */
export class Protocol {
  readonly definitions: readonly Definition[]
  readonly #byName: ReadonlyMap<string, Definition>
  readonly #numbers = new Map<string, number>()

  constructor(protocolTexts: readonly string[], headers: HeaderFacts) {
    this.definitions = protocolTexts.flatMap(parseProtocol)
    this.#byName = new Map(this.definitions.map((definition) => [definition.name, definition]))
    if (this.#byName.size !== this.definitions.length) throw new Error("Two definitions carry the same name")
    for (const { name, value } of [...headers.members, ...headers.defines]) this.#numbers.set(name, value)
    for (const definition of this.definitions) {
      if (definition.kind === "const") this.#numbers.set(definition.name, this.number(definition.value))
      if (definition.kind !== "enum") continue
      for (const member of definition.members) this.#numbers.set(member.name, this.number(member.value))
    }
  }

  /** The value of a literal or of a named constant. */
  number(text: string): number {
    const value = this.#numbers.get(text) ?? Number(text)
    if (!Number.isInteger(value)) throw new Error(`${text} is neither a number nor a known constant`)
    return value
  }

  definition(name: string): Definition {
    const definition = this.#byName.get(name)
    if (definition === undefined) throw new Error(`The type ${name} is used and never defined`)
    return definition
  }

  has(name: string): boolean {
    return this.#byName.has(name)
  }
}
