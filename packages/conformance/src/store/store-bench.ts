import { planNetwork, planNic } from "@slash64/core"
import type { NicClaim, Router, SharedNetwork, Store } from "@slash64/core"
import { macForNic, parseDuid } from "@slash64/core"

export interface StoreSuiteOptions {
  /** Names the store in the test report: `SQLite`. */
  readonly name: string
  /**
   * Opens the store of a place, empty the first time that a place is named; the suite opens a place more than once,
   * also at one time and with another secret, and closes what it opens. `secret` and `now` (milliseconds since 1970) are for the store to use.
   */
  open(place: string, options: { readonly secret: Uint8Array; readonly now: () => number }): Promise<Store>
}

export const vmId = "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

/** A VM of its own for each number: default NICs do not get in each other's way. */
export function vm(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`
}

export function network(change: object = {}): SharedNetwork {
  return planNetwork({
    name: "lab",
    attachment: { kind: "isolated" },
    ipv6: { prefix: "2001:db8::/64", gateway: "2001:db8::1" },
    ipv4: { prefix: "192.0.2.0/24", gateway: "192.0.2.1" },
    quarantineSeconds: 600,
    ...change,
  })
}

/** A second network that is in nobody's way. */
export function otherNetwork(change: object = {}): SharedNetwork {
  return network({
    name: "lan",
    ipv6: { prefix: "2001:db8:1::/64", gateway: "2001:db8:1::1" },
    ipv4: undefined,
    ...change,
  })
}

export function claim(on: SharedNetwork, id: string, change: object = {}): NicClaim {
  return planNic({ id, host: "h1", vmId: vm(Number(/\d*$/.exec(id)?.[0])), ...change }, on)
}

export function router(change: Partial<Router> = {}): Router {
  return {
    id: "router-1",
    networkId: "lab",
    host: "h1",
    vmId: "router-1",
    vcpus: 1,
    memoryMiB: 256,
    templateDigest: `sha256:${"a".repeat(64)}`,
    templateVersion: "1",
    guestMac: macForNic("router-1 guest"),
    controlMac: macForNic("router-1 control"),
    serverDuid: parseDuid("serverDuid", "00:04:01"),
    hostKey: "ssh-ed25519 AAAA",
    state: "claimed",
    ...change,
  }
}

/** One test's stores: `open` gives another handle on the same place. */
export class StoreBench {
  static #places = 0
  readonly #options: StoreSuiteOptions
  readonly #place = `place-${process.pid}-${StoreBench.#places++}`
  readonly #stores: Store[] = []
  /** Milliseconds since 1970, as the store sees it. */
  now = Date.UTC(2026, 0, 1)

  constructor(options: StoreSuiteOptions) {
    this.#options = options
  }

  async open({ place = "", secret = 7 }: { place?: string; secret?: number } = {}): Promise<Store> {
    const options = { secret: new Uint8Array(32).fill(secret), now: () => this.now }
    const store = await this.#options.open(`${this.#place}${place}`, options)
    this.#stores.push(store)
    return store
  }

  async close(): Promise<void> {
    for (const store of this.#stores) await store.close()
  }
}
