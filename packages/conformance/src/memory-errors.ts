import { Slash64Error, quote } from "@slash64/core"

/** What is there, when every field of `wanted` is so; else ALREADY_EXISTS. */
export function sameOrThrow<T extends object>(kind: string, there: T & { readonly id: string }, wanted: Partial<T>): T {
  for (const [field, value] of Object.entries(wanted)) {
    const found: unknown = Object.entries(there).find(([name]) => name === field)?.[1]
    if (canonical(found) === canonical(value)) continue
    throw new Slash64Error("ALREADY_EXISTS", `${kind} ${there.id} has ${field} ${quote(found)}, not ${quote(value)}`, {
      field: `${kind}.${field}`,
      value: quote(value),
      hint: `Ask for it as it is, or remove the ${kind} first.`,
    })
  }
  return there
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}

export function missing(field: string, value: string, why: string): Slash64Error {
  return new Slash64Error("NOT_FOUND", `${field} ${quote(value)}: ${why}`, {
    field,
    value: quote(value),
    hint: "Check the name, or make it first.",
  })
}

export function inUse(kind: string, id: string, by: string): Slash64Error {
  return new Slash64Error("FAILED_PRECONDITION", `${kind} ${quote(id)} is in use by ${by}`, {
    field: `${kind}.id`,
    value: quote(id),
    hint: `Remove ${by} first.`,
  })
}

export function macTaken({ mac }: { readonly mac: string }, by: string): Slash64Error {
  return new Slash64Error("ALREADY_EXISTS", `the NIC ${quote(by)} of this VM has the MAC ${mac}`, {
    field: "nic.mac",
    value: mac,
    hint: "Give this NIC another MAC, or remove the other one.",
  })
}

export function bug(message: string): never {
  throw new Slash64Error("INTERNAL", message, { hint: "Report this." })
}
