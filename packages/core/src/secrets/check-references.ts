import { Slash64Error } from "../errors.ts"
import { isSecretName, isSecretReference } from "./secret-names.ts"

type Config = Readonly<Record<string, unknown>>

/**
 * The configuration of a host, which is kept in the database: a field that is named like a secret holds a
 * reference, `env:NAME` or `file:/PATH`. Else INVALID_ARGUMENT, before anybody could show or keep the value.
 */
export function checkReferences(field: string, config: Config): Config {
  for (const [name, value] of Object.entries(config)) {
    const path = `${field}.${name}`
    if (typeof value === "object" && value !== null) checkReferences(path, { ...value })
    else if (isSecretName(name) && !isSecretReference(value)) throw notReference(path)
  }
  return config
}

function notReference(field: string): Slash64Error {
  return new Slash64Error("INVALID_ARGUMENT", `${field} (not shown) is not a reference to a secret`, {
    field,
    value: "(not shown)",
    hint: "Write env:NAME or file:/PATH, which is read when the host is connected to, and never the secret itself.",
  })
}
