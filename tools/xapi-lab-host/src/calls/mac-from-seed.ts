import { createHash } from "node:crypto"

/** The MAC of a VIF that gave none: the same for the same VM and device, locally administered, unicast. */
export function macFromSeed(seed: string, device: string): string {
  const [first = 0, ...rest] = createHash("sha256").update(`${seed}/${device}`).digest().subarray(0, 6)
  return [(first & 0xfc) | 0x02, ...rest].map((octet) => octet.toString(16).padStart(2, "0")).join(":")
}
