/** `2001:db8:1::` of `2001:db8:1::/64`. */
export function networkOf(prefix: string): string {
  return prefix.slice(0, prefix.indexOf("/"))
}

/** `64` of `2001:db8:1::/64`. */
export function lengthOf(prefix: string): number {
  return Number(prefix.slice(prefix.indexOf("/") + 1))
}

/** `255.255.255.0` of `10.1.0.0/24`. */
export function netmaskOf(prefix: string): string {
  const mask = (0xffffffff << (32 - lengthOf(prefix))) >>> 0
  return [24, 16, 8, 0].map((shift) => (mask >>> shift) & 0xff).join(".")
}
