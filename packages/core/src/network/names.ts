import { invalid } from "../errors.ts"

const label = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** The name of a network: a DNS label in lower case. Throws INVALID_ARGUMENT. */
export function parseName(field: string, input: unknown): string {
  if (typeof input === "string" && label.test(input)) return input
  throw invalid(field, input, "is not a name", "use 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends")
}

/**
 * The name of a guest: a DNS label, canonical in lower case. What dnsmasq would read as something else in a
 * `dhcp-host` line (a lease time, `infinite`, `ignore`) is refused. Throws INVALID_ARGUMENT.
 */
export function parseHostname(field: string, input: unknown): string {
  const text = typeof input === "string" ? input.toLowerCase() : ""
  if (!label.test(text))
    throw invalid(
      field,
      input,
      "is not a DNS label",
      "use 1 to 63 of a-z, 0-9 and -, with a letter or digit at both ends",
    )
  if (isReservedHostname(text))
    throw invalid(
      field,
      input,
      "reads as a lease time or a keyword of the DHCP server",
      `use another, such as vm-${text}`,
    )
  return text
}

/** Whether a DNS label means something else to dnsmasq than a name. */
export function isReservedHostname(text: string): boolean {
  return /^\d+[smhdw]?$/.test(text) || text === "infinite" || text === "ignore"
}

/** A DNS domain, canonical in lower case, without the dot at its end. Throws INVALID_ARGUMENT. */
export function parseDomain(field: string, input: unknown): string {
  const text = typeof input === "string" ? input.toLowerCase() : ""
  if (text.length <= 253 && text.split(".").every((part) => label.test(part))) return text
  throw invalid(field, input, "is not a DNS domain", "use labels of a-z, 0-9 and - parted by dots: lab.example.org")
}

/**
 * An interface's name as Linux takes it (dev_valid_name; IFNAMSIZ less one), less what other programs would read as
 * syntax. Throws INVALID_ARGUMENT.
 */
export function parseInterfaceName(field: string, input: unknown): string {
  if (typeof input === "string" && /^[a-zA-Z0-9_][a-zA-Z0-9_.+-]{0,14}$/.test(input)) return input
  throw invalid(
    field,
    input,
    "is not an interface name",
    "use 1 to 15 of a-z, A-Z, 0-9, _ . + and -, the last three not first",
  )
}

/** Bytes, 1280 (the least that IPv6 asks of a link, RFC 8200 section 5) to 9216. Throws INVALID_ARGUMENT. */
export function parseMtu(field: string, input: unknown): number {
  return parseWholeNumber(field, input, 1280, 9216)
}

/** A VLAN's number, 1 to 4094: 0 and 4095 are reserved (IEEE 802.1Q). Throws INVALID_ARGUMENT. */
export function parseVlan(field: string, input: unknown): number {
  return parseWholeNumber(field, input, 1, 4094)
}

/** A whole number within bounds, both included. Throws INVALID_ARGUMENT. */
export function parseWholeNumber(field: string, input: unknown, min: number, max: number): number {
  if (typeof input !== "number" || !Number.isInteger(input))
    throw invalid(field, input, "is not a whole number", `use ${min} to ${max}`)
  if (input < min || input > max) throw invalid(field, input, `is not within ${min} to ${max}`, `use ${min} to ${max}`)
  return input
}
