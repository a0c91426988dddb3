import type { HeaderFacts } from "./parse-header.ts"
import type { Protocol } from "./protocol.ts"

/** Every constant of libvirt's public headers, by its own name. */
export function renderConstants({ members, defines }: HeaderFacts): string {
  const named = new Map([...members, ...defines].map(({ name, value }) => [name, value]))
  return [...named].map(([name, value]) => `export const ${name} = ${value}`).join("\n")
}

/** The constants of the .x files: programs, limits, message types; not the numbers of the procedures. */
export function renderProtocolConstants(protocol: Protocol): string {
  return protocol.definitions
    .flatMap((definition) => {
      if (definition.kind === "const") return [definition.name]
      if (definition.kind !== "enum" || /^(remote|qemu)_procedure$/.test(definition.name)) return []
      return definition.members.map((member) => member.name)
    })
    .map((name) => `export const ${name} = ${protocol.number(name)}`)
    .join("\n")
}

/** Number to name, for what an error carries: its code, its domain, its level. */
export function renderErrorNames({ members }: HeaderFacts): string {
  return (["virErrorNumber", "virErrorDomain", "virErrorLevel"] as const)
    .map((enumeration) => {
      const lines = members
        .filter((member) => member.enumeration === enumeration)
        .map(({ name, value }) => `  ${value}: "${name}",`)
      return [`export const ${enumeration}: Readonly<Record<number, string>> = {`, ...lines, "}"].join("\n")
    })
    .join("\n\n")
}
