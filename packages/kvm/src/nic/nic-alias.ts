import { Slash64Error, quote } from "@slash64/core"
import { checkId } from "../names.ts"

/** libvirt keeps aliases that start with `ua-` and are made of letters, digits, `_` and `-`. */
const prefix = "ua-s64-"
const longest = 200

/** The NIC's id as the alias of its interface: what stands outside letters and digits is `_` and two hex digits. */
export function nicAlias(nicId: string): string {
  const encoded = checkId("nic.id", nicId).replaceAll(
    /[^A-Za-z0-9-]/g,
    (character) => `_${character.charCodeAt(0).toString(16).padStart(2, "0")}`,
  )
  if (encoded.length > longest) {
    throw new Slash64Error("INVALID_ARGUMENT", `nic.id ${quote(nicId)}: too long for libvirt's alias`, {
      field: "nic.id",
      value: quote(nicId),
      hint: "Give an id of at most 60 characters, or one of letters, digits and dashes.",
    })
  }
  return `${prefix}${encoded}`
}

/** The NIC's id of an alias; undefined when the alias is not ours. */
export function readNicAlias(alias: string | undefined): string | undefined {
  if (alias === undefined || !alias.startsWith(prefix)) return undefined
  const encoded = alias.slice(prefix.length)
  if (!/^([A-Za-z0-9-]|_[0-9a-f]{2})+$/.test(encoded)) return undefined
  return encoded.replaceAll(/_([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}
