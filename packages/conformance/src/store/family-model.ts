/** One family of the network of {@link describeModel}, kept as plainly as can be: addresses are positions from 0. */
export class FamilyModel {
  /** Positions that no NIC may have: gateway, router VM, anycast. */
  readonly reserved: ReadonlySet<number>
  readonly ranges: Set<number>
  readonly excluded = new Set<number>()
  readonly held = new Map<number, string>()
  readonly resting = new Map<number, { readonly last: string; readonly until: number }>()

  constructor(ranges: readonly number[], reserved: readonly number[]) {
    this.ranges = new Set(ranges)
    this.reserved = new Set(reserved)
  }

  /** Whether the network gives a NIC this position at all. */
  isGiven(position: number): boolean {
    return this.ranges.has(position) && !this.reserved.has(position) && !this.excluded.has(position)
  }

  isFreeFor(position: number, nic: string, now: number): boolean {
    if (!this.isGiven(position) || this.held.has(position)) return false
    const rest = this.resting.get(position)
    return rest === undefined || rest.until <= now || rest.last === nic
  }

  freeFor(nic: string, now: number): number[] {
    return [...this.ranges].filter((position) => this.isFreeFor(position, nic, now))
  }

  /** What the NIC had last, where it still rests. */
  ownOf(nic: string, now: number): number[] {
    return this.freeFor(nic, now).filter((position) => {
      const rest = this.resting.get(position)
      return rest !== undefined && rest.last === nic && rest.until > now
    })
  }

  /** Of a requested position, or of the only one that will do. */
  codeOf(position: number, nic: string, now: number): string | undefined {
    if (this.held.has(position)) return "ALREADY_EXISTS"
    return this.isFreeFor(position, nic, now) ? undefined : "FAILED_PRECONDITION"
  }

  positionOf(nic: string): number | undefined {
    return [...this.held].find(([, holder]) => holder === nic)?.[0]
  }

  /** NICs that keep an excluded position, by their positions. */
  keeping(): string[] {
    const kept = [...this.held].filter(([position]) => this.excluded.has(position))
    return kept.toSorted(([a], [b]) => a - b).map(([, nic]) => nic)
  }

  take(position: number, nic: string): void {
    this.held.set(position, nic)
    this.resting.delete(position)
  }

  release(nic: string, until: number): void {
    for (const [position, holder] of this.held) {
      if (holder !== nic) continue
      this.held.delete(position)
      this.resting.set(position, { last: nic, until })
    }
  }

  counts(now: number): Readonly<Record<"capacity" | "held" | "resting" | "free" | "heldExcluded", bigint>> {
    const given = [...this.ranges].filter((position) => this.isGiven(position))
    const held = given.filter((position) => this.held.has(position)).length
    const resting = given.filter((position) => (this.resting.get(position)?.until ?? 0) > now).length
    return {
      capacity: BigInt(given.length),
      held: BigInt(held),
      resting: BigInt(resting),
      free: BigInt(given.length - held - resting),
      heldExcluded: BigInt([...this.held.keys()].filter((position) => this.excluded.has(position)).length),
    }
  }
}
