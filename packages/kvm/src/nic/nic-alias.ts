import { parseId } from "@slash64/core"

/** libvirt keeps an alias that starts with `ua-` and is made of letters, digits, `_` and `-`; an id of ours is. */
const prefix = "ua-s64-"

/** The NIC's id as the alias of its interface. libvirt refuses a second interface with the same alias. */
export function nicAlias(nicId: string): string {
  return `${prefix}${parseId("nic.id", nicId)}`
}

/** The NIC's id of an alias; undefined when the alias is not ours. */
export function readNicAlias(alias: string | undefined): string | undefined {
  const id = alias?.startsWith(prefix) === true ? alias.slice(prefix.length) : undefined
  return id !== undefined && /^[a-z0-9-]{1,64}$/.test(id) ? id : undefined
}
