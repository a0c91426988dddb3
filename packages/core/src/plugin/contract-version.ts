/** A version of the contract, as a manifest writes it: `1.0`. */
export interface ContractVersion {
  readonly major: number
  readonly minor: number
}

/** Undefined for anything but two whole numbers without leading zeros, parted by a dot. */
export function parseContractVersion(input: unknown): ContractVersion | undefined {
  const match = typeof input === "string" ? /^(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$/.exec(input) : undefined
  return match ? { major: Number(match[1]), minor: Number(match[2]) } : undefined
}

/**
 * What two sides speak with each other: the highest major that both know, and of that the lower of their highest
 * minors, since a minor version only adds. Undefined when they have no major in common.
 */
export function negotiateContract(
  ours: readonly ContractVersion[],
  theirs: readonly ContractVersion[],
): ContractVersion | undefined {
  const majors = ours.map(({ major }) => major).filter((major) => theirs.some((version) => version.major === major))
  if (majors.length === 0) return undefined
  const major = Math.max(...majors)
  const highestMinor = (versions: readonly ContractVersion[]): number =>
    Math.max(...versions.filter((version) => version.major === major).map(({ minor }) => minor))
  return { major, minor: Math.min(highestMinor(ours), highestMinor(theirs)) }
}
