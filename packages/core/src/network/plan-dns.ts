import { invalid } from "../errors.ts"

/** The DNS servers of one family: none, one, or two that differ. Throws INVALID_ARGUMENT that names the field. */
export function planDns<Address extends string>(
  field: string,
  input: readonly unknown[],
  parseServer: (field: string, input: unknown) => Address,
): Address[] {
  if (input.length > 2) throw invalid(field, input, "has more than two servers", "give at most two")
  if (input.length === 2 && (input[0] ?? undefined) === undefined)
    throw invalid(`${field}.0`, undefined, "is missing", "a second DNS server comes only with a first: give that too")
  const servers = input.map((server, index) => parseServer(`${field}.${index}`, server))
  if (servers.length === 2 && servers[0] === servers[1])
    throw invalid(`${field}.1`, servers[1], "is the first server again", "leave it out, or give another")
  return servers
}
